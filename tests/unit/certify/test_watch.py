"""The times of a half go on by a clock that nobody can set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from disjoint.certify.watch import Watch
from disjoint.errors import UnprovenError

NOON = datetime(2026, 1, 10, 12, 0, tzinfo=UTC)


class Clocks:
    """A wall clock that can be set, and one that only goes on."""

    def __init__(self) -> None:
        self.set_by, self.steady = 0.0, 100.0

    def watch(self) -> Watch:
        return Watch(lambda: NOON + timedelta(seconds=self.steady - 100 + self.set_by), lambda: self.steady)


def test_a_clock_that_is_set_does_not_stretch_a_window() -> None:
    """Ten seconds are ten seconds, though somebody sets the clock forward by a minute."""
    clocks = Clocks()
    watch = clocks.watch()
    clocks.steady += 10
    clocks.set_by = 60
    assert watch.now() == NOON + timedelta(seconds=10)
    with pytest.raises(UnprovenError, match=r"set by \+60\.0 s"):
        watch.expect_unset()


def test_a_clock_that_is_slewed_is_no_other_clock() -> None:
    """What a time server corrects is within what clocks may differ by."""
    clocks = Clocks()
    watch = clocks.watch()
    clocks.set_by = 0.5
    watch.expect_unset()


def test_this_machine_s_own_clocks() -> None:
    """The control: the real ones agree."""
    watch = Watch()
    watch.expect_unset()
    assert timedelta() <= watch.now() - watch.started < timedelta(seconds=5)
