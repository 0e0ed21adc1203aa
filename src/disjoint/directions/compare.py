"""Compare production's side with a file of staging's digests, on production's side."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from disjoint.certify.filed import Opening, Wanted, ending_read, expect_usable, opening_read
from disjoint.certify.half import digests_key
from disjoint.certify.keys import ProjectKey
from disjoint.certify.ledger import Entry, entered, noted
from disjoint.certify.snapshot import read_snapshot
from disjoint.errors import UsageError
from disjoint.judge.ask import Live, question_about
from disjoint.judge.verdict import accepted, fold, row
from disjoint.kinds.registry import BY_NAME
from disjoint.model.census import Overlap, Strength, Terms
from disjoint.model.experiment import Tried
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.finding import Finding, Outcome
from disjoint.model.manifest import Manifest, Resource
from disjoint.model.probe import ProbeError
from disjoint.model.proof import Coverage, Proof
from disjoint.model.snapshot import Snapshot
from disjoint.overlap.engine import Sides, census
from disjoint.overlap.file import File, Filed
from disjoint.overlap.read import Steps
from disjoint.overlap.survey import baseline_of
from disjoint.runner.long import TellStep, Voice, nobody
from disjoint.runner.run import Run
from disjoint.split import digest_of

from .asked import BUDGET_SECONDS, Asked, Order, asked_of, limited, observed, opened

CENSUS = "census"
"""The name of the experiment that rules ask for."""


class Compared(NamedTuple):
    """What came of it."""

    proof: Proof
    tried: Mapping[str, Tried]
    """What came of each census, by resource."""
    log: Path
    """Where it was written down."""


def compare(
    manifest: Manifest,
    key: ProjectKey,
    path: Path,
    order: Order,
    *,
    despite_limit: bool = False,
    tell: TellStep = nobody,
) -> Compared:
    """Read production's side as the file was read, and compare here; nothing leaves but what is returned.

    Raises:
        UsageError: the file is not what `take` writes.
        TamperedError: it is not as it was signed.
        UnprovenError: it is not one to be compared now, or enough were compared today.
        WriteError: the comparison cannot be written down.
    """
    asked, now = asked_of(manifest, manifest.production, order), datetime.now(UTC)
    with File.open(path) as file:
        opening = _expected(file, manifest, key, now)
        staging = _staging(file, opening, manifest)
        content = file.content.hex()
        entry = Entry(now, opening.started_at, opening.run, content)
        log = entered(opening.manifest, entry, despite=despite_limit)
        with Run(
            (manifest.production,), BUDGET_SECONDS, forks=False, key=digests_key(key, opening.run)
        ) as run:
            production = observed(manifest, manifest.production, asked, run, now)
            held = file.resources()
            tried: dict[str, Tried] = {
                each.resource: {CENSUS: _tried(each, file, held, (manifest, production, run), tell)}
                for each in asked
            }
            footprint = run.tally(manifest.production.name).footprint()
    noted(log, opening.run, {name: _counts(own[CENSUS]) for name, own in tried.items()})
    judged = Proof(
        **_judged(limited(manifest, asked), production, staging, tried),
        staging=staging,
        production=production,
        started_at=now,
        finished_at=datetime.now(UTC),
        notes=(),
        footprint=footprint,
        source=f"{manifest.source} and {path.name}",
        run=opening.run[:6],
        budget=sum(each.terms.seconds for each in asked) + BUDGET_SECONDS,
    )
    return Compared(judged, tried, log)


def _expected(file: File, manifest: Manifest, key: ProjectKey, now: datetime) -> Opening:
    """What the file says of itself, once it is known to be whole, ours and of today."""
    opening = opening_read(file.opening, file.where, key)
    finished = ending_read(file.ending, file.content, file.where, key)
    expect_usable(opening, finished, Wanted("up", digest_of(manifest), manifest.staging.name), now)
    return opening


def _staging(file: File, opening: Opening, manifest: Manifest) -> Snapshot:
    name = manifest.staging.name
    snapshot = read_snapshot(opening.snapshot, BY_NAME, environment=name, protected=False, where=file.where)
    declared = {resource.name: resource.kind for resource in manifest.resources}
    if any(declared.get(name) != each.kind for name, each in snapshot.resources.items()):
        raise UsageError(f"{file.where} holds other resources than the manifest declares: make it anew")
    return snapshot


def _tried(
    each: Asked,
    file: File,
    held: Mapping[str, Filed],
    there: tuple[Manifest, Snapshot, Run],
    tell: TellStep,
) -> Fact[Overlap]:
    manifest, production, run = there
    filed = held.get(each.resource)
    if filed is None or filed.section.kind != each.job.kind.name:
        return Unknown(f"{file.where} holds nothing of it", "take the census of every resource")
    try:
        terms = _terms(each.terms, filed)
        baseline = baseline_of(terms, Path(manifest.directory), each.resource)
        with opened(each, manifest.production, production, run) as reader:
            sides = Sides(reader, file.reader(filed), (manifest.production.name, manifest.staging.name))
            steps = Steps(Voice(manifest.production.name, each.resource, tell))
            return Known(census(sides, terms, baseline, steps))
    except ProbeError as error:
        return Unknown(error.reason, error.remedy)
    except Exception as error:  # noqa: BLE001  (a client library's failure is a fact; its text may hold secrets)
        return Unknown(f"the comparison failed: {type(error).__name__}")


def _terms(declared: Terms, filed: Filed) -> Terms:
    """What the manifest asks for, in the words of the file; it may be more thorough, and not less."""
    section = filed.section
    if section.sieve.fold != declared.fold:
        raise ProbeError("the file folds text, or does not, against the manifest", "take the census anew")
    if declared.strength is Strength.EXACT and section.sieve.one_in > 1:
        raise ProbeError("the file holds a sample, and the manifest asks for every value", "take it anew")
    return dataclasses.replace(declared, detect=section.detect)


def _judged(
    manifest: Manifest, production: Snapshot, staging: Snapshot, tried: Mapping[str, Tried]
) -> dict[str, Any]:
    """What the rules that ask for a census make of it, and of nothing else."""
    sides = (production, staging)
    of = {resource.name: _findings(resource, sides, tried) for resource in manifest.resources}
    matrix = tuple(row(BY_NAME, resource, of[resource.name], sides) for resource in manifest.resources)
    outcomes = [each.outcome for each in matrix]
    return {
        "verdict": fold(accepted(of[r.name], r.minimum) for r in manifest.resources),
        "matrix": matrix,
        "findings": tuple(finding for own in of.values() for finding in own),
        "coverage": Coverage(
            declared=len(matrix),
            isolated=outcomes.count(Outcome.ISOLATED),
            shared=outcomes.count(Outcome.SHARED),
            unproven=outcomes.count(Outcome.UNPROVEN),
            not_tried=_not_asked(manifest),
            unclaimed=(),
        ),
    }


def _findings(
    resource: Resource, sides: tuple[Snapshot, Snapshot], tried: Mapping[str, Tried]
) -> tuple[Finding, ...]:
    if any(resource.name not in side.resources for side in sides):
        return ()
    question = question_about(resource, sides[0], sides[1], Live(tried))
    return tuple(
        Finding(rule.id, resource.name, rule.judge(question))
        for rule in BY_NAME[resource.kind].rules
        if rule.needs == CENSUS and rule.applies(resource.declared)
    )


def _not_asked(manifest: Manifest) -> tuple[str, ...]:
    kinds = {resource.kind for resource in manifest.resources}
    return tuple(sorted(rule.id for kind in kinds for rule in BY_NAME[kind].rules if rule.needs != CENSUS))


def _counts(came: Fact[Any]) -> object:
    """What a log keeps of a census: numbers."""
    match came:
        case Known(Overlap() as found):
            shared = [{"values": hit.values, "confirmed": hit.confirmed} for hit in found.shared]
            return {"production": found.production.values, "staging": found.staging.values, "shared": shared}
        case _:
            return "nothing was compared"
