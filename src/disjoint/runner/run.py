"""Run observers and trials side by side under one deadline. A failure is a fact: Unknown, and why."""

from __future__ import annotations

import contextlib
import functools
import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from disjoint.model.environment import Environment, Target
from disjoint.model.experiment import Tried
from disjoint.model.fact import Fact, Unknown
from disjoint.model.secret import RunKey

from .crew import Crew, Message, Tell, may_fork
from .deadline import Deadline
from .lane import GRACE_SECONDS, Crossing, Done, Lane, Settled, is_census, lanes, tries
from .long import Long, Step, Surveys, Voice, nobody
from .tally import Tally, ToldTally
from .visit import Seats, Visit
from .work import Job, Key, Permit, Result, Trial, Work, observed, unread

__all__ = ("Found", "Job", "Permit", "Result", "Run", "Trial", "lanes", "observed", "unread")

Progress = Callable[[Job, Result], None]


@dataclass(frozen=True, slots=True)
class Found:
    """Everything a run brought home."""

    results: Mapping[Key, Result]
    """Of every job, by environment and resource."""
    tried: Mapping[str, Tried]
    """What came of the trials, by resource and name of the test."""


def _forbid(_facts: Mapping[Key, Any], _trial: Trial) -> Fact[Any]:
    return Unknown("no mark is stored or broadcast in this run")


