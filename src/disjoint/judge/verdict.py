"""Fold findings into rows, and rows into a verdict. Nothing found is nothing proven. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from disjoint.model.fact import Known
from disjoint.model.finding import Finding, Grade, Outcome
from disjoint.model.manifest import Resource
from disjoint.model.proof import Row
from disjoint.model.snapshot import Snapshot

from .ask import Kinds

_STATUS = {Outcome.ISOLATED: "VERIFIED", Outcome.SHARED: "FAILED", Outcome.UNPROVEN: "PENDING"}


def fold(outcomes: Iterable[Outcome]) -> Outcome:
    """Any SHARED wins, then any UNPROVEN; ISOLATED only if there is one and all are."""
    seen = frozenset(outcomes)
    if Outcome.SHARED in seen:
        return Outcome.SHARED
    if Outcome.UNPROVEN in seen or not seen:
        return Outcome.UNPROVEN
    return Outcome.ISOLATED


def grade_of(findings: Iterable[Finding]) -> Grade | None:
    """The strongest grade among ISOLATED findings."""
    grades = [f.judgement.grade for f in findings if f.outcome is Outcome.ISOLATED]
    return max(grades, default=None)


def outcome_of(findings: tuple[Finding, ...], minimum: Grade) -> Outcome:
    """A row's outcome: the fold, lowered to UNPROVEN where the evidence is below its minimum."""
    folded = fold(f.outcome for f in findings)
    grade = grade_of(findings)
    if folded is Outcome.ISOLATED and (grade is None or grade < minimum):
        return Outcome.UNPROVEN
    return folded


def accepted(findings: tuple[Finding, ...], minimum: Grade) -> Outcome:
    """A row's weight in the verdict: waived findings left out.

    A row all of whose findings people accepted counts as accepted; one without findings never.
    """
    counted = tuple(f for f in findings if f.waiver is None)
    if findings and not counted:
        return Outcome.ISOLATED
    return outcome_of(counted, minimum)


def row(
    kinds: Kinds, resource: Resource, findings: tuple[Finding, ...], sides: tuple[Snapshot, Snapshot]
) -> Row:
    """One line of the matrix."""
    production, staging = sides
    outcome = outcome_of(findings, resource.minimum)
    return Row(
        resource=resource.name,
        kind=resource.kind,
        production=shown(kinds[resource.kind], production, resource.name),
        staging=shown(kinds[resource.kind], staging, resource.name),
        method=_method(findings, outcome, resource.minimum),
        outcome=outcome,
        grade=grade_of(findings),
        status=_status(outcome, accepted(findings, resource.minimum)),
        seconds=max(s.resources[resource.name].seconds for s in sides),
        declared_at=resource.where,
    )


def _status(outcome: Outcome, counted: Outcome) -> str:
    word = _STATUS[outcome]
    return f"WAIVED ({word})" if outcome is not Outcome.ISOLATED and counted is Outcome.ISOLATED else word


def shown(kind: Any, snapshot: Snapshot, resource: str) -> str:
    """A side's address for people; the source's place where there is none."""
    observed = snapshot.resources[resource]
    match kind.address_of(observed.facts):
        case Known(address):
            return str(address.shown)
        case _:
            return observed.present.value if isinstance(observed.present, Known) else "not there"


def _method(findings: tuple[Finding, ...], outcome: Outcome, minimum: Grade) -> str:
    """The strongest isolated finding's words, or those of what stands in its way."""
    ranked = sorted(findings, key=lambda f: -f.judgement.grade)
    deciding = [f for f in ranked if f.outcome is outcome]
    if deciding:
        return deciding[0].judgement.summary
    strongest = grade_of(findings)
    known = strongest.word if strongest is not None else "nothing"
    return f"proven at grade {known}; this row asks for {minimum.word}"
