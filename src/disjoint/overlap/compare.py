"""Which selectors stand on both sides, and in which places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from .sketch import PARTS, Selectors, Sketch, ordered

Marks: TypeAlias = npt.NDArray[np.bool_]


class Hits(NamedTuple):
    """Selectors of each side's places that stand somewhere on the other side, without repetition."""

    production: Mapping[int, Selectors]
    staging: Mapping[int, Selectors]


def compared(production: Sketch, staging: Sketch) -> Hits:
    """Every selector that both sides hold, by place of each side."""
    number = PARTS if production.spilled or staging.spilled else 1
    found = [
        shared_in(theirs, ours)
        for theirs, ours in zip(production.parts(number), staging.parts(number), strict=True)
    ]
    return together(found)


def common(one: Selectors, other: Selectors) -> Selectors:
    """What two sets of distinct selectors share."""
    shared: Selectors = np.intersect1d(one, other, assume_unique=True)
    return shared


def shared_in(production: Mapping[int, Selectors], staging: Mapping[int, Selectors]) -> Hits:
    """What two parts share. The smaller is looked for in the larger, once for all places together."""
    theirs, ours = _pooled(production), _pooled(staging)
    small, large = (theirs, ours) if theirs.size <= ours.size else (ours, theirs)
    shared = distinct(small[_among(small, large)])
    return Hits(_held(production, shared), _held(staging, shared))


def _pooled(side: Mapping[int, Selectors]) -> Selectors:
    return ordered(np.concatenate([*side.values(), np.empty(0, np.uint64)]))


def _among(wanted: Selectors, held: Selectors) -> Marks:
    """Which of `wanted` stand in `held`; both are sorted, so that the search walks forward."""
    if not held.size:
        return np.zeros(wanted.size, np.bool_)
    at = np.searchsorted(held, wanted)
    at[at == held.size] = held.size - 1
    found: Marks = held[at] == wanted
    return found


def _held(side: Mapping[int, Selectors], shared: Selectors) -> Mapping[int, Selectors]:
    if not shared.size:
        return {}
    found = {place: distinct(np.sort(own[_among(own, shared)])) for place, own in side.items()}
    return {place: own for place, own in found.items() if own.size}


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
