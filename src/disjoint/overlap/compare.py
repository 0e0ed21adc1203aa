"""Which selectors stand on both sides, and in which places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from .numbers import np, npt
from .sketch import PARTS, Held, Selectors, Sketch, ordered

Marks: TypeAlias = npt.NDArray[np.bool_]

SPREADS = (
    (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F),
    (0xD6E8FEB86659FD93, 0xA0761D6478BD642F),
    (0x87C37B91114253D5, 0x4CF5AD432745937F),
)
"""Odd factors, each of which gives selectors another order: for staging's, and for production's."""
WIDEST = 26
"""Bits of the largest table of marks: 64 million octets."""
RUN = 1 << 17
"""Selectors that are marked or looked up at a time: what stands between fits a core's own memory."""


class Hits(NamedTuple):
    """Selectors of each side's places that stand somewhere on the other side, without repetition."""

    production: Mapping[int, Selectors]
    staging: Mapping[int, Selectors]


def compared(production: Sketch, staging: Sketch) -> Hits:
    """Every selector that both sides hold, by place of each side."""
    number = PARTS if production.spilled or staging.spilled else 1
    both = zip(production.parts(number), staging.parts(number), strict=True)
    return together([shared_in(theirs, ours) for theirs, ours in both])


def common(one: Selectors, other: Selectors) -> Selectors:
    """What two sets of distinct selectors share."""
    shared: Selectors = np.intersect1d(one, other, assume_unique=True)
    return shared


def shared_in(production: Held, staging: Held) -> Hits:
    """What two parts share.

    Most of them has no counterpart, and is sifted out unsorted; the rest is sorted, and the smaller
    looked for in the larger, once for all places together.
    """
    theirs_left, ours_left = sifted(production, staging)
    theirs, ours = _pooled(theirs_left), _pooled(ours_left)
    small, large = (theirs, ours) if theirs.size <= ours.size else (ours, theirs)
    shared = distinct(small[_among(small, large)])
    return Hits(_held(theirs_left, shared), _held(ours_left, shared))


def sifted(production: Held, staging: Held) -> tuple[Held, Held]:
    """Both sides without most of what only one of them has: nothing is lost that stands on both.

    It goes on while it pays: of two sides that hold the same, nothing can be sifted out.
    """
    for one, other in SPREADS:
        before = size(production) + size(staging)
        staging = _met(staging, _marked(production, one), one)
        production = _met(production, _marked(staging, other), other)
        if size(production) + size(staging) > before // 2:
            break
    return production, staging


def size(side: Held) -> int:
    """How many selectors it holds."""
    return sum(run.size for runs in side.values() for run in runs)


def _marked(side: Held, spread: int) -> Marks:
    """A mark at the place of each selector; several may share one."""
    table = np.zeros(1 << min(WIDEST, max(1, (2 * size(side)).bit_length())), np.bool_)
    for runs in side.values():
        for run in _cut(runs):
            table[_at(run, spread, table)] = True
    return table


def _met(side: Held, table: Marks, spread: int) -> Held:
    """Those whose place is marked."""
    # no place is outside the table, and to look for one that is takes numpy half of the time
    return {
        place: [run.compress(table.take(_at(run, spread, table), mode="clip")) for run in _cut(runs)]
        for place, runs in side.items()
    }


def _cut(runs: Sequence[Selectors]) -> Iterator[Selectors]:
    return (own[at : at + RUN] for own in runs for at in range(0, own.size, RUN))


def _at(run: Selectors, spread: int, table: Marks) -> npt.NDArray[np.int64]:
    """Where each has its mark: the product's highest bits, in which all of a selector's bits tell."""
    bits = table.size.bit_length() - 1
    # signed, as an index is: numpy would convert it first, which takes as long as all the rest
    return ((run * np.uint64(spread)) >> np.uint64(64 - bits)).view(np.int64)


def _pooled(side: Held) -> Selectors:
    return ordered(np.concatenate([np.empty(0, np.uint64), *(run for runs in side.values() for run in runs)]))


def _among(wanted: Selectors, held: Selectors) -> Marks:
    """Which of `wanted` stand in `held`; both are sorted, so that the search walks forward."""
    if not held.size:
        return np.zeros(wanted.size, np.bool_)
    at = np.searchsorted(held, wanted)
    at[at == held.size] = held.size - 1
    found: Marks = held[at] == wanted
    return found


def _held(side: Held, shared: Selectors) -> Mapping[int, Selectors]:
    if not shared.size:
        return {}
    found = {place: _those(runs, shared) for place, runs in side.items()}
    return {place: own for place, own in found.items() if own.size}


def _those(runs: Sequence[Selectors], shared: Selectors) -> Selectors:
    found = [run[_among(run, shared)] for run in runs]
    return distinct(np.sort(np.concatenate([np.empty(0, np.uint64), *found])))


def distinct(in_order: Selectors) -> Selectors:
    """Without repetition; np.unique takes twenty times as long for large sets."""
    if not in_order.size:
        return in_order
    fresh = np.concatenate([np.ones(1, np.bool_), in_order[1:] != in_order[:-1]])
    once: Selectors = in_order[fresh]
    return once


def together(parts: Sequence[Hits]) -> Hits:
    """The hits of all parts."""
    return Hits(_joined(hits.production for hits in parts), _joined(hits.staging for hits in parts))


def _joined(parts: Iterator[Mapping[int, Selectors]]) -> Mapping[int, Selectors]:
    found: dict[int, list[Selectors]] = {}
    for part in parts:
        for place, selectors in part.items():
            found.setdefault(place, []).append(selectors)
    return {place: np.concatenate(runs) for place, runs in found.items()}
