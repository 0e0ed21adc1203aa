"""A journal in a file of its own: SQLite, durable at each entry, closed to changes even by a slip."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

from disjoint.errors import WriteError
from disjoint.writing import expect_room, write_once

from .entry import BrokenError, Row

WAIT_SECONDS = 5.0
"""For another process that writes; an entry takes milliseconds."""
_REFUSED = "SELECT RAISE(ABORT, 'a journal is only ever lengthened');"
_SCHEMA = f"""
CREATE TABLE entries (seq INTEGER PRIMARY KEY, entry TEXT NOT NULL, code TEXT NOT NULL) STRICT;
CREATE TRIGGER entries_insert BEFORE INSERT ON entries
  WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM entries) BEGIN {_REFUSED} END;
CREATE TRIGGER entries_update BEFORE UPDATE ON entries BEGIN {_REFUSED} END;
CREATE TRIGGER entries_delete BEFORE DELETE ON entries BEGIN {_REFUSED} END;
"""  # noqa: S608  (no value is put into it)
_ROW = "SELECT seq, entry, code FROM entries"
_WAL = slice(18, 20)
"""Where a database says that it has a write-ahead log: https://www.sqlite.org/fileformat2.html#the_database_header."""
_WHY = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_BUSY: "another process holds it; try again, or see which one does",
    sqlite3.SQLITE_READONLY: "this user may not write it",
    sqlite3.SQLITE_PERM: "this user may not write it",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened: is the disk full, or the folder closed to this user?",
    sqlite3.SQLITE_IOERR: "the disk fails",
}
_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT)


class SqliteTurn:
    """A transaction that holds the only lock for writing."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def last(self) -> Row | None:
        """The newest row."""
        return _row(self._connection.execute(f"{_ROW} ORDER BY seq DESC LIMIT 1").fetchone())

    def row(self, seq: int) -> Row | None:
        """The row of one entry."""
        return _row(self._connection.execute(f"{_ROW} WHERE seq = ?", (seq,)).fetchone())

    def add(self, row: Row) -> None:
        """Add a row."""
        self._connection.execute("INSERT INTO entries (seq, entry, code) VALUES (?, ?, ?)", row)


class SqliteStore:
    """One file, readable by its owner only."""

    shared = False

    def __init__(self, path: Path) -> None:
        self.path, self.where = path, str(path)

    def rows(self, *, newest_first: bool = False) -> Iterator[Row]:
        """All rows; none where there is no file."""
        with self._usable():
            if self.path.exists():
                yield from self._read(newest_first=newest_first)

    def stands(self) -> bool:
        """Whether there is a file."""
        return self.path.exists()

    def _read(self, *, newest_first: bool) -> Iterator[Row]:
        with self._connected(self._for_reading()) as connection:
            order = "DESC" if newest_first else "ASC"
            for found in connection.execute(f"{_ROW} ORDER BY seq {order}"):
                row = _row(found)
                if row is not None:
                    yield row

    @contextlib.contextmanager
    def turn(self, *, keep: bool = True) -> Iterator[SqliteTurn]:
        """A transaction; the file is made by the first one."""
        with self._usable():
            self._make()
            yield from self._begun(keep=keep)

    def _begun(self, *, keep: bool) -> Iterator[SqliteTurn]:
        with self._connected("mode=rw") as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield SqliteTurn(connection)
            connection.execute("COMMIT" if keep else "ROLLBACK")  # an error closes, and so rolls back

    def expect_room(self) -> None:
        """Whether the file's folder has room."""
        expect_room(self.path)

    def _make(self) -> None:
        """Put an empty database there in one step: what is half made is never seen."""
        if not self.path.exists():
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_once(self.path, _empty(), 0o600)

    def _for_reading(self) -> str:
        """On a disk that may only be read SQLite makes no files of its own; a log that stands is read."""
        log = self.path.with_name(f"{self.path.name}-wal")
        closed = not os.access(self.path.parent, os.W_OK) and not (log.exists() and log.stat().st_size)
        return "mode=ro&immutable=1" if closed else "mode=rw"

    def _connected(self, how: str) -> contextlib.closing[sqlite3.Connection]:
        if self.path.stat().st_mode & 0o077:
            raise WriteError(f"{self.path} may be read by others: chmod 600 {self.path}")
        location = f"file:{quote(str(self.path))}?{how}"
        connection = sqlite3.connect(location, WAIT_SECONDS, isolation_level=None, uri=True)
        connection.execute("PRAGMA synchronous = FULL")
        return contextlib.closing(connection)

    @contextlib.contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise WriteError(f"cannot use {self.path}: {error.strerror}") from None
        except sqlite3.Error as error:
            self._refuse(error)

    def _refuse(self, error: sqlite3.Error) -> NoReturn:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in _BROKEN:
            raise BrokenError("it is not the database that was written") from None
        raise WriteError(f"cannot use {self.path}: {_WHY.get(code, 'SQLite refuses')}") from None


def _empty() -> bytes:
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(_SCHEMA)
        octets = bytearray(connection.serialize())
    octets[_WAL] = b"\x02\x02"
    return bytes(octets)


def _row(found: object) -> Row | None:
    match found:
        case None:
            return None
        case (int(seq), str(entry), str(code)):
            return Row(seq, entry, code)
        case _:
            raise BrokenError("it holds what was never written to it")
