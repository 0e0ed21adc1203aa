"""A file of digests, record by record: written in whole records, read as what it may be - anybody's.

Every record is a head of fixed width and a payload whose digest stands in the head. What counts is
named by heads alone: a reading (`attempt`) whose `DONE` is missing never happened.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterator
from typing import NamedTuple

from disjoint.errors import UsageError

MAGIC = b"disjoint"
_HEAD = struct.Struct(">4sIIIIQQI32s")
OPENS, SECTION, PART, DONE, ENDS = b"OPEN", b"SECT", b"PART", b"DONE", b"ENDS"
_LONGEST = {OPENS: 16 << 20, SECTION: 16 << 20, PART: 4 << 20, DONE: 1 << 20, ENDS: 1 << 16}
"""Octets of a payload: nobody's file makes this process take more memory than that at a time."""
MOST = 500_000
"""Records: two million million octets, written as they are here."""


class Record(NamedTuple):
    """A head, and where its payload stands."""

    mark: bytes
    section: int
    attempt: int
    """Names one reading of one task; unique in a file."""
    task: int
    place: int
    values: int
    rows: int
    length: int
    digest: bytes
    """SHA-256 of the payload."""
    at: int = -1
    """Where the payload begins."""

    @property
    def head(self) -> bytes:
        """As it is written."""
        return _HEAD.pack(*self[:9])

    @property
    def over(self) -> int:
        """Where the next record begins."""
        return self.at + self.length


def record(mark: bytes, payload: bytes, **numbers: int) -> Record:
    """A record of this payload; numbers that are not given are zero."""
    named = {name: numbers.get(name, 0) for name in ("section", "attempt", "task", "place", "values", "rows")}
    return Record(mark, **named, length=len(payload), digest=hashlib.sha256(payload).digest())


class BrokenError(UsageError):
    """The file ends within a record, or is none of ours beyond this point."""

    def __init__(self, text: str, whole: int) -> None:
        super().__init__(text)
        self.whole = whole
        """So many octets of it are whole records."""


def scan(descriptor: int, where: str) -> Iterator[Record]:
    """Every record in order, each with its payload's digest checked; memory of one payload at most.

    Raises:
        BrokenError: it is not what this version writes, or not to its end.
    """
    if os.pread(descriptor, len(MAGIC), 0) != MAGIC:
        raise BrokenError(f"{where} is not what `disjoint census` writes", 0)
    at, size, number = len(MAGIC), os.fstat(descriptor).st_size, 0
    while at < size:
        found = _head(descriptor, at)
        number += 1
        if found is None or number > MOST or found.over > size or not _is_whole(descriptor, found):
            raise BrokenError(f"{where} is cut short or damaged at octet {at}", at)
        yield found
        at = found.over


def _head(descriptor: int, at: int) -> Record | None:
    octets = os.pread(descriptor, _HEAD.size, at)
    if len(octets) < _HEAD.size:
        return None
    found = Record._make((*_HEAD.unpack(octets), at + _HEAD.size))
    return found if found.length <= _LONGEST.get(found.mark, -1) else None


def _is_whole(descriptor: int, found: Record) -> bool:
    payload = os.pread(descriptor, found.length, found.at)
    return len(payload) == found.length and hashlib.sha256(payload).digest() == found.digest


def payload(descriptor: int, found: Record, where: str) -> bytes:
    """A record's payload, as it was when the file was scanned.

    Raises:
        UsageError: somebody changed the file meanwhile.
    """
    octets = os.pread(descriptor, found.length, found.at)
    if len(octets) != found.length or hashlib.sha256(octets).digest() != found.digest:
        raise UsageError(f"{where} was changed while it was read")
    return octets


def content(records: Iterator[Record] | list[Record]) -> bytes:
    """The digest of everything that a file says, but for how it ends."""
    whole = hashlib.sha256(MAGIC)
    for each in records:
        if each.mark != ENDS:
            whole.update(each.head)
    return whole.digest()
