"""Ask a deployed process for its half: one request, whose answer comes in two records (RFC 7464)."""

from __future__ import annotations

import contextlib
import http.client
import os
from collections.abc import Iterator
from typing import NamedTuple, NoReturn
from urllib.parse import SplitResult, urlsplit

from disjoint import __version__
from disjoint.certify.half import OCTETS
from disjoint.errors import UnprovenError, UsageError
from disjoint.model.environment import Environment
from disjoint.model.probe import ProbeError
from disjoint.model.secret import MASK, RunKey, Secret
from disjoint.report.inert import inert
from disjoint.runner.deadline import Deadline
from disjoint.runner.http import secured
from disjoint.runner.tally import Tally
from disjoint.runner.visit import Seats, Visit

VARIABLE = "DISJOINT_ATTEST_TOKEN"
SHORTEST = 16
"""Characters of a token."""
RECORD = b"\x1e"
_TYPE = "application/json-seq"
_PORTS = {"http": 80, "https": 443}
_SAID = 300
"""Octets of a refusal that are shown."""
_WHY = {
    401: f"it does not take this token; set {VARIABLE} here as the process has it",
    403: "it is production, by its own account; the URL leads to the wrong process",
    404: f"it has no such route; mount disjoint.guard.route there, and set {VARIABLE} in the process",
    429: "it is answering somebody else, or has just done so; run again in a moment",
}


class Question(NamedTuple):
    """What is asked of an environment's process."""

    environment: Environment
    token: Secret
    nonce: str
    seconds: int
    """For which the marks are to stand."""


def shown(url: str) -> str:
    """Where a process is asked, for people: a query may hold a secret, and an error shows no URL."""
    parts = urlsplit(url)
    return inert(f"{parts.netloc}{parts.path}")


def token() -> Secret:
    """What the process's route wants to hear.

    Raises:
        UsageError: there is none, or it is too short to be one.
    """
    found = os.environ.get(VARIABLE, "")
    if len(found) >= SHORTEST and found.isascii() and found.isprintable() and " " not in found:
        return Secret(found)
    raise UsageError(
        f"{VARIABLE}: expected the token that the attested process has, {SHORTEST} characters or more"
    )


class Answer:
    """A process's half on its way; the process works on it whether anybody reads or not."""

    def __init__(self, where: str, connection: http.client.HTTPConnection, opens: Secret) -> None:
        self._where = where
        self._connection = connection
        self._opens = opens
        self._response: http.client.HTTPResponse | None = None
        self._read = bytearray()

    def standing(self) -> str:
        """The half whose marks stand now.

        Raises:
            UnprovenError: it did not come, or was refused; the message says why, and what mends it.
        """
        self._response = _begun(self._where, self._connection, self._opens)
        return self._record("its marks never stood")

    def whole(self) -> str:
        """The same half, closed in order. Raises as `standing` does."""
        return self._record("its half was never closed")

    def _record(self, otherwise: str) -> str:
        while (record := self._next()) is None:
            try:
                octets = self._response.read1(1 << 16) if self._response else b""
            except (OSError, http.client.HTTPException, ValueError) as error:
                _refuse(self._where, f"{otherwise}: the connection broke ({type(error).__name__})")
            if not octets or len(self._read) > OCTETS:
                _refuse(self._where, f"{otherwise}: " + ("the answer ended" if not octets else "too long"))
            self._read += octets
        return record

    def _next(self) -> str | None:
        """A record is one line: whatever stands before its mark is none of it."""
        begin = self._read.find(RECORD) + len(RECORD)
        end = self._read.find(b"\n", begin) if begin else -1
        if end < 0:
            return None
        record = self._read[begin:end].decode("utf-8", "replace")
        del self._read[: end + 1]
        return record


@contextlib.contextmanager
def asked(question: Question, deadline: Deadline) -> Iterator[Answer]:
    """Ask; the answer comes while the context lasts, and by the deadline.

    Raises:
        UnprovenError: it was not reached; the message says why.
    """
    url = urlsplit(question.environment.attested)
    where = shown(question.environment.attested)
    visit = Visit(question.environment, deadline, Seats(), Tally(protected=False), RunKey())
    try:
        dialled = visit.dial(url.hostname or "", url.port or _PORTS[url.scheme])
        with contextlib.closing(secured(url, dialled)) as sock:
            connection = http.client.HTTPConnection(url.hostname or "")
            connection.sock = sock
            _send(where, connection, question, url)
            yield Answer(where, connection, question.token)
    except ProbeError as error:
        raise UnprovenError(
            f"{where}: {error.reason}" + (f"; {error.remedy}" if error.remedy else "")
        ) from None


def _begun(where: str, connection: http.client.HTTPConnection, opens: Secret) -> http.client.HTTPResponse:
    try:
        response = connection.getresponse()
        if response.status != http.client.OK:
            _refuse(where, _why(response, opens))
        if response.headers.get_content_type() != _TYPE:
            _refuse(where, f"{_WHY[404]} (what answers sends another type than {_TYPE})")
    except (OSError, http.client.HTTPException, ValueError) as error:
        _refuse(where, f"no answer that can be read came ({type(error).__name__})")
    return response


def _send(where: str, connection: http.client.HTTPConnection, question: Question, url: SplitResult) -> None:
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    connection.putrequest("GET", target, skip_host=True, skip_accept_encoding=True)
    for name, value in (
        ("Host", url.netloc),
        ("User-Agent", f"disjoint/{__version__}"),
        ("Accept", _TYPE),
        ("Authorization", f"Bearer {question.token.reveal()}"),
        ("Disjoint-Nonce", question.nonce),
        ("Disjoint-Seconds", str(question.seconds)),
        ("Connection", "close"),
    ):
        connection.putheader(name, value)
    try:
        connection.endheaders()
    except OSError as error:
        _refuse(where, f"the question could not be sent ({type(error).__name__})")


def _why(response: http.client.HTTPResponse, opens: Secret) -> str:
    """In its own words, unless they hold the token: some servers give a whole question back."""
    token = opens.reveal()
    words = response.read(_SAID + len(token)).decode("utf-8", "replace")
    said = MASK if token in words else inert(words[:_SAID].strip())
    own = f"it could not make its half: {said}" if response.status == http.client.SERVICE_UNAVAILABLE else ""
    return _WHY.get(response.status) or own or f"it answered {response.status}"


def _refuse(where: str, why: str) -> NoReturn:
    raise UnprovenError(f"{where}: {why}")
