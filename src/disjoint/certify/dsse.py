"""DSSE envelopes (protocol version 1.0.2): what is signed is the type and the octets, never their meaning.

https://github.com/secure-systems-lab/dsse/blob/master/protocol.md
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any, NamedTuple

from .canonical import strict

STATEMENT = "application/vnd.in-toto+json"


class Signed(NamedTuple):
    """One signature of an envelope."""

    keyid: str
    """A hint that nothing may rest on: it is not signed."""
    sig: bytes


class Envelope(NamedTuple):
    """A payload, what it is, and who signed both."""

    payload_type: str
    payload: bytes
    signatures: tuple[Signed, ...]


def pae(payload_type: str, payload: bytes) -> bytes:
    """The pre-authentication encoding: what every signature is over."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def line_of(envelope: Envelope) -> str:
    """An envelope as one line of JSON, without its end."""
    signatures = [{"keyid": each.keyid, "sig": _text(each.sig)} for each in envelope.signatures]
    body = {
        "payload": _text(envelope.payload),
        "payloadType": envelope.payload_type,
        "signatures": signatures,
    }
    return json.dumps(body, separators=(",", ":"))


def read_line(line: bytes) -> Envelope:
    """The envelope that stands in one line.

    Raises:
        ValueError: it is none; the message says why, and quotes nothing of it.
    """
    body = strict(line)
    try:
        signatures = tuple(
            Signed(_string(each.get("keyid", "")), octets(each["sig"])) for each in _list(body["signatures"])
        )
        return Envelope(_string(body["payloadType"]), octets(body["payload"]), signatures)
    except (KeyError, TypeError, AttributeError):
        raise ValueError("no DSSE envelope") from None


def octets(text: object) -> bytes:
    """Base64, of the standard alphabet or the URL-safe one, as the protocol demands; never both.

    Raises:
        ValueError: it is neither.
    """
    stated = _string(text)
    if ("-" in stated or "_" in stated) and not set(stated) & {"+", "/"}:
        stated = stated.replace("-", "+").replace("_", "/")
    try:
        found = base64.b64decode(stated, validate=True)
    except binascii.Error:
        raise ValueError("no base64") from None
    if _text(found) != stated:
        raise ValueError("no base64: bits beyond its end")
    return found


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("no list")
    return value
