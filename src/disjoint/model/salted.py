"""Digests that are made in this process: salted SHA-256 of octets. Pure.

The same convention as in a server: the first eight octets select, big-endian, and a value is kept
where the lowest bits of that number are zero.
"""

from __future__ import annotations

import hashlib
import secrets

from .census import HALF, WHOLE, Header, Method, Planted, Portion, Sieve

_KNOWN_SALT = bytes(range(16))
_KNOWN_TEXTS = (b"", b"disjoint", "d\u00efsj\u00f6\u00efnt \u2260 \U0001f512".encode(), b"\xff\x00")


def digest(sieve: Sieve, value: bytes) -> bytes:
    """The whole digest of a value."""
    return hashlib.sha256(sieve.salt + value).digest()[:WHOLE]


def kept(sieve: Sieve, whole: bytes) -> bool:
    """Whether the sieve keeps the value of this digest."""
    return sieve.one_in == 1 or int.from_bytes(whole[:HALF], "big") & sieve.mask == 0


def mark(salt: bytes, value: bytes) -> bytes:
    """What a value is called in a baseline; nothing where there is none."""
    return hashlib.sha256(salt + value).digest()[:WHOLE] if salt else b""


def planted(sieve: Sieve) -> Planted:
    """A fresh random text that the sieve keeps."""
    while True:
        text = secrets.token_hex(16)
        if kept(sieve, whole := digest(sieve, text.encode())):
            return Planted(text, whole)


def header(speaks: str) -> Header:
    """What any side can do whose digests are made here."""
    hashed = hashlib.sha256()
    for text in _KNOWN_TEXTS:
        hashed.update(hashlib.sha256(_KNOWN_SALT + text).digest())
    return Header((Method.SHA256,), ((Method.SHA256.value, hashed.hexdigest()),), speaks)


class Tray:
    """Collects what the sieve keeps, place by place, until it is handed on; the planted value first."""

    def __init__(self, sieve: Sieve, places: int) -> None:
        self._sieve = sieve
        self._packed = [self._planted() for _ in range(places)]
        self._values = [0] * places

    def add(self, place: int, value: bytes) -> None:
        """Look at a value, and keep its digest if the sieve does."""
        self._values[place] += 1
        whole = digest(self._sieve, value)
        if kept(self._sieve, whole):
            self._packed[place] += whole[: self._sieve.width]

    def handed(self, rows: int) -> tuple[Portion, ...]:
        """What was collected since it was last asked; `rows` were read for it."""
        found = tuple(
            Portion(place, bytes(packed), values, 0 if place else rows)
            for place, (packed, values) in enumerate(zip(self._packed, self._values, strict=True))
        )
        self._packed = [bytearray() for _ in self._packed]
        self._values = [0] * len(self._values)
        return found

    def _planted(self) -> bytearray:
        """Through the same function as every other value, so that it is found only if they would be."""
        own = digest(self._sieve, self._sieve.planted.text.encode())
        return bytearray(own[: self._sieve.width])
