"""Read one table's digests, harmlessly: packed into one answer, or answer by answer through a cursor."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from psycopg import pq, sql

from disjoint.model.census import Portion, Sieve
from disjoint.model.probe import Probe, ProbeError

from . import queries
from .digesting import is_made, kept, one, packed, source, text_of, value
from .session import Session, StatementError
from .tables import Chosen, Table
from .traffic import EVERY_SECONDS, Traffic
from .ways import LEAP, MOST_PLACES, STEP, batch, patience

LATE = "57014"
"""SQLSTATE of a statement that was cancelled."""
LAG_SECONDS = 5.0
LAG_EVERY = 2.0


class Part(NamedTuple):
    """What of a table is read: its places, by number, and its blocks."""

    table: Table
    chosen: tuple[tuple[int, Chosen], ...]
    blocks: tuple[int, int] = (0, -1)
    rows: int = 0

    @property
    def last(self) -> bool:
        """Whether the planted value is read with it."""
        return self.blocks[1] < 0


def rows_from(part: Part, sieve: Sieve) -> sql.Composed:
    """The FROM of a statement that reads a part."""
    texts = [text_of(chosen.columns, fold=sieve.fold) for _, chosen in part.chosen]
    made = any(is_made(chosen.columns, fold=sieve.fold) for _, chosen in part.chosen)
    return source(part.table, texts, sieve.planted.text if part.last else "", part.blocks, fence=made)


def read_packed(opened: Session, part: Part, sieve: Sieve) -> Iterator[Portion]:
    """Everything in one answer; of a very wide table in several, which read one snapshot."""
    for at in range(0, len(part.chosen), MOST_PLACES):
        piece = part._replace(chosen=part.chosen[at : at + MOST_PLACES])
        for portion in _read_packed(opened, piece, sieve):
            yield portion._replace(rows=0) if at else portion


def _read_packed(opened: Session, part: Part, sieve: Sieve) -> Iterator[Portion]:
    counted = [not any(column.filled for column in chosen.columns) for _, chosen in part.chosen]
    measures = sql.SQL(", ").join(packed(n, sieve, counted=each) for n, each in enumerate(counted))
    statement = sql.SQL(queries.PACKED).format(measures, rows_from(part, sieve))
    answer = asked(opened, statement, queries.PACKED)
    control = 1 if part.last and sieve.planted.text else 0
    rows = _number(answer.get_value(0, 0)) - control
    for at, (place, _) in enumerate(part.chosen):
        values = _number(answer.get_value(0, 1 + 2 * at)) - control if counted[at] else rows
        yield Portion(place, answer.get_value(0, 2 + 2 * at) or b"", values, 0 if at else rows)


def read_by_cursor(opened: Session, part: Part, sieve: Sieve, pace: Pace) -> Iterator[Portion]:
    """The same in constant memory on both sides, with a pause where the server is slow."""
    count, places = _Count(opened, part.table, begun(opened, part, sieve, pace)), len(part.chosen)
    for answer in fetched(opened, lambda: batch(places, sieve, LEAP if pace.brisk else STEP), pace):
        count.add(answer.ntuples)
        yield from portions(part, answer, count.told() if pace.counts() else 0)
    if count.due:
        yield from portions(part, None, count.told())


class _Count:
    """How many rows a scan has read, as its server counts them."""

    def __init__(self, opened: Session, table: Table, before: int | None) -> None:
        self._opened = opened
        self._table = table
        self._before = before
        self._kept = 0
        self.due = False
        """Whether anything was read since it was told last."""

    def add(self, kept: int) -> None:
        """Take in what an answer brought."""
        self._kept += kept
        self.due = True

    def told(self) -> int:
        """Rows that were read since it was told last."""
        now = None if self._before is None else rows_read(self._opened, self._table)
        # where the server counts nothing (track_counts = off), what it kept is the least that it read
        rows = (now or 0) - (self._before or 0) or max(0, self._kept - 1)
        self._before, self._kept, self.due = now, 0, False
        return rows


def begun(opened: Session, part: Part, sieve: Sieve, pace: Pace) -> int | None:
    """Begin a scan for digests; how many rows the transaction had read of the table before it."""
    columns = [one(n, sieve) for n in range(len(part.chosen))]
    wanted = [kept(value(n), sieve) for n in range(len(part.chosen))]
    pace.look(opened)
    before = rows_read(opened, part.table)
    declare(opened, columns, rows_from(part, sieve), wanted)
    return before


def declare(
    opened: Session, columns: Sequence[sql.Composed], rows: sql.Composed, wanted: Sequence[sql.Composed]
) -> None:
    """Begin a scan; its rows come by `fetched`."""
    listed, either = sql.SQL(", ").join(columns), sql.SQL(" OR ").join(wanted)
    asked(opened, sql.SQL(queries.CURSOR).format(listed, rows, either), queries.CURSOR)


def fetched(opened: Session, size: Callable[[], int], pace: Pace) -> Iterator[pq.abc.PGresult]:
    """Answer by answer, of so many rows, at the server's own pace."""
    while True:
        step, started = pace.step(size()), time.monotonic()
        answer = asked(opened, sql.SQL(queries.FETCH).format(sql.Literal(step)), queries.FETCH)
        seconds = time.monotonic() - started
        yield answer
        if answer.ntuples < step:
            break
        pace.wait(opened, seconds)
    opened.ask(queries.CLOSE)


