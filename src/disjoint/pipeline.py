"""The product on one page: declare, observe, experiment, judge. Only here do the stages meet."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from disjoint.certify.drift import RULE as DRIFT
from disjoint.certify.meeting import Rows
from disjoint.errors import UsageError
from disjoint.judge.ask import Live
from disjoint.judge.cross import NOTED
from disjoint.judge.judge import judge
from disjoint.judge.permit import permitted
from disjoint.judge.rekeyed import rekeyed
from disjoint.kinds.registry import BY_NAME, KINDS
from disjoint.manifest.infer import infer as infer_manifest
from disjoint.manifest.load import load as load_manifest
from disjoint.model.address import Likeness
from disjoint.model.census import Overlap
from disjoint.model.experiment import Census, Pair
from disjoint.model.fact import Absent, Fact, Known, Unknown
from disjoint.model.kind import Kind
from disjoint.model.manifest import Manifest, required_settings
from disjoint.model.proof import Proof, together
from disjoint.model.secret import RunKey
from disjoint.report import render
from disjoint.runner import doors
from disjoint.runner.long import TellStep, surveys_of
from disjoint.runner.run import Found, Job, Permit, Result, Run, Trial, observed, unread
from disjoint.runner.work import Surveyor, unreached
from disjoint.selftest.answer import SelfTest
from disjoint.selftest.mutation import by_pairs
from disjoint.selftest.run import run as run_selftest
from disjoint.snapshots import blanks_of, jobs_of, present_of, snapshot_of, unclaimed_in
from disjoint.sources import read

__all__ = ["compare", "infer", "load", "render", "verify"]

BUDGET_SECONDS = 30.0

Progress = Callable[[str, str, float], None]
"""Called with environment, resource and seconds as each observer comes back."""


def load(path: Path) -> Manifest:
    """Read a manifest and its environments' variables."""
    return load_manifest(path, KINDS, read)


def infer(staging: Path, production: Path) -> Manifest:
    """Make a manifest of two files of variables and nothing else."""
    here = Path()
    sides = (("staging", staging, False), ("production", production, True))
    environments = [
        read({"dotenv": str(path)}, name=name, protected=protected, reach_at={}, directory=here)
        for name, path, protected in sides
    ]
    return infer_manifest(environments[0], environments[1], KINDS)


def lints() -> tuple[str, ...]:
    """The ids that may stand among a report's notes."""
    own = (lint.id for kind in KINDS for lint in kind.lints)
    return tuple(sorted({*own, *NOTED, DRIFT}))


def recipes(kind: str) -> Mapping[str, str]:
    """What to grant for what, as text to copy."""
    return _kind(kind).recipes()


def compare(kind: str, production: str | None, staging: str | None) -> Likeness:
    """Say what two texts of one kind tell about each other; None is an unset variable."""
    return _kind(kind).compare_text(production, staging)


def _kind(name: str) -> Kind[Any, Any]:
    if name not in BY_NAME:
        raise UsageError(f"there is no such kind: use {', '.join(BY_NAME)}")
    return BY_NAME[name]


def verify(  # noqa: PLR0913  (everything that a run may be told)
    manifest: Manifest,
    *,
    offline: bool = False,
    budget: float = BUDGET_SECONDS,
    progress: Progress | None = None,
    guarded: bool = False,
    without: Collection[str] = (),
    steps: TellStep | None = None,
    dask: str = "",
    key: bytes | None = None,
    rows: Rows | None = None,
) -> Proof:
    """Observe both environments and judge what was seen.

    Reads only; never raises for what a server does: that is a fact. `offline` touches no
    network, so that nothing is known beyond what is declared. `guarded` is for a staging that is
    production's own: then both sides are treated as production, and the footprint is of both.
    Live tests named in `without` (``reach``, ``census``) are left out, and what asks for them is UNPROVEN.
    A census has the seconds that the manifest gives it beyond the budget, and tells `steps` how far it is;
    workers of the scheduler at `dask` make it, where one is named. Snapshots of two runs compare where both
    are given one `key` for their digests; what a report shows is digested under a key of its own even so.
    Beside a seal, `rows` says what came of staging's rows where production's are.
    """
    if manifest.staging.attested:
        raise UsageError(
            f"{manifest.source}: {manifest.staging.name} is attested, and this needs its own variables: "
            "run it inside, or give them"
        )
    if manifest.production.seal:
        return _beside_its_seal(manifest, offline, budget, progress, without, guarded, rows)
    started = datetime.now(UTC)
    environments = (manifest.production, manifest.staging)
    jobs = jobs_of(manifest)
    limited = doors.without(jobs, without)
    with Run(
        environments,
        budget,
        guarded=guarded,
        key=key,
        surveys=surveys_of(limited, _surveyor(manifest, dask), steps),
    ) as run:
        found = _offline(jobs, run) if offline else _online(manifest, limited, run, started, progress)
        tried = {} if offline else doors.joined(found.tried, doors.untried(jobs, without))
        production = snapshot_of(manifest, manifest.production, found.results, started)
        staging = snapshot_of(manifest, manifest.staging, found.results, started)
        unclaimed = unclaimed_in(manifest, staging)
        finished = datetime.now(UTC)
        kinds = by_pairs(BY_NAME) if guarded else BY_NAME
        judged = judge(kinds, manifest, production, staging, unclaimed, finished, Live(tried))
        judged = rekeyed(judged, RunKey()) if key else judged
        return Proof(
            staging=staging,
            production=production,
            started_at=started,
            finished_at=finished,
            verdict=judged.verdict,
            matrix=judged.matrix,
            findings=judged.findings,
            notes=judged.notes,
            coverage=judged.coverage,
            footprint=together(run.tally(e.name).footprint() for e in environments if e.protected or guarded),
            source=manifest.source,
            inferred=manifest.inferred,
            unplaced=manifest.unplaced,
            warnings=(*manifest.production.warnings, *manifest.staging.warnings),
            run=secrets.token_hex(3),
            budget=budget,
        )


