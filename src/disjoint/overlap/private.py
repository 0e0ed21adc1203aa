"""Compare two samples by private set intersection: a number comes of it, and no way to try a guess.

Pooled: which place a shared value stands in stays unknown. Only values that are one row's own are
pooled on production's side, since a number cannot be told apart afterwards.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Self

from disjoint.model.census import WHOLE, Gap, Left, Overlap, Place, Read, Sieve, Strength, Terms
from disjoint.model.probe import ProbeError
from disjoint.model.shared import Shared

from .baseline import Baseline
from .bound import missed, one_in
from .confirm import MOST_EXCUSED
from .elements import Elements, expect_small
from .engine import Sides, agreed, fresh, planted
from .psi import Asker, answer
from .read import Side, Steps, read_both
from .sketch import Sketch

SMALL = 20_000
"""Values of both sides together that are compared whole: about five seconds."""
POOLED = "{} (places pooled)"
"""Where a shared value stands, as far as anybody knows."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What is told of one side, beside its elements."""

    name: str
    read: Read
    blind: tuple[str, ...]
    gaps: tuple[Gap, ...]
    left: tuple[Left, ...]


def census(sides: Sides, terms: Terms, baseline: Baseline, steps: Steps) -> Overlap:
    """Compare two samples so that neither side could test guesses against the other.

    Raises:
        ProbeError: they cannot be compared, or the library is missing.
    """
    asker = Asker()  # before anything is read: it may be missing
    sides.staging.narrow(sides.production.survey)
    sides.production.narrow(sides.staging.survey)
    sieve = _drawn(sides, terms)
    confidence = terms.detect.confidence
    there = Pool.of(Side(sides.names[0], sides.production, Sketch(), steps.production), sieve, confidence)
    here = Pool.of(Side(sides.names[1], sides.staging, Sketch(), steps.staging), sieve, confidence, own=False)
    read_both(there.side, here.side, sieve)
    here.excuse(baseline)
    request = asker.request(here.elements.kept)
    found = asker.count(answer(request, there.elements.kept), len(here.elements.kept))
    came = overlap(sieve, confidence, there.looked(), here.looked(), found)
    own = tuple(place for place in sides.production.survey.places if place.identifying)
    return dataclasses.replace(came, looked=own)


def _drawn(sides: Sides, terms: Terms) -> Sieve:
    if any(reader.drawn is not None for reader in (sides.production, sides.staging)):
        raise ProbeError("a file of digests takes no part in a private comparison", "read both sides")
    method = agreed(sides.production.survey, sides.staging.survey)
    values = sum(place.values for r in (sides.production, sides.staging) for place in r.survey.places)
    kept = one_in(terms.detect, values, SMALL)
    sieve = dataclasses.replace(fresh(method, terms, sides), one_in=kept, width=WHOLE)
    return planted(sieve, sides.staging)


@dataclass(slots=True)
class Pool:
    """One side while it is read, and what it brings."""

    side: Side
    elements: Elements
    sieve: Sieve
    _weak: tuple[Place, ...]
    """Places that do not count."""
    _excused: int = 0

    @classmethod
    def of(cls, side: Side, sieve: Sieve, confidence: float, *, own: bool = True) -> Self:
        """A side that is to be read. `own`: only places whose values are one row's own count.

        Raises:
            ProbeError: it is too large.
        """
        places = side.reader.survey.places
        expect_small(side.reader.survey, sieve, confidence)
        counts = [n for n, place in enumerate(places) if place.identifying or not own]
        elements = Elements(sieve, counts)
        side.sketch = elements
        return cls(side, elements, sieve, tuple(p for n, p in enumerate(places) if n not in counts))

    def excuse(self, baseline: Baseline) -> None:
        """Leave out what the baseline names: of a number nobody could tell it afterwards.

        Raises:
            ProbeError: the side does not answer, or there are too many to be held against it.
        """
        if not baseline.marks:
            return
        if len(self.elements.kept) > MOST_EXCUSED:
            raise ProbeError(f"a baseline excuses among {MOST_EXCUSED:,} values at most", "raise detect")
        matches = self.side.reader.confirm(self.sieve, self.elements.selectors(), baseline.salt)
        excused = {match.digest for match in matches if match.mark in baseline.marks}
        self._excused = self.elements.leave_out(excused)

    def looked(self) -> Looked:
        """What is told of it, once it was read."""
        side, nothing = self.side, len(self._weak) == len(self.side.reader.survey.places) > 0
        none = (Gap(f"{side.name}: everything", _NOBODYS, 'rows = "sampled"'),) if nothing else ()
        weak = (Left(f"{side.name}: {place.name}", _WEAK) for place in self._weak)
        excused = (Left(f"{side.name}: {self._excused:,} values", "named by the baseline"),)
        return Looked(
            side.name,
            side.summary(),
            side.blind(self.elements.met(), self.sieve),
            (*side.gaps(), *none),
            (*side.left(), *weak, *(excused if self._excused else ())),
        )


_NOBODYS = "no place has values that are one row's own"
_WEAK = "a value of it alone says nothing, and of a number nobody could tell it afterwards"


def overlap(sieve: Sieve, confidence: float, production: Looked, staging: Looked, found: int) -> Overlap:
    """What came of it; the planted value is one of those found, or nothing is."""
    values = max(found - 1, 0)
    pooled = POOLED.format(production.name), POOLED.format(staging.name)
    return Overlap(
        strength=Strength.PRIVATE,
        one_in=sieve.one_in,
        confidence=confidence,
        missed=missed(sieve.one_in, confidence),
        fold=sieve.fold,
        production=production.read,
        staging=staging.read,
        shared=(Shared(*pooled, values, values, True),) if values else (),
        excused=0,
        blind=(*production.blind, *staging.blind, *(() if found else ("the intersection",))),
        gaps=(*production.gaps, *staging.gaps),
        left=(*production.left, *staging.left),
    )
