"""Write a file of digests so that an end at any moment leaves whole records, and a second run goes on."""

from __future__ import annotations

import fcntl
import os
import stat
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from disjoint.errors import WriteError
from disjoint.model.census import Portion, Task

from .records import DONE, ENDS, MAGIC, PART, SECTION, BrokenError, Record, content, record, scan
from .sections import Section, task_written, written

PIECE = 1 << 20
"""Octets of one place that wait to be written together."""
LONGEST = 4 << 20


class Writer:
    """Appends records; whoever appends has the file for as long. Use as a context manager."""

    def __init__(self, path: Path, descriptor: int, records: list[Record]) -> None:
        self.path = path
        self._descriptor = descriptor
        self.records = records
        self._lock = threading.Lock()
        self._closed = False

    @classmethod
    def begin(cls, path: Path, opening: Record, payload: bytes) -> Writer:
        """A new file, for its owner's eyes only; what stood at the path is gone.

        Raises:
            WriteError: it cannot be written.
        """
        descriptor = _opened(path, os.O_CREAT)
        os.ftruncate(descriptor, 0)
        writer = cls(path, descriptor, [])
        writer._pour(MAGIC)
        writer.add(opening, payload)
        return writer

    @classmethod
    def go_on(cls, path: Path) -> Writer:
        """A file that was left in the middle, without what was not whole.

        Raises:
            UsageError: it is none of ours.
            WriteError: it cannot be read or written.
        """
        descriptor = _opened(path)
        records: list[Record] = []
        whole = len(MAGIC)
        try:
            for found in scan(descriptor, str(path)):
                if found.mark == ENDS:
                    break
                records.append(found)
                whole = found.over
        except BrokenError as error:
            if error.whole < len(MAGIC):
                os.close(descriptor)
                raise
            whole = error.whole
        os.ftruncate(descriptor, whole)
        return cls(path, descriptor, records)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        with self._lock:  # whoever still reads writes to nobody else's file
            self._closed = True
            os.close(self._descriptor)

    @property
    def descriptor(self) -> int:
        """Open for reading, too."""
        return self._descriptor

    def add(self, head: Record, payload: bytes) -> None:
        """Append one record.

        Raises:
            WriteError: the disk is full, or gone.
        """
        with self._lock:
            if self._closed:
                raise WriteError(f"{self.path} is closed")
            at = os.lseek(self._descriptor, 0, os.SEEK_END)
            self._pour(head.head + payload)
            self.records.append(head._replace(at=at + len(head.head)))

    def _pour(self, octets: bytes) -> None:
        os.lseek(self._descriptor, 0, os.SEEK_END)
        left = memoryview(octets)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError as error:
            raise WriteError(f"cannot write {self.path}: {error.strerror}; --resume goes on") from None

    def section(self, number: int, section: Section) -> None:
        """Say how a resource is read; said again, the later word counts."""
        payload = written(section)
        self.add(record(SECTION, payload, section=number), payload)

    def content(self) -> bytes:
        """The digest of everything said so far."""
        return content(self.records)

    def finish(self, ending: bytes, place: Path) -> None:
        """Say how it ends, and put the file where it is wanted: whole, in one step.

        Raises:
            WriteError: it cannot be put there.
        """
        self.add(record(ENDS, ending), ending)
        try:
            os.fsync(self._descriptor)
            self.path.replace(place)
        except OSError as error:
            raise WriteError(f"cannot write {place}: {error.strerror}") from None


def _opened(path: Path, more: int = 0) -> int:
    """For one writer at a time, and for its owner's eyes only."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | more, 0o600)
    except OSError as error:
        raise WriteError(f"cannot write {path}: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise WriteError(f"cannot write {path}: it is no file")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.fchmod(descriptor, 0o600)
    except OSError as error:
        os.close(descriptor)
        why = "another census writes it" if isinstance(error, BlockingIOError) else error.strerror
        raise WriteError(f"cannot write {path}: {why}") from None
    return descriptor


@dataclass(slots=True)
class Attempt:
    """One reading of one task: what it brings waits until there is enough to be written."""

    writer: Writer
    section: int
    number: int
    task: Task
    _held: dict[int, list[Portion]] = field(default_factory=dict)
    _waiting: dict[int, int] = field(default_factory=dict)
    """Octets that wait, by place."""
    _parts: int = 0

    def add(self, portions: Iterable[Portion]) -> None:
        """Take in what a step brought."""
        for portion in portions:
            self._held.setdefault(portion.place, []).append(portion)
            waiting = self._waiting.get(portion.place, 0) + len(portion.packed)
            self._waiting[portion.place] = waiting
            if waiting >= PIECE:
                self._write(portion.place)

    def done(self) -> None:
        """Write what waits, and say that the task was read to its end."""
        for place in [*self._held]:
            self._write(place)
        payload = task_written(self.task)
        head = record(DONE, payload, **self._named(), place=0, values=self._parts)
        self.writer.add(head, payload)

    def _write(self, place: int) -> None:
        held = self._held.pop(place)
        self._waiting[place] = 0
        values, rows = sum(each.values for each in held), sum(each.rows for each in held)
        packed = b"".join(each.packed for each in held)
        for at in range(0, max(len(packed), 1), LONGEST):
            piece = packed[at : at + LONGEST]
            head = record(PART, piece, **self._named(), place=place, values=values, rows=rows)
            self.writer.add(head, piece)
            self._parts += 1
            values = rows = 0

    def _named(self) -> dict[str, int]:
        return {"section": self.section, "attempt": self.number, "task": self.task.number}
