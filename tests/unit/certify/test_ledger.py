"""Each comparison is written down before it is made, and ten are made in a day."""

from __future__ import annotations

import stat
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from disjoint.certify import ledger
from disjoint.certify.ledger import MOST, Entry, entered, noted
from disjoint.errors import UnprovenError, WriteError

NOON = datetime(2026, 1, 10, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def entry(at: datetime = NOON, made_at: datetime = NOON - HOUR) -> Entry:
    return Entry(at, made_at, "run", "ab")


def test_ten_in_a_day_and_then_another_day() -> None:
    """The eleventh is due when the first is a day old; another manifest's do not count."""
    for n in range(MOST):
        entered("sha256:m", entry(NOON + n * HOUR))
    with pytest.raises(UnprovenError, match="2026-01-11 12:00 UTC"):
        entered("sha256:m", entry(NOON + 23 * HOUR))
    entered("sha256:other", entry(NOON + 23 * HOUR))
    entered("sha256:m", entry(NOON + 25 * HOUR))


def test_leave_lets_one_more_through_and_counts_it() -> None:
    """Whoever insists is written down as everybody else."""
    for _ in range(MOST):
        entered("sha256:m", entry())
    path = entered("sha256:m", entry(), despite=True)
    assert len(path.read_text().splitlines()) == MOST + 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_older_file_than_the_last_is_refused_and_not_counted() -> None:
    """The same file may be compared again."""
    path = entered("sha256:m", entry())
    entered("sha256:m", entry())
    with pytest.raises(UnprovenError, match="take the newest"):
        entered("sha256:m", entry(made_at=NOON - 2 * HOUR))
    noted(path, "run", {"shared": 1})
    assert len(path.read_text().splitlines()) == 3


def test_a_log_that_was_changed_stops_everything() -> None:
    """Nobody gets ten more answers by spoiling it."""
    path = entered("sha256:m", entry())
    path.write_text(path.read_text() + "{")
    with pytest.raises(WriteError, match="not as it was written"):
        entered("sha256:m", entry())


def test_many_at_once_are_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has counted writes before the next one counts."""
    monkeypatch.setattr(ledger, "_expect_newest", lambda _before, _entry: time.sleep(0.01))

    def tried(_: int) -> bool:
        try:
            entered("sha256:m", entry())
        except UnprovenError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(tried, range(40))) == MOST
