"""What a Dask worker is sent to do, and does: read one task, hand out its parts, compare one.

Everything here is pickled by name or as it stands: names, numbers and digests, and no credential.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from disjoint.model.census import Reader, Sieve, Survey, Task
from disjoint.model.probe import ProbeError

from .compare import Hits, shared_in
from .numbers import np
from .sketch import Held, Selectors, Sketch
from .wanted import ended_when_unwanted


def _nothing() -> None:
    """Nothing is under way that would have to be ended."""


class Visited(NamedTuple):
    """A side that a worker has opened."""

    reader: Reader
    sent: Callable[[], Mapping[str, int]] = dict
    """What its server was sent so far, to be counted where the report is made."""
    end: Callable[[], None] = _nothing
    """Ends its statements and connections, from whatever thread."""


class Reference(Protocol):
    """Where a side is to be found: names that may travel, and no credential."""

    def at(self, moment: str) -> Reference:
        """The same at the moment that an opened side shares."""
        ...

    def visit(self, job: Job) -> contextlib.AbstractContextManager[Visited]:
        """Open it for one task, with what the process that is asked has itself.

        Raises:
            ProbeError: it cannot be opened, or is not what was meant.
        """
        ...


class Job(NamedTuple):
    """What all tasks of one side have in common."""

    name: str
    """Random: what a worker found for one job serves no other."""
    theirs: Survey
    """The other side's, by which a reader is narrowed."""
    places: tuple[str, ...]
    """Names of what is to be there: numbers mean these."""


class Errand(NamedTuple):
    """What a worker is sent to read."""

    reference: Reference
    job: Job
    task: Task
    sieve: Sieve
    parts: int
    lease: Any
    """The scheduler's semaphore: so many connections to this side and no more."""


class Brought(NamedTuple):
    """What came of an errand, beside its digests."""

    values: Mapping[int, int]
    rows: int
    octets: int
    failed: tuple[str, str] | None
    """Why, and what would mend it."""
    sent: Mapping[str, int]


Pieces = Sequence[Mapping[int, Selectors]]
"""A task's selectors by place, part by part."""


def carried_out(errand: Errand) -> tuple[Brought, Pieces]:
    """On a worker: read one task. What is refused is told; what breaks is tried again by the scheduler."""
    failed, sent = None, dict[str, int]()
    with Sketch() as sketch, errand.lease or contextlib.nullcontext():
        try:
            with errand.reference.visit(errand.job) as visited:
                try:
                    with ended_when_unwanted(visited.end):
                        _read(visited.reader, errand, sketch)
                finally:
                    sent = dict(visited.sent())
        except ProbeError as error:
            failed = (error.reason, error.remedy)
        brought = Brought(sketch.values, sketch.rows, sketch.octets, failed, sent)
        return brought, _split(sketch, errand.parts)


def _read(reader: Reader, errand: Errand, sketch: Sketch) -> None:
    _expect_same(reader, errand.job)
    for portion in reader.read(errand.task, errand.sieve):
        sketch.add(portion)


def _expect_same(reader: Reader, job: Job) -> None:
    reader.narrow(job.theirs)
    if tuple(place.name for place in reader.survey.places) != job.places:
        why = "a worker found other places than there were"
        raise ProbeError(why, "let every worker reach the same side")


def _split(sketch: Sketch, parts: int) -> Pieces:
    shift = np.uint64(64 - (parts.bit_length() - 1))
    pieces: list[dict[int, list[Selectors]]] = [{} for _ in range(parts)]
    for held in sketch.parts(1) if not sketch.spilled else sketch.parts(256):
        for place, runs in held.items():
            in_order = np.sort(np.concatenate(runs))
            which = in_order >> shift if parts > 1 else np.zeros(in_order.size, np.uint64)
            edges = np.searchsorted(which, np.arange(parts + 1, dtype=np.uint64))
            for part in np.unique(which).tolist():
                pieces[part].setdefault(place, []).append(in_order[edges[part] : edges[part + 1]])
    return [{place: np.concatenate(runs) for place, runs in piece.items()} for piece in pieces]


def piece_of(result: tuple[Brought, Pieces], part: int) -> Mapping[int, Selectors]:
    """On a worker: one part of what a task brought."""
    return result[1][part]


def told_of(result: tuple[Brought, Pieces]) -> Brought:
    """On a worker: what is counted."""
    return result[0]


def compared_in(theirs: Sequence[Mapping[int, Selectors]], ours: Sequence[Mapping[int, Selectors]]) -> Hits:
    """On a worker: what one part of each side shares."""
    return shared_in(_joined(theirs), _joined(ours))


def _joined(pieces: Sequence[Mapping[int, Selectors]]) -> Held:
    found: dict[int, list[Selectors]] = {}
    for piece in pieces:
        for place, selectors in piece.items():
            found.setdefault(place, []).append(selectors)
    return found
