"""Learn what every fresh database holds, from one that was migrated and seeded and nothing else."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from disjoint.errors import UnprovenError, UsageError
from disjoint.kinds.registry import KINDS
from disjoint.manifest.load import load as load_manifest
from disjoint.model.environment import Environment
from disjoint.model.manifest import Manifest
from disjoint.model.probe import ProbeError
from disjoint.model.snapshot import Snapshot
from disjoint.overlap.baseline import LONGEST, MOST, Learnt, written
from disjoint.overlap.learning import learnt
from disjoint.runner.run import Run
from disjoint.sources import read

from .asked import BUDGET_SECONDS, Asked, Order, asked_of, observed, opened, shown


def load_seeded(path: Path, variables: Path) -> Manifest:
    """The manifest with a seeded database's variables in staging's place; no other file is opened.

    Raises:
        UsageError: the file is an environment's own: what is learnt there would be excused, leaks and all.
    """
    seeded = {"dotenv": str(variables.resolve())}

    def read_own(spec: Mapping[str, Any], **side: Any) -> Environment:
        own = spec.get("dotenv")
        if isinstance(own, str) and (side["directory"] / own).resolve() == variables.resolve():
            raise UsageError(
                f"--variables {variables}: these are {side['name']}'s own; learn from a database that was "
                "just migrated and seeded"
            )
        if not side["protected"]:
            return read(seeded, **side)
        return Environment(side["name"], True, {}, "another process", side["reach_at"], held=False)

    return load_manifest(path, KINDS, read_own)


def learn(manifest: Manifest, owner: str, expires: date, only: str | None) -> str:
    """A baseline's text.

    Raises:
        UsageError: nobody answers for it, it lasts too long, or nothing asks for a census.
        UnprovenError: something could not be read, or it is no freshly seeded database.
    """
    now = datetime.now(UTC)
    if not owner.strip():
        raise UsageError("--owner: name who answers for these values")
    if not now.date() < expires <= now.date() + LONGEST:
        raise UsageError(f"--expires {expires}: state a day within a year")
    asked, salt = asked_of(manifest, manifest.staging, Order(only=only)), secrets.token_bytes(16)
    with Run((manifest.staging,), BUDGET_SECONDS, forks=False) as run:
        snapshot = observed(manifest, manifest.staging, asked, run, now)
        found = {each.resource: _learnt(each, manifest, snapshot, run, salt) for each in asked}
    if (number := sum(place.values for own in found.values() for place in own.places)) > MOST:
        raise UnprovenError(f"it holds {number:,} values: no freshly seeded database does")
    return written(owner.strip(), expires, salt, found)


def _learnt(each: Asked, manifest: Manifest, snapshot: Snapshot, run: Run, salt: bytes) -> Learnt:
    where = shown(snapshot).get(each.resource, "")
    try:
        with opened(_alone(each), manifest.staging, snapshot, run) as reader:
            return learnt(reader, each.job.kind.name, where, salt, fold=each.terms.fold)
    except ProbeError as error:
        remedy = f" ({error.remedy})" if error.remedy else ""
        raise UnprovenError(f"{each.resource}: {error.reason}{remedy}") from None


def _alone(asked: Asked) -> Asked:
    """Of the seeded database alone: what stands beside it on its server may be production's."""
    target = asked.job.target
    declared = asked.test.alone(target.declared)
    return asked._replace(job=replace(asked.job, target=replace(target, declared=declared)))
