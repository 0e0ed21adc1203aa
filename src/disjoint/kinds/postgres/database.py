"""One database, open for reading: what of it is read, in which parts, over which connections."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence

from disjoint.model.census import Gap, Header, Left, Match, Planted, Portion, Sieve, Survey, Task
from disjoint.model.probe import Probe, ProbeError
from disjoint.model.telling import Values

from .ahead import read_ahead
from .catalogue import Size, sizes_of
from .matching import confirmed, planted
from .pool import Pool, limit
from .scan import Pace, Part, read_by_cursor, read_packed
from .several import aligned
from .tables import Choice, Wish
from .telling import told
from .ways import MOST_PLACES, STEP, Server, Way, ranges, rows_of, way


class Tables:
    """One database, open for reading."""

    drawn: Sieve | None = None

    def __init__(
        self,
        choice: Choice,
        header: Header,
        server: Server,
        pool: Pool,
        probe: Probe,
        *,
        ranged: bool,
        wish: Wish,
    ) -> None:
        self._choice = choice
        self._header = header
        self._server = server
        self._pool = pool
        self._probe = probe
        self._wish = wish
        self._may_range = ranged
        self._sizes: Mapping[int, Size] = {}
        self._waiting = 0
        self._lock = threading.Lock()

    @property
    def survey(self) -> Survey:
        """What there is to read, and what not."""
        choice = self._choice
        places = tuple(chosen.place for chosen in choice.chosen)
        how = (
            "ranges of blocks under one snapshot" if self._may_range else "one sequential scan of each table"
        )
        return Survey(places, tuple(choice.gaps), tuple(choice.left), self._header, how)

    @property
    def abreast(self) -> int:
        """Two connections where ranges are read."""
        return 2 if self._may_range else 1

    def narrow(self, theirs: Survey) -> None:
        """Several columns together are compared where both sides have them."""
        self._choice = aligned(self._choice, theirs, self._wish)

    @property
    def is_empty(self) -> bool:
        """Whether it has no table that may be read."""
        return not self._choice.tables

    def note(self, gaps: Iterable[Gap], left: Iterable[Left]) -> None:
        """Tell with it what was learnt beside it."""
        self._choice.gaps.extend(gaps)
        self._choice.left.extend(left)

    def plant(self, sieve: Sieve) -> Planted:
        """A random text that the sieve keeps. Raises as the protocol says."""
        with self._pool.borrowed() as opened:
            found = planted(opened, sieve)
        self._pool.release()
        return found

    def tasks(self, sieve: Sieve) -> Sequence[Task]:
        """A task for each table, or for each range of one."""
        self._pool.release()
        if self._may_range and not self._pool.share_a_snapshot():
            self._may_range = False
        with self._pool.borrowed() as opened:
            self._sizes = sizes_of(opened)
            self._pool.traffic.look(opened)
        found = [
            Task(0, places, first, until, rows, table)
            for places in self._by_table()
            for first, until, rows, table in self._parts(places, sieve)
        ]
        self._waiting = len(found)
        if not found:
            self._pool.release()
        return [task._replace(number=number) for number, task in enumerate(found)]

    def _by_table(self) -> list[tuple[int, ...]]:
        found: dict[int, list[int]] = {}
        for number, chosen in enumerate(self._choice.chosen):
            found.setdefault(chosen.table.oid, []).append(number)
        return [tuple(places) for places in found.values()]

    def _parts(self, places: tuple[int, ...], sieve: Sieve) -> Iterator[tuple[int, int, int, str]]:
        table = self._choice.chosen[places[0]].table
        pages = self._pages(table.oid, table.pages)
        rows = rows_of(table, pages, self._server)
        if not (self._pool.snapshot and table.readable):  # ctid is no column that may be granted
            yield 0, -1, rows, table.named
            return
        for first, until in ranges(table, pages, len(places), sieve, self._server):
            share = ((until if until >= 0 else pages) - first) / max(pages, 1)
            yield first, until, round(rows * share), table.named

    def _pages(self, oid: int, known: int) -> int:
        size = self._sizes.get(oid)
        return known if size is None else -(-size.own // self._server.block)

    def read(self, task: Task, sieve: Sieve) -> Iterator[Portion]:
        """Read one task. Raises as the protocol says."""
        part = self._part(task)
        try:
            with self._pool.borrowed() as opened:
                if self._packs(task, sieve):
                    yield from read_packed(opened, part, sieve)
                elif sieve.one_in == 1:
                    yield from read_ahead(opened, part, sieve, self._pace())
                else:
                    yield from read_by_cursor(opened, part, sieve, self._pace())
        finally:
            self._done()

    def _packs(self, task: Task, sieve: Sieve) -> bool:
        """A range is cut so that its answer is small; of a whole table it is not known."""
        if task.first > 0 or task.until >= 0:
            return True
        careful = not self._pool.snapshot
        if careful and len(task.places) > MOST_PLACES:
            return False  # several answers would be of several moments
        packed = way(task.rows, len(task.places), sieve, self._server, careful=careful) is Way.PACKED
        # one answer for a whole table has no step to rest after
        return packed and not (careful and self._pool.traffic.busy and task.rows > STEP)

    def tell(self, task: Task, sieve: Sieve) -> Iterator[Values]:
        """Read one task's values themselves. Raises as the protocol says."""
        try:
            with self._pool.borrowed() as opened:
                yield from told(opened, self._part(task), sieve, self._pace(), self._server.encoding)
        finally:
            self._done()

    def share(self) -> str:
        """The snapshot that others may read; empty where each table is read at a moment of its own."""
        return self._pool.snapshot

    def join(self, moment: str) -> None:
        """Read the snapshot that another process shares."""
        self._pool.snapshot = moment

    def keep(self) -> None:
        """Hold the snapshot while others read it. Raises as the protocol says."""
        with self._pool.borrowed() as opened:
            limit(opened, self._probe)

    def _part(self, task: Task) -> Part:
        chosen = tuple((place, self._choice.chosen[place]) for place in task.places)
        return Part(chosen[0][1].table, chosen, (task.first, task.until), task.rows)

    def _pace(self) -> Pace:
        traffic = None if self._pool.snapshot else self._pool.traffic
        return Pace(self._probe, protected=self._probe.protected, traffic=traffic)

    def _done(self) -> None:
        """After the last task no connection is kept, and no snapshot holds vacuum back."""
        with self._lock:
            self._waiting -= 1
            last = self._waiting == 0
        if last:
            self._pool.release()

    def confirm(self, sieve: Sieve, wanted: Mapping[int, Sequence[bytes]], salt: bytes) -> Iterator[Match]:
        """Each distinct value with a wanted selector. Raises as the protocol says."""
        for places in self._by_table():
            asked = tuple(place for place in places if wanted.get(place))
            if not asked:
                continue
            part = self._part(Task(0, asked, 0, -1, 0, ""))
            with self._pool.borrowed() as opened:
                hashed = self._server.number >= 140_000
                yield from confirmed(opened, part, sieve, wanted, salt, self._pace(), hashed=hashed)
        self._pool.release()

    def rest(self) -> None:
        """Close every connection until `go_on`."""
        self._pool.release()

    def go_on(self) -> None:
        """Read what `tasks` handed out, after a rest.

        Raises:
            ProbeError: its ranges have no snapshot to be read by.
        """
        if self._may_range and not self._pool.share_a_snapshot():
            raise ProbeError("its server gave no snapshot to read it by", "run again")

    def end(self) -> None:
        """Close every connection, and end every statement."""
        self._pool.end()
