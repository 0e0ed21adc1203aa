"""One server behind two resources: staging's cache that is production's broker. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from disjoint.model.fact import Absent, Known, Unknown
from disjoint.model.finding import Evidence, Finding, Grade, Judgement, Outcome, shared, unproven
from disjoint.model.kind import Identity
from disjoint.model.manifest import Resource
from disjoint.model.snapshot import Snapshot

from .ask import Kinds

Resources = tuple[Resource, ...]


def across(
    kinds: Kinds,
    resources: Resources,
    production: Snapshot,
    staging: Snapshot,
    apart: Collection[str] = (),
) -> Iterator[Finding]:
    """What the rules about pairs of one name cannot see: a server of production's under another name.

    What is shared is a finding. That an identity is unknown leaves the resource's own pair
    open already, unless a mark told that pair apart: of production's other servers it tells nothing.
    Where production has no such resource there is no pair, and it is said here.

    Args:
        kinds: by name.
        resources: what is declared.
        production: its facts.
        staging: its facts.
        apart: the resources whose own pairs leave nothing open.
    """
    sides = (resources, production, staging)
    for ours in resources:
        for identity in _identities(kinds, ours, staging):
            match identity.marks:
                case Unknown() as why if isinstance(production.resources[ours.name].present, Absent):
                    yield Finding(identity.rule, ours.name, _open(identity, why))
                case Known(marks) if met := tuple(_met(kinds, ours, identity, marks, sides)):
                    yield from met
                case _:
                    yield from _nameless(kinds, ours, identity, sides, apart)


def _nameless(
    kinds: Kinds,
    ours: Resource,
    identity: Identity,
    sides: tuple[Resources, Snapshot, Snapshot],
    apart: Collection[str],
) -> Iterator[Finding]:
    """The first of production's servers that it may be, for all that either of them says of itself."""
    resources, production, _ = sides
    if isinstance(identity.marks, Unknown) and ours.name not in apart:
        return  # its own pair is open already
    for theirs in resources:
        for other in _identities(kinds, theirs, production):
            paired = ours is theirs and other.rule == identity.rule
            silent = _silent(((ours, identity), (theirs, other)), apart)
            covered = ours is theirs and _one_behind(kinds, ours, sides)
            asked = not (paired or covered) and _may_meet(kinds, ours, identity, theirs, other)
            if asked and silent is not None:
                yield Finding(identity.rule, ours.name, _perhaps(ours, identity, theirs, other, silent))
                return


def _silent(pair: tuple[tuple[Resource, Identity], ...], apart: Collection[str]) -> Unknown | None:
    """Why one of two servers is not known, where nothing else says that it is not."""
    hidden = [(one.name in apart, i.marks) for one, i in pair if isinstance(i.marks, Unknown)]
    return next((why for _, why in hidden), None) if all(settled for settled, _ in hidden) else None


def _may_meet(kinds: Kinds, ours: Resource, identity: Identity, theirs: Resource, other: Identity) -> bool:
    """Whether both speak one protocol, and are servers that another identity does not stand for."""
    lane = kinds[ours.kind].lane
    told = _STOOD_FOR in (identity.marks, other.marks)
    return bool(lane) and lane == kinds[theirs.kind].lane and not told


_STOOD_FOR = Known(frozenset[str]())
"""The marks of an identity for which another one of its resource speaks."""


def _one_behind(kinds: Kinds, ours: Resource, sides: tuple[Resources, Snapshot, Snapshot]) -> bool:
    """Whether one server plays several parts on a side: then the marks of its pairs met every other one."""
    return any(i.marks == _STOOD_FOR for side in sides[1:] for i in _identities(kinds, ours, side))


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


def _perhaps(
    ours: Resource, identity: Identity, theirs: Resource, other: Identity, why: Unknown
) -> Judgement:
    summary = (
        f"staging's {ours.name} ({identity.what}) is not known to be another than production's {theirs.name} "
        f"({other.what}), where no mark was looked for: {why.reason}"
    )
    return unproven(summary, remedy=why.remedy or "let each server say who it is")


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
