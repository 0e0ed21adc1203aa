"""Ways from one environment's pages into another resource of the other environment. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from disjoint.model.fact import Known
from disjoint.model.finding import Evidence, Finding, Grade, Judgement, shared
from disjoint.model.kind import Lead
from disjoint.model.manifest import Resource
from disjoint.model.snapshot import Snapshot

from .ask import Kinds

Resources = tuple[Resource, ...]


def led(kinds: Kinds, resources: Resources, production: Snapshot, staging: Snapshot) -> Iterator[Finding]:
    """A site of staging's that calls production's API: what no rule about a pair of one name can see.

    Only what is shared is a finding; what could not be read leaves the resource's own pair open.
    """
    for resource in resources:
        for here, there in ((staging, production), (production, staging)):
            for lead in _leads(kinds, resource, here):
                yield from _met(kinds, resource, lead, resources, (here, there))


def _leads(kinds: Kinds, resource: Resource, snapshot: Snapshot) -> tuple[Lead, ...]:
    kind = kinds[resource.kind]
    asked = {rule.id for rule in kind.rules if rule.applies(resource.declared)}
    return tuple(lead for lead in kind.leads(snapshot.resources[resource.name].facts) if lead.rule in asked)


def _met(
    kinds: Kinds, ours: Resource, lead: Lead, resources: Resources, sides: tuple[Snapshot, Snapshot]
) -> Iterator[Finding]:
    """The first of the other side's resources that it leads to; the pair's own rule asks about its own."""
    here, there = sides
    own = {_mark(kinds, resource, here) for resource in resources}
    for theirs in resources:
        mark = _mark(kinds, theirs, there)
        if theirs is not ours and mark and mark not in own and _holds(lead, mark):
            yield Finding(lead.rule, ours.name, _way(ours, lead, theirs, sides))
            return


def _mark(kinds: Kinds, resource: Resource, snapshot: Snapshot) -> str:
    match kinds[resource.kind].mark(snapshot.resources[resource.name].facts):
        case Known(mark):
            return mark
        case _:
            return ""


def _holds(lead: Lead, mark: str) -> bool:
    return isinstance(lead.marks, Known) and mark in lead.marks.value


def _way(ours: Resource, lead: Lead, theirs: Resource, sides: tuple[Snapshot, Snapshot]) -> Judgement:
    here, there = sides
    summary = f"{here.environment}'s {ours.name}: {lead.what} {there.environment}'s {theirs.name}"
    seen = Evidence(here.environment, lead.what, f"{there.environment}'s {theirs.name}", "GET", here.taken_at)
    remedy = f"build and configure {here.environment}'s {ours.name} with {here.environment}'s {theirs.name}"
    return shared(Grade.IDENTITY, summary, (seen,), remedy)
