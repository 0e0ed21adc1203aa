"""Run observers side by side under one deadline. A failure is a fact: Unknown, and why."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

from disjoint.model.environment import Environment, Target
from disjoint.model.fact import Unknown
from disjoint.model.kind import Kind
from disjoint.model.probe import ProbeError
from disjoint.model.secret import RunKey

from .crew import Crew, Message, Tell, may_fork
from .deadline import Deadline
from .tally import Tally, ToldTally
from .visit import Seats, Visit

GRACE_SECONDS = 0.2
"""How long past the deadline a visit may take to notice that its socket is gone."""


@dataclass(frozen=True, slots=True)
class Job:
    """One target to be observed by its kind."""

    kind: Kind[Any, Any]
    target: Target[Any]

    @property
    def key(self) -> tuple[str, str]:
        """Environment and resource: unique in a run."""
        return self.target.environment.name, self.target.resource


@dataclass(frozen=True, slots=True)
class Result:
    """What an observer brought home: facts, always; and how long it took."""

    facts: Any
    seconds: float


Progress = Callable[[Job, Result], None]
Done: TypeAlias = "queue.SimpleQueue[tuple[Job, Result]]"


class Run:
    """Everything the visits of one verification share. Use as a context manager."""

    def __init__(self, environments: Sequence[Environment], budget: float) -> None:
        self.deadline = Deadline(budget)
        self.key = RunKey()
        self._seats = Seats()
        self._tallies = {e.name: Tally(protected=e.protected) for e in environments}

    def __enter__(self) -> Self:
        self.deadline.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self.deadline.__exit__(*exception)

    def tally(self, environment: str) -> Tally:
        """What was sent to an environment so far."""
        return self._tallies[environment]

    def visit(self, environment: Environment) -> Visit:
        """A probe for one observer."""
        tally = self._tallies[environment.name]
        return Visit(environment, self.deadline, self._seats, tally, self.key)

    def observe(
        self, jobs: Sequence[Job], progress: Progress | None = None
    ) -> Mapping[tuple[str, str], Result]:
        """Observe every job at once, lanes in processes of their own; what is not back in time is Unknown."""
        done: Done = queue.SimpleQueue()
        home, *away = lanes(jobs) if may_fork() else (list(jobs),)
        crews: list[tuple[Crew, list[Job]]] = []
        try:
            for lane in away:
                try:
                    crews.append((Crew(functools.partial(self._work, lane)), lane))
                except OSError:  # where no process is to be had, the lane is observed here
                    home.extend(lane)
            for crew, lane in crews:
                crew.listen(functools.partial(self._hear, lane, set(range(len(lane))), done))
            self._send_out(home, done)
            results = {job.key: result for job, result in self._back(len(jobs), done, progress)}
        finally:
            for crew, _ in crews:
                crew.dismiss()
        late = Unknown(f"not answered within the {self.deadline.seconds:g} s allowed", "raise --budget")
        return {job.key: results.get(job.key) or _gave_up(job, late, self.deadline) for job in jobs}

    def _send_out(self, jobs: Sequence[Job], done: Done) -> None:
        for job in jobs:
            arguments = (job, self.visit(job.target.environment), done)
            threading.Thread(target=_visit, args=arguments, daemon=True).start()

    def _back(
        self, expected: int, done: Done, progress: Progress | None = None
    ) -> Iterator[tuple[Job, Result]]:
        """Jobs as they come back, until all have or time is up."""
        with contextlib.suppress(queue.Empty):
            for _ in range(expected):
                job, result = done.get(timeout=self.deadline.left() + GRACE_SECONDS)
                if progress is not None:
                    progress(job, result)
                yield job, result

    def _work(self, lane: Sequence[Job], tell: Tell) -> None:
        """In a process of its own: the same visits, each command and each result told."""
        self._tallies = {
            name: ToldTally(protected=tally.protected, tell=functools.partial(_tell_command, tell, name))
            for name, tally in self._tallies.items()
        }
        done: Done = queue.SimpleQueue()
        self._send_out(lane, done)
        for job, result in self._back(len(lane), done):
            tell((lane.index(job), result))

    def _hear(self, lane: Sequence[Job], missing: set[int], done: Done, message: Message) -> None:
        """Take in what a crew tells; its end settles the jobs that it did not bring back."""
        match message:
            case (str() as environment, str() as command):
                self._tallies[environment].sent(command)
            case (int() as index, Result() as result) if index in missing:
                missing.remove(index)
                done.put((lane[index], result))
            case _:
                for index in missing:
                    done.put((lane[index], Result(unread(lane[index], _ENDED), 0.0)))
                missing.clear()


_ENDED = Unknown("the process that asked ended early", "run again; report it if it ends again")


def _tell_command(tell: Tell, environment: str, command: str) -> None:
    tell((environment, command))


def lanes(jobs: Sequence[Job]) -> list[list[Job]]:
    """Jobs by their kind's lane; those that stay home come first."""
    found: dict[str, list[Job]] = {"": []}
    for job in jobs:
        found.setdefault(job.kind.lane, []).append(job)
    return list(found.values())


def _visit(job: Job, visit: Visit, done: queue.SimpleQueue[tuple[Job, Result]]) -> None:
    started = time.monotonic()
    facts = observed(job, visit)
    done.put((job, Result(facts, time.monotonic() - started)))


def observed(job: Job, visit: Visit) -> object:
    """The facts of one job. Never raises: whatever goes wrong becomes Unknown."""
    try:
        return job.kind.load_observer()(job.target, visit)
    except ProbeError as error:
        return unread(job, Unknown(error.reason, error.remedy))
    except Exception as error:  # noqa: BLE001  (a client library's failure is a fact; its text may hold secrets)
        return unread(job, Unknown(f"the visit failed: {type(error).__name__}"))


def unread(job: Job, why: Unknown) -> object:
    """The facts that the text alone gives; all others Unknown for one reason."""
    facts = job.kind.from_text(job.target, why.reason)
    blamed = {f.name: why for f in dataclasses.fields(facts) if getattr(facts, f.name) == Unknown(why.reason)}
    return dataclasses.replace(facts, **blamed)


def _gave_up(job: Job, why: Unknown, deadline: Deadline) -> Result:
    return Result(unread(job, why), deadline.seconds)
