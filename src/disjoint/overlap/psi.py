"""Private set intersection by elliptic curves, as OpenMined's library has it; octets in, octets out.

What is exchanged are points that each side has multiplied by a number of its own: whoever has not
both numbers can tell nothing of an element, nor try a guess. The structure is `Raw`: points are
compared whole, so that nothing is found but what is there (the compressed ones answer falsely at times).
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any, NamedTuple

from disjoint.model.probe import ProbeError

MOST = 1_000_000
"""Elements of a side: five minutes of work and 70 million octets."""
POINT = 33
"""Octets of an element on the curve P-256, as it travels."""
LONGEST = MOST * (POINT + 2) + 64
"""Octets of a message of so many elements."""


class Answer(NamedTuple):
    """What the side that is asked gives back."""

    setup: bytes
    """Its own elements, under its number, in order: the places say nothing."""
    response: bytes
    """The other's, under both numbers, in order."""


class Asker:
    """The side that learns how many elements both hold."""

    def __init__(self, key: bytes | None = None) -> None:
        """With a number of its own, fresh unless an earlier step drew it."""
        client = _library().client
        self._client = client.CreateFromKey(key, False) if key else client.CreateWithNewKey(False)

    @property
    def key(self) -> bytes:
        """The number: for this side's eyes alone."""
        return bytes(self._client.GetPrivateKeyBytes())

    def request(self, elements: Iterable[bytes]) -> bytes:
        """What to ask the other side with; in an order that tells nothing."""
        texts = [element.hex() for element in elements]
        random.SystemRandom().shuffle(texts)
        return bytes(self._client.CreateRequest(texts).SerializeToString())

    def count(self, answer: Answer, asked: int) -> int:
        """How many of the elements that were asked for the other side holds.

        Raises:
            ProbeError: the answer is not one to this question.
        """
        setup, response = _parsed("ServerSetup", answer.setup), _parsed("Response", answer.response)
        if len(response.encrypted_elements) != asked or not setup.HasField("raw"):
            raise ProbeError("the answer is not one to this request", "answer it anew")
        try:
            return int(self._client.GetIntersectionSize(setup, response))
        except RuntimeError:
            raise ProbeError("the answer holds what is no point", "answer it anew") from None


def answer(request: bytes, elements: Iterable[bytes]) -> Answer:
    """Answer a request for how many elements are shared; what it asks for stays unknown.

    Raises:
        ProbeError: it is no request, or asks for the elements themselves.
    """
    library = _library()
    server, asked = library.server.CreateWithNewKey(False), _parsed("Request", request)
    if not 0 < len(asked.encrypted_elements) <= MOST or asked.reveal_intersection:
        raise ProbeError("this is no request for a number", "make it with `disjoint private request`")
    texts = [element.hex() for element in elements]
    try:
        setup = server.CreateSetupMessage(
            1e-9, len(asked.encrypted_elements), texts, library.DataStructure.RAW
        )
        response = server.ProcessRequest(asked)
    except RuntimeError:
        raise ProbeError("the request holds what is no point", "make it anew") from None
    return Answer(bytes(setup.SerializeToString()), bytes(response.SerializeToString()))


def asked_in(request: bytes) -> int:
    """How many elements a request asks for.

    Raises:
        ProbeError: it is none.
    """
    return len(_parsed("Request", request).encrypted_elements)


def _parsed(name: str, octets: bytes) -> Any:
    """A message of the library's; its own error may quote it."""
    message = getattr(_library(), name)()
    if len(octets) > LONGEST:
        raise ProbeError(f"a private comparison is of {MOST:,} values at most", "raise detect")
    try:
        message.ParseFromString(octets)
    except Exception:  # noqa: BLE001  (protobuf's DecodeError; the library that has it is an extra)
        raise ProbeError("this is no message of a private set intersection", "make it anew") from None
    return message


def _library() -> Any:
    try:
        import private_set_intersection.python as library  # noqa: PLC0415  (an extra)
    except ImportError:
        raise ProbeError(
            "private set intersection is not installed here",
            "pip install 'disjoint[psi]' (Linux on x86-64, Python up to 3.13)",
        ) from None
    return library
