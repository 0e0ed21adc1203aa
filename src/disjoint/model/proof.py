"""The result of one verification, from which every report is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from .finding import Finding, Grade, Note, Outcome
from .snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the specification's matrix: a resource's findings folded."""

    resource: str
    kind: str
    production: str
    staging: str
    method: str
    outcome: Outcome
    grade: Grade | None
    """The strongest among its ISOLATED findings; None if there is none."""
    status: str
    """VERIFIED, FAILED, PENDING, WAIVED (FAILED) or WAIVED (PENDING)."""
    seconds: float = 0.0
    declared_at: str = ""
    """``disjoint.toml:12``; empty where no manifest declares it."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was and what was not looked at."""

    declared: int
    isolated: int
    shared: int
    unproven: int
    not_tried: tuple[str, ...]
    unclaimed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Footprint:
    """What production was asked, counted where it was sent."""

    reads: int
    writes: int
    seconds: float
    commands: tuple[tuple[str, int], ...] = ()
    """Each constant command text and how often it was sent."""


def together(footprints: Iterable[Footprint]) -> Footprint:
    """Several footprints as one."""
    each = tuple(footprints)
    commands = Counter[str]()
    for footprint in each:
        commands.update(dict(footprint.commands))
    return Footprint(
        reads=sum(footprint.reads for footprint in each),
        writes=sum(footprint.writes for footprint in each),
        seconds=round(sum(footprint.seconds for footprint in each), 3),
        commands=tuple(sorted(commands.items())),
    )


@dataclass(frozen=True, slots=True)
class Proof:
    """Snapshots, findings and the verdict they fold to."""

    staging: Snapshot
    production: Snapshot
    started_at: datetime
    finished_at: datetime
    verdict: Outcome
    matrix: tuple[Row, ...]
    findings: tuple[Finding, ...]
    notes: tuple[Note, ...]
    coverage: Coverage
    footprint: Footprint
    source: str = ""
    """The manifest's name, or how it was inferred."""
    inferred: tuple[str, ...] = ()
    unplaced: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    """What was odd in the sources; never a value."""
    run: str = ""
    """A short random name of this run."""
    budget: float = 30.0
    """Seconds allowed for everything."""
    until: datetime | None = None
    """When a sealed side's seal is over: no certificate of it is good for longer."""
