"""The report as one value: what JSON is written from, and what every other format reads.

`of` is the only way from a Proof to a report, and passes every foreign text through
`inert`: no format can forget to.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC

import msgspec

from disjoint.model.fact import Known
from disjoint.model.finding import Evidence, Finding, Grade, Note, Waiver
from disjoint.model.proof import Coverage, Footprint, Proof, Row
from disjoint.model.snapshot import Snapshot

from .inert import inert
from .parts import (
    SCHEMA,
    CoveragePart,
    EvidencePart,
    FindingPart,
    FootprintPart,
    FootprintsPart,
    GradeWord,
    NotePart,
    Report,
    RowPart,
    Status,
    WaiverPart,
    WherePart,
)


def of(proof: Proof) -> Report:
    """The proof as a report: every text inert, every time UTC, every float short."""
    return Report(
        schema=SCHEMA,
        verdict=proof.verdict,
        staging=inert(proof.staging.environment),
        production=inert(proof.production.environment),
        started_at=proof.started_at.astimezone(UTC),
        finished_at=proof.finished_at.astimezone(UTC),
        run=inert(proof.run),
        source=inert(proof.source),
        budget=_seconds(proof.budget),
        matrix=tuple(_row(row, proof) for row in proof.matrix),
        findings=tuple(map(_finding, proof.findings)),
        notes=tuple(map(_note, proof.notes)),
        coverage=_coverage(proof.coverage),
        footprint=FootprintsPart(production=_footprint(proof.footprint)),
        inferred=_inert(proof.inferred),
        unplaced=_inert(proof.unplaced),
        warnings=_inert(proof.warnings),
    )


def in_ascii(report: Report) -> Report:
    """The same report with every letter beyond ASCII escaped; still injective."""
    return msgspec.convert(_in_ascii(msgspec.to_builtins(report)), Report)


def _in_ascii(part: object) -> object:
    match part:
        case str():
            return part.encode("ascii", "backslashreplace").decode()
        case dict():
            return {_in_ascii(name): _in_ascii(value) for name, value in part.items()}
        case list() | tuple():
            return [_in_ascii(item) for item in part]
        case _:
            return part


def _row(row: Row, proof: Proof) -> RowPart:
    return RowPart(
        resource=inert(row.resource),
        kind=inert(row.kind),
        production=inert(row.production),
        staging=inert(row.staging),
        method=inert(row.method),
        outcome=row.outcome,
        grade=None if row.grade is None else _grade(row.grade),
        status=Status(row.status),
        where=WherePart(
            production=_where(proof.production, row.resource),
            staging=_where(proof.staging, row.resource),
            manifest=inert(row.declared_at) or None,
        ),
        seconds=_seconds(row.seconds),
    )


def _where(snapshot: Snapshot, resource: str) -> str | None:
    observed = snapshot.resources.get(resource)
    match observed.present if observed else None:
        case Known(where):
            return inert(where)
        case _:
            return None


def _finding(finding: Finding) -> FindingPart:
    judgement = finding.judgement
    return FindingPart(
        rule=inert(finding.rule),
        resource=inert(finding.resource),
        outcome=judgement.outcome,
        grade=_grade(judgement.grade),
        summary=inert(judgement.summary),
        evidence=tuple(map(_evidence, judgement.evidence)),
        remedy=inert(judgement.remedy),
        limits=inert(judgement.limits),
        waiver=None if finding.waiver is None else _waiver(finding.waiver),
    )


def _evidence(evidence: Evidence) -> EvidencePart:
    return EvidencePart(
        environment=inert(evidence.environment),
        what=inert(evidence.what),
        value=inert(evidence.value),
        how=inert(evidence.how),
        at=evidence.at.astimezone(UTC),
    )


def _waiver(waiver: Waiver) -> WaiverPart:
    return WaiverPart(
        rule=inert(waiver.rule),
        resource=inert(waiver.resource),
        reason=inert(waiver.reason),
        owner=inert(waiver.owner),
        approver=inert(waiver.approver),
        expires=waiver.expires.astimezone(UTC),
    )


def _note(note: Note) -> NotePart:
    return NotePart(rule=inert(note.rule), resource=inert(note.resource), summary=inert(note.summary))


def _coverage(coverage: Coverage) -> CoveragePart:
    return CoveragePart(
        declared=coverage.declared,
        isolated=coverage.isolated,
        shared=coverage.shared,
        unproven=coverage.unproven,
        not_tried=_inert(coverage.not_tried),
        unclaimed=_inert(coverage.unclaimed),
    )


def _footprint(footprint: Footprint) -> FootprintPart:
    return FootprintPart(
        reads=footprint.reads,
        writes=footprint.writes,
        seconds=_seconds(footprint.seconds),
        commands={inert(command): count for command, count in footprint.commands},
    )


def _grade(grade: Grade) -> GradeWord:
    return GradeWord(grade.word)


def _inert(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(inert, texts))


def _seconds(seconds: float) -> float:
    return round(seconds, 3)
