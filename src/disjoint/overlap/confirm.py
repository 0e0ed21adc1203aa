"""A hit is a value and not a collision: whole digests of what two selectors named, and the baseline."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from disjoint.model.census import HALF, Gap, Shared, Sieve
from disjoint.model.fact import Fact, Known, Unknown, both
from disjoint.model.overlapping import is_several
from disjoint.model.probe import ProbeError

from .baseline import Baseline
from .compare import Hits, common, distinct
from .numbers import np
from .read import Side
from .sketch import Selectors, packed

Asked: TypeAlias = tuple[Side, Mapping[int, Selectors]]
"""A side, and what of it is to be confirmed."""

MOST = 10_000
"""Selectors that are confirmed: enough to be sure of a leak, whatever its size."""
MASKED, MASKED_SHARE = 20, 10
"""Values of a place, and one in how many of all that it holds, which two sides hardly hold by chance."""
MOST_EXCUSED = 200_000
"""As many where a baseline may excuse them, which it does one by one."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What came of the hits."""

    shared: tuple[Shared, ...] = ()
    excused: int = 0
    gaps: tuple[Gap, ...] = ()
    """Why hits could not be confirmed."""


PAIRS = 4_000
"""Pairs of places that are told apart."""


class Answer(NamedTuple):
    """What one side said of the selectors that it was asked for."""

    digests: Mapping[int, frozenset[bytes]]
    """Whole, by place."""
    excused: frozenset[bytes]
    """Those that the baseline names."""


def confirmed(there: Side, here: Side, sieve: Sieve, hits: Hits, baseline: Baseline) -> Confirmed:
    """Ask both sides for the whole digests of what they seem to share, and count what remains."""
    own = Hits(_unplanted(hits.production, sieve), _unplanted(hits.staging, sieve))
    if not own.production:
        return Confirmed()
    asked = _asked(own, MOST_EXCUSED if baseline.marks else MOST)
    match _answers((there, own.production), (here, own.staging), sieve, asked, baseline):
        case Unknown(reason, remedy):
            nothing = Answer({}, _NONE)
            shared, _ = _counted(there, here, own, (nothing, nothing), sieve.one_in)
            return Confirmed(shared, 0, (Gap("hits", f"not confirmed: {reason}", remedy),))
        case Known(found):
            return Confirmed(*_counted(there, here, own, found, sieve.one_in))


def _unplanted(hits: Mapping[int, Selectors], sieve: Sieve) -> Mapping[int, Selectors]:
    planted = np.uint64(int.from_bytes(sieve.planted.digest[:HALF], "big"))
    kept = {place: own[own != planted] for place, own in hits.items()}
    return {place: own for place, own in kept.items() if own.size}


def _asked(hits: Hits, most: int) -> Selectors:
    """The first of all shared selectors, the same for every place of both sides."""
    return distinct(np.sort(np.concatenate([*hits.production.values(), np.empty(0, np.uint64)])))[:most]


def _answers(
    production: Asked, staging: Asked, sieve: Sieve, asked: Selectors, baseline: Baseline
) -> Fact[tuple[Answer, Answer]]:
    """Both sides at once: each looks through everything that it has."""
    ours: list[Fact[Answer]] = []
    other = threading.Thread(
        target=lambda: ours.append(_answer(*staging, sieve, asked, baseline)), daemon=True
    )
    other.start()
    theirs = _answer(*production, sieve, asked, baseline)
    other.join()
    return both(theirs, ours[0])


def _answer(
    side: Side, hits: Mapping[int, Selectors], sieve: Sieve, asked: Selectors, baseline: Baseline
) -> Fact[Answer]:
    wanted = {place: packed(common(own, asked)) for place, own in hits.items()}
    digests: dict[int, set[bytes]] = {}
    excused = set()
    try:
        for found in side.reader.confirm(sieve, {p: w for p, w in wanted.items() if w}, baseline.salt):
            digests.setdefault(found.place, set()).add(found.digest)
            if found.mark in baseline.marks:
                excused.add(found.digest)
    except ProbeError as error:
        return Unknown(error.reason, error.remedy)
    except Exception as error:  # noqa: BLE001  (as where it was read: a client library's text may hold a value)
        return Unknown(f"the confirming failed: {type(error).__name__}", "report it")
    return Known(Answer({place: frozenset(own) for place, own in digests.items()}, frozenset(excused)))


_NONE: frozenset[bytes] = frozenset()


def _by_values(hit: Shared) -> tuple[int, str, str]:
    """Most first; of as many, by name, so that no thread's pace shows."""
    return -hit.values, hit.production, hit.staging


def _selectors(digests: frozenset[bytes]) -> frozenset[bytes]:
    return frozenset(digest[:HALF] for digest in digests)


def _is_masked(there: Side, place: int, values: int, one_in: int) -> bool:
    """Whether so much of a column stands in staging that what tells of its table may be masked there."""
    alike, group = values * one_in, there.reader.survey.places[place].group
    return bool(group) and alike >= MASKED and MASKED_SHARE * alike >= there.sketch.values.get(place, 0)


def _partners(here: Side, hits: Hits, ours: Answer) -> list[tuple[str, Selectors, frozenset[bytes]]]:
    """Staging's places, each with what it shares; pooled where there would be too many pairs to tell.

    A schema for each of 500 tenants would make a quarter of a million pairs.
    """
    places = here.reader.survey.places
    if len(hits.production) * len(hits.staging) <= PAIRS:
        held = hits.staging.items()
        return [(places[place].name, own, ours.digests.get(place, _NONE)) for place, own in held]
    most = max(hits.staging, key=lambda place: hits.staging[place].size)
    pooled = distinct(np.sort(np.concatenate([*hits.staging.values()])))
    name = f"{places[most].name} and {len(hits.staging) - 1:,} more places"
    return [(name, pooled, frozenset().union(*ours.digests.values()))]


def _counted(
    there: Side, here: Side, hits: Hits, answers: tuple[Answer, Answer], one_in: int
) -> tuple[tuple[Shared, ...], int]:
    """Every pair of places that share a value, most first; and how many values the baseline excused.

    A hit is refuted where both sides answer, each with another digest: one that a side does not answer
    for (its row went meanwhile, or the reading failed in silence) stays as it is, unconfirmed.
    """
    found: list[Shared] = []
    excused: set[bytes] = set()
    theirs, ours = answers
    partners = _partners(here, hits, ours)
    for place, own in hits.production.items():
        for name, others, here_are in partners:
            shared = common(own, others)
            there_are = theirs.digests.get(place, _NONE)
            sure = there_are & here_are
            known = sure & (theirs.excused | ours.excused)
            refuted = (_selectors(there_are) & _selectors(here_are)) - _selectors(sure)
            values = int(shared.size) - len(refuted) - len(known)
            excused |= known
            if values > 0:
                source = there.reader.survey.places[place]
                told = source.group in there.told_by() and not _is_masked(there, place, values, one_in)
                alone = not source.identifying and (is_several(source.name) or not told)
                sureties = len(sure - known)
                found.append(Shared(source.name, name, values, sureties, source.identifying, alone))
    return tuple(sorted(found, key=_by_values)), len(excused)
