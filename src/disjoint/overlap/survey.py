"""One process that may read both sides: open them, compare, close them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from disjoint.model.census import Overlap, Strength, Terms
from disjoint.model.experiment import Census, Pair
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
    reading, (production, staging) = asked.load(), (pair.production, pair.staging)
    baseline = baseline_of(terms, directory, staging.target.resource)
    with (
        reading.reading(production, careful=True) as there,
        reading.reading(staging, careful=careful) as here,
    ):
        sides = Sides(there, here, (production.probe.environment, staging.probe.environment))
        steps = Steps(production.probe.progressed, staging.probe.progressed)
        if terms.strength is Strength.PRIVATE:
            from . import private  # noqa: PLC0415  (the library is an extra)

            return private.census(sides, terms, baseline, steps)
        return census(sides, terms, baseline, steps, gather)


def baseline_of(terms: Terms, directory: Path, resource: str) -> Baseline:
    """The values that a resource's baseline excuses; none where none is stated.

    Raises:
        ProbeError: its file cannot be used: nothing is guessed in its place.
    """
    return load(directory / terms.baseline, resource, fold=terms.fold) if terms.baseline else NONE
