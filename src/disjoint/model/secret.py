"""Values that must not leave the process, and the keyed digests that may."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import NoReturn

MASK = "•••"


class Secret:
    """A value that shows itself to nobody who did not ask by name.

    Printing, formatting, pickling and comparing to text never reveal it; two secrets
    compare in constant time.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Hand out the value. The caller keeps it out of facts, logs, errors and argv."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return MASK

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is never serialised")


class RunKey:
    """The key of one run: fresh, never written, thrown away with the process."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key or secrets.token_bytes(32)

    def digest(self, what: str, value: str) -> str:
        """HMAC-SHA-256 of `value`, cut to 128 bits: ``hmac:`` and 32 hex digits.

        `what` separates domains, so that equal values of two meanings do not match.
        Both environments of a run use one key: equal digests mean equal values.
        """
        message = what.encode() + b"\0" + value.encode("utf-8", "surrogatepass")
        return "hmac:" + hmac.new(self._key, message, hashlib.sha256).hexdigest()[:32]

    def __repr__(self) -> str:
        return "RunKey()"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a RunKey is never serialised")
