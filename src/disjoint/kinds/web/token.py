"""Mint a token as an application would, from its secret key alone. Pure.

Three forms, each held against its own library's output: JSON Web Tokens with HS256 (RFC 7519),
itsdangerous' URLSafeTimedSerializer, and Django's `signing.dumps`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

TokenKind: TypeAlias = Literal["jwt", "itsdangerous", "django"]
Claims: TypeAlias = Mapping[str, object]

LIFETIME_SECONDS = 120
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SALTS: Mapping[TokenKind, str] = {"jwt": "", "itsdangerous": "itsdangerous", "django": "django.core.signing"}


def mint(kind: TokenKind, key: str, claims: Claims, salt: str | None, now: int) -> str:
    """A token that whoever holds `key` takes for its own, until `LIFETIME_SECONDS` have passed."""
    return _MINTS[kind](key.encode(), claims, _SALTS[kind] if salt is None else salt, now)


def _jwt(key: bytes, claims: Claims, _salt: str, now: int) -> str:
    stated = {"iat": now, "exp": now + LIFETIME_SECONDS, **claims}
    value = f"{_packed({'alg': 'HS256', 'typ': 'JWT'})}.{_packed(stated)}"
    return f"{value}.{_text(hmac.new(key, value.encode(), hashlib.sha256).digest())}"


def _itsdangerous(key: bytes, claims: Claims, salt: str, now: int) -> str:
    stamp = _text(now.to_bytes((now.bit_length() + 7) // 8, "big"))
    value = f"{_packed(claims)}.{stamp}"
    derived = hashlib.sha1(salt.encode() + b"signer" + key).digest()  # noqa: S324  (the library's own default)
    return f"{value}.{_text(hmac.new(derived, value.encode(), hashlib.sha1).digest())}"


def _django(key: bytes, claims: Claims, salt: str, now: int) -> str:
    value = f"{_packed(claims)}:{_base62(now)}"
    derived = hashlib.sha256(salt.encode() + b"signer" + key).digest()
    return f"{value}:{_text(hmac.new(derived, value.encode(), hashlib.sha256).digest())}"


_MINTS: Mapping[TokenKind, Callable[[bytes, Claims, str, int], str]] = {
    "jwt": _jwt,
    "itsdangerous": _itsdangerous,
    "django": _django,
}


def _packed(value: Claims) -> str:
    return _text(json.dumps(value, separators=(",", ":")).encode())


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def _base62(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return digits or "0"
