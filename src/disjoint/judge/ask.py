"""Put every rule's question about every declared resource. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from disjoint.model.experiment import Tried
from disjoint.model.finding import Finding, Note
from disjoint.model.kind import Kind, Question, Side
from disjoint.model.manifest import Resource
from disjoint.model.snapshot import Snapshot

from .absent import absent_in

Kinds = Mapping[str, Kind[Any, Any]]


class Live(NamedTuple):
    """The live tests of a run."""

    tried: Mapping[str, Tried]
    """What came of them, by resource."""
    unable: frozenset[tuple[str, str]] = frozenset()
    """Kind and name of those that the run cannot make at all: their rules are not asked, and listed."""
    aged: Snapshot | None = None
    """Production as it was sealed, without what a restart or a deployment since may have changed."""


def findings(
    kinds: Kinds,
    resources: tuple[Resource, ...],
    production: Snapshot,
    staging: Snapshot,
    live: Live,
) -> Iterator[Finding]:
    """Every asked rule's finding, resource by resource, in the order they are declared."""
    for resource in resources:
        missing = tuple(absent_in(resource, production, staging))
        yield from missing
        if missing:
            continue
        question = question_about(resource, production, staging, live)
        for rule in kinds[resource.kind].rules:
            if rule.applies(resource.declared) and (resource.kind, rule.needs) not in live.unable:
                yield Finding(rule.id, resource.name, rule.judge(question))


def notes(
    kinds: Kinds,
    resources: tuple[Resource, ...],
    production: Snapshot,
    staging: Snapshot,
    live: Live,
) -> Iterator[Note]:
    """What lints and unasked content rules have to say."""
    for resource in resources:
        if any(True for _ in absent_in(resource, production, staging)):
            continue
        question = question_about(resource, production, staging, live)
        for lint in kinds[resource.kind].lints:
            yield from (Note(lint.id, resource.name, text) for text in lint.look(question))


def not_tried(kinds: Kinds, resources: tuple[Resource, ...], live: Live) -> tuple[str, ...]:
    """Ids of rules that the manifest did not ask for, or that this version or this run cannot ask."""
    declared = {resource.kind for resource in resources}
    beyond = {rule for name in declared for rule in kinds[name].beyond}
    unasked = {
        rule.id
        for resource in resources
        for rule in kinds[resource.kind].rules
        if not rule.applies(resource.declared) or (resource.kind, rule.needs) in live.unable
    }
    return tuple(sorted(beyond | unasked))


def question_about(
    resource: Resource, production: Snapshot, staging: Snapshot, live: Live
) -> Question[Any, Any]:
    """Both sides' facts about one resource, and what came of the live tests."""
    sides = side_of(resource, production), side_of(resource, staging)
    return Question(*sides, resource.declared, live.tried.get(resource.name, {}))


def side_of(resource: Resource, snapshot: Snapshot) -> Side[Any]:
    """One environment's facts about a resource."""
    facts = snapshot.resources[resource.name].facts
    return Side(snapshot.environment, snapshot.protected, snapshot.taken_at, facts)
