"""Carry out a lane's work: observers at once, then each trial as soon as it may be."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from disjoint.model.experiment import Census
from disjoint.model.fact import Fact, Unknown

from .deadline import Deadline
from .long import Long
from .work import Job, Key, Permit, Result, Trial, Visits, Work, closed, observed, tried

GRACE_SECONDS = 0.2
"""How long past the deadline a visit may take to notice that its socket is gone."""

Done: TypeAlias = "queue.SimpleQueue[tuple[Work, Result]]"
Settled: TypeAlias = Callable[[Work, Result], None]


@dataclass(frozen=True, slots=True)
class Lane:
    """Jobs that may meet on one server, and the trials of their resources."""

    jobs: Sequence[Job]
    trials: Sequence[Trial] = ()

    @property
    def work(self) -> list[Work]:
        """Everything, in one order."""
        return [*self.jobs, *self.trials]


def lanes(jobs: Sequence[Job], trials: Sequence[Trial]) -> list[Lane]:
    """Work by its kind's lane; what stays home comes first."""
    names = dict.fromkeys(("", *(job.kind.lane for job in jobs)))
    return [Lane(_of(name, jobs), _of(name, trials)) for name in names]


def _of(name: str, work: Sequence[Any]) -> list[Any]:
    return [each for each in work if each.kind.lane == name]


@dataclass(slots=True)
class Crossing:
    """One lane on its way: who is out, what is back, and which trials wait for what."""

    lane: Lane
    visits: Visits
    deadline: Deadline
    permit: Permit
    long: Long | None = None
    """How censuses are made; None: none is."""
    _done: Done = field(default_factory=queue.SimpleQueue)
    _facts: dict[Key, Any] = field(default_factory=dict)
    _waiting: list[Trial] = field(default_factory=list)
    _out: list[Work] = field(default_factory=list)

    def carry_out(self, settled: Settled) -> None:
        """Tell every result as it comes, until all are back or time is up."""
        self._waiting = list(self.lane.trials)
        for job in self.lane.jobs:
            self._send(job)
        for work, result in self._back():
            self._out.remove(work)
            if isinstance(work, Job):
                self._facts[work.key] = result.facts
            settled(work, result)
            self._send_due()

    def _back(self) -> Iterator[tuple[Work, Result]]:
        while self._out or self._waiting:
            try:
                yield self._done.get(timeout=self._until().left() + GRACE_SECONDS)
            except queue.Empty:
                self._send_due()  # a census waits for the others no longer than for their deadline
                if not self._until().left():
                    return

    def _until(self) -> Deadline:
        """Whose end is waited for: a census's own while one is out."""
        return self.long.deadline if self.long and any(map(is_census, self._out)) else self.deadline

    def _send(self, work: Work) -> None:
        self._out.append(work)
        threading.Thread(target=self._go, args=(work,), daemon=True).start()

    def _go(self, work: Work) -> None:
        started = time.monotonic()
        found = self._tried(work) if isinstance(work, Trial) else observed(work, self.visits(work.target))
        self._done.put((work, Result(found, time.monotonic() - started)))

    def _tried(self, trial: Trial) -> object:
        if not is_census(trial) or self.long is None:
            return tried(trial, self.visits, self._facts)
        # whoever is not proven to be another than production is read as production is
        survey, careful = self.long.survey, isinstance(self._permitted(trial), Unknown)
        return tried(trial, self.long.visits, self._facts, lambda test, pair: survey(test, pair, careful))

    def _permitted(self, trial: Trial) -> Fact[Any]:
        try:
            return self.permit(self._facts, trial)
        except Exception as error:  # noqa: BLE001  (whatever cannot be permitted is not)
            return Unknown(f"the test was not permitted: {type(error).__name__}")

    def _send_due(self) -> None:
        for trial in [*self._waiting]:
            if not self._due(
                trial
            ):  # asked of each after the one before was sent: a census keeps others waiting
                continue
            self._waiting.remove(trial)
            if (why := self._hindered(trial)) is None:
                self._send(trial)
            else:
                self._out.append(trial)
                self._done.put((trial, Result(why, 0.0)))

    def _due(self, trial: Trial) -> bool:
        """A mark that is stored waits for every server of the lane: it may be any of production's.

        A census takes every seat of both servers: it waits for all others, and for its like.
        """
        if is_census(trial) and any(is_census(work) or self.deadline.left() > 0 for work in self._others()):
            return False
        needed = [job.key for job in self.lane.jobs] if trial.test.stored else _both(trial)
        return all(key in self._facts for key in needed)

    def _others(self) -> list[Work]:
        """What is out, or may still be sent before a census."""
        return [*self._out, *(trial for trial in self._waiting if not is_census(trial))]

    def _hindered(self, trial: Trial) -> Unknown | None:
        """Why a trial must not or need not be made: a server that did not answer is not asked again."""
        jobs = {job.key: job for job in self.lane.jobs}
        for key in trial.needs:
            if (why := closed(trial.test, jobs[key], self._facts[key])) is not None:
                return why
        permitted = self._permitted(trial) if trial.test.stored else None
        return permitted if isinstance(permitted, Unknown) else None


def is_census(work: Work) -> bool:
    """Whether it may take longer than the run."""
    return isinstance(work, Trial) and isinstance(work.test, Census)


def _both(trial: Trial) -> list[Key]:
    return [(t.environment.name, t.resource) for t in (trial.production, trial.staging)]


def tries(jobs: Sequence[Job], protected: Mapping[str, bool]) -> list[Trial]:
    """The trials that a run's jobs ask for: every test that applies to a resource both sides have."""
    sides = {(job.target.resource, protected[job.target.environment.name]): job for job in jobs}
    return [
        Trial(job.kind, test, sides[resource, True].target, job.target)
        for (resource, is_protected), job in sides.items()
        if not is_protected and (resource, True) in sides
        for test in job.kind.experiments
        if test.applies(job.target.declared)
    ]
