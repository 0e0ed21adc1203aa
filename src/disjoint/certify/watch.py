"""The times of one half: a clock that somebody sets meanwhile must neither stretch nor move a window."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from disjoint.errors import UnprovenError

from .belonging import SKEW_SECONDS

_THROUGH_SLEEP = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""A machine that sleeps grows older, too: Linux alone has a clock of its own for that."""


def _wall() -> datetime:
    return datetime.now(UTC)


def _steady() -> float:
    return time.clock_gettime(_THROUGH_SLEEP)


class Watch:
    """Reads this machine's clock once, and goes on by one that nobody can set."""

    def __init__(self, wall: Callable[[], datetime] = _wall, steady: Callable[[], float] = _steady) -> None:
        self._wall, self._steady = wall, steady
        self.started, self._begun = wall(), steady()

    def now(self) -> datetime:
        """The time, as the clock had it at the start."""
        return self.started + timedelta(seconds=self._steady() - self._begun)

    def expect_unset(self) -> None:
        """Whether servers that were asked since bear out the clock as it was at the start.

        Raises:
            UnprovenError: somebody has set it.
        """
        moved = (self._wall() - self.now()).total_seconds()
        if abs(moved) > SKEW_SECONDS:
            raise UnprovenError(
                f"this machine's clock was set by {moved:+.1f} s meanwhile; make the half anew"
            )
