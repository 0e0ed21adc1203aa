"""One side of a split run: its manifest, what it observes, and its part in the canaries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from disjoint import snapshots
from disjoint.certify.half import key_name
from disjoint.certify.keys import ProjectKey
from disjoint.errors import UsageError
from disjoint.kinds.registry import KINDS
from disjoint.manifest.load import load as load_manifest
from disjoint.model.environment import Environment
from disjoint.model.experiment import Canary, Party, Tests
from disjoint.model.fact import Known
from disjoint.model.manifest import Manifest
from disjoint.model.plain import plain
from disjoint.model.snapshot import Snapshot
from disjoint.runner.deadline import Deadline
from disjoint.runner.marks import Key, Part
from disjoint.runner.run import Run
from disjoint.runner.visit import Seats
from disjoint.runner.work import closed
from disjoint.snapshots import blanks_of, jobs_of, present_of, snapshot_of
from disjoint.sources import read

BUDGET_SECONDS = 30.0


def load_side(path: Path, *, protected: bool | None, attesting: bool = False) -> Manifest:
    """A manifest with one side's variables, or with nobody's (None): the others are not even opened.

    Beside an attested process, its variables are this one's. Whoever attests takes them whatever the manifest
    in its image says, and no tunnel: the application beside it knows neither that file nor that tunnel.
    """

    def read_own(spec: Mapping[str, Any], **side: Any) -> Environment:
        if side["protected"] is protected:
            if "sealed" in spec:
                raise UsageError(
                    f"{path}: {side['name']} is sealed here: its own variables are needed for this"
                )
            if attesting:
                return read({"process": True}, **{**side, "reach_at": {}})
            return read({"process": True} if "attested" in spec else spec, **side)
        return Environment(
            side["name"], side["protected"], {}, "another process", side["reach_at"], held=False
        )

    return load_manifest(path, KINDS, read_own)


def digest_of(manifest: Manifest) -> str:
    """What both sides must declare alike: resources, grades and waivers; not sources or tunnels."""
    return snapshots.digest_of(manifest)


def observed(manifest: Manifest, environment: Environment, run: Run, started: datetime) -> Snapshot:
    """What a side's servers say, and its variables."""
    jobs = [job for job in jobs_of(manifest) if job.target.environment is environment]
    present = [job for job in jobs if isinstance(present_of(job.target), Known)]
    return snapshot_of(manifest, environment, {**blanks_of(jobs), **run.observe(present)}, started)


def common_of(manifest: Manifest, environment: Environment, run: Run, key: ProjectKey) -> dict[str, Any]:
    """What both halves say of their side."""
    tally = run.tally(environment.name)
    return {
        "manifest": digest_of(manifest),
        "environment": environment.name,
        "key": key_name(key),
        "clock": tally.ahead(),
        "footprint": tally.footprint(),
    }


def parts_of(
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


def by_resource(found: Mapping[Key, Any]) -> dict[str, Any]:
    """Plain values, parted by resource."""
    parted: dict[str, dict[str, Any]] = {}
    for (resource, canary), value in found.items():
        parted.setdefault(resource, {})[canary] = plain(value)
    return parted
