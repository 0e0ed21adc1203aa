"""What a comparison with a file proves: the rules that ask for a census, and no others."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from disjoint.certify.filed import Opening, Wanted, ending_read, expect_usable, opening_read
from disjoint.certify.keys import ProjectKey
from disjoint.certify.snapshot import read_snapshot
from disjoint.errors import UsageError
from disjoint.judge.ask import Live, question_about
from disjoint.judge.verdict import accepted, fold, row
from disjoint.kinds.registry import BY_NAME
from disjoint.model.census import Strength, Terms
from disjoint.model.environment import Environment
from disjoint.model.experiment import Tried
from disjoint.model.finding import Finding, Outcome
from disjoint.model.manifest import Manifest, Resource
from disjoint.model.probe import ProbeError
from disjoint.model.proof import Coverage, Footprint, Proof, Row
from disjoint.model.snapshot import Snapshot
from disjoint.overlap.bound import missed
from disjoint.overlap.file import File, Filed
from disjoint.split import digest_of

CENSUS = "census"
"""The name of the experiment that rules ask for."""


class Both(NamedTuple):
    """What is known of both sides' servers."""

    production: Snapshot
    staging: Snapshot


def expected(file: File, manifest: Manifest, key: ProjectKey, direction: str, now: datetime) -> Opening:
    """What a file says of itself, once it is known to be whole, ours, of the right side and of today.

    Raises:
        UsageError, TamperedError, UnprovenError: it is not.
    """
    opening = opening_read(file.opening, file.where, key)
    finished = ending_read(file.ending, file.content, file.where, key)
    of = manifest.staging if direction == "up" else manifest.production
    expect_usable(opening, finished, Wanted(direction, digest_of(manifest), of.name), now)
    return opening


def snapshot_in(file: File, opening: Opening, manifest: Manifest, side: Environment) -> Snapshot:
    """What the file's side knows of its servers.

    Raises:
        UsageError: it is of other resources than are declared.
    """
    name, protected = side.name, side.protected
    snapshot = read_snapshot(
        opening.snapshot, BY_NAME, environment=name, protected=protected, where=file.where
    )
    declared = {resource.name: resource.kind for resource in manifest.resources}
    if any(declared.get(each.resource) != each.kind for each in snapshot.resources.values()):
        raise UsageError(f"{file.where} holds other resources than the manifest declares: make it anew")
    return snapshot


def terms_of(declared: Terms, filed: Filed | None, kind: str, where: str) -> tuple[Filed, Terms]:
    """A resource as the file has it, and what the manifest asks for in the file's words.

    Raises:
        ProbeError: the file has less than is asked for.
    """
    if filed is None or filed.section.kind != kind:
        raise ProbeError(f"{where} holds nothing of it", "take the census of every resource")
    section = filed.section
    if section.sieve.fold != declared.fold:
        raise ProbeError("the file folds text, or does not, against the manifest", "take the census anew")
    if declared.strength is Strength.EXACT and section.sieve.one_in > 1:
        raise ProbeError("the file holds a sample, and the manifest asks for every value", "take it anew")
    most = missed(section.sieve.one_in, declared.detect.confidence)
    if most > max(declared.detect.values, 1):
        raise ProbeError(
            f"the file's sample may miss {most - 1:,} copied values, and detect allows "
            f"{declared.detect.values - 1:,}",
            "take the census without --detect, or with a stricter one",
        )
    return filed, dataclasses.replace(declared, detect=section.detect)


def proof_of(
    manifest: Manifest,
    sides: Both,
    tried: Mapping[str, Tried],
    opening: Opening,
    file: Path,
    footprint: Footprint,
    started: datetime,
) -> Proof:
    """What came of it, as every report has it; the manifest holds the compared resources alone."""
    of = {resource.name: _findings(resource, sides, tried) for resource in manifest.resources}
    matrix = tuple(row(BY_NAME, resource, of[resource.name], sides) for resource in manifest.resources)
    return Proof(
        staging=sides.staging,
        production=sides.production,
        started_at=started,
        finished_at=datetime.now(UTC),
        verdict=fold(accepted(of[r.name], r.minimum) for r in manifest.resources),
        matrix=matrix,
        findings=tuple(finding for own in of.values() for finding in own),
        notes=(),
        coverage=_coverage(matrix, manifest),
        footprint=footprint,
        source=f"{manifest.source} and {file.name}",
        run=opening.run[:6],
    )


def _coverage(matrix: tuple[Row, ...], manifest: Manifest) -> Coverage:
    outcomes = [each.outcome for each in matrix]
    return Coverage(
        declared=len(matrix),
        isolated=outcomes.count(Outcome.ISOLATED),
        shared=outcomes.count(Outcome.SHARED),
        unproven=outcomes.count(Outcome.UNPROVEN),
        not_tried=_not_asked(manifest),
        unclaimed=(),
    )


def _findings(resource: Resource, sides: Both, tried: Mapping[str, Tried]) -> tuple[Finding, ...]:
    if any(resource.name not in side.resources for side in sides):
        return ()
    question = question_about(resource, sides.production, sides.staging, Live(tried))
    return tuple(
        Finding(rule.id, resource.name, rule.judge(question))
        for rule in BY_NAME[resource.kind].rules
        if rule.needs == CENSUS and rule.applies(resource.declared)
    )


def _not_asked(manifest: Manifest) -> tuple[str, ...]:
    kinds = {resource.kind for resource in manifest.resources}
    return tuple(sorted(rule.id for kind in kinds for rule in BY_NAME[kind].rules if rule.needs != CENSUS))
