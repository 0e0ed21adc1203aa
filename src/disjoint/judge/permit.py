"""May a mark be stored or broadcast in staging? Only where its server is proven to be no one else's. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from disjoint.model.address import Address
from disjoint.model.fact import Absent, Fact, Known, Unknown, both
from disjoint.model.finding import Grade, Outcome
from disjoint.model.kind import Identity, Kind, Question
from disjoint.model.manifest import Resource
from disjoint.model.snapshot import Endpoint, Observed, Snapshot

from .ask import Kinds, side_of
from .doors import Neighbours
from .hosts import named_stores
from .near import Near
from .stores import held, undeclared


def permitted(
    kinds: Kinds, resources: tuple[Resource, ...], production: Snapshot, staging: Snapshot, name: str
) -> Fact[str]:
    """Known where every server of production's was seen, and staging's resource is on none of them.

    A server counts as production's for anything that writes until it is proven not to be.
    """
    ours = next(resource for resource in resources if resource.name == name)
    for theirs in resources:
        if _unnamed(production.resources[theirs.name]):
            continue
        if (why := _hindrance(kinds, ours, theirs, production, staging)) is not None:
            return why
    return next(_undeclared(kinds, resources, ours, production, staging), Known(name))


def _unnamed(theirs: Observed) -> bool:
    """Whether production names nothing of it: a result backend is a server without its broker, too."""
    facts: Any = theirs.facts
    named = any(isinstance(getattr(facts, f.name), Known) for f in dataclasses.fields(facts))
    return isinstance(theirs.present, Absent) and not named


def _hindrance(
    kinds: Kinds, ours: Resource, theirs: Resource, production: Snapshot, staging: Snapshot
) -> Unknown | None:
    """A resource may have several servers: staging's broker may be production's result backend."""
    why = None
    if ours.kind == theirs.kind:
        why = _alike(kinds[ours.kind], ours, theirs, production, staging)
    if why is None and _one_lane(kinds, ours.kind, theirs.kind):
        why = _of_one_protocol(kinds, ours, theirs, production, staging)
    return why


def _one_lane(kinds: Kinds, one: str, other: str) -> bool:
    return bool(kinds[one].lane) and kinds[one].lane == kinds[other].lane


def _undeclared(
    kinds: Kinds, resources: tuple[Resource, ...], ours: Resource, production: Snapshot, staging: Snapshot
) -> Iterator[Unknown]:
    """Servers that production's variables name and no resource declares: nobody asked who they are."""
    theirs = Near(kinds, held(production))
    neighbours = Neighbours(kinds, undeclared(kinds, resources, production))
    for name, mine in dict.fromkeys(_addresses(kinds, ours, staging)):
        met = (variable for variable, other in theirs.servers(mine) if _one_place(kinds, mine, other))
        for variable in (*met, *neighbours.of(mine)):
            yield _not_proven(ours.name, variable, f"{name} names its server")
    for _, variable in named_stores(kinds, production, _addresses(kinds, ours, staging), {}):
        yield _not_proven(ours.name, variable, "it names its server")


def _addresses(kinds: Kinds, ours: Resource, staging: Snapshot) -> Iterator[tuple[str, Address]]:
    stated = kinds[ours.kind].address_of(staging.resources[ours.name].facts)
    yield from ((ours.name, address) for address in ([stated.value] if isinstance(stated, Known) else []))
    yield from ((e.variable, e.address) for e in staging.endpoints if _met_by(kinds, ours, e))


def _met_by(kinds: Kinds, ours: Resource, mine: Endpoint) -> bool:
    kind = mine.address.kind
    return kind == ours.kind or (kind in kinds and _one_lane(kinds, kind, ours.kind))


def _one_place(kinds: Kinds, mine: Address, other: Address) -> bool:
    """One server, where a mark is all over it; one object, where strangers keep theirs beside it."""
    likeness = kinds[mine.kind].compare(other, mine)
    return "same" in (likeness.of_server if kinds[mine.kind].lane else "", likeness.verdict)


def _alike(
    kind: Kind[Any, Any], ours: Resource, theirs: Resource, production: Snapshot, staging: Snapshot
) -> Unknown | None:
    """Two resources of one kind: its own rules must find them apart by identity."""
    asked = Question(side_of(theirs, production), side_of(ours, staging), ours.declared)
    for rule in kind.rules:
        if rule.id in kind.apart and rule.applies(ours.declared):
            found = rule.judge(asked)
            if found.outcome is not Outcome.ISOLATED or found.grade < Grade.IDENTITY:
                return _not_proven(ours.name, theirs.name, found.summary)
    return None


def _of_one_protocol(
    kinds: Kinds, ours: Resource, theirs: Resource, production: Snapshot, staging: Snapshot
) -> Unknown | None:
    """A cache and a broker may be one server: what both say of themselves must be known and differ."""
    for mine in _identities(kinds, ours, staging):
        for other in _identities(kinds, theirs, production):
            match both(mine.marks, other.marks):
                case Unknown(reason):
                    return _not_proven(ours.name, theirs.name, reason)
                case Known((left, right)) if left & right:
                    return _not_proven(ours.name, theirs.name, "one server answers for both")
                case Known():
                    pass
    return None


def _identities(kinds: Kinds, resource: Resource, snapshot: Snapshot) -> tuple[Identity, ...]:
    kind = kinds[resource.kind]
    asked = {rule.id for rule in kind.rules if rule.applies(resource.declared)}
    return tuple(i for i in kind.identities(snapshot.resources[resource.name].facts) if i.rule in asked)


def _not_proven(ours: str, theirs: str, why: str) -> Unknown:
    return Unknown(
        f"no mark was stored or broadcast: staging's {ours} is not proven to be another than "
        f"production's {theirs} ({why})",
        "prove the servers apart by identity first",
    )
