"""What may take longer than a run: censuses, with a deadline, visits and a voice of their own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from disjoint.model.experiment import Census

from .deadline import Deadline
from .work import Job, Surveyor, Visits

PAUSE_SECONDS = 0.2
"""Between two steps that are told of one reading."""


class Step(NamedTuple):
    """How far the reading of a resource has come."""

    resource: str
    what: str
    """The table that is read, for people."""
    done: int
    of: int
    """Rows, about."""
    seconds: float
    """Since the reading began."""


TellStep: TypeAlias = Callable[[str, Step], None]
"""Environment, and how far it has come."""


class Surveys(NamedTuple):
    """How a run makes its censuses."""

    surveyor: Surveyor
    seconds: float
    """For all of them, beyond the budget: one lane makes them one after the other."""
    tell: TellStep


def nobody(_environment: str, _step: Step) -> None:
    """Tell nobody."""


def surveys_of(jobs: Sequence[Job], surveyor: Surveyor, tell: TellStep | None) -> Surveys | None:
    """How a run's jobs ask for censuses; None where none does."""
    terms = [
        test.terms(job.target.declared)
        for job in jobs
        if not job.target.environment.protected
        for test in job.kind.experiments
        if isinstance(test, Census)
    ]
    seconds = sum(asked.seconds for asked in terms if asked is not None)
    return Surveys(surveyor, seconds, tell or nobody) if seconds else None


class Long(NamedTuple):
    """How a lane carries its censuses out."""

    survey: Surveyor
    visits: Visits
    deadline: Deadline


@dataclass(slots=True)
class Voice:
    """Tells of one reading, now and then."""

    environment: str
    resource: str
    tell: TellStep
    _began: float = field(default_factory=time.monotonic)
    _next: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, what: str, done: int, of: int) -> None:
        """Tell, unless somebody was told just now."""
        now = time.monotonic()
        with self._lock:
            if now < self._next and done < of:
                return
            self._next = now + PAUSE_SECONDS
        self.tell(self.environment, Step(self.resource, what, done, of, now - self._began))
