"""Read a large table through a cursor, whose server works on the next answer while this one is taken in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from psycopg import pq, sql

from disjoint.model.census import Portion, Sieve

from . import queries
from .pending import Pending
from .scan import Pace, Part, begun, portions, rows_read, timely
from .session import Session
from .ways import batch

SMALLER = 4
"""By how much an answer is smaller where nobody is given way: a core's own memory holds it meanwhile."""


class Step(NamedTuple):
    """One answer of a scan."""

    answer: pq.abc.PGresult
    last: bool


def read_ahead(opened: Session, part: Part, sieve: Sieve, pace: Pace) -> Iterator[Portion]:
    """Every digest of a part that keeps all: in constant memory, and neither side waits for the other.

    How many rows were read is asked at the end alone: until then what was kept is the least of it.
    """
    before, told = begun(opened, part, sieve, pace), 0
    most = batch(len(part.chosen), sieve)
    for answer, last in steps(opened, lambda: most if pace.gentle else max(1, most // SMALLER), pace):
        rows = answer.ntuples
        if last:
            now = None if before is None else rows_read(opened, part.table)
            rows = max(rows - 1, (now or 0) - (before or 0) - told)  # the planted one is none of the table's
        told += rows
        yield from portions(part, answer, rows)


def steps(opened: Session, size: Callable[[], int], pace: Pace) -> Iterator[Step]:
    """Answer by answer, of so many rows. While others are served, nothing is asked for before its turn.

    Whoever leaves half-way leaves a statement under way: the connection has to be closed, which ends it.
    """
    pending = opened.pending()
    step = _asked(pending, pace.step(size()))
    while True:
        answer, seconds = _taken(pending)
        if answer.ntuples < step:
            break
        pace.wait(opened, seconds)
        if gentle := pace.gentle:
            yield Step(answer, last=False)
        step = _asked(pending, pace.step(size()))
        if not gentle:
            yield Step(answer, last=False)
    opened.ask(queries.CLOSE)
    yield Step(answer, last=True)


def _asked(pending: Pending, step: int) -> int:
    pending.ask(sql.SQL(queries.FETCH).format(sql.Literal(step)), queries.FETCH)
    return step


def _taken(pending: Pending) -> tuple[pq.abc.PGresult, float]:
    """What was asked for, and how long it was waited for: this process's own work is no slowness."""
    started = time.monotonic()
    with timely():
        return pending.taken(), time.monotonic() - started
