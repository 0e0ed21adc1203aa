"""A certificate's lines, each an envelope around a statement that can be read one way only. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, NoReturn

from disjoint.canonical import canonical, digest_of, strict
from disjoint.errors import TamperedError, UnprovenError

from .dsse import STATEMENT, Envelope, Signed, line_of, pae, read_line
from .part import Part

if TYPE_CHECKING:
    from disjoint.model.plain import Plain

OCTETS = 4 << 20
"""Of a certificate; ten thousand findings are fewer."""
LINES = 256


class Line(NamedTuple):
    """One envelope, and what stands in it."""

    number: int
    type: str
    """The predicate's."""
    statement: Part
    signature: Signed
    octets: bytes
    """What its signature is over."""
    digest: str
    """SHA-256 of the payload."""


def lines_of(content: bytes) -> list[Line]:
    """Every line of a certificate.

    Raises:
        TamperedError: something in it is not as it was written.
        UnprovenError: there is nothing in it.
    """
    return [_line(number, text) for number, text in enumerate(_texts(content), 1)]


def _texts(content: bytes) -> list[bytes]:
    if not content.strip():
        raise UnprovenError("there is no certificate: the file is empty")
    if len(content) > OCTETS:
        raise TamperedError(f"no certificate is larger than {OCTETS >> 20} MiB")
    try:
        content.decode("utf-8", "strict")
    except UnicodeDecodeError:
        raise TamperedError("no certificate: not UTF-8 text") from None
    *texts, trailing = content.split(b"\n")
    if trailing:
        raise TamperedError("trailing data: the last line does not end")
    if len(texts) > LINES:
        raise TamperedError(f"no certificate has more than {LINES} lines")
    return texts


def _line(number: int, text: bytes) -> Line:
    envelope = _envelope(number, text)
    if envelope.payload_type != STATEMENT:
        _refuse(number, "unknown payload type")
    statement = Part(_body(number, envelope.payload), f"line {number}")
    return Line(
        number,
        statement.text("predicateType"),
        statement,
        envelope.signatures[0],
        pae(envelope.payload_type, envelope.payload),
        digest_of(envelope.payload),
    )


def _body(number: int, payload: bytes) -> Plain:
    try:
        body: Plain = strict(payload)
    except ValueError as error:
        _refuse(number, _why(error, "payload"))
    if not _is_canonical(body, payload):
        _refuse(number, "its payload is not canonical (RFC 8785)")
    return body


def _is_canonical(body: Plain, payload: bytes) -> bool:
    try:
        return canonical(body) == payload
    except ValueError:
        return False


def _envelope(number: int, text: bytes) -> Envelope:
    if not text.strip():
        _refuse(number, "an empty line")
    try:
        envelope = read_line(text)
    except ValueError as error:
        _refuse(number, _why(error, "envelope"))
    if len(envelope.signatures) != 1:
        _refuse(number, "an envelope bears one signature")
    if line_of(envelope).encode() != text:
        _refuse(number, "its envelope was written anew")
    return envelope


def _why(error: ValueError, what: str) -> str:
    """Our own reasons; a decoder's quote what they could not read."""
    said = str(error)
    if said == "duplicate JSON key":
        return f"duplicate JSON key in its {what}"
    if what == "envelope":
        return "no envelope"
    return "its payload is no JSON that can be read one way only"


def _refuse(number: int, why: str) -> NoReturn:
    raise TamperedError(f"line {number}: {why}")
