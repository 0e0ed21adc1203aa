"""Fold a proof's findings anew: a verdict that does not follow from them is none. Pure.

A second reading of the rules of proof, apart from `disjoint.judge`: a defect in one shows against the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from disjoint.errors import TamperedError, UnprovenError

from .claims import GRADES, Coverage, Finding, Proof, Row, Waiver
from .people import spelling

VARIABLES = "variables"
"""A row that proves no server, database or bucket another one."""
ABSENT = "absent-in-production"
_STATUS = {"ISOLATED": "VERIFIED", "SHARED": "FAILED", "UNPROVEN": "PENDING"}


def expect_isolated(proof: Proof) -> None:
    """Whether every row of a proof is isolated or waived, and says of its findings what they amount to.

    Raises:
        TamperedError: the verdict, a row or a count does not follow from the findings.
        UnprovenError: the verdict is another.
    """
    if proof.verdict != "ISOLATED":
        raise UnprovenError(f"the verdict is {proof.verdict}: this is a proof, and no certificate")
    rows = {row.resource: row for row in proof.matrix}
    if not rows or len(rows) != len(proof.matrix):
        raise TamperedError("the matrix is empty, or names a resource twice")
    if stray := [finding for finding in proof.findings if finding.resource not in rows]:
        raise TamperedError(f"{stray[0].rule}: a finding about a resource that has no row")
    for row in proof.matrix:
        _expect_row(row, [finding for finding in proof.findings if finding.resource == row.resource])
    _expect_counts(proof.coverage, [row.outcome for row in proof.matrix])
    if not any(f.outcome == "ISOLATED" and f.resource != VARIABLES for f in proof.findings):
        raise TamperedError("nothing but variables was proven, under verdict ISOLATED")


def _expect_row(row: Row, findings: list[Finding]) -> None:
    for finding in findings:
        if finding.waived and finding.outcome == "ISOLATED":
            raise TamperedError(f"{row.resource}: {finding.rule} is waived, and needs no waiver")
    outcome, counted = _folded(findings, row.minimum), _counted(findings, row.minimum)
    if counted != "ISOLATED":
        raise TamperedError(f"row {row.resource} is {counted} under verdict ISOLATED")
    if (row.outcome, row.grade) != (outcome, _grade(findings)):
        raise TamperedError(f"row {row.resource} does not follow from its findings")
    word = _STATUS[outcome]
    if row.status != (word if outcome == "ISOLATED" else f"WAIVED ({word})"):
        raise TamperedError(f"row {row.resource} has a status that is not its own")


def _counted(findings: list[Finding], minimum: str) -> str:
    """What a row weighs: waived findings left out, and accepted where all of them are."""
    left = [finding for finding in findings if not finding.waived]
    return _folded(left, minimum) if left or not findings else "ISOLATED"


def _folded(findings: list[Finding], minimum: str) -> str:
    outcomes = {finding.outcome for finding in findings}
    if "SHARED" in outcomes:
        return "SHARED"
    grade = _grade(findings)
    if outcomes != {"ISOLATED"} or grade is None or _rank(grade) < _rank(minimum):
        return "UNPROVEN"
    return "ISOLATED"


def _grade(findings: list[Finding]) -> str | None:
    return max((f.grade for f in findings if f.outcome == "ISOLATED"), key=_rank, default=None)


def _rank(grade: str) -> int:
    return GRADES.index(grade)


def _expect_counts(coverage: Coverage, outcomes: list[str]) -> None:
    counts = (len(outcomes), *(outcomes.count(word) for word in _STATUS))
    if coverage != counts:
        raise TamperedError("coverage does not count the rows of the matrix")


def expect_waivers(proof: Proof, now: datetime) -> tuple[Waiver, ...]:
    """The waivers that the verdict rests on, each of which counts now.

    Raises:
        TamperedError: one waives what may not be waived, stands for nobody's word, or is not there.
        UnprovenError: one is over.
    """
    for waiver in proof.waivers:
        _expect_waiver(waiver)
    used = tuple(_waiver_of(finding, proof.waivers) for finding in proof.findings if finding.waived)
    for waiver in used:
        if waiver.expires <= proof.finished_at:
            raise TamperedError(f"the waiver of {waiver.name} was over when the proof was made")
        if waiver.expires <= now:
            raise UnprovenError(
                f"the waiver of {waiver.name} expired on {waiver.expires:%Y-%m-%d}: certify anew"
            )
    return tuple(dict.fromkeys(used))


def _expect_waiver(waiver: Waiver) -> None:
    if not (waiver.rule.startswith("variables/") or waiver.rule == ABSENT):
        raise TamperedError(f"{waiver.rule} may not be waived")
    if not _all_there((waiver.reason, waiver.owner, waiver.approver)):
        raise TamperedError(f"the waiver of {waiver.name} lacks its reason, owner or approver")
    if spelling(waiver.owner) == spelling(waiver.approver):
        raise TamperedError(f"the waiver of {waiver.name} was approved by its owner")


def _all_there(texts: Iterable[str]) -> bool:
    return all(text.strip() for text in texts)


def _waiver_of(finding: Finding, waivers: tuple[Waiver, ...]) -> Waiver:
    found = [w for w in waivers if (w.rule, w.resource) == (finding.rule, finding.resource)]
    if len(found) != 1:
        raise TamperedError(f"{finding.rule} of {finding.resource} is waived by no waiver, or by several")
    return found[0]
