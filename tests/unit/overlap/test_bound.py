"""What a sample's silence proves, against the arithmetic and against random leaks."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from disjoint.model.census import Detection, Portion
from disjoint.overlap.bound import LARGEST, SMALL, found, missed, one_in
from disjoint.overlap.compare import compared
from disjoint.overlap.sketch import Sketch

MANY = 10 * SMALL
SIZES = (1, 10, 100, 439, 1_000, 10_000)
LEAKS = 1_000
DEVIATIONS = 4.5
"""By chance further off once in 150,000 figures; the numbers are drawn from one seed beside that."""


def test_the_usual_wish_keeps_one_in_128_and_finds_881_or_more() -> None:
    assert one_in(Detection(1000, 0.999), MANY) == 128
    assert missed(128, 0.999) == 881


def test_any_439_or_more_are_found_where_one_in_64_is_kept() -> None:
    assert missed(64, 0.999) == 439


def test_little_is_compared_whole() -> None:
    assert one_in(Detection(1_000_000, 0.5), SMALL) == 1


def test_who_must_miss_nothing_keeps_everything() -> None:
    assert one_in(Detection(1, 0.999), MANY) == 1
    assert missed(1, 0.999) == 1
    assert found(1, 1) == 1.0


@given(st.integers(1, 10**12 - 1), st.integers(500_000, 999_999))
def test_what_is_wanted_is_found_and_twice_as_thin_a_sample_would_miss_it(
    values: int, millionths: int
) -> None:
    confidence = millionths / 1_000_000
    kept = one_in(Detection(values, confidence), MANY)
    assert kept == 1 or missed(kept, confidence) <= values
    assert kept == LARGEST or missed(2 * kept, confidence) > values
    assert math.log2(kept).is_integer()


@given(st.integers(1, 20), st.integers(500_000, 999_999))
def test_the_smallest_number_that_is_found_is_the_smallest(power: int, millionths: int) -> None:
    confidence = millionths / 1_000_000
    least = missed(1 << power, confidence)
    assert found(1 << power, least) >= confidence - 1e-9
    assert found(1 << power, least - 1) < confidence + 1e-9


@pytest.mark.parametrize("kept", [64, 128])
@pytest.mark.parametrize("copied", SIZES)
def test_a_thousand_leaks_of_each_size_are_found_as_often_as_is_stated(kept: int, copied: int) -> None:
    drawing = np.random.default_rng(kept * copied)
    rate = sum(_is_found(drawing, kept, copied) for _ in range(LEAKS)) / LEAKS
    stated = found(kept, copied)
    assert abs(rate - stated) <= DEVIATIONS * math.sqrt(stated * (1 - stated) / LEAKS) + 1 / LEAKS
    if copied >= missed(kept, 0.999):
        assert rate >= 0.999 - DEVIATIONS * math.sqrt(0.999 * 0.001 / LEAKS)


@pytest.mark.parametrize("kept", [1, 64])
def test_a_thousand_clean_pairs_raise_no_alarm(kept: int) -> None:
    drawing = np.random.default_rng(kept)
    assert not any(_is_found(drawing, kept, copied=0) for _ in range(LEAKS))


def _is_found(drawing: np.random.Generator, kept: int, copied: int) -> bool:
    """Whether random values of which so many are on both sides are seen to overlap."""
    leak = _drawn(drawing, copied)
    with Sketch() as production, Sketch() as staging:
        for side in (production, staging):
            both = np.concatenate([leak, _drawn(drawing, 500 * kept if kept < 64 else 5_000)])
            drawing.shuffle(both)
            sample = both[both & np.uint64(kept - 1) == 0]
            side.add(Portion(0, sample.astype(">u8").tobytes(), both.size, both.size))
        return any(own.size for own in compared(production, staging).production.values())


def _drawn(drawing: np.random.Generator, number: int) -> npt.NDArray[np.uint64]:
    return drawing.integers(0, 1 << 64, number, np.uint64)
