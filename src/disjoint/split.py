"""Prove without a process that holds both sides: staging holds marks, production looks, a third one joins.

hold    staging's credentials     observe, place marks, keep them, see them again    -> held half
look    production's credentials  observe, look for the marks                        -> looked half
join    none                      check that the halves belong together, and judge   -> proof
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from disjoint import snapshots
from disjoint.certify.belonging import (
    follows,
    fresh,
    in_one_window,
    of_one_manifest,
    of_one_run,
    trusted_clock,
)
from disjoint.certify.half import Held, Looked, digests_key, key_name, read_half, standing, written
from disjoint.certify.keys import ProjectKey
from disjoint.certify.meeting import tried
from disjoint.certify.snapshot import read_snapshot, written_snapshot
from disjoint.certify.watch import Watch
from disjoint.errors import UsageError
from disjoint.judge.ask import Live
from disjoint.judge.judge import judge
from disjoint.kinds.registry import BY_NAME, KINDS
from disjoint.manifest.load import load as load_manifest
from disjoint.model.environment import Environment
from disjoint.model.experiment import Canary, Party, Sights, Tests, Tried
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.manifest import Manifest
from disjoint.model.plain import plain
from disjoint.model.proof import Proof
from disjoint.model.snapshot import Snapshot
from disjoint.runner.deadline import Deadline
from disjoint.runner.marks import Holding, Key, Part, Placed, look_for
from disjoint.runner.run import Run
from disjoint.runner.visit import Seats
from disjoint.runner.work import closed
from disjoint.snapshots import blanks_of, jobs_of, present_of, snapshot_of, unclaimed_in
from disjoint.sources import read

BUDGET_SECONDS = 30.0
CENSUS = "census"
"""The experiment that a file of digests stands in for."""

Wait = Callable[[float], None]
"""Waits so many seconds, or until the user has had enough."""
Publish = Callable[[str], None]
"""Puts a half's text where it is wanted, whole or not at all."""

_LEFT_OUT = Unknown(
    "no --overlap says what came of it", "disjoint census, disjoint overlap --half, then join"
)
Rows = Callable[[Snapshot, Snapshot], Mapping[str, Fact[Any]]]
"""What came of each census, by resource, if it was of these very servers: production's, staging's."""


def load_side(path: Path, *, protected: bool | None) -> Manifest:
    """A manifest with one side's variables, or with nobody's (None): the others are not even opened."""

    def read_own(spec: Mapping[str, Any], **side: Any) -> Environment:
        if side["protected"] is protected:
            if "sealed" in spec:
                raise UsageError(
                    f"{path}: {side['name']} is sealed here: its own variables are needed for this"
                )
            return read(spec, **side)
        return Environment(
            side["name"], side["protected"], {}, "another process", side["reach_at"], held=False
        )

    return load_manifest(path, KINDS, read_own)


def digest_of(manifest: Manifest) -> str:
    """What both sides must declare alike: resources, grades and waivers; not sources or tunnels."""
    return snapshots.digest_of(manifest)


def hold(manifest: Manifest, key: ProjectKey, seconds: float, publish: Publish, wait: Wait) -> None:
    """Observe staging, place its marks, publish the standing half, keep them, and close it.

    Raises:
        UnprovenError: this machine's clock and the servers' disagree.
        WriteError: the half cannot be signed or written.
    """
    name, watch = secrets.token_hex(16), Watch()
    with Run((manifest.staging,), BUDGET_SECONDS, forks=False, key=digests_key(key, name)) as run:
        snapshot = _observed(manifest, manifest.staging, run, watch.started)
    window = seconds + BUDGET_SECONDS
    with (
        Deadline(window) as deadline,
        Holding(_parts(manifest, snapshot, run, deadline, Seats), window) as holding,
    ):
        placed = holding.placed()
        half = Held(
            **_common(manifest, manifest.staging, run, key),
            run=name,
            started_at=watch.started,
            snapshot=written_snapshot(snapshot),
            stands_at=watch.now(),
            unclaimed=unclaimed_in(manifest, snapshot),
            marks=_marks(placed, None),
        )
        watch.expect_unset()
        trusted_clock(half)
        publish(written(half, key))
        wait(seconds)
        over = watch.now()
        publish(written(replace(half, alive_at=over, marks=_marks(placed, holding.seen_again())), key))