def asked(opened: Session, statement: sql.Composed, counted_as: str) -> pq.abc.PGresult:
    """One answer; that time was up is told as such."""
    with timely():
        return opened.fetch(statement, counted_as)


@contextlib.contextmanager
def timely() -> Iterator[None]:
    """That a statement's time was up is told as such."""
    try:
        yield
    except StatementError as error:
        if error.sqlstate == LATE:
            raise ProbeError("time was up before it was read to its end", "raise rows_seconds") from None
        raise


class Pace:
    """Goes gently while others are served, and waits where the server answers much more slowly than before,
    or its replicas lag behind."""

    def __init__(self, probe: Probe, *, protected: bool, traffic: Traffic | None = None) -> None:
        self._probe = probe
        self._traffic = traffic
        self._typical: deque[float] = deque(maxlen=31)
        self._watches = protected
        self._asked = 0.0
        self._counted = 0.0
        self._step = 1

    def look(self, opened: Session) -> None:
        """Before a cursor, which a refusal would end: who is there, and whether replicas may be watched."""
        if self._traffic is not None:
            self._traffic.look(opened)
        if self._watches:
            self._lagging(opened)

    @property
    def gentle(self) -> bool:
        """Whether others are served, who would feel it."""
        return self._traffic is not None and self._traffic.busy

    @property
    def brisk(self) -> bool:
        """Whether nobody is given way, and answers come so fast that a longer one brings no long wait."""
        return not self.gentle and bool(self._typical) and self._typical[-1] < EVERY_SECONDS / 2

    def step(self, size: int) -> int:
        """How much is asked for at once."""
        self._step = self._traffic.step(size) if self._traffic is not None else size
        return self._step

    def counts(self) -> bool:
        """Whether to ask how many rows were read: now and then, for it is a way there and back."""
        now = time.monotonic()
        if now - self._counted < (EVERY_SECONDS if self._traffic is None else self._traffic.every):
            return False
        self._counted = now
        return True

    def wait(self, opened: Session, seconds: float) -> None:
        """Between two answers."""
        pause = patience(seconds, self._typical)
        self._typical.append(seconds)
        if self._traffic is not None:
            self._traffic.took(self._step, seconds)
            self._traffic.glance(opened)
            pause = max(pause, self._traffic.rest(seconds))
        if pause:
            time.sleep(min(pause, self._probe.remaining()))
        while self._watches and self._lagging(opened):
            time.sleep(min(1.0, self._probe.remaining()))

    def _lagging(self, opened: Session) -> bool:
        if time.monotonic() - self._asked < LAG_EVERY:
            return False
        try:
            ((lag, hidden),) = opened.ask(queries.LAG)
        except StatementError:
            lag, hidden = None, True
        self._watches = not hidden  # without a replica, too: one may join before the end
        behind = lag is not None and not hidden and lag > LAG_SECONDS
        self._asked = 0.0 if behind else time.monotonic()
        return behind


def portions(part: Part, answer: pq.abc.PGresult | None, rows: int) -> Iterator[Portion]:
    """What an answer brought; `rows` were read for it."""
    for at, (place, chosen) in enumerate(part.chosen):
        octets = b"" if answer is None else _joined(answer, at)
        filled = 1 - (chosen.columns[0].nulls or 0) if len(chosen.columns) == 1 else 1.0
        yield Portion(place, octets, round(rows * filled), 0 if at else rows)


def _joined(answer: pq.abc.PGresult, at: int) -> bytes:
    get = answer.get_value
    return b"".join([digest for row in range(answer.ntuples) if (digest := get(row, at))])


def rows_read(opened: Session, table: Table) -> int | None:
    """None where the role may not ask: asked before a cursor first, which a refusal would end."""
    try:
        return int(opened.ask_with(queries.ROWS_READ, values=[(table.oid,)])[0][0])
    except StatementError:
        return None


def _number(octets: bytes | None) -> int:
    return int.from_bytes(octets or b"", "big")
