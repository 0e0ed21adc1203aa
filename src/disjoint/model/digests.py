"""Digests that are made in this process, the same in every kind and in a server's `sha256`. Pure.

PostgreSQL says the same as ``substr(sha256(salt || convert_to(value, 'UTF8')), 1, 16)``.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from .census import HALF, WHOLE, Method, Planted, Sieve

MARK = 16
_SALT = b"disjoint: known!"
_TEXTS = ("", "a", "production@example.com", "Grüße, 世界 🌍")
_LOWER = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"abcdefghijklmnopqrstuvwxyz")


def digest_of(value: bytes, sieve: Sieve) -> bytes:
    """`WHOLE` octets: the selector and its other half."""
    if sieve.method is Method.HMAC:
        return hmac.digest(sieve.salt, value, "sha256")[:WHOLE]
    return hashlib.sha256(sieve.salt + value).digest()[:WHOLE]


def is_kept(digest: bytes, sieve: Sieve) -> bool:
    """Whether a value with this digest belongs to the sample: by its selector's lowest bits."""
    return not int.from_bytes(digest[:HALF], "big") & sieve.mask


def folded(value: bytes) -> bytes:
    """Without surrounding blanks and in ASCII lower case, as ``lower(btrim(value) COLLATE "C")`` has it."""
    return value.strip(b" ").translate(_LOWER)


def mark_of(value: bytes, salt: bytes) -> bytes:
    """What a value is called in a baseline."""
    return hashlib.sha256(salt + value).digest()[:MARK]


def plant(sieve: Sieve) -> Planted:
    """A fresh random text that the sieve keeps; in lower case, so that folding leaves it as it is."""
    while True:
        text = f"disjoint-planted-{secrets.token_hex(16)}"
        digest = digest_of(text.encode(), sieve)
        if is_kept(digest, sieve):
            return Planted(text, digest)


def known(method: Method) -> tuple[str, str]:
    """A method's answers to texts that everybody knows under a salt that everybody knows, for a header."""
    sieve = Sieve(method, 0, 0, _SALT, 1, fold=False)
    return method.value, b"".join(digest_of(text.encode(), sieve) for text in _TEXTS).hex()
