"""Break-glass: what counts, what does not, and what is said of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from disjoint.guard.override import override_in

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expires"),
    [
        ("a fire; ada; 2026-11-26T16:00:00Z", "2026-11-26T16:00:00Z"),
        (" a; fire ;  ada ;2026-11-26T15:30:00+02:00 ", "2026-11-26T13:30:00Z"),
        ("a fire; ada; 2026-11-26T12:00:01.5Z", "2026-11-26T12:00:01Z"),
        ("a fire; ada; 20261126T140000Z", "2026-11-26T14:00:00Z"),
    ],
)
def test_what_counts(text: str, expires: str) -> None:
    found, wrong = override_in(text, NOW)
    assert not wrong
    assert found is not None
    assert (found.by, found.expires) == ("ada", expires)
    assert found.reason in {"a fire", "a; fire"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("yes", "no reason, person and end"),
        ("a fire; ada", "no reason, person and end"),
        ("; ada; 2026-11-26T13:00:00Z", "no reason, person and end"),
        ("a fire; ; 2026-11-26T13:00:00Z", "no reason, person and end"),
        ("a fire; ada; soon", "no time"),
        ("a fire; ada; 2026-11-26T13:00:00", "no time zone"),
        ("a fire; ada; 2026-11-26", "no time zone"),
        ("a fire; ada; 2026-11-26T16:00:01Z", "longer than four hours"),
        ("a fire; ada; 9999-12-31T23:59:59-23:59", "no time"),
        ("a fire; ada; 9999-12-31T23:59:59Z", "longer than four hours"),
        ("a fire; ada; 0001-01-01T00:00:00+23:59", "no time"),
        ("a fire; ada; 0001-01-01T00:00:00Z", "ended at 1"),
        ("a fire; ada; 2026-11-26T12:00:00Z", "ended"),
    ],
)
def test_what_does_not_count(text: str, why: str) -> None:
    """It is said, and says how to write one."""
    found, wrong = override_in(text, NOW)
    assert found is None
    assert why in wrong
    assert "DISJOINT_OVERRIDE" in wrong


def test_none_is_none() -> None:
    assert override_in("", NOW) == override_in("  ", NOW) == (None, "")


def test_what_people_write_moves_no_terminal() -> None:
    found, _ = override_in("a\x1b[31m\u202efire\u200b; a\x07da; 2026-11-26T13:00:00Z", NOW)
    assert found is not None
    assert (found.reason, found.by) == ("a?[31m?fire?", "a?da")
    long, _ = override_in(f"{'x' * 9999}; ada; {(NOW + timedelta(hours=1)).astimezone(timezone.min)}", NOW)
    assert long is not None
    assert len(long.reason) == 200
