"""Several databases of one server as one side: read one after the other, each by connections of its own."""

from __future__ import annotations

import contextlib
import itertools
import threading
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

from disjoint.model.census import Gap, Header, Left, Match, Place, Planted, Portion, Sieve, Survey, Task
from disjoint.model.probe import ProbeError
from disjoint.model.telling import Telling, Values


class Resting(Telling, Protocol):
    """A database whose connections can be closed, and opened anew."""

    def rest(self) -> None:
        """Close them until `go_on`."""
        ...

    def go_on(self) -> None:
        """Read what `tasks` handed out, after a rest.

        Raises:
            ProbeError: it cannot be read as those were cut.
        """
        ...


class Named(NamedTuple):
    """A database and what it is called; the declared one by nothing."""

    name: str
    base: Resting


class Joined:
    """A reader of the declared database and of those beside it."""

    drawn: Sieve | None = None

    def __init__(self, own: Resting, others: Sequence[Named]) -> None:
        self._each = (Named("", own), *others)
        self._floor = _Floor(self._each)
        self._closed: dict[int, ProbeError] = {}
        """Why those cannot be read that handed no tasks out."""
        self._look()

    def _look(self) -> None:
        surveys = [led(each.name, each.base.survey) for each in self._each]
        self._first = [0, *itertools.accumulate(len(survey.places) for survey in surveys)]
        self._survey = joined(surveys, [each.name for each in self._each[1:]])

    @property
    def survey(self) -> Survey:
        """Of all together, each place led by its database's name."""
        return self._survey

    @property
    def abreast(self) -> int:
        """As the declared one's."""
        return self._each[0].base.abreast

    def narrow(self, theirs: Survey) -> None:
        """Each as the protocol says."""
        for each in self._each:
            each.base.narrow(theirs)
        self._look()

    def plant(self, sieve: Sieve) -> Planted:
        """One server makes one digest of a text. Raises as the protocol says."""
        return self._each[0].base.plant(sieve)

    def tasks(self, sieve: Sieve) -> Sequence[Task]:
        """Of each; the declared one's connections stay open, for it is read first."""
        self._floor.clear()
        self._closed.clear()
        others = [self._others(at, sieve) for at in range(1, len(self._each))]
        own = self._each[0].base.tasks(sieve)
        self._floor.entered(0)
        every = itertools.chain(own, *others)
        return [task._replace(number=number) for number, task in enumerate(every)]

    def _others(self, at: int, sieve: Sieve) -> list[Task]:
        name, base = self._each[at]
        try:
            tasks = base.tasks(sieve)
        except ProbeError as error:
            self._closed[at] = error
            everything = tuple(range(len(base.survey.places)))
            tasks = [Task(0, everything, 0, -1, 0, "everything")] if everything else []
        finally:
            base.rest()
        return [
            task._replace(places=tuple(p + self._first[at] for p in task.places), what=f"{name}.{task.what}")
            for task in tasks
        ]

    def read(self, task: Task, sieve: Sieve) -> Iterator[Portion]:
        """One task of one of them. Raises as the protocol says."""
        at, first = self._at(task.places[0])
        with self._entered(at):
            for portion in self._each[at].base.read(_inner(task, first), sieve):
                yield portion._replace(place=portion.place + first)

    def tell(self, task: Task, sieve: Sieve) -> Iterator[Values]:
        """The same of its values themselves."""
        at, first = self._at(task.places[0])
        with self._entered(at):
            for step in self._each[at].base.tell(_inner(task, first), sieve):
                yield step._replace(place=step.place + first)

    @contextlib.contextmanager
    def _entered(self, at: int) -> Iterator[None]:
        if at in self._closed:
            raise self._closed[at]
        with self._floor.taken(at):
            yield

    def _at(self, place: int) -> tuple[int, int]:
        """Whose place it is, and the number of the first of these."""
        at = bisect_right(self._first, place) - 1
        return at, self._first[at]

    def confirm(self, sieve: Sieve, wanted: Mapping[int, Sequence[bytes]], salt: bytes) -> Iterator[Match]:
        """Each asked for its own. Raises as the protocol says."""
        self._floor.clear()
        asked: dict[int, dict[int, Sequence[bytes]]] = {}
        for place, selectors in wanted.items():
            at, first = self._at(place)
            asked.setdefault(at, {})[place - first] = selectors
        for at, own in sorted(asked.items()):
            for match in self._each[at].base.confirm(sieve, own, salt):
                yield match._replace(place=match.place + self._first[at])


class _Floor:
    """Whose turn it is: the others' connections are closed meanwhile, for a server is given two at most."""

    def __init__(self, each: Sequence[Named]) -> None:
        self._each = each
        self._at = -1
        self._readers = 0
        self._free = threading.Condition()

    def clear(self) -> None:
        """Close all connections."""
        for each in self._each:
            each.base.rest()
        self._at = -1

    def entered(self, at: int) -> None:
        """One is open already."""
        self._at = at

    @contextlib.contextmanager
    def taken(self, at: int) -> Iterator[None]:
        """Read one of them; whoever is at another is waited for.

        Raises:
            ProbeError: it cannot be gone on with.
        """
        with self._free:
            while self._readers and self._at != at:
                self._free.wait()
            if self._at != at:
                self.clear()
                self._each[at].base.go_on()
                self._at = at
            self._readers += 1
        try:
            yield
        finally:
            with self._free:
                self._readers -= 1
                self._free.notify_all()


def _inner(task: Task, first: int) -> Task:
    return task._replace(places=tuple(place - first for place in task.places))


def led(name: str, survey: Survey) -> Survey:
    """A survey whose places are led by their database's name; what a role may not read there is no gap."""
    if not name:
        return survey
    places = tuple(
        place._replace(name=f"{name}.{place.name}", group=place.group and f"{name}.{place.group}")
        for place in survey.places
    )
    barred = [gap for gap in survey.gaps if _is_barred(gap)]
    gaps = tuple(g._replace(place=f"{name}.{g.place}") for g in survey.gaps if g not in barred)
    left = [Left(f"{name}.{each.place}", each.why) for each in (*survey.left, *map(_as_left, barred))]
    if barred and not places and not gaps:
        left = [Left(f"database {name}", "this role may read none of its tables")]
    return replace(survey, places=places, gaps=gaps, left=tuple(left))


def _is_barred(gap: Gap) -> bool:
    """Whether it stands for what the application cannot reach there either, or has not there."""
    return gap.reason.startswith(("permission denied", "row-level security", "there is no such column"))


def _as_left(gap: Gap) -> Left:
    return Left(gap.place, f"of another database than staging's own: {gap.reason}")


def joined(surveys: Sequence[Survey], names: Sequence[str]) -> Survey:
    """Several surveys as one: its digests are made as all of them can."""
    own = surveys[0]
    methods = tuple(m for m in own.header.methods if all(m in s.header.methods for s in surveys))
    header = Header(methods, own.header.known, own.header.speaks)
    places: tuple[Place, ...] = tuple(p for s in surveys for p in s.places)
    gaps = tuple(gap for s in surveys for gap in s.gaps)
    left = tuple(each for s in surveys for each in s.left)
    way = f"{own.way}, of this database and of {_few(names)} beside it"
    return Survey(places, gaps, left, header, way)


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return f"{', '.join(names[:6])}{more}"
