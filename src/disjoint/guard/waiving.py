"""What people accepted of named variables until a date: said at every start, and no refusal. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from .policy import Waived
from .verdict import SHARED, Reason

_SHOWN = 200
"""Characters of a name."""


def parted(
    waivers: tuple[Waived, ...], found: Iterable[Reason], now: datetime
) -> tuple[list[Reason], tuple[str, ...]]:
    """The reasons that nobody accepted, and a line for each waiver that covers another.

    Args:
        waivers: of production's seal; one that is over covers nothing.
        found: every reason, before one stands for several.
        now: with its zone.
    """
    kept: list[Reason] = []
    lines: dict[str, None] = {}
    for reason in found:
        waiver = next((each for each in waivers if _covers(each, reason, now)), None)
        if waiver is None:
            kept.append(reason)
        else:
            lines[_line(waiver, reason)] = None
    return kept, tuple(lines)


def _covers(waiver: Waived, reason: Reason, now: datetime) -> bool:
    """What is not known was accepted by nobody: it may be anything, and stand in any variable."""
    if reason.outcome != SHARED or waiver.rule != reason.rule or reason.variable not in waiver.variables:
        return False
    return now < datetime.fromisoformat(waiver.expires)


def _line(waiver: Waived, reason: Reason) -> str:
    by = "".join(each if each.isprintable() else "?" for each in waiver.approver[:_SHOWN])
    end = datetime.fromisoformat(waiver.expires).astimezone(UTC)
    return f"WAIVED {reason.rule}: {reason.says}; accepted by {by} until {end:%Y-%m-%d %H:%M} UTC"
