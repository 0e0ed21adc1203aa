"""Whether columns are free of each other, as rows show: decisions without a server."""

from __future__ import annotations

import random

import pytest

from disjoint.kinds.postgres.agreeing import Seen, agreeing, weighed
from disjoint.kinds.postgres.tables import Chosen, Table
from disjoint.model.census import Place

ROWS = 4_000


def drawn(seed: int, values: int) -> list[int]:
    dice = random.Random(seed)
    return [dice.randrange(values) for _ in range(ROWS)]


def test_columns_that_are_free_of_each_other_multiply() -> None:
    """Names, streets, days of birth: two people share all of them once in so many pairs."""
    found = agreeing([drawn(1, 200), drawn(2, 500), drawn(3, 900)])
    assert found == pytest.approx(1 / (200 * 500 * 900), rel=0.35)


def test_columns_that_go_together_count_as_one() -> None:
    """Towns with their codes and regions, from one list: as probable as one town."""
    towns = drawn(1, 900)
    found = agreeing([towns, [town * 7_919 for town in towns], [town % 40 for town in towns]])
    assert found == pytest.approx(1 / 900, rel=0.2)


def test_columns_that_go_together_in_part_count_in_part() -> None:
    """A town has five codes, whatever there are of codes in all."""
    towns, fifths = drawn(1, 200), drawn(2, 5)
    codes = [town * 5 + fifth for town, fifth in zip(towns, fifths, strict=True)]
    assert agreeing([towns, codes]) == pytest.approx(1 / 1_000, rel=0.2)


def test_a_column_that_numbers_the_rows_tells_nothing() -> None:
    """It may go with any other: who agrees in a day agrees in its name, but no two rows agree in a day."""
    numbered = [*range(ROWS)]
    assert agreeing([numbered, [-n for n in numbered]]) == 1.0
    assert agreeing([numbered, drawn(1, 200)]) == pytest.approx(1 / 200, rel=0.1)


def test_some_towns_are_larger_than_others() -> None:
    """Half of all rows in one town make it a quarter of all pairs, however many towns there are."""
    towns = [0 if n % 2 else town for n, town in enumerate(drawn(1, 900))]
    assert agreeing([towns]) == pytest.approx(0.25, rel=0.01)


@pytest.mark.parametrize("columns", [[], [[]], [[1]]])
def test_no_rows_show_nothing(columns: list[list[int]]) -> None:
    """An empty table is no proof of anything."""
    assert agreeing(columns) == 1.0


@pytest.mark.parametrize(
    ("rows", "seen", "identifying"),
    [
        (3_000, Seen(1.0, 1e-11), True),
        (3_000, Seen(1.0, 1e-9), False),  # so many rows would meet by accident
        (3_000, Seen(0.98, 1e-11), False),  # alike all the same
        (10_000, Seen(1.0, 1.0), True),  # as one column of so many values
        (9_999, Seen(1.0, 1.0), False),
        (200_000, Seen(0.98, 1e-20), False),
        (200_000, None, False),
    ],
)
def test_what_rows_show_decides(rows: float, seen: Seen | None, identifying: bool) -> None:
    """And what does not identify any more says why, where it is told what was looked for."""
    place = Place("public.t (a, b)", 9, True, "several columns", "public.t")
    found = weighed(Chosen(place, Table(1, "public", "t", "r", rows, 9, ()), ()), seen).place
    assert (found.identifying, "not known to be its own" in found.why) == (identifying, not identifying)
