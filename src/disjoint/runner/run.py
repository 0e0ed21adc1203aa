"""Run observers side by side under one deadline. A failure is a fact: Unknown, and why."""

from __future__ import annotations

import dataclasses
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from disjoint.model.environment import Environment, Target
from disjoint.model.fact import Unknown
from disjoint.model.kind import Kind
from disjoint.model.probe import ProbeError
from disjoint.model.secret import RunKey

from .deadline import Deadline
from .tally import Tally
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
        """Observe every job at once; what is not back at the deadline is Unknown."""
        done: queue.SimpleQueue[tuple[Job, Result]] = queue.SimpleQueue()
        for job in jobs:
            arguments = (job, self.visit(job.target.environment), done)
            threading.Thread(target=_visit, args=arguments, daemon=True).start()
        results: dict[tuple[str, str], Result] = {}
        while len(results) < len(jobs) and (back := self._next(done)) is not None:
            job, results[job.key] = back
            if progress is not None:
                progress(job, results[job.key])
        late = Unknown(f"not answered within the {self.deadline.seconds:g} s allowed", "raise --budget")
        return {job.key: results.get(job.key) or _gave_up(job, late, self.deadline) for job in jobs}

    def _next(self, done: queue.SimpleQueue[tuple[Job, Result]]) -> tuple[Job, Result] | None:
        try:
            return done.get(timeout=self.deadline.left() + GRACE_SECONDS)
        except queue.Empty:
            return None


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
