"""A hit is a value and not a collision: whole digests of what two selectors named, and the baseline."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from disjoint.model.census import HALF, Gap, Sieve
from disjoint.model.overlapping import is_several
from disjoint.model.probe import ProbeError
from disjoint.model.shared import Shared, Types

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


Typed: TypeAlias = Mapping[bytes, str]
"""Whole digests, each with its type; an empty one where none was told."""


class Answer(NamedTuple):
    """What one side said of the selectors that it was asked for."""

    digests: Mapping[int, Typed]
    """By place."""
    excused: frozenset[bytes]
    """Those that the baseline names."""
    broken: tuple[Gap, ...] = ()
    """Why it said no more. What both sides said before that is confirmed for all that."""


def confirmed(there: Side, here: Side, sieve: Sieve, hits: Hits, baseline: Baseline) -> Confirmed:
    """Ask both sides for the whole digests of what they seem to share, and count what remains."""
    own = Hits(_unplanted(hits.production, sieve), _unplanted(hits.staging, sieve))
    if not own.production:
        return Confirmed()
    asked = _asked(own, MOST_EXCUSED if baseline.marks else MOST)
    found = _answers((there, own.production), (here, own.staging), sieve, asked, baseline)
    shared, excused = _counted(there, here, own, found, sieve.one_in)
    return Confirmed(shared, excused, (*found[0].broken, *found[1].broken)[:1])


def _unplanted(hits: Mapping[int, Selectors], sieve: Sieve) -> Mapping[int, Selectors]:
    planted = np.uint64(int.from_bytes(sieve.planted.digest[:HALF], "big"))
    kept = {place: own[own != planted] for place, own in hits.items()}
    return {place: own for place, own in kept.items() if own.size}


def _asked(hits: Hits, most: int) -> Selectors:
    """The first of all shared selectors, the same for every place of both sides."""
    return distinct(np.sort(np.concatenate([*hits.production.values(), np.empty(0, np.uint64)])))[:most]


def _answers(
    production: Asked, staging: Asked, sieve: Sieve, asked: Selectors, baseline: Baseline
) -> tuple[Answer, Answer]:
    """Both sides at once: each looks through everything that it has."""
    ours: list[Answer] = []
    other = threading.Thread(
        target=lambda: ours.append(_answer(*staging, sieve, asked, baseline)), daemon=True
    )
    other.start()
    theirs = _answer(*production, sieve, asked, baseline)
    other.join()
    return theirs, ours[0]


def _answer(
    side: Side, hits: Mapping[int, Selectors], sieve: Sieve, asked: Selectors, baseline: Baseline
) -> Answer:
    wanted = {place: packed(common(own, asked)) for place, own in hits.items()}
    digests: dict[int, dict[bytes, str]] = {}
    excused: set[bytes] = set()
    broken: tuple[Gap, ...] = ()
    try:
        for found in side.reader.confirm(sieve, {p: w for p, w in wanted.items() if w}, baseline.salt):
            digests.setdefault(found.place, {})[found.digest] = found.type
            if found.mark in baseline.marks:
                excused.add(found.digest)
    except ProbeError as error:
        broken = (Gap("hits", f"not confirmed: {error.reason}", error.remedy),)
    except Exception as error:  # noqa: BLE001  (as where it was read: a client library's text may hold a value)
        broken = (Gap("hits", f"not confirmed: {type(error).__name__}", "report it"),)
    return Answer(digests, frozenset(excused), broken)


_NONE: Typed = {}


def _by_values(hit: Shared) -> tuple[int, str, str]:
    """Most first; of as many, by name, so that no thread's pace shows."""
    return -hit.values, hit.production, hit.staging


def _selectors(digests: Iterable[bytes]) -> frozenset[bytes]:
    return frozenset(digest[:HALF] for digest in digests)


def _is_masked(there: Side, place: int, values: int, one_in: int) -> bool:
    """Whether so much of a column stands in staging that what tells of its table may be masked there."""
    alike, group = values * one_in, there.reader.survey.places[place].group
    return bool(group) and alike >= MASKED and MASKED_SHARE * alike >= there.sketch.values.get(place, 0)


def _partners(here: Side, hits: Hits, ours: Answer) -> list[tuple[str, Selectors, Typed]]:
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
    together = {digest: told for own in ours.digests.values() for digest, told in own.items()}
    return [(name, pooled, together)]


def _types(digests: Collection[bytes], there: Typed, here: Typed) -> Types | None:
    """Of which types these values are on either side, as far as they were told."""
    staging, production = (_most_first(own[digest] for digest in digests) for own in (here, there))
    if not (staging or production):
        return None
    both = ((here[digest], there[digest]) for digest in digests)
    return Types(staging, production, sum(a != b for a, b in both if a and b))


def _most_first(told: Iterable[str]) -> tuple[tuple[str, int], ...]:
    counted = Counter(filter(None, told))
    return tuple(sorted(counted.items(), key=lambda each: (-each[1], each[0])))


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
            sure = there_are.keys() & here_are.keys()
            known = sure & (theirs.excused | ours.excused)
            refuted = (_selectors(there_are) & _selectors(here_are)) - _selectors(sure)
            values = int(shared.size) - len(refuted) - len(known)
            excused |= known
            if values > 0:
                source = there.reader.survey.places[place]
                told = source.group in there.told_by() and not _is_masked(there, place, values, one_in)
                alone = not source.identifying and (is_several(source.name) or not told)
                leaks = sure - known
                types = _types(leaks, there_are, here_are)
                found.append(Shared(source.name, name, values, len(leaks), source.identifying, alone, types))
    return tuple(sorted(found, key=_by_values)), len(excused)
