"""Which selectors stand on both sides: what sets in Python say, spilled or not."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from disjoint.model.census import Portion
from disjoint.overlap.compare import common, compared, distinct
from disjoint.overlap.sketch import Sketch

EDGES = [0, 1, (1 << 56) - 1, 1 << 56, 255 << 56, 1 << 63, (1 << 64) - 2, (1 << 64) - 1]
SELECTOR = st.one_of(st.sampled_from(EDGES), st.integers(0, 40), st.integers(0, (1 << 64) - 1))
SIDE = st.dictionaries(st.integers(0, 4), st.lists(SELECTOR, max_size=40), max_size=4)
Texts = dict[int, list[int]]


@given(SIDE, SIDE, st.booleans(), st.booleans())
def test_it_finds_what_sets_find(production: Texts, staging: Texts, spill: bool, spill_too: bool) -> None:
    with _sketch(production, spill) as theirs, _sketch(staging, spill_too) as ours:
        found = compared(theirs, ours)
    shared = _pool(production) & _pool(staging)
    assert _plain(found.production) == _expected(production, shared)
    assert _plain(found.staging) == _expected(staging, shared)


@given(SIDE, SIDE)
def test_the_order_of_the_sides_does_not_matter(production: Texts, staging: Texts) -> None:
    with _sketch(production, False) as theirs, _sketch(staging, False) as ours:
        forth, back = compared(theirs, ours), compared(ours, theirs)
    assert _plain(forth.production) == _plain(back.staging)
    assert _plain(forth.staging) == _plain(back.production)


def test_the_last_selector_there_is_and_the_first_are_found() -> None:
    ends = {0: [0, (1 << 64) - 1]}
    for spill in (False, True):
        with _sketch(ends, spill) as theirs, _sketch(ends, spill) as ours:
            found = compared(theirs, ours)
        assert _plain(found.production) == {0: [0, (1 << 64) - 1]}


def test_a_place_that_has_nothing_in_common_is_no_hit() -> None:
    with _sketch({0: [1], 1: [2]}, False) as theirs, _sketch({3: [2], 4: [9]}, False) as ours:
        found = compared(theirs, ours)
    assert (_plain(found.production), _plain(found.staging)) == ({1: [2]}, {3: [2]})


@given(st.lists(SELECTOR), st.lists(SELECTOR))
def test_common_and_distinct_are_those_of_sets(one: list[int], other: list[int]) -> None:
    left, right = (distinct(np.sort(np.array(own, np.uint64))) for own in (one, other))
    assert left.tolist() == sorted(set(one))
    assert common(left, right).tolist() == sorted(set(one) & set(other))


def _sketch(side: Texts, spill: bool) -> Sketch:
    sketch = Sketch(room=0 if spill else 1 << 20)
    for place, own in side.items():
        sketch.add(Portion(place, np.array(own, ">u8").tobytes(), len(own), len(own)))
    return sketch


def _pool(side: Texts) -> set[int]:
    return {selector for own in side.values() for selector in own}


def _expected(side: Texts, shared: set[int]) -> dict[int, list[int]]:
    found = {place: sorted(shared & set(own)) for place, own in side.items()}
    return {place: own for place, own in found.items() if own}


def _plain(hits: Mapping[int, object]) -> dict[int, list[int]]:
    return {place: sorted(np.asarray(own).tolist()) for place, own in hits.items()}
