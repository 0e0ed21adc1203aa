"""How each table is read, so that its server does not feel it. Pure.

A plain sequential scan of a large table goes through a small ring of buffers and pushes nobody's
pages out of memory; a scan by ranges of blocks does not, and is for servers that nobody waits for.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from disjoint.model.census import Sieve

from .tables import Table

STEP = 65_536
"""Rows that are scanned between two answers."""
LEAP = 4 * STEP
"""The same where nobody is given way: neither side works while an answer is underway."""
RANGE = 8_192
"""Blocks of one range."""
ANSWER = 1 << 20
"""Octets of one range's answer: memory for a larger one a server asks the system for each time anew."""
SPARE = 5
"""How many times its length an answer may take in the server's memory while it grows."""
MOST_PLACES = 200
"""Of one packed answer: a server gives 1,664 columns at most, of which each place takes two, and holds every
aggregate of a statement against every other one."""
CELLS = 1 << 20
"""Values of one answer, those that a row lacks among them: each takes the client 16 octets and more."""
SHORTEST = 4
"""Octets of a block that a value takes at least, of which a digest is made."""
TUPLE = 32
"""Octets of the shortest row with its header and pointer; what nobody counted is assumed to be of two."""


class Way(enum.Enum):
    """How one table's digests leave the server."""

    PACKED = "one answer"
    CURSOR = "answer by answer, through a cursor"


class Server(NamedTuple):
    """What of a server bears on how it is read."""

    version: str
    number: int
    encoding: str
    in_recovery: bool
    block: int
    buffers: int
    """Octets of shared_buffers."""


def rows_of(table: Table, pages: int, server: Server) -> int:
    """About how many rows so many pages hold, as the planner estimates it."""
    if table.rows > 0 and table.pages > 0:
        return round(table.rows / table.pages * pages)
    return pages * server.block // (2 * TUPLE)


def way(rows: int, places: int, sieve: Sieve, server: Server, *, careful: bool = True) -> Way:
    """One answer where it takes little of the server's memory; a large sample by steps, to pause between."""
    memory = SPARE * sieve.width * rows * places // sieve.one_in
    small = rows <= STEP or sieve.one_in == 1 or not careful
    return Way.PACKED if small and memory <= server.buffers // 4 else Way.CURSOR


def batch(places: int, sieve: Sieve, scanned: int = STEP) -> int:
    """Rows of one FETCH: as many as about so many scanned ones bring, fewer of a very wide table."""
    rows = scanned * (places if sieve.one_in > 1 else 1) // sieve.one_in
    return max(1, min(rows, CELLS // places))


def ranges(table: Table, pages: int, places: int, sieve: Sieve, server: Server) -> Iterator[tuple[int, int]]:
    """First block and the one after the last; the last range has no end, for a table may have grown."""
    each = blocks(table, pages, places, sieve, server)
    starts = range(0, max(pages, 1), each)
    for start in starts:
        yield start, (start + each if start + each < pages else -1)


def blocks(table: Table, pages: int, places: int, sieve: Sieve, server: Server) -> int:
    """How many of one range."""
    a_block = max(1, rows_of(table, max(pages, 1), server) // max(pages, 1))
    values = min(a_block * places, server.block // SHORTEST)  # nobody counted the rows of some tables
    octets = max(1, values * sieve.width // sieve.one_in)
    return max(1, min(RANGE, ANSWER // octets))


def by_ranges(server: Server, *, protected: bool, careful: bool, replica: bool, pressure: bool) -> bool:
    """Whether nobody minds: a replica, a staging server of its own, or production with leave.

    Before PostgreSQL 14 every range would read the whole table.
    """
    return server.number >= 140_000 and (replica or pressure or not (protected or careful))


def patience(seconds: float, typical: Sequence[float]) -> float:
    """How long to wait after an answer that took much longer than those before it."""
    if len(typical) < 4:
        return 0.0
    usual = sorted(typical)[len(typical) // 2]
    return min(5.0, 2 * seconds) if seconds > max(0.2, 4 * usual) else 0.0