class Run:
    """Everything the visits of one verification share. Use as a context manager.

    Args:
        environments: both.
        budget: seconds for everything.
        guarded: True where both sides are production: then nothing but allow-listed reads is sent to either.
        forks: False keeps every lane in this process.
        surveys: how censuses are made and for how long beyond the budget; None: none is made.
        key: of the run's digests; a fresh one unless another process must be able to make the same.
    """

    def __init__(
        self,
        environments: Sequence[Environment],
        budget: float,
        *,
        guarded: bool = False,
        forks: bool = True,
        key: bytes | None = None,
        surveys: Surveys | None = None,
    ) -> None:
        self.deadline = Deadline(budget)
        self._surveys = surveys
        self._later = Deadline(budget + surveys.seconds) if surveys else self.deadline
        self.key = RunKey(key)
        self._forks = forks
        self._guarded = guarded
        self._seats = Seats()
        self._tallies = {e.name: Tally(protected=guarded or e.protected) for e in environments}
        self._protected = {e.name: e.protected for e in environments}

    def __enter__(self) -> Self:
        self.deadline.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self.deadline.__exit__(*exception)
        self._later.__exit__(*exception)

    def tally(self, environment: str) -> Tally:
        """What was sent to an environment so far."""
        return self._tallies[environment]

    def visit(self, environment: Environment) -> Visit:
        """A probe for one observer."""
        tally = self._tallies[environment.name]
        return Visit(environment, self.deadline, self._seats, tally, self.key)

    def visit_until(self, deadline: Deadline, environment: Environment, seats: Seats) -> Visit:
        """A probe with a deadline and seats of its own; counted and digested like the others."""
        return Visit(environment, deadline, seats, self._tallies[environment.name], self.key)

    def _visit(self, target: Target[Any]) -> Visit:
        return self.visit(target.environment)

    def _long_visit(self, target: Target[Any]) -> Visit:
        environment = target.environment
        tell = self._surveys.tell if self._surveys else nobody
        voice = Voice(environment.name, target.resource, tell)
        tally = self._tallies[environment.name]
        return Visit(environment, self._later, self._seats, tally, self.key, voice)

    def _long(self) -> Long | None:
        if self._surveys is None:
            return None
        return Long(self._surveys.surveyor, self._long_visit, self._later)

    def observe(self, jobs: Sequence[Job], progress: Progress | None = None) -> Mapping[Key, Result]:
        """Observe every job at once; what is not back in time is Unknown."""
        return self._carry_out(jobs, (), _forbid, progress).results

    def carry_out(
        self, jobs: Sequence[Job], permit: Permit = _forbid, progress: Progress | None = None
    ) -> Found:
        """Observe every job, and make each trial as soon as both its sides are known."""
        allowed = _forbid if self._guarded else permit
        return self._carry_out(jobs, tries(jobs, self._protected), allowed, progress)

    def _carry_out(
        self, jobs: Sequence[Job], trials: Sequence[Trial], permit: Permit, progress: Progress | None
    ) -> Found:
        """Lanes in processes of their own, where that is possible; the others here."""
        done: Done = queue.SimpleQueue()
        every = lanes(jobs, trials)
        home, away = (every[:1], every[1:]) if self._forks and may_fork() else (every, [])
        crews: list[tuple[Crew, Lane]] = []
        try:
            for lane in away:
                try:
                    crews.append((Crew(functools.partial(self._work, lane, permit)), lane))
                except OSError:  # where no process is to be had, the lane is carried out here
                    home.append(lane)
            for crew, lane in crews:
                crew.listen(functools.partial(self._hear, lane, set(range(len(lane.work))), done))
            for lane in home:
                self._carry_out_here(lane, permit, done)
            settled = {id(work): result for work, result in self._back((*jobs, *trials), done, progress)}
        finally:
            for crew, _ in crews:
                crew.dismiss()
        return self._found(jobs, trials, settled)

    def _carry_out_here(self, lane: Lane, permit: Permit, done: Done) -> None:
        arguments = (lane, permit, lambda work, result: done.put((work, result)))
        threading.Thread(target=self._cross, args=arguments, daemon=True).start()

    def _cross(self, lane: Lane, permit: Permit, settled: Settled) -> None:
        """Carry a lane out; what is not back at its end is late: nobody waits for what never began."""
        missing = {id(work): work for work in lane.work}

        def back(work: Work, result: Result) -> None:
            del missing[id(work)]
            settled(work, result)

        Crossing(lane, self._visit, self.deadline, permit, self._long()).carry_out(back)
        for work in missing.values():
            settled(work, self._late(work))

    def _back(
        self, expected: Sequence[Work], done: Done, progress: Progress | None = None
    ) -> Iterator[tuple[Work, Result]]:
        """Work as it comes back, until all has or time is up."""
        censuses = {id(work) for work in expected if is_census(work)}
        with contextlib.suppress(queue.Empty):
            for _ in expected:
                until = self._later if censuses else self.deadline
                work, result = done.get(timeout=until.left() + GRACE_SECONDS)
                censuses.discard(id(work))
                if progress is not None and isinstance(work, Job):
                    progress(work, result)
                yield work, result

    def _found(self, jobs: Sequence[Job], trials: Sequence[Trial], settled: Mapping[int, Result]) -> Found:
        tried: dict[str, dict[str, Fact[Any]]] = {}
        for trial in trials:
            result = settled.get(id(trial)) or self._late(trial)
            tried.setdefault(trial.resource, {})[trial.test.name] = result.facts
        results = {job.key: settled.get(id(job)) or self._late(job) for job in jobs}
        return Found(results, tried)

    def _late(self, work: Work) -> Result:
        """What comes of work that is not back in time."""
        seconds = self.deadline.seconds
        late = Unknown(f"not answered within the {seconds:g} s allowed", "raise --budget")
        if is_census(work) and not self._later.left():
            late = Unknown(f"not read within the {self._later.seconds:g} s allowed", "raise rows_seconds")
        return Result(unread(work, late) if isinstance(work, Job) else late, seconds)

    def _work(self, lane: Lane, permit: Permit, tell: Tell) -> None:
        """In a process of its own: the same visits, each command and each result told."""
        self._tallies = {
            name: ToldTally(protected=tally.protected, tell=functools.partial(_tell_command, tell, name))
            for name, tally in self._tallies.items()
        }
        if self._surveys is not None:
            self._surveys = self._surveys._replace(tell=lambda name, step: tell((name, step)))
        numbers = {id(work): number for number, work in enumerate(lane.work)}
        self._cross(lane, permit, lambda work, result: tell((numbers[id(work)], result)))

    def _hear(self, lane: Lane, missing: set[int], done: Done, message: Message) -> None:
        """Take in what a crew tells; its end settles the work that it did not bring back."""
        match message:
            case (str() as environment, str() as command):
                self._tallies[environment].sent(command)
            case (str() as environment, Step() as step):
                if self._surveys is not None:
                    self._surveys.tell(environment, step)
            case (int() as index, Result() as result) if index in missing:
                missing.remove(index)
                done.put((lane.work[index], result))
            case _:
                for index in missing:
                    done.put((lane.work[index], Result(_ended(lane.work[index]), 0.0)))
                missing.clear()


def _ended(work: Work) -> object:
    why = Unknown("the process that asked ended early", "run again; report it if it ends again")
    return unread(work, why) if isinstance(work, Job) else why


def _tell_command(tell: Tell, environment: str, command: str) -> None:
    tell((environment, command))
