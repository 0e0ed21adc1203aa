"""People's signatures and the file that says whose they are, as OpenSSH writes both. Pure; trusts neither.

https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from typing import NamedTuple

_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----\n", "-----END SSH SIGNATURE-----\n"
_COLUMNS = 70
_KEY = re.compile(r"(?:ssh|ecdsa|sk)-[a-z0-9@.-]+\s+([A-Za-z0-9+/]+=*)(?:\s|$)")
_WORD = re.compile(r'(?:"(?:\\.|[^"\\])*"|[^\s"])+')
_NAMESPACES = re.compile(r'(?:^|,)namespaces="', re.IGNORECASE)
_AUTHORITY = re.compile(r"(?:^|,)cert-authority(?:,|$)", re.IGNORECASE)


class Parts(NamedTuple):
    """What a signature says of itself."""

    key: bytes
    """The public key, as OpenSSH encodes it."""
    namespace: str


class Entry(NamedTuple):
    """One line of an allowed_signers file."""

    number: int
    text: str
    principals: tuple[str, ...]
    key: bytes
    namespaced: bool
    authority: bool


def parts_of(armoured: bytes) -> Parts:
    """What stands in an armoured signature; there is one way only to write it.

    Raises:
        ValueError: it is none, or another writing of one.
    """
    blob = _unarmoured(armoured)
    if armour(blob) != armoured:
        raise ValueError("another writing of an SSH signature")
    magic, version, rest = blob[:6], blob[6:10], blob[10:]
    if (magic, version) != (b"SSHSIG", b"\0\0\0\1"):
        raise ValueError("no SSH signature of version 1")
    key, namespace, reserved, _hash, _signature = _strings(rest)
    if reserved:
        raise ValueError("an SSH signature of a later form")
    return Parts(key, namespace.decode("utf-8", "strict"))


def armour(blob: bytes) -> bytes:
    """A signature as ssh-keygen writes it."""
    text = base64.b64encode(blob).decode()
    lines = (text[start : start + _COLUMNS] + "\n" for start in range(0, len(text), _COLUMNS))
    return f"{_BEGIN}{''.join(lines)}{_END}".encode()


def _unarmoured(armoured: bytes) -> bytes:
    text = armoured.decode("ascii", "strict")
    if not (text.startswith(_BEGIN) and text.endswith(_END)):
        raise ValueError("no SSH signature")
    try:
        return base64.b64decode(text[len(_BEGIN) : -len(_END)].replace("\n", ""), validate=True)
    except binascii.Error:
        raise ValueError("no SSH signature") from None


def _strings(blob: bytes) -> list[bytes]:
    """Five strings, each with its length before it (RFC 4251), and nothing behind them."""
    found: list[bytes] = []
    for _ in range(5):
        size = int.from_bytes(blob[:4]) if len(blob) >= 4 else len(blob)
        found.append(blob[4 : 4 + size])
        blob = blob[4 + size :] if len(blob) >= 4 + size else b"cut"
    if blob:
        raise ValueError("an SSH signature that is cut, or goes on")
    return found


def fingerprint(key: bytes) -> str:
    """A public key's name, as `ssh-keygen -l` shows it."""
    return f"SHA256:{base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip('=')}"


def entries(allowed: str) -> Iterator[Entry]:
    """The lines of an allowed_signers file that hold a key; others are passed over, as ssh-keygen does."""
    for number, line in enumerate(allowed.split("\n"), 1):  # splitlines knows ends that ssh-keygen does not
        text = line.strip(" \t\r")
        if text and not text.startswith("#") and (entry := _entry(number, text)):
            yield entry


def _entry(number: int, text: str) -> Entry | None:
    first = _WORD.match(text)
    rest = text[first.end() :].lstrip(" \t") if first else ""
    options = None if _KEY.match(rest) else _WORD.match(rest)
    held = _KEY.match(rest[options.end() :].lstrip(" \t") if options else rest)
    if first is None or held is None:
        return None
    try:
        key = base64.b64decode(held[1], validate=True)
    except binascii.Error:
        return None
    stated = options[0] if options else ""
    principals = tuple(first[0].strip('"').split(","))
    bare = re.sub(r'"(?:\\.|[^"\\])*"', '"', stated)
    return Entry(number, text, principals, key, bool(_NAMESPACES.search(bare)), bool(_AUTHORITY.search(bare)))
