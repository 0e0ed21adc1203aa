"""Prove against a sealed production: observe staging alone, and judge it beside what was sealed."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from disjoint.certify.belonging import SKEW_SECONDS
from disjoint.certify.keys import stable_key
from disjoint.certify.meeting import Rows
from disjoint.errors import UnprovenError
from disjoint.judge.ask import Live
from disjoint.judge.judge import judge
from disjoint.judge.rekeyed import rekeyed
from disjoint.kinds.registry import BY_NAME
from disjoint.kinds.variables.facts import VariablesFacts
from disjoint.model.fact import Known, Unknown
from disjoint.model.manifest import Manifest
from disjoint.model.proof import Proof
from disjoint.model.secret import RunKey
from disjoint.model.snapshot import Snapshot
from disjoint.runner import doors
from disjoint.runner.run import Job, Result, Run, observed, unread
from disjoint.runner.tally import Tally
from disjoint.snapshots import blanks_of, jobs_of, present_of, snapshot_of, unclaimed_in

from .knocking import UNABLE, knocked
from .knocking import announced as lines_of
from .opening import Opened, aged, opened
from .strengthening import STRETCHED, secrets_in, strengthened, texts_in

Progress = Callable[[str, str, float], None]
_OFFLINE = Unknown("--offline: no server was asked", "run without --offline")


def announced(manifest: Manifest) -> list[str]:
    """Whose credentials are tried where, and what production's log will show of it.

    Raises:
        DisjointError: as `opened`.
    """
    return [*lines_of(manifest, opened(manifest, datetime.now(UTC)))]


def proven(
    manifest: Manifest,
    *,
    offline: bool,
    budget: float,
    progress: Progress | None,
    without: Collection[str],
    rows: Rows | None = None,
) -> Proof:
    """Observe staging and judge it beside production's seal, and with what came of staging's rows there.

    Raises:
        UsageError, TamperedError, UnprovenError, WriteError: as `opened`; or staging's servers and this
            machine disagree about the time; or rows were compared of other servers.
    """
    started = datetime.now(UTC)
    production = opened(manifest, started)
    environments = (manifest.production, manifest.staging)
    with Run(environments, budget, key=stable_key(production.key)) as run:
        found = _observed(manifest, run, offline, progress)
        timed = _expect_clock(run.tally(manifest.staging.name))
        staging = snapshot_of(manifest, manifest.staging, found, started)
        tried = {} if offline else _tried(manifest, production, run, staging, without, rows)
        footprint = run.tally(manifest.production.name).footprint()
    live = Live(tried, UNABLE, aged(production, staging, timed=timed))
    unclaimed = unclaimed_in(manifest, staging)
    finished = datetime.now(UTC)
    compared = _comparable(manifest, production, staging)
    judged = judge(BY_NAME, manifest, production.production, compared, unclaimed, finished, live)
    shown = rekeyed(judged, RunKey())
    return Proof(
        staging=staging,
        production=production.production,
        started_at=started,
        finished_at=finished,
        verdict=shown.verdict,
        matrix=shown.matrix,
        findings=shown.findings,
        notes=shown.notes,
        coverage=shown.coverage,
        footprint=footprint,
        source=f"{manifest.source}, {production.source}",
        warnings=manifest.staging.warnings,
        run=secrets.token_hex(3),
        budget=budget,
        until=production.seal.expires_at,
    )


def _observed(
    manifest: Manifest, run: Run, offline: bool, progress: Progress | None
) -> Mapping[tuple[str, str], Result]:
    def tell(job: Job, result: Result) -> None:
        if progress is not None:
            progress(*job.key, result.seconds)

    jobs = [job for job in jobs_of(manifest) if job.target.environment is manifest.staging]
    if offline:
        return {job.key: _offline(job, run) for job in jobs}
    present = [job for job in jobs if isinstance(present_of(job.target), Known)]
    return {**blanks_of(jobs), **run.observe(present, tell)}


def _offline(job: Job, run: Run) -> Result:
    return Result(
        unread(job, _OFFLINE) if job.kind.networked else observed(job, run.visit(job.target.environment)), 0.0
    )


def _comparable(manifest: Manifest, production: Opened, staging: Snapshot) -> Snapshot:
    """Staging with its secrets digested as a seal has production's: those that guessing finds, stretched."""
    key = stable_key(production.key)
    held = secrets_in(manifest.staging, manifest.public, key)
    slow = any(form.startswith(STRETCHED) for form in _forms(production.production))
    others = texts_in(manifest.staging, manifest.public, key, slow=slow)
    return strengthened(staging, manifest.staging, held, others)


def _forms(snapshot: Snapshot) -> Iterator[str]:
    for each in snapshot.resources.values():
        if isinstance(each.facts, VariablesFacts) and isinstance(each.facts.secrets, Known):
            for secret in each.facts.secrets.value:
                yield from secret.forms


def _tried(
    manifest: Manifest,
    production: Opened,
    run: Run,
    staging: Snapshot,
    without: Collection[str],
    rows: Rows | None,
) -> Mapping[str, Any]:
    jobs = [job for job in jobs_of(manifest) if job.target.environment is manifest.staging]
    found = knocked(manifest, production, run, staging, without, rows)
    return doors.joined(found, doors.untried(jobs, without))


def _expect_clock(tally: Tally) -> bool:
    """What started before the seal is told by this machine's clock: whether a server has borne it out."""
    ahead = tally.ahead()
    if ahead is not None and abs(ahead) > SKEW_SECONDS:
        raise UnprovenError(
            f"the clocks disagree: staging's servers are {ahead:+.1f} s ahead of this machine, and a seal's "
            "time is told by its clock; set it and run again"
        )
    return ahead is not None
