"""What a finding calls things on both sides, for whoever accepts it by names. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from disjoint.model.manifest import Resource, setting_fields, variables_in
from disjoint.model.snapshot import Endpoint

from .hosts import MOST_TOLD


def about(pairs: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The names of pairs, staging's and production's; none where there may be more than are told.

    A value that production has under several names is all of them: whoever accepts that one reaches
    the reports' database has not accepted that the shop's has moved into it.

    Args:
        pairs: what is at fault in staging, and what production calls the same.
    """
    theirs: dict[str, set[str]] = {}
    for ours, name in pairs:
        theirs.setdefault(ours, set()).add(name)
    if any(len(names) >= MOST_TOLD for names in theirs.values()):
        return ()
    return tuple(sorted({*theirs, *(name for names in theirs.values() for name in names)}))


class Told:
    """What was told already of staging's variables."""

    def __init__(self, hits: Iterable[tuple[Endpoint, str]], resources: Iterable[Resource]) -> None:
        parts = {each.name: made_of(each) for each in resources}
        self._places: set[tuple[str, str]] = set()
        self._names: dict[str, set[str]] = {}
        for ours, name in hits:
            self._places.add((ours.variable, ours.address.shown))
            self._names.setdefault(ours.variable, set()).update({name}, parts.get(name, ()))

    def holds(self, ours: Endpoint) -> bool:
        """Whether this place is told; what else stands in the same list is another one."""
        return (ours.variable, ours.address.shown) in self._places

    def names(self, ours: Endpoint, theirs: str) -> bool:
        """Whether production's is told of this variable, by its name or its resource's."""
        return theirs in self._names.get(ours.variable, ())


def made_of(resource: Resource) -> frozenset[str]:
    """The variables that the manifest makes a resource of, whichever environment's."""
    texts = setting_fields(resource.declared).values()
    return frozenset(name for text in texts for name in variables_in(text))


def named(names: Iterable[str], resources: Iterable[Resource]) -> frozenset[str]:
    """What was named: a resource by its name or by every variable that it is made of, and these by it."""
    given = frozenset(names)
    parts = {each.name: made_of(each) for each in resources}
    whole = (name for name, of in parts.items() if of and of <= given)
    return given.union(whole, *(of for name, of in parts.items() if name in given))
