"""Production's half: what its observer saw of staging's marks."""

from __future__ import annotations

import re

from disjoint.certify.belonging import follows, of_one_manifest, trusted_clock
from disjoint.certify.half import Held, Looked, digests_key, read_half, standing, written
from disjoint.certify.keys import ProjectKey
from disjoint.certify.snapshot import written_snapshot
from disjoint.certify.watch import Watch
from disjoint.model.manifest import Manifest
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
    watch = Watch()
    held = read_half(Held, held_text, where, key)
    of_one_manifest(held, digest_of(manifest), manifest.staging.name)
    follows(held, watch.started)
    with Run((manifest.production,), BUDGET_SECONDS, forks=False, key=digests_key(key, held.run)) as run:
        snapshot = observed(manifest, manifest.production, run, watch.started)
        seats = Seats()
        parts = parts_of(manifest, snapshot, run, run.deadline, lambda: seats)
        begun = watch.now()
        looks = look_for(_tokens(held), parts)
        half = Looked(
            **common_of(manifest, manifest.production, run, key),
            run=held.run,
            started_at=watch.started,
            snapshot=written_snapshot(snapshot),
            held=standing(held),
            looked_from=begun,
            looked_until=watch.now(),
            looks=by_resource(looks),
        )
    watch.expect_unset()
    trusted_clock(half)
    return written(half, key)


def _tokens(held: Held) -> dict[Key, str]:
    return {
        (resource, canary): mark["token"]
        for resource, marks in held.marks.items()
        for canary, mark in marks.items()
        if _TOKEN.fullmatch(str(mark.get("token", "")))
    }


_TOKEN = re.compile(r"[0-9a-z-]{8,64}")
"""What is asked of production's servers comes from the other side: a short word of no meaning, or nothing."""
