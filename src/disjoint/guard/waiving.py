"""What people accepted of named variables until a date: said at every start, and no refusal. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from .policy import Policy, Resource, Waived
from .verdict import SHARED, Reason, few

_SHOWN = 200
"""Characters of a name."""
_REUSED, _OF_PAIRS = "variables/endpoint-reused", ("variables/secret-reused", "variables/endpoint-reused")
"""Rules that find a thing of production's, which a waiver names as well."""
_UNTOLD = "the waiver covers nothing that production's seal gives no name: seal production anew"


def parted(policy: Policy, found: Iterable[Reason], now: datetime) -> tuple[list[Reason], tuple[str, ...]]:
    """The reasons that nobody accepted, and a line for each waiver that covers another.

    Args:
        policy: of production's seal; one of its waivers that is over covers nothing.
        found: every reason, before one stands for several.
        now: with its zone.
    """
    kept: list[Reason] = []
    lines: dict[str, None] = {}
    for reason in found:
        lacks = {each: _lacking(each, reason, policy) for each in policy.waivers if _is_of(each, reason, now)}
        waiver = next((each for each, missing in lacks.items() if not missing), None)
        if waiver is None:
            kept.append(reason._replace(says="; ".join((reason.says, *lacks.values()))))
        else:
            lines[_line(waiver, reason)] = None
    return kept, tuple(lines)


def _is_of(waiver: Waived, reason: Reason, now: datetime) -> bool:
    """What is not known was accepted by nobody: it may be anything, and stand in any variable."""
    if reason.outcome != SHARED or waiver.rule != reason.rule:
        return False
    return now < datetime.fromisoformat(waiver.expires)


def _lacking(waiver: Waived, reason: Reason, policy: Policy) -> str:
    """What a waiver would have to name besides: the variable, and what production calls the same."""
    if reason.rule in _OF_PAIRS and not reason.theirs:
        return _UNTOLD
    names = _named(waiver, policy.resources if waiver.rule == _REUSED else ())
    missing = sorted({reason.variable, *reason.theirs} - names)
    return f"the waiver does not name {few(missing)}" if missing else ""


def _named(waiver: Waived, resources: Iterable[Resource]) -> frozenset[str]:
    """A resource by its name or by every variable that it is made of, and these by it."""
    parts = {each.name: each.made_of for each in resources}
    whole = (name for name, of in parts.items() if of and of <= waiver.variables)
    return waiver.variables.union(whole, *(of for name, of in parts.items() if name in waiver.variables))


def _line(waiver: Waived, reason: Reason) -> str:
    by = "".join(each if each.isprintable() else "?" for each in waiver.approver[:_SHOWN])
    end = datetime.fromisoformat(waiver.expires).astimezone(UTC)
    return f"WAIVED {reason.rule}: {reason.says}; accepted by {by} until {end:%Y-%m-%d %H:%M} UTC"
