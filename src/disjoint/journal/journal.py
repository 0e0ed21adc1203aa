"""The journal: what was certified, signed off, sealed, refused and frozen, in that order."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from disjoint.errors import TamperedError
from disjoint.model.plain import Plain

from .chain import backwards, checked, expect_heads
from .entry import BrokenError, Entry, Head, bears, following, read
from .head import HeadFile
from .sqlite import SqliteStore
from .store import Store, Turn

_ITS_HEAD = "the head beside it"


class Journal:
    """A chain of entries that can be lengthened and not changed."""

    def __init__(self, store: Store, head: HeadFile, key: bytes) -> None:
        self._store, self._head, self._key = store, head, key
        self.where = store.where

    def stands(self) -> bool:
        """Whether it was ever made; an entry may be the first one even so."""
        return self._store.stands()

    def append(self, event: str, actor: str, body: Mapping[str, Plain]) -> Entry:
        """Write down what happens; it is on the disk when this returns, and its head beside it.

        Raises:
            WriteError: it cannot be written: then what it tells of is not done.
            TamperedError: the chain is not as it was.
        """
        with self._unbroken():
            with self._store.turn() as turn:
                row = following(self._settled(turn), datetime.now(UTC), actor, event, body, self._key)
                turn.add(row)
            self.settle()
        return read(row)

    def settle(self) -> None:
        """Let the head follow an entry after which somebody was killed.

        Raises:
            WriteError, TamperedError: as above.
        """
        with self._unbroken(), self._store.turn() as turn:
            self._settled(turn)

    def entries(self) -> Iterator[Entry]:
        """All entries from the first on, each checked.

        Raises:
            TamperedError: one of them is not as it was written.
            WriteError: they cannot be read.
        """
        with self._unbroken():
            yield from checked(self._store.rows(), self._key)

    def head(self) -> Head | None:
        """Where the chain ends; None where nothing was written yet.

        Raises:
            TamperedError, WriteError: as above.
        """
        return next((entry.head for entry in self._backwards()), None)

    def last(self, event: str, **body: Plain) -> Entry | None:
        """The newest entry of an event whose body says this.

        Raises:
            TamperedError, WriteError: as above.
        """
        return next((each for each in self._backwards() if _says(each, event, body)), None)

    def expect_whole(self, seen: Mapping[str, Head] | None = None) -> Head | None:
        """Whether nothing was changed or cut off, by the head beside it and by those that others saw.

        Raises:
            TamperedError: something was; the text says what.
            WriteError: it cannot be read.
        """
        own = self._head.read()  # before the rows: what is added meanwhile comes after it
        digests = {entry.seq: entry.digest for entry in self.entries()}
        last = Head(*max(digests.items())) if digests else None
        with self._unbroken():
            self._expect_begun(own, last)
            expect_heads(digests, last, {**({_ITS_HEAD: own} if own else {}), **(seen or {})})
        return last

    def expect_writable(self) -> None:
        """No log, no action: whether the next entry could be written, asked before anything is done.

        Raises:
            WriteError: it could not.
            TamperedError: the chain is not as it was.
        """
        self.expect_whole()
        self._store.expect_room()
        with self._unbroken(), self._store.turn(keep=False) as turn:
            turn.add(following(self._settled(turn), datetime.now(UTC), "", "tried", {}, self._key))

    def _settled(self, turn: Turn) -> Entry | None:
        """The last entry, after the head was held against it, and mended if it is one behind."""
        head, row = self._head.read(), turn.last()
        last = None if row is None else read(row)
        if last is not None and row is not None and not bears(row, last, self._key):
            raise BrokenError(f"entry {last.seq} was written without the project's key")
        end = None if last is None else last.head
        self._expect_begun(head, end)
        if head is not None:
            self._expect_extended(turn, head, end)
        if end is not None and end != head:
            self._head.write(end)
        return last

    def _expect_begun(self, head: Head | None, end: Head | None) -> None:
        """A journal of this machine alone has a head as soon as it has a second entry."""
        if head is None and end is not None and end.seq > 1 and not self._store.shared:
            raise BrokenError(f"it ends at entry {end.seq}, and its head is gone")

    def _expect_extended(self, turn: Turn, head: Head, end: Head | None) -> None:
        row = turn.row(head.seq)
        expect_heads({head.seq: read(row).digest} if row else {}, end, {_ITS_HEAD: head})
        if end is not None and end.seq > head.seq + 1 and not self._store.shared:
            raise BrokenError(f"it ends at entry {end.seq}, and its head is of entry {head.seq}: an old one")

    def _backwards(self) -> Iterator[Entry]:
        with self._unbroken():
            yield from backwards(self._store.rows(newest_first=True), self._key)

    @contextlib.contextmanager
    def _unbroken(self) -> Iterator[None]:
        try:
            yield
        except BrokenError as why:
            raise TamperedError(f"the journal {self.where} is not as it was written: {why}") from None


def _says(entry: Entry, event: str, body: Mapping[str, Plain]) -> bool:
    return entry.event == event and all(entry.body.get(name) == value for name, value in body.items())


def open_journal(folder: Path, key: bytes, url: str = "", *, create: bool = True) -> Journal:
    """The journal in a project's folder, or in the PostgreSQL that a URL names.

    Raises:
        UsageError: the URL is none, or the library for it is not installed.
        WriteError: it cannot be made.
        TamperedError: it is not as it was.
    """
    if url:
        from .postgres import PostgresStore, head_name  # noqa: PLC0415  (an extra)

        store: Store = PostgresStore(url, folder.name)
        head = HeadFile(folder / head_name(url), key)
    else:
        store, head = SqliteStore(folder / "journal.sqlite"), HeadFile(folder / "journal.head", key)
    journal = Journal(store, head, key)
    if create:
        journal.settle()
    return journal
