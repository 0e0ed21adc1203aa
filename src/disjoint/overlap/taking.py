"""Read one side into a file, to be compared elsewhere."""

from __future__ import annotations

import queue
import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from disjoint.errors import WriteError
from disjoint.model.census import WHOLE, Left, Method, Reader, Sieve, Strength, Survey, Task, Terms
from disjoint.model.probe import ProbeError

from .bound import one_in
from .file import Filed
from .read import Told
from .sections import Section
from .writing import Attempt, Writer

SNAPSHOTS = Left("rows written meanwhile", "the census was resumed: its parts are of two snapshots")


class Taken(NamedTuple):
    """What was read of one resource."""

    tasks: int
    kept: int
    """Tasks among them that an earlier run had read."""
    failed: tuple[tuple[str, str, str], ...]
    """What could not be read, why, and what would mend it."""


@dataclass(slots=True)
class Taking:
    """One resource on its way into a file."""

    reader: Reader
    writer: Writer
    number: int
    """Of its section."""
    section: Section
    told: Told
    tasks: Sequence[Task]
    first: int
    """The number of its first attempt: no other in the file has one as high."""
    _failed: list[tuple[str, str, str]] = field(default_factory=list)
    _rows: int = 0
    _whole: int = 0
    """Tasks that were read to their end."""
    _broken: list[WriteError] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, done: Mapping[int, Task]) -> Taken:
        """Read every task that is not done yet. What fails is told, and may be tried again.

        Raises:
            WriteError: the file cannot be written.
        """
        tasks = self.tasks
        waiting: queue.SimpleQueue[Task] = queue.SimpleQueue()
        for task in tasks:
            if task.number not in done:
                waiting.put(task)
        self._rows = sum(task.rows for task in tasks if task.number in done)
        of = sum(task.rows for task in tasks)
        arguments = (waiting, max(of, 1))
        crew = [
            threading.Thread(target=self._work, args=arguments, daemon=True)
            for _ in range(min(self.reader.abreast, waiting.qsize()))
        ]
        for thread in crew:
            thread.start()
        for thread in crew:
            thread.join()
        for error in self._broken:
            raise error
        if not self._failed and self._whole + len(done) < len(tasks):
            self._failed.append(("a part", "its reading ended early", ""))
        return Taken(len(tasks), len(done), tuple(dict.fromkeys(self._failed)))

    def _work(self, waiting: queue.SimpleQueue[Task], of: int) -> None:
        while True:
            try:
                task = waiting.get_nowait()
            except queue.Empty:
                return
            self._carry_out(task, of)

    def _carry_out(self, task: Task, of: int) -> None:
        with self._lock:
            self.first += 1
            attempt = Attempt(self.writer, self.number, self.first, task)
        try:
            for portion in self.reader.read(task, self.section.sieve):
                attempt.add([portion])
                with self._lock:
                    self._rows += portion.rows
                self.told(task.what, min(self._rows, of), of)
            attempt.done()
            with self._lock:
                self._whole += 1
        except WriteError as error:
            self._broken.append(error)
        except ProbeError as error:
            self._fail(task, error.reason, error.remedy)
        except Exception as error:  # noqa: BLE001  (a client library's failure; its text may hold a value)
            self._fail(task, f"the reading failed: {type(error).__name__}", "")

    def _fail(self, task: Task, reason: str, remedy: str) -> None:
        with self._lock:
            self._failed.append((task.what, reason, remedy))


def section_of(
    resource: str, kind: str, terms: Terms, reader: Reader, secret: bytes | None = None
) -> Section:
    """How a resource is read into a file that is to be compared elsewhere; under a key where one is given.

    Raises:
        ProbeError: its server can make no digest that another side could make, too.
    """
    survey = reader.survey
    methods = [m for m in survey.header.methods if (m is Method.HMAC) == (secret is not None)]
    if not methods:
        raise ProbeError(f"no digest of {survey.header.speaks} can be made elsewhere", "")
    values = sum(place.values for place in survey.places)
    kept = 1 if terms.strength is Strength.EXACT else one_in(terms.detect, values)
    numbers = [int.from_bytes(secrets.token_bytes(8), "big", signed=True) for _ in range(2)]
    salt = secret or secrets.token_bytes(WHOLE)
    sieve = Sieve(methods[0], numbers[0], numbers[1], salt, kept, terms.fold, WHOLE)
    planted = replace(sieve, planted=reader.plant(sieve))
    return Section(resource, kind, terms.strength, terms.detect, planted, survey)


def still_asked(reader: Reader, begun: Filed, terms: Terms) -> Sequence[Task]:
    """The tasks of a reading that broke off, if it was of what there is to read now; else none."""
    before, now = begun.section.survey, reader.survey
    same = [(p.name, p.identifying) for p in before.places] == [(p.name, p.identifying) for p in now.places]
    asked = (begun.section.strength, begun.section.detect, begun.section.sieve.fold)
    if not same or before.header != now.header or asked != (terms.strength, terms.detect, terms.fold):
        return ()
    tasks = reader.tasks(begun.section.sieve)
    named = {task.number: _named(task) for task in tasks}
    return tasks if all(named.get(r.task.number) == _named(r.task) for r in begun.readings) else ()


def after(section: Section, survey: Survey, *left: Left) -> Section:
    """The same, with what was learnt while it was read: what tells nothing, and what could not be read."""
    gaps = dict.fromkeys((*section.survey.gaps, *survey.gaps))
    untold = dict.fromkeys((*section.survey.left, *survey.left, *left))
    return replace(section, survey=replace(section.survey, gaps=tuple(gaps), left=tuple(untold)))


def resumed(section: Section) -> Section:
    """The same, with a word on its snapshots: a row that was rewritten in between may stand in neither."""
    if SNAPSHOTS in section.survey.left:
        return section
    return replace(section, survey=replace(section.survey, left=(SNAPSHOTS, *section.survey.left)))


def _named(task: Task) -> tuple[object, ...]:
    return task.places, task.first, task.until, task.what
