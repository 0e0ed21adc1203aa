"""A census of two sides, on one page.

1. agree     one way to make digests, with the same known answers on both sides
2. draw      a fresh sieve, and a planted value that it keeps
3. read      both sides at once, task by task
4. compare   selectors first; a sample that hits is read whole
5. confirm   each hit by its whole digest, and against the baseline
"""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from disjoint.model.census import HALF, Method, Overlap, Reader, Sieve, Strength, Survey, Terms
from disjoint.model.overlapping import is_leak
from disjoint.model.probe import ProbeError

from .baseline import NONE, Baseline
from .bound import missed, one_in
from .compare import Hits, compared
from .confirm import confirmed
from .read import TOLD_NOBODY, Side, Steps, read_both, values_of
from .sketch import Sketch

Gather = Callable[[Side, Side, Sieve], Hits]
"""Reads two sides, tells each what came of it, and finds the selectors that they share."""


def gathered(there: Side, here: Side, sieve: Sieve) -> Hits:
    """Read both here, at once, and compare them here."""
    read_both(there, here, sieve)
    return compared(there.sketch, here.sketch)


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides, open."""

    production: Reader
    staging: Reader
    names: tuple[str, str]
    """Their environments', in the same order."""


def census(
    sides: Sides,
    terms: Terms,
    baseline: Baseline = NONE,
    steps: Steps = TOLD_NOBODY,
    gather: Gather = gathered,
) -> Overlap:
    """Compare what two sides hold.

    Args:
        sides: both, open for reading.
        terms: how much is to be compared.
        baseline: the values that both may hold.
        steps: told how far it has come.
        gather: who reads and compares: workers on other machines, for one.

    Raises:
        ProbeError: the two sides cannot be compared at all.
    """
    sides.staging.narrow(sides.production.survey)
    sides.production.narrow(sides.staging.survey)
    sieve = drawn(sides, terms)
    found = _compared(sides, sieve, terms, baseline, steps, gather)
    if found.shared and sieve.one_in > 1 and _may_be_read_again(sides) and terms.strength is Strength.SAMPLED:
        return _counted_whole(found, sides, sieve, terms, baseline, steps, gather)
    return found


def _counted_whole(
    found: Overlap,
    sides: Sides,
    sieve: Sieve,
    terms: Terms,
    baseline: Baseline,
    steps: Steps,
    gather: Gather,
) -> Overlap:
    """What a second reading of everything counts; what the sample told for sure it does not take back."""
    try:
        whole = _compared(sides, whole_of(sides, sieve), terms, baseline, steps, gather)
    except ProbeError:
        return found
    if any(hit.identifying for hit in found.shared) and not any(map(is_leak, whole.shared)):
        return found  # those rows went in between, or could not be read again
    return whole if any(hit.confirmed for hit in whole.shared) else found


def drawn(sides: Sides, terms: Terms) -> Sieve:
    """A sieve that both sides can use, fresh unless a file of digests brings its own."""
    method = agreed(sides.production.survey, sides.staging.survey)
    for reader in (sides.production, sides.staging):
        if reader.drawn is not None:
            return dataclasses.replace(reader.drawn, width=HALF)
    return planted(fresh(method, terms, sides), sides.staging)


def agreed(production: Survey, staging: Survey) -> Method:
    """The first method that both sides have and answer alike.

    Raises:
        ProbeError: there is none.
    """
    theirs, ours = dict(production.header.known), dict(staging.header.known)
    for method in staging.header.methods:
        answer = ours.get(method.value)
        if method in production.header.methods and answer is not None and theirs.get(method.value) == answer:
            return method
    speak = f"{production.header.speaks} and {staging.header.speaks}"
    raise ProbeError(
        f"no digest is the same on both sides ({speak})", "compare servers of one encoding, UTF8"
    )


def fresh(method: Method, terms: Terms, sides: Sides) -> Sieve:
    """A sieve of new random numbers."""
    values = values_of(sides.production) + values_of(sides.staging)
    kept = 1 if terms.strength is Strength.EXACT else one_in(terms.detect, values)
    return Sieve(method, _number(), _number(), secrets.token_bytes(16), kept, terms.fold)


def planted(sieve: Sieve, side: Reader) -> Sieve:
    """The same sieve, with a control that it keeps."""
    return dataclasses.replace(sieve, planted=side.plant(sieve))


def whole_of(sides: Sides, sieve: Sieve) -> Sieve:
    """A sieve that keeps everything; with fresh numbers, so that one run's guesses serve no other."""
    again = dataclasses.replace(
        sieve, seed=_number(), second=_number(), salt=secrets.token_bytes(16), one_in=1
    )
    return planted(again, sides.staging)


def _number() -> int:
    return int.from_bytes(secrets.token_bytes(8), "big", signed=True)


def _may_be_read_again(sides: Sides) -> bool:
    return sides.production.drawn is None and sides.staging.drawn is None


def _compared(
    sides: Sides, sieve: Sieve, terms: Terms, baseline: Baseline, steps: Steps, gather: Gather
) -> Overlap:
    with Sketch() as theirs, Sketch() as ours:
        there = Side(sides.names[0], sides.production, theirs, steps.production)
        here = Side(sides.names[1], sides.staging, ours, steps.staging)
        hits = gather(there, here, sieve)
        sure = confirmed(there, here, sieve, hits, baseline)
    return Overlap(
        strength=terms.strength,
        one_in=sieve.one_in,
        confidence=terms.detect.confidence,
        missed=missed(sieve.one_in, terms.detect.confidence),
        fold=sieve.fold,
        production=there.summary(),
        staging=here.summary(),
        shared=sure.shared,
        excused=sure.excused,
        blind=(*there.blind(hits.production, sieve), *here.blind(hits.staging, sieve)),
        gaps=(*there.gaps(), *here.gaps(), *sure.gaps),
        left=(*there.left(), *here.left()),
        weak=tuple(place.name for place in sides.production.survey.places if not place.identifying),
        looked=sides.production.survey.places,
    )
