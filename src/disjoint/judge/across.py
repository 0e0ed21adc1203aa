"""One server behind two resources: staging's cache that is production's broker. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from disjoint.model.fact import Absent, Known, Unknown
from disjoint.model.finding import Evidence, Finding, Grade, Judgement, Outcome, shared, unproven
from disjoint.model.kind import Identity
from disjoint.model.manifest import Resource
from disjoint.model.snapshot import Snapshot

from .ask import Kinds

Resources = tuple[Resource, ...]


def across(kinds: Kinds, resources: Resources, production: Snapshot, staging: Snapshot) -> Iterator[Finding]:
    """What the rules about pairs of one name cannot see: a server of production's under another name.

    Only what is shared is a finding. That an identity is unknown leaves the resource's own pair
    open already; where production has no such resource there is no pair, and it is said here.
    """
    for ours in resources:
        for identity in _identities(kinds, ours, staging):
            match identity.marks:
                case Known(marks):
                    yield from _met(kinds, ours, identity, marks, (resources, production, staging))
                case Unknown() as why if isinstance(production.resources[ours.name].present, Absent):
                    yield Finding(identity.rule, ours.name, _open(identity, why))
                case Unknown():
                    pass


def _met(
    kinds: Kinds,
    ours: Resource,
    identity: Identity,
    marks: frozenset[str],
    sides: tuple[Resources, Snapshot, Snapshot],
) -> Iterator[Finding]:
    """The first of production's servers that is this one of staging's."""
    resources, production, staging = sides
    for theirs in resources:
        for other in _identities(kinds, theirs, production):
            paired = ours is theirs and other.rule == identity.rule
            if not paired and isinstance(other.marks, Known) and (common := marks & other.marks.value):
                seen = _evidence(ours, identity, theirs, other, common, (production, staging))
                yield Finding(identity.rule, ours.name, _one(ours, identity, theirs, other, seen))
                return


def _identities(kinds: Kinds, resource: Resource, snapshot: Snapshot) -> tuple[Identity, ...]:
    """The servers that rules are asked about: a result backend that is not declared is none."""
    kind = kinds[resource.kind]
    asked = {rule.id for rule in kind.rules if rule.applies(resource.declared)}
    return tuple(i for i in kind.identities(snapshot.resources[resource.name].facts) if i.rule in asked)


def _one(
    ours: Resource, identity: Identity, theirs: Resource, other: Identity, seen: tuple[Evidence, ...]
) -> Judgement:
    where = f"staging's {identity.what} of {ours.name}", f"production's {other.what} of {theirs.name}"
    summary = f"one server behind both: {' and '.join(where)}"
    remedy = f"give staging's {ours.name} a server of its own, that none of production's resources uses"
    return shared(Grade.IDENTITY, summary, seen, remedy)


def _open(identity: Identity, why: Unknown) -> Judgement:
    summary = f"production has no such resource, and whose {identity.what} staging uses is not known"
    remedy = why.remedy or "let disjoint reach it: it may be one that production uses for something else"
    return unproven(f"{summary}: {why.reason}", remedy=remedy)


def _evidence(
    ours: Resource,
    identity: Identity,
    theirs: Resource,
    other: Identity,
    common: frozenset[str],
    sides: tuple[Snapshot, Snapshot],
) -> tuple[Evidence, ...]:
    named = ((theirs.name, other.what), (ours.name, identity.what))
    return tuple(
        Evidence(
            side.environment, f"{name}: {what}", ", ".join(sorted(common)), "its own word", side.taken_at
        )
        for side, (name, what) in zip(sides, named, strict=True)
    )


def joined(found: Iterator[Finding], met: Iterator[Finding]) -> tuple[Finding, ...]:
    """One finding for a rule and a resource: what was met elsewhere outweighs what the pair says.

    A pair that is shared by itself is told in its own words.
    """
    outweighing = {(f.rule, f.resource): f for f in met}
    kept = tuple(_weightier(f, outweighing.pop((f.rule, f.resource), f)) for f in found)
    return (*kept, *outweighing.values())


def _weightier(own: Finding, met: Finding) -> Finding:
    settled = own.outcome is Outcome.SHARED and own.judgement.grade >= met.judgement.grade
    return own if settled else met
