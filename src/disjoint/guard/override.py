"""Break-glass: one variable lets a refused process start, for four hours at most, and is loud. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from .verdict import Override

VARIABLE = "DISJOINT_OVERRIDE"
LONGEST = timedelta(hours=4)
_FORM = f'write {VARIABLE}="reason; by; 2026-12-31T18:00:00Z", at most four hours ahead'
_SHOWN = 200


def override_in(text: str, now: datetime) -> tuple[Override | None, str]:
    """What a variable says: an override that counts, or why it does not; neither where it is empty."""
    if not text.strip():
        return None, ""
    parts = [part.strip() for part in text.rsplit(";", 2)]
    if len(parts) < 3 or not all(parts):
        return None, f"{VARIABLE} does not count: it names no reason, person and end; {_FORM}"
    reason, by, expires = parts
    try:
        end = datetime.fromisoformat(expires)
        end = end if end.tzinfo is None else end.astimezone(UTC)
    except (ValueError, OverflowError):
        return None, f"{VARIABLE} does not count: its end is no time in RFC 3339; {_FORM}"
    if end.tzinfo is None:
        return None, f"{VARIABLE} does not count: its end has no time zone; {_FORM}"
    if end <= now:
        return None, f"{VARIABLE} does not count: it ended at {_told(end)}"
    if end > now + LONGEST:
        return None, f"{VARIABLE} does not count: it would hold for longer than four hours; {_FORM}"
    return Override(_inert(reason), _inert(by), _told(end)), ""


def _told(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%SZ}"


def _inert(text: str) -> str:
    """As people wrote it, without what a terminal or a log would obey."""
    return "".join(each if each.isprintable() else "?" for each in text[:_SHOWN])
