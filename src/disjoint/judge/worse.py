"""Two judgements of one pair, by all of its facts and by those that last: the worse one stands. Pure."""

from __future__ import annotations

from disjoint.model.finding import Finding, Outcome

_RANKS = {Outcome.ISOLATED: 0, Outcome.UNPROVEN: 1, Outcome.SHARED: 2}
Key = tuple[str, str]


def worse(whole: tuple[Finding, ...], lasting: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Of each rule about each resource the worse finding; else that of what lasts."""
    full, left = _by_key(whole), _by_key(lasting)
    keys = dict.fromkeys((*full, *left))
    return tuple(found for key in keys for found in _worse(full.get(key, ()), left.get(key, ())))


def _by_key(found: tuple[Finding, ...]) -> dict[Key, tuple[Finding, ...]]:
    parted: dict[Key, tuple[Finding, ...]] = {}
    for each in found:
        key = (each.rule, each.resource)
        parted[key] = (*parted.get(key, ()), each)
    return parted


def _worse(whole: tuple[Finding, ...], lasting: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return whole if _rank(whole) > _rank(lasting) else lasting


def _rank(found: tuple[Finding, ...]) -> int:
    return max((_RANKS[each.outcome] for each in found), default=-1)
