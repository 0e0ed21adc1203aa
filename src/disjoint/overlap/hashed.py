"""Digests of texts that are made in this process, the same that PostgreSQL makes of a column's text.

There: ``substr(sha256(salt || convert_to(value, 'UTF8')), 1, 16)``.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable

from disjoint.model.census import HALF, WHOLE, Method, Planted, Sieve

from .digester import many, narrowed

SHORTEST = 4
"""Octets of the shortest value that counts, as in a server: nobody is known by ``n/a``."""
_SALT = bytes(range(16))
_TEXTS = ("", "plain@example.test", "disjoint " * 500)
_BLANKS = b" \t\r\n\f\v"
_LOWER = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"abcdefghijklmnopqrstuvwxyz")


def digest_of(value: bytes, sieve: Sieve) -> bytes:
    """`WHOLE` octets: the selector and its other half."""
    if sieve.method is Method.HMAC:
        return hmac.digest(sieve.salt, value, "sha256")[:WHOLE]
    return hashlib.sha256(sieve.salt + value).digest()[:WHOLE]


def kept_of(value: bytes, sieve: Sieve) -> bytes:
    """Its digest if the sieve keeps it, else nothing."""
    if len(value) < SHORTEST:
        return b""
    digest = digest_of(value, sieve)
    return b"" if int.from_bytes(digest[:HALF], "big") & sieve.mask else digest


def packed(values: Iterable[bytes], sieve: Sieve) -> bytes:
    """The digests of those that the sieve keeps, as wide as it says; `kept_of` without a call for each."""
    if sieve.method is Method.HMAC:
        return narrowed(many(sieve.salt)([value for value in values if len(value) >= SHORTEST]), sieve)
    low, width, found = sieve.mask & 0xFF, sieve.width, bytearray()
    salt, sha256 = sieve.salt, hashlib.sha256
    for value in values:
        made = sha256(salt + value).digest()
        if made[HALF - 1] & low or len(value) < SHORTEST:
            continue  # most are told by one octet
        if not int.from_bytes(made[:HALF], "big") & sieve.mask:
            found += made[:width]
    return bytes(found)


def folded(value: bytes) -> bytes:
    """Without blanks around it and in ASCII lower case: what a locale makes of other letters differs."""
    return value.strip(_BLANKS).translate(_LOWER)


def mark_of(value: bytes, salt: bytes) -> bytes:
    """What a value is called in a baseline; nothing where there is none."""
    return hashlib.sha256(salt + value).digest()[:WHOLE] if salt else b""


def plant(sieve: Sieve) -> Planted:
    """A fresh random text that the sieve keeps; folding leaves it as it is."""
    while True:
        text = secrets.token_hex(16)
        if digest := kept_of(text.encode(), sieve):
            return Planted(text, digest)


def known(method: Method) -> tuple[str, str]:
    """A method's answers to the texts that every server is asked for, under the same salt."""
    sieve = Sieve(method, 0, 0, _SALT, 1, fold=False)
    return method.value, b"".join(digest_of(text.encode(), sieve) for text in _TEXTS).hex()
