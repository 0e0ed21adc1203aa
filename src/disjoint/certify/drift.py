"""What two environments have become since they were certified, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

RULE = "drift"
Part = Mapping[str, Any]
"""A stable part, as plain values."""
GRADES = ("declared", "identity", "canary", "refused")
"""Weakest first."""
_ENTRIES = {
    "endpoints": ("leads elsewhere", "leads to a store or a host", "leads nowhere now"),
    "hosts": ("names another host", "names a host", "names no host now"),
    "override": ("redirects elsewhere", "redirects clients now", "redirects no client now"),
}


class Pair(NamedTuple):
    """Both environments at one time, with the grade that each row had."""

    sides: Mapping[str, Part]
    """By environment, staging's first."""
    grades: Mapping[str, str | None]


class Change(NamedTuple):
    """One thing that is not as it was."""

    resource: str
    """Empty where it is about a whole environment."""
    words: str


def changes(before: Pair, after: Pair) -> tuple[Change, ...]:
    """Everything that differs, resource by resource; equal digests are no change."""
    return tuple(_changes(before, after))


def _changes(before: Pair, after: Pair) -> Iterator[Change]:
    for environment in after.sides:
        old, new = before.sides.get(environment), after.sides[environment]
        if old is None:
            yield Change("", f"{environment} was not certified")
        else:
            yield from _side(environment, old, new)
    for resource, grade in after.grades.items():
        was = before.grades.get(resource)
        if was is not None and _rank(grade) < _rank(was):
            yield Change(resource, f"grade fell from {was} to {grade or 'none'}")


def _rank(grade: str | None) -> int:
    return GRADES.index(grade) if grade in GRADES else -1


def _side(environment: str, old: Part, new: Part) -> Iterator[Change]:
    if old["policy"] != new["policy"] and not new["protected"]:
        yield Change("", "the manifest declares something else")
    for name in _names(old["resources"], new["resources"]):
        one, other = old["resources"].get(name), new["resources"].get(name)
        if one is None or other is None:
            yield Change(name, f"{environment}: resource {'added' if one is None else 'removed'}")
        else:
            yield from (Change(name, f"{environment}: {words}") for words in _resource(one, other))
    for part, (changed, added, removed) in _ENTRIES.items():
        for words in _entries(old.get(part, {}), new.get(part, {}), changed, added, removed):
            yield Change("", f"{environment}: {words}")
    for words in _entries(dict.fromkeys(old["unread"]), dict.fromkeys(new["unread"]), "", _UNREAD, _READ):
        yield Change("", f"{environment}: {words}")


_UNREAD, _READ = "can no longer be read", "can be read now"


def _resource(old: Part, new: Part) -> Iterator[str]:
    if old["kind"] != new["kind"]:
        yield f"is of kind {new['kind']}, was {old['kind']}"
        return
    if old["present"] != new["present"]:
        yield "present now" if new["present"] is True else "no longer there"
    for name in _names(old["facts"], new["facts"]):
        one, other = old["facts"].get(name), new["facts"].get(name)
        if name == "secrets" and _readable(one) and _readable(other):
            yield from _entries(one, other, "rotated", "added", "removed", "secret ")
        elif one != other:
            yield f"{name.replace('_', ' ')} {_turn(one, other)}"


def _turn(one: Any, other: Any) -> str:
    if not _readable(other):
        return _UNREAD
    if not _readable(one):
        return _READ
    if isinstance(one, dict) and isinstance(other, dict) and one.get("shown") != other.get("shown"):
        return f"changed from {one.get('shown')} to {other.get('shown')}"
    return "changed"


def _readable(value: Any) -> bool:
    return value is not None and not (isinstance(value, dict) and value.keys() == {"unknown"})


def _entries(old: Part, new: Part, changed: str, added: str, removed: str, what: str = "") -> Iterator[str]:
    for name in _names(old, new):
        if name not in old:
            yield f"{what}{name} {added}"
        elif name not in new:
            yield f"{what}{name} {removed}"
        elif old[name] != new[name]:
            yield f"{what}{name} {changed}"


def _names(old: Part, new: Part) -> list[str]:
    return [*old, *(name for name in new if name not in old)]
