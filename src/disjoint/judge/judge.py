"""Snapshots in, findings and a verdict out: the whole of judgement on one page. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from disjoint.model.finding import Finding, Note, Outcome
from disjoint.model.manifest import Manifest, Resource
from disjoint.model.proof import Coverage, Row
from disjoint.model.snapshot import Snapshot

from .across import across, joined
from .ask import Kinds, Live, findings, not_tried, notes
from .cross import cross_findings, cross_notes
from .led import led
from .reused import RESOURCE
from .verdict import accepted, fold, row
from .waive import idle, waived
from .worse import worse


@dataclass(frozen=True, slots=True)
class Judged:
    """What the facts of two environments amount to."""

    verdict: Outcome
    matrix: tuple[Row, ...]
    findings: tuple[Finding, ...]
    notes: tuple[Note, ...]
    coverage: Coverage


def judge(
    kinds: Kinds,
    manifest: Manifest,
    production: Snapshot,
    staging: Snapshot,
    unclaimed: tuple[str, ...],
    now: datetime,
    live: Live,
) -> Judged:
    """Ask every rule, attach waivers, fold rows and verdict.

    Of a production that was sealed, whatever is shared is shared by any of its facts; that both differ must
    be borne out by those that last.
    """
    asked = (kinds, manifest.resources, production, staging)
    told = _found(*asked, live)
    if live.aged is not None:
        told = worse(told, _found(kinds, manifest.resources, live.aged, staging, live))
    found = waived(told, manifest.waivers, now, manifest.resources)
    of = {r.name: tuple(f for f in found if f.resource == r.name) for r in manifest.resources}
    matrix = tuple(row(kinds, r, of[r.name], (production, staging)) for r in manifest.resources)
    said = (*notes(*asked, live), *cross_notes(staging, unclaimed, found), *idle(found, manifest.waivers))
    return Judged(
        verdict=_verdict(found, (accepted(of[r.name], r.minimum) for r in manifest.resources)),
        matrix=matrix,
        findings=found,
        notes=said,
        coverage=_coverage(matrix, not_tried(kinds, manifest.resources, live), unclaimed),
    )


def _found(
    kinds: Kinds, resources: tuple[Resource, ...], production: Snapshot, staging: Snapshot, live: Live
) -> tuple[Finding, ...]:
    asked = (kinds, resources, production, staging)
    own = tuple(findings(*asked, live))
    left = {f.resource for f in own if f.outcome is not Outcome.ISOLATED}
    apart = {f.resource for f in own} - left
    paired = joined(iter(own), chain(across(*asked, apart), led(*asked)))
    return (*paired, *cross_findings(*asked))


def _verdict(found: tuple[Finding, ...], rows: Iterable[Outcome]) -> Outcome:
    """The rows folded; waivers alone, or variables without one resource, prove nothing."""
    folded = fold(rows)
    proven = any(f.outcome is Outcome.ISOLATED and f.resource != RESOURCE for f in found)
    return folded if proven or folded is not Outcome.ISOLATED else Outcome.UNPROVEN


def _coverage(matrix: tuple[Row, ...], untried: tuple[str, ...], unclaimed: tuple[str, ...]) -> Coverage:
    counts = Counter(r.outcome for r in matrix)
    return Coverage(
        declared=len(matrix),
        isolated=counts[Outcome.ISOLATED],
        shared=counts[Outcome.SHARED],
        unproven=counts[Outcome.UNPROVEN],
        not_tried=untried,
        unclaimed=unclaimed,
    )
