"""May a mark be stored or broadcast in staging? Only where its server is proven to be no one else's. Pure."""

from __future__ import annotations

from typing import Any

from disjoint.model.fact import Absent, Fact, Known, Unknown, both
from disjoint.model.finding import Grade, Outcome
from disjoint.model.kind import Identity, Kind, Question
from disjoint.model.manifest import Resource
from disjoint.model.snapshot import Snapshot

from .ask import Kinds, side_of


def permitted(
    kinds: Kinds, resources: tuple[Resource, ...], production: Snapshot, staging: Snapshot, name: str
) -> Fact[str]:
    """Known where every server of production's was seen, and staging's resource is on none of them.

    A server counts as production's for anything that writes until it is proven not to be.
    """
    ours = next(resource for resource in resources if resource.name == name)
    for theirs in resources:
        if isinstance(production.resources[theirs.name].present, Absent):
            continue
        if (why := _hindrance(kinds, ours, theirs, production, staging)) is not None:
            return why
    return Known(name)


def _hindrance(
    kinds: Kinds, ours: Resource, theirs: Resource, production: Snapshot, staging: Snapshot
) -> Unknown | None:
    if ours.kind == theirs.kind:
        return _alike(kinds[ours.kind], ours, theirs, production, staging)
    if kinds[ours.kind].lane and kinds[ours.kind].lane == kinds[theirs.kind].lane:
        return _of_one_protocol(kinds, ours, theirs, production, staging)
    return None


def _alike(
    kind: Kind[Any, Any], ours: Resource, theirs: Resource, production: Snapshot, staging: Snapshot
) -> Unknown | None:
    """Two resources of one kind: its own rules must find them apart by identity."""
    asked = Question(side_of(theirs, production), side_of(ours, staging), ours.declared)
    for rule in kind.rules:
        if rule.id in kind.apart and rule.applies(ours.declared):
            found = rule.judge(asked)
            if found.outcome is not Outcome.ISOLATED or found.grade < Grade.IDENTITY:
                return _not_proven(ours, theirs, found.summary)
    return None


def _of_one_protocol(
    kinds: Kinds, ours: Resource, theirs: Resource, production: Snapshot, staging: Snapshot
) -> Unknown | None:
    """A cache and a broker may be one server: what both say of themselves must be known and differ."""
    for mine in _identities(kinds, ours, staging):
        for other in _identities(kinds, theirs, production):
            match both(mine.marks, other.marks):
                case Unknown(reason):
                    return _not_proven(ours, theirs, reason)
                case Known((left, right)) if left & right:
                    return _not_proven(ours, theirs, "one server answers for both")
                case Known():
                    pass
    return None


def _identities(kinds: Kinds, resource: Resource, snapshot: Snapshot) -> tuple[Identity, ...]:
    kind = kinds[resource.kind]
    asked = {rule.id for rule in kind.rules if rule.applies(resource.declared)}
    return tuple(i for i in kind.identities(snapshot.resources[resource.name].facts) if i.rule in asked)


def _not_proven(ours: Resource, theirs: Resource, why: str) -> Unknown:
    return Unknown(
        f"no mark was stored or broadcast: staging's {ours.name} is not proven to be another than "
        f"production's {theirs.name} ({why})",
        "prove the servers apart by identity first",
    )
