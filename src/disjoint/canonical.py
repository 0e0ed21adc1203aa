"""JSON that two machines write alike (RFC 8785), and that only one reading has."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from disjoint.model.plain import Plain

DEEPEST = 64
"""Levels; a statement of ours has nine."""


def canonical(value: Plain) -> bytes:
    """A plain value as RFC 8785 has it.

    Raises:
        ValueError: it holds what such JSON cannot: NaN, a number beyond 2**53, a name that is no text.
    """
    import rfc8785  # noqa: PLC0415  (a verifier reads, and need not write)

    return bytes(rfc8785.dumps(value))


def digest_of(octets: bytes) -> str:
    """SHA-256, in hexadecimal."""
    return hashlib.sha256(octets).hexdigest()


def strict(octets: bytes) -> Any:
    """Plain values from JSON text that can be read one way only.

    Raises:
        ValueError: no JSON in UTF-8, a name twice in one object, NaN or Infinity, more after its end.
    """
    try:
        value = json.loads(octets.decode("utf-8", "strict"), object_pairs_hook=_once, parse_constant=_refused)
    except RecursionError:
        raise ValueError("nests too deeply") from None
    _shallow(value, DEEPEST)
    return value


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate JSON key")
    return members


def _refused(name: str) -> object:
    raise ValueError(f"{name} is no JSON number")


def _shallow(value: object, left: int) -> None:
    if not left:
        raise ValueError("nests too deeply")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inner:
        _shallow(each, left - 1)
