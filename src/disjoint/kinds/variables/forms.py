"""The forms one value takes: as written, trimmed, and what its encodings decode to. Pure.

Whoever holds one form holds them all, so two values that share a form are one secret.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from urllib.parse import unquote

LONG_ENOUGH = 8
"""Shorter decodings collide by accident: ``31323334`` is a number before it is ``1234``."""

_INVISIBLE = (
    "\0\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
    "\u200a\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}\Z")
_HEX = re.compile(r"(?:0[xX])?((?:[0-9a-fA-F]{2})+)\Z")
_UUID = re.compile(r"\{?[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?\Z")
_COLONS = re.compile(r"[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2})+\Z")
_COMMENT = re.compile(r"\s#.*\Z")
_ESCAPE = re.compile(r"%[0-9a-fA-F]{2}")
_DEEPEST = 3
_LONGEST = 1 << 20


def trimmed(value: str) -> str:
    """The value without what editors, shells and files add: blanks, BOM, CRLF, one pair of quotes."""
    text = value.strip(_INVISIBLE).replace("\r\n", "\n").replace("\r", "\n")
    while len(text) > 1 and text[0] == text[-1] and text[0] in "'\"`":
        text = text[1:-1].strip(_INVISIBLE)
    return text


def normal_forms(value: str) -> frozenset[str]:
    """The trimmed text and all that it decodes to, bytes as ``bytes:`` and hex digits.

    Decoded text and bytes count from 8 characters on. An empty value has no forms; a
    value over 1 MB has only its trimmed text.
    """
    text = trimmed(value)
    found: set[str] = set()
    _collect(text, _DEEPEST if len(text) <= _LONGEST else 0, found)
    return frozenset(found - {""})


def hexadecimal(value: str) -> str:
    """The hex digits of a value written in hex (also as UUID, with 0x or colons), lower case; or empty."""
    text = trimmed(value)
    if _UUID.match(text):
        return text.strip("{}").replace("-", "").lower()
    if _COLONS.match(text):
        return text.replace(":", "").lower()
    found = _HEX.match(text)
    return found[1].lower() if found and len(found[1]) >= LONG_ENOUGH else ""


def _collect(text: str, depth: int, found: set[str]) -> None:
    if text in found:
        return
    found.add(text)
    if depth == 0:
        return
    for other in _spellings(text):
        _collect(trimmed(other), depth - 1, found)
    for raw in _decodings(text):
        if len(raw) < LONG_ENOUGH:
            continue
        found.add("bytes:" + raw.hex())
        if (decoded := _as_text(raw)) is not None:
            _collect(trimmed(decoded), depth - 1, found)


def _spellings(text: str) -> Iterator[str]:
    """Other ways to write the same text.

    A dotenv comment, Laravel's ``base64:``, escaped newlines, a one-line PEM, URL escapes.
    """
    if "\n" not in text and _COMMENT.search(text):
        yield _COMMENT.sub("", text)
    if text.startswith("base64:"):
        yield text.removeprefix("base64:")
    if "\\n" in text:
        yield text.replace("\\r\\n", "\n").replace("\\n", "\n")
    if "-----BEGIN " in text:
        yield "".join(text.replace("\\n", "").split())
    if _ESCAPE.search(text):
        yield unquote(text)


def _decodings(text: str) -> Iterator[bytes]:
    if digits := hexadecimal(text):
        yield bytes.fromhex(digits)
    packed = "".join(text.split())
    if len(packed) >= LONG_ENOUGH and _BASE64.match(packed) and (raw := _base64(packed)) is not None:
        yield raw


def _base64(packed: str) -> bytes | None:
    """Decode either alphabet, padded or not; None if it is not what an encoder writes."""
    body = packed.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        raw = base64.b64decode(body + "=" * (-len(body) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    # An encoder leaves the spare bits of the last letter empty; else two texts would share bytes.
    return raw if base64.b64encode(raw).decode().rstrip("=") == body else None


def _as_text(raw: bytes) -> str | None:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if all(c.isprintable() or c in "\r\n\t" for c in text) else None
