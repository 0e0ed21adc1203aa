"""Sifting loses nothing that both sides have, and leaves little else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from disjoint.overlap.compare import RUN, sifted, size
from disjoint.overlap.sketch import Held, Selectors

NUMBERS = st.integers(0, 2**64 - 1) | st.integers(0, 20) | st.integers(0, 300).map(lambda n: n << 56)
SIDES = st.dictionaries(st.integers(0, 3), st.lists(NUMBERS, max_size=60), max_size=3)


def held(side: dict[int, list[int]]) -> dict[int, list[Selectors]]:
    """As a sketch has it, in two runs; a number of more than 64 bits wraps."""
    whole = {place: np.array([n % 2**64 for n in own], np.uint64) for place, own in side.items()}
    return {place: [own[:7], own[7:]] for place, own in whole.items()}


def every(side: Held) -> set[int]:
    """All selectors of a side, whatever the place."""
    return {int(n) for runs in side.values() for n in together(runs)}


def together(runs: Sequence[Selectors]) -> Selectors:
    """Of one place."""
    return np.concatenate([np.empty(0, np.uint64), *runs])


@given(SIDES, SIDES, st.lists(NUMBERS, max_size=5))
def test_what_both_sides_have_is_left_in_every_place_that_has_it(
    one: dict[int, list[int]], other: dict[int, list[int]], shared: list[int]
) -> None:
    production, staging = held(one | {7: shared}), held(other | {8: shared})
    both = every(production) & every(staging)
    left = sifted(production, staging)
    for before, after in zip((production, staging), left, strict=True):
        for place, own in before.items():
            wanted = sorted(int(n) for n in together(own) if int(n) in both)
            assert sorted(int(n) for n in together(after[place]) if int(n) in both) == wanted


@pytest.mark.parametrize("low_zeros", [0, 6, 20])
@pytest.mark.parametrize("first", [None, 0xAB])
def test_little_else_is_left_of_a_sample_and_of_a_part(low_zeros: int, first: int | None) -> None:
    drawn = np.random.default_rng(1).integers(0, 2**64, 200_001, dtype=np.uint64)
    drawn = drawn >> np.uint64(low_zeros) << np.uint64(low_zeros)
    if first is not None:
        drawn = drawn & np.uint64(2**56 - 1) | np.uint64(first << 56)
    both = np.unique(drawn)[:100]
    production, staging = np.append(drawn[:100_000], both), np.append(drawn[100_000:200_000], both)
    left = sifted({0: [production]}, {0: [staging]})
    assert max(size(side) for side in left) < 5_000
    assert set(both.tolist()) <= every(left[0]) & every(left[1])


def test_two_sides_that_hold_the_same_are_left_as_they_are() -> None:
    drawn = np.random.default_rng(3).integers(0, 2**64, 3 * RUN, dtype=np.uint64)
    left = sifted({0: [drawn]}, {4: [drawn[::-1]]})
    assert (together(left[0][0]).tolist(), together(left[1][4]).tolist()) == (
        drawn.tolist(),
        drawn[::-1].tolist(),
    )