def look(manifest: Manifest, key: ProjectKey, held_text: str, where: str) -> str:
    """Observe production and look for the marks that stand; the looked half's text.

    Raises:
        UnprovenError: the half is not one to follow now, or the clocks disagree.
        TamperedError, UsageError: it is not what `hold` wrote.
    """
    watch = Watch()
    held = read_half(Held, held_text, where, key)
    of_one_manifest(held, digest_of(manifest), manifest.staging.name)
    follows(held, watch.started)
    with Run((manifest.production,), BUDGET_SECONDS, forks=False, key=digests_key(key, held.run)) as run:
        snapshot = _observed(manifest, manifest.production, run, watch.started)
        seats = Seats()
        parts = _parts(manifest, snapshot, run, run.deadline, lambda: seats)
        begun = watch.now()
        looks = look_for(_tokens(held), parts)
        half = Looked(
            **_common(manifest, manifest.production, run, key),
            run=held.run,
            started_at=watch.started,
            snapshot=written_snapshot(snapshot),
            held=standing(held),
            looked_from=begun,
            looked_until=watch.now(),
            looks=_by_resource(looks),
        )
    watch.expect_unset()
    trusted_clock(half)
    return written(half, key)


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


def _observed(manifest: Manifest, environment: Environment, run: Run, started: datetime) -> Snapshot:
    jobs = [job for job in jobs_of(manifest) if job.target.environment is environment]
    present = [job for job in jobs if isinstance(present_of(job.target), Known)]
    return snapshot_of(manifest, environment, {**blanks_of(jobs), **run.observe(present)}, started)


def _common(manifest: Manifest, environment: Environment, run: Run, key: ProjectKey) -> dict[str, Any]:
    tally = run.tally(environment.name)
    return {
        "manifest": digest_of(manifest),
        "environment": environment.name,
        "key": key_name(key),
        "clock": tally.ahead(),
        "footprint": tally.footprint(),
    }


def _parts(
    manifest: Manifest, snapshot: Snapshot, run: Run, deadline: Deadline, seats: Callable[[], Seats]
) -> list[Part]:
    """The canaries that two processes can share, of every server that answered.

    A holder keeps its seats to the end, so that each gets seats of its own; whoever looks shares them.
    """
    sides = (manifest.production, manifest.staging)
    environment = next(side for side in sides if side.name == snapshot.environment)
    jobs = [job for job in jobs_of(manifest) if job.target.environment is environment]
    return [
        Part(test, Party(job.target, run.visit_until(deadline, environment, seats())))
        for job in jobs
        for test in job.kind.experiments
        if isinstance(test, Canary) and _splits(test) and test.applies(job.target.declared)
        if closed(test, job, snapshot.resources[job.target.resource].facts) is None
    ]


def _splits(test: Tests[Any]) -> bool:
    return isinstance(test, Canary) and test.splits and not test.stored


UNABLE = frozenset((kind.name, test.name) for kind in KINDS for test in kind.experiments if not _splits(test))
"""What takes both sides' credentials, or leave to store a mark: not asked of a split run, and listed."""


def _marks(placed: Mapping[Key, Fact[Placed]], again: Mapping[Key, Fact[Sights]] | None) -> dict[str, Any]:
    return _by_resource(
        {key: _mark(fact, None if again is None else again[key]) for key, fact in placed.items()}
    )


def _mark(placed: Fact[Placed], again: Fact[Sights] | None) -> Any:
    match placed:
        case Unknown() as why:
            return plain(why)
        case Known(stands):
            return {"token": stands.token, "before": plain(stands.before), "after": plain(again)}


def _by_resource(found: Mapping[Key, Any]) -> dict[str, Any]:
    parted: dict[str, dict[str, Any]] = {}
    for (resource, canary), value in found.items():
        parted.setdefault(resource, {})[canary] = plain(value)
    return parted


def _tokens(held: Held) -> dict[Key, str]:
    return {
        (resource, canary): mark["token"]
        for resource, marks in held.marks.items()
        for canary, mark in marks.items()
        if _TOKEN.fullmatch(str(mark.get("token", "")))
    }


_TOKEN = re.compile(r"[0-9a-z-]{8,64}")
"""What is asked of production's servers comes from the other side: a short word of no meaning, or nothing."""


def _judged(
    manifest: Manifest, held: Held, looked: Looked, over: datetime, files: tuple[str, str], rows: Rows | None
) -> Proof:
    staging = _read(held, manifest, manifest.staging, files[0])
    production = _read(looked, manifest, manifest.production, files[1])
    marks = tried(held, looked)
    live = _with(marks, {} if rows is None else rows(production, staging))
    judged = judge(BY_NAME, manifest, production, staging, held.unclaimed, datetime.now(UTC), live)
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
