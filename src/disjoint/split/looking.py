"""Production's half: what its observer saw of staging's marks."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from disjoint.certify.belonging import follows, of_one_manifest, trusted_clock
from disjoint.certify.half import Held, Looked, read_half, standing, written
from disjoint.certify.keys import ProjectKey, stable_key
from disjoint.certify.snapshot import written_snapshot
from disjoint.certify.watch import Watch
from disjoint.model.manifest import Manifest
from disjoint.model.snapshot import Snapshot
from disjoint.runner.marks import Key, look_for
from disjoint.runner.run import Run
from disjoint.runner.visit import Seats

from .side import BUDGET_SECONDS, by_resource, common_of, digest_of, observed, parts_of


def look(manifest: Manifest, key: ProjectKey, held_text: str, where: str) -> str:
    """Observe production and look for the marks that stand; the looked half's text.

    Raises:
        UnprovenError: the half is not one to follow now, or the clocks disagree.
        TamperedError, UsageError: it is not what `hold` wrote.
    """
    held = _standing(manifest, key, held_text, where, datetime.now(UTC))
    with observing(manifest, key, held.run) as seen:
        return seen.look(held_text, where)


@dataclass(frozen=True, slots=True)
class Seen:
    """Production, observed in a run that staging's side has named."""

    manifest: Manifest
    key: ProjectKey
    name: str
    run: Run
    watch: Watch
    snapshot: Snapshot

    def look(self, held_text: str, where: str) -> str:
        """Look for the marks that stand; the looked half's text. Raises as the function `look`."""
        held = _standing(self.manifest, self.key, held_text, where, self.watch.now())
        seats = Seats()
        parts = parts_of(self.manifest, self.snapshot, self.run, self.run.deadline, lambda: seats)
        begun = self.watch.now()
        looks = look_for(_tokens(held), parts)
        half = Looked(
            **common_of(self.manifest, self.manifest.production, self.run, self.key),
            run=self.name,
            started_at=self.watch.started,
            snapshot=written_snapshot(self.snapshot),
            held=standing(held),
            looked_from=begun,
            looked_until=self.watch.now(),
            looks=by_resource(looks),
        )
        self.watch.expect_unset()
        trusted_clock(half)
        return written(half, self.key)


@contextlib.contextmanager
def observing(manifest: Manifest, key: ProjectKey, name: str) -> Iterator[Seen]:
    """Observe production before its marks are looked for, which then takes a moment alone.

    Args:
        manifest: with production's variables.
        key: of the project.
        name: the run's, under which staging holds.
    """
    watch, production = Watch(), manifest.production
    with Run((production,), BUDGET_SECONDS, forks=False, key=stable_key(key)) as run:
        yield Seen(manifest, key, name, run, watch, observed(manifest, production, run, watch.started))


def _standing(manifest: Manifest, key: ProjectKey, text: str, where: str, now: datetime) -> Held:
    held = read_half(Held, text, where, key)
    of_one_manifest(held, digest_of(manifest), manifest.staging.name)
    follows(held, now)
    return held


def _tokens(held: Held) -> dict[Key, str]:
    return {
        (resource, canary): mark["token"]
        for resource, marks in held.marks.items()
        for canary, mark in marks.items()
        if _TOKEN.fullmatch(str(mark.get("token", "")))
    }


_TOKEN = re.compile(r"[0-9a-z-]{8,64}")
"""What is asked of production's servers comes from the other side: a short word of no meaning, or nothing."""
