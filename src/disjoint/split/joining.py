"""Both halves together: whether they belong together, and what they prove."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from disjoint.certify.belonging import fresh, in_one_window, of_one_manifest, of_one_run, trusted_clock
from disjoint.certify.half import Held, Looked, read_half
from disjoint.certify.keys import ProjectKey
from disjoint.certify.meeting import Rows, tried
from disjoint.certify.snapshot import read_snapshot
from disjoint.errors import UsageError
from disjoint.judge.ask import Live
from disjoint.judge.judge import judge
from disjoint.judge.rekeyed import rekeyed
from disjoint.kinds.registry import BY_NAME
from disjoint.model.environment import Environment
from disjoint.model.experiment import Tried
from disjoint.model.fact import Fact, Unknown
from disjoint.model.manifest import Manifest
from disjoint.model.proof import Proof
from disjoint.model.secret import RunKey
from disjoint.model.snapshot import Snapshot

from .connections import named
from .side import BUDGET_SECONDS, UNABLE, digest_of

CENSUS = "census"
"""The experiment that a file of digests stands in for."""
_LEFT_OUT = Unknown(
    "no --overlap says what came of it", "disjoint census, disjoint overlap --half, then join"
)


def join(
    manifest: Manifest,
    key: ProjectKey,
    held_text: str,
    looked_text: str,
    files: tuple[str, str],
    rows: Rows | None = None,
) -> Proof:
    """Judge what both halves say, if they belong together; and what came of staging's rows, if anything did.

    Raises:
        UnprovenError: they do not, or one of them counts for nothing; the message says why.
        TamperedError, UsageError: a half is not what was written.
    """
    held = read_half(Held, held_text, files[0], key)
    looked = read_half(Looked, looked_text, files[1], key)
    wanted = digest_of(manifest)
    of_one_manifest(held, wanted, manifest.staging.name)
    of_one_manifest(looked, wanted, manifest.production.name)
    of_one_run(held, looked)
    for half in (held, looked):
        trusted_clock(half)
    over = in_one_window(held, looked)
    fresh(held, datetime.now(UTC))
    return _judged(manifest, held, looked, over, files, rows)


def _judged(
    manifest: Manifest, held: Held, looked: Looked, over: datetime, files: tuple[str, str], rows: Rows | None
) -> Proof:
    staging = _read(held, manifest, manifest.staging, files[0])
    production = _read(looked, manifest, manifest.production, files[1])
    marks = tried(held, looked)
    live = _with(marks, {} if rows is None else rows(production, staging))
    unclaimed = (*held.unclaimed, *named(held.connected))
    judged = judge(BY_NAME, manifest, production, staging, unclaimed, datetime.now(UTC), live)
    judged = rekeyed(judged, RunKey())
    return Proof(
        staging=staging,
        production=production,
        started_at=held.started_at,
        finished_at=over,
        verdict=judged.verdict,
        matrix=judged.matrix,
        findings=judged.findings,
        notes=judged.notes,
        coverage=judged.coverage,
        footprint=looked.footprint,
        source=f"{manifest.source}, {files[0]} and {files[1]}",
        run=held.run[:6],
        budget=BUDGET_SECONDS,
    )


def _with(marks: Mapping[str, Tried], found: Mapping[str, Fact[Any]]) -> Live:
    """A census that was asked for and not made is not known: its rule is asked all the same."""
    names = {*marks, *found}
    tries = {name: {**marks.get(name, {}), CENSUS: found.get(name, _LEFT_OUT)} for name in names}
    return Live(tries, frozenset(unable for unable in UNABLE if unable[1] != CENSUS))


def _read(half: Held | Looked, manifest: Manifest, environment: Environment, where: str) -> Snapshot:
    name, protected = environment.name, environment.protected
    snapshot = read_snapshot(half.snapshot, BY_NAME, environment=name, protected=protected, where=where)
    held = {name: each.kind for name, each in snapshot.resources.items()}
    if held != {resource.name: resource.kind for resource in manifest.resources}:
        raise UsageError(f"{where} holds other resources than the manifest declares: make it anew")
    return snapshot
