"""Both sides read at once, each by as many connections as it gives."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from disjoint.model.census import HALF, Gap, Left, Read, Reader, Sieve, Task
from disjoint.model.probe import ProbeError

from .sketch import Selectors, Sketch

Told: TypeAlias = Callable[[str, int, int], None]
"""What is read, how many rows are behind, and about how many there are."""


def nobody(_what: str, _done: int, _of: int) -> None:
    """Tell nobody."""


class Steps(NamedTuple):
    """Who is told how far each side has come."""

    production: Told = nobody
    staging: Told = nobody


TOLD_NOBODY = Steps()
ABOUT = 1.25
"""How many times the other's values a side may hold and count as no longer: both are estimates."""


@dataclass(slots=True)
class Side:
    """One side while it is read."""

    name: str
    """For people: ``production``."""
    reader: Reader
    sketch: Sketch
    told: Told = nobody
    unhurried: bool = False
    """Whether it ends before the other anyway: then one connection is enough."""
    _failed: list[Gap] = field(default_factory=list)
    _read: set[int] = field(default_factory=set)
    """Places that some task was to read."""
    _seconds: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, sieve: Sieve) -> None:
        """Read every task. Never raises: what could not be read is a gap."""
        started = time.monotonic()
        try:
            self._share_out(self.reader.tasks(sieve), sieve)
        except ProbeError as error:
            self._failed.append(Gap(f"{self.name}: everything", error.reason, error.remedy))
        self._seconds = time.monotonic() - started

    def begin(self, tasks: Sequence[Task]) -> None:
        """What is to be read; a place of which nothing is can have no control."""
        self._read = {place for task in tasks for place in task.places}
        for at, place in enumerate(self.reader.survey.places):
            if at not in self._read:
                self._failed.append(Gap(f"{self.name}: {place.name}", "it was not read", "report it"))

    def took(self, seconds: float) -> None:
        """How long reading took, whoever did it."""
        self._seconds = seconds

    def _share_out(self, tasks: Sequence[Task], sieve: Sieve) -> None:
        self.begin(tasks)
        waiting: queue.SimpleQueue[Task] = queue.SimpleQueue()
        for task in tasks:
            waiting.put(task)
        of = sum(task.rows for task in tasks)
        crew = [
            threading.Thread(target=self._work, args=(waiting, sieve, of), daemon=True)
            for _ in range(min(1 if self.unhurried else self.reader.abreast, len(tasks)))
        ]
        for thread in crew:
            thread.start()
        for thread in crew:
            thread.join()

    def _work(self, waiting: queue.SimpleQueue[Task], sieve: Sieve, of: int) -> None:
        while True:
            try:
                task = waiting.get_nowait()
            except queue.Empty:
                return
            self._carry_out(task, sieve, of)

    def _carry_out(self, task: Task, sieve: Sieve, of: int) -> None:
        try:
            for portion in self.reader.read(task, sieve):
                with self._lock:
                    self.sketch.add(portion)
                self.told(task.what, self.sketch.rows, max(of, self.sketch.rows))
        except ProbeError as error:
            self.miss(task, error.reason, error.remedy)
        except Exception as error:  # noqa: BLE001  (a client library's failure is a gap; its text may hold a value)
            self.miss(task, f"the reading failed: {type(error).__name__}", "report it")

    def miss(self, task: Task, reason: str, remedy: str) -> None:
        """What a task could not read."""
        gap = Gap(f"{self.name}: {task.what}", reason, remedy)
        with self._lock:
            if gap not in self._failed:
                self._failed.append(gap)

    def blind(self, hits: Mapping[int, Selectors], sieve: Sieve) -> tuple[str, ...]:
        """Places that were read, and in which the planted value was not met."""
        planted = int.from_bytes(sieve.planted.digest[:HALF], "big")
        names = {place: self.reader.survey.places[place].name for place in self._read}
        met = {place for place, own in hits.items() if (own == planted).any()}
        return tuple(f"{self.name}: {name}" for place, name in names.items() if place not in met)

    def told_by(self) -> frozenset[str]:
        """The tables in which some place that holds values is identifying."""
        places = enumerate(self.reader.survey.places)
        return frozenset(p.group for at, p in places if p.identifying and self.sketch.values.get(at))

    def gaps(self) -> tuple[Gap, ...]:
        """What could not be read."""
        stated = (gap._replace(place=f"{self.name}: {gap.place}") for gap in self.reader.survey.gaps)
        return (*stated, *self._failed)

    def left(self) -> tuple[Left, ...]:
        """What was not to be read."""
        return tuple(left._replace(place=f"{self.name}: {left.place}") for left in self.reader.survey.left)

    def summary(self) -> Read:
        """What was read."""
        values = sum(self.sketch.values.values())
        way = self.reader.survey.way
        return Read(
            len(self._read), self.sketch.rows, values, way, round(self._seconds, 3), self.sketch.octets
        )


def outpaces(own: Reader, other: Reader) -> bool:
    """Whether one connection is enough for a side: the other has only one, and as much to read with it."""
    return other.abreast == 1 and other.drawn is None and values_of(own) <= ABOUT * values_of(other)


def values_of(reader: Reader) -> int:
    """About how many values there are to read."""
    return sum(place.values for place in reader.survey.places)


def read_both(there: Side, here: Side, sieve: Sieve) -> None:
    """Read both sides at once; neither server is pressed only to wait for the other."""
    here.unhurried, there.unhurried = outpaces(here.reader, there.reader), outpaces(there.reader, here.reader)
    other = threading.Thread(target=here.read, args=(sieve,), daemon=True)
    other.start()
    there.read(sieve)
    other.join()