def _beside_its_seal(
    manifest: Manifest,
    offline: bool,
    budget: float,
    progress: Progress | None,
    without: Collection[str],
    guarded: bool,
    rows: Rows | None,
) -> Proof:
    if guarded:
        raise UsageError(
            f"{manifest.source}: this needs production's own variables, and production is sealed"
        )
    from disjoint.sealed.proving import proven  # noqa: PLC0415  (few manifests name a seal)

    return proven(manifest, offline=offline, budget=budget, progress=progress, without=without, rows=rows)


def _surveyor(manifest: Manifest, dask: str) -> Surveyor:
    def surveyor(census: Census[Any], pair: Pair[Any], careful: bool) -> Overlap:
        from disjoint.workers import surveyed  # noqa: PLC0415  (numpy loads for a census alone)

        return surveyed(manifest, census, pair, careful, dask)

    return surveyor


def announced(manifest: Manifest) -> list[str]:
    """Whose credentials `verify` tries where, and what production's log will show of it."""
    if manifest.production.seal:
        from disjoint.sealed import proving  # noqa: PLC0415  (few manifests name a seal)

        return proving.announced(manifest)
    return [*doors.announced([job for job in jobs_of(manifest) if isinstance(present_of(job.target), Known)])]


def selftest(
    manifest: Manifest, *, budget: float = BUDGET_SECONDS, progress: Callable[[str, str], None]
) -> SelfTest:
    """Point staging at production, resource by resource and in memory, and see which rule says so."""

    def prove(broken: Manifest, left: float) -> Proof:
        return verify(broken, budget=left, guarded=True, without=("census",))

    return run_selftest(BY_NAME, manifest, prove, _unanswered, budget, progress)


def _unanswered(manifest: Manifest, proof: Proof) -> tuple[Unknown | None, Unknown | None]:
    """Why production's side of a manifest's one resource, and staging's, was not reached."""
    production, staging = jobs_of(manifest)
    if not production.kind.networked:
        return None, None
    facts = [side.resources[production.target.resource].facts for side in (proof.production, proof.staging)]
    return unreached(production, facts[0]), unreached(staging, facts[1])


def _online(
    manifest: Manifest, jobs: Sequence[Job], run: Run, started: datetime, progress: Progress | None
) -> Found:
    def tell(job: Job, result: Result) -> None:
        if progress is not None:
            progress(*job.key, result.seconds)

    present = [job for job in jobs if isinstance(present_of(job.target), Known)]
    found = run.carry_out(present, _permit(manifest, jobs, started), tell)
    return Found({**blanks_of(jobs), **found.results}, found.tried)


def _permit(manifest: Manifest, jobs: Sequence[Job], started: datetime) -> Permit:
    """Asked in a lane's own process, where only that lane's servers are known: no other can be theirs."""

    def permit(facts: Mapping[tuple[str, str], Any], trial: Trial) -> Fact[str]:
        results = {**blanks_of(jobs), **{key: Result(brought, 0.0) for key, brought in facts.items()}}
        sides = [
            snapshot_of(manifest, environment, results, started)
            for environment in (manifest.production, manifest.staging)
        ]
        return permitted(BY_NAME, manifest.resources, sides[0], sides[1], trial.resource)

    return permit


def _offline(jobs: Sequence[Job], run: Run) -> Found:
    here = [job for job in jobs if not job.kind.networked]
    local = {job.key: Result(observed(job, run.visit(job.target.environment)), 0.0) for job in here}
    blank = {job.key: Result(unread(job, _unasked(job)), 0.0) for job in jobs if job.kind.networked}
    return Found({**local, **blank}, {})


def _unasked(job: Job) -> Unknown:
    """Why nothing is known offline: an address that a run online would not know either comes first."""
    for name in required_settings(job.target.declared):
        match job.target.settings.get(name):
            case Absent() | Known() | None:
                pass
            case unresolved:
                return unresolved
    return Unknown("--offline: no server was asked", "run without --offline")
