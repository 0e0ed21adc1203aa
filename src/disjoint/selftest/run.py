"""Prove each broken world in its turn, gently: one after the other, within one budget."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from disjoint.model.fact import Unknown
from disjoint.model.manifest import Manifest
from disjoint.model.proof import Footprint, Proof, together

from .answer import Line, SelfTest, judged, late, skipped
from .mutation import Kinds, Mutation, Skipped, mutations

LEAST_SECONDS = 0.1

Prove = Callable[[Manifest, float], Proof]
Unanswered = Callable[[Manifest, Proof], tuple[Unknown | None, Unknown | None]]
Progress = Callable[[str, str], None]
"""Called with resource and mutation before each."""


def run(
    kinds: Kinds,
    manifest: Manifest,
    prove: Prove,
    unanswered: Unanswered,
    budget: float,
    progress: Progress,
) -> SelfTest:
    """Judge every mutation of a manifest."""
    until = time.monotonic() + budget

    def answers() -> Iterator[tuple[Line, Footprint]]:
        for each in mutations(kinds, manifest):
            progress(each.resource.name, each.name)
            yield _answered(kinds, each, prove, unanswered, until - time.monotonic())

    found = tuple(answers())
    return SelfTest(tuple(line for line, _ in found), together(footprint for _, footprint in found))


def _answered(
    kinds: Kinds, each: Mutation | Skipped, prove: Prove, unanswered: Unanswered, left: float
) -> tuple[Line, Footprint]:
    nothing = Footprint(0, 0, 0.0)
    if isinstance(each, Skipped):
        return skipped(each), nothing
    if left < LEAST_SECONDS:
        return late(each), nothing
    proof = prove(each.manifest, left)
    kind = kinds[each.resource.kind]
    return judged(kind, each, proof, unanswered(each.manifest, proof)), proof.footprint
