"""What a journal needs of a database: its rows, and one turn at a time to add one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from .entry import Row


class Turn(Protocol):
    """While it lasts nobody else adds a row."""

    def last(self) -> Row | None:
        """The newest row."""
        ...

    def row(self, seq: int) -> Row | None:
        """The row of one entry."""
        ...

    def add(self, row: Row) -> None:
        """Add a row; it is on the disk when the turn is over."""
        ...


class Store(Protocol):
    """A database of rows that are only ever added."""

    where: str
    """For people; without a password."""
    shared: bool
    """Whether other machines add rows too: then a head that stands beside one of them may be far behind."""

    def rows(self, *, newest_first: bool = False) -> Iterator[Row]:
        """All rows; none where the journal was never begun.

        Raises:
            WriteError: they cannot be read.
            BrokenError: the database is none.
        """
        ...

    def stands(self) -> bool:
        """Whether it was made; one that other machines share is taken to be."""
        ...

    def turn(self, *, keep: bool = True) -> AbstractContextManager[Turn]:
        """A turn; what it added is forgotten unless it is kept, or if it ends in an error.

        Raises:
            WriteError: the database cannot be written, or somebody else holds it.
            BrokenError: it is none.
        """
        ...

    def expect_room(self) -> None:
        """Whether there is room for a row.

        Raises:
            WriteError: there is none.
        """
        ...
