"""By how much servers' clocks differ from this machine's: the worst of them decides."""

from __future__ import annotations

import time

import pytest

from disjoint.runner.tally import Tally


def tally(clocks: tuple[float, ...], dates: tuple[float, ...] = ()) -> Tally:
    made = Tally(protected=True)
    for ahead in clocks:
        made.clock(time.time() + ahead)
    for ahead in dates:
        made.date(time.time() + ahead)
    return made


@pytest.mark.parametrize(
    ("clocks", "dates", "ahead"),
    [
        ((0.0, 0.1, -30.0), (), -30.0),
        ((0.0, 0.1, 0.2), (600.0, 600.0), 0.2),
        ((), (-1.0, 0.0, 600.0), 0.0),
        ((), (-9.0,), -9.0),
    ],
    ids=["one server of three", "dates beside clocks", "dates alone", "one date"],
)
def test_the_server_that_both_sides_share_may_be_any(
    clocks: tuple[float, ...], dates: tuple[float, ...], ahead: float
) -> None:
    """One clock among many that is off is heard; a cached page's date is not, where a server says its own."""
    found = tally(clocks, dates).ahead()
    assert found is not None
    assert abs(found - ahead) < 0.1


def test_where_no_clock_was_read_none_is_known() -> None:
    """Nothing was said of the time."""
    assert tally(()).ahead() is None
