"""One entry, as it is written and read: a canonical text, chained by its digest, under the project's code."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from disjoint.canonical import canonical, digest_of
from disjoint.model.plain import Plain

NOTHING = "0" * 64
"""What the first entry follows."""
_FIELDS = {"seq": int, "prev": str, "at": str, "actor": str, "event": str, "body": dict}


class BrokenError(Exception):
    """The chain is not as it was written; the text says where, and the journal adds which."""


class Head(NamedTuple):
    """Where a chain ends."""

    seq: int
    digest: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened."""

    seq: int
    """From one on."""
    prev: str
    """The digest of the entry before it."""
    at: datetime
    actor: str
    event: str
    body: Mapping[str, Plain]
    digest: str
    """SHA-256 of all the others in their canonical encoding, in hexadecimal."""

    @property
    def head(self) -> Head:
        """The end of a chain that ends here."""
        return Head(self.seq, self.digest)


class Row(NamedTuple):
    """An entry as a database holds it."""

    seq: int
    entry: str
    """Its canonical encoding."""
    code: str
    """Over its digest, under the project's key: nobody without it lengthens the chain."""


def following(
    last: Entry | None, at: datetime, actor: str, event: str, body: Mapping[str, Plain], key: bytes
) -> Row:
    """What is written after an entry.

    Raises:
        ValueError: the body holds what JSON cannot.
    """
    seq, prev = (1, NOTHING) if last is None else (last.seq + 1, last.digest)
    moment = at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    stated: Plain = {
        "seq": seq,
        "prev": prev,
        "at": moment,
        "actor": actor,
        "event": event,
        "body": dict(body),
    }
    octets = canonical(stated)
    return Row(seq, octets.decode(), code_of(digest_of(octets), key))


def read(row: Row) -> Entry:
    """The entry in a row; whether it may be believed is another question.

    Raises:
        BrokenError: it is nothing that was ever written.
    """
    octets = row.entry.encode(errors="replace")
    try:
        stated = _fields(json.loads(octets))  # what can be read two ways bears no code of ours
        at = datetime.fromisoformat(stated.pop("at"))
        return Entry(**stated, at=at, digest=digest_of(octets))
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise BrokenError(f"entry {row.seq} is not as it was written: it is no entry at all") from None


def _fields(stated: Any) -> dict[str, Any]:
    if {name: type(value) for name, value in stated.items()} != _FIELDS:
        raise ValueError("other fields than an entry has")
    return dict(stated)


def code_of(digest: str, key: bytes) -> str:
    """The project's code over an entry, by its digest."""
    return hmac.new(key, b"disjoint journal entry\0" + digest.encode(), hashlib.sha256).hexdigest()


def bears(row: Row, entry: Entry, key: bytes) -> bool:
    """Whether whoever wrote an entry had the project's key."""
    return hmac.compare_digest(row.code.encode(errors="replace"), code_of(entry.digest, key).encode())
