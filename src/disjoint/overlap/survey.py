"""One process that may read both sides: open them, compare, close them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from disjoint.model.census import Overlap, Reader, Strength, Terms
from disjoint.model.experiment import Census, Pair, Reading
from disjoint.model.probe import ProbeError

from .baseline import NONE, Baseline, load
from .engine import Gather, Sides, census, gathered
from .read import Steps


def survey(
    asked: Census[Any], pair: Pair[Any], careful: bool, directory: Path, gather: Gather = gathered
) -> Overlap:
    """What came of a census of both sides of a resource.

    Args:
        asked: how its kind reads.
        pair: both sides.
        careful: whether staging, too, must not feel it.
        directory: the manifest's, to which a baseline's file is relative.
        gather: who reads and compares; this process, or workers elsewhere.

    Raises:
        ProbeError: the two cannot be compared at all.
    """
    terms = asked.terms(pair.staging.target.declared)
    if terms is None:
        raise ProbeError("no census is asked for", 'state rows = "sampled"')
    production, staging = pair.production, pair.staging
    baseline = baseline_of(terms, directory, staging.target.resource)
    with both_open(asked.load(), pair, careful=careful) as (there, here):
        sides = Sides(there, here, (production.probe.environment, staging.probe.environment))
        steps = Steps(production.probe.progressed, staging.probe.progressed)
        if terms.strength is Strength.PRIVATE:
            from . import private  # noqa: PLC0415  (the library is an extra)

            return private.census(sides, terms, baseline, steps)
        return census(sides, terms, baseline, steps, gather)


@contextlib.contextmanager
def both_open(opener: Reading[Any], pair: Pair[Any], *, careful: bool) -> Iterator[tuple[Reader, Reader]]:
    """Open both sides at once, production first in the answer; leaving closes them.

    Raises:
        ProbeError: one of them cannot be read; production's reason before staging's.
    """
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(1) as other:
        here = other.submit(stack.enter_context, opener.reading(pair.staging, careful=careful))
        there = stack.enter_context(opener.reading(pair.production, careful=True))
        yield there, here.result()


def baseline_of(terms: Terms, directory: Path, resource: str) -> Baseline:
    """The values that a resource's baseline excuses; none where none is stated.

    Raises:
        ProbeError: its file cannot be used: nothing is guessed in its place.
    """
    return load(directory / terms.baseline, resource, fold=terms.fold) if terms.baseline else NONE
