"""Manifests whose staging is production's own, one resource at a time. Pure; holds secrets."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from disjoint.model.environment import Environment, Setting, Variable
from disjoint.model.fact import Absent, Fact, Known, Unknown
from disjoint.model.kind import Kind
from disjoint.model.manifest import Manifest, Resource, required_settings, target
from disjoint.model.secret import Secret

from .rename import Renamed, renamed

POINTED = "staging's points at production's"
RENAMED = "production's under another name"
Kinds = Mapping[str, Kind[Any, Any]]


@dataclass(frozen=True, slots=True)
class Mutation:
    """A world that is broken by construction: whoever finds it isolated is blind."""

    resource: Resource
    name: str
    manifest: Manifest = field(repr=False)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A mutation that could not be made, and why: it counts for nothing."""

    resource: Resource
    name: str
    reason: str


def mutations(kinds: Kinds, manifest: Manifest) -> Iterator[Mutation | Skipped]:
    """Every resource's mutations, in the manifest's order."""
    for resource in manifest.resources:
        if (why := _missing(resource, manifest.production)) is not None:
            yield Skipped(resource, POINTED, why)
            continue
        yield Mutation(resource, POINTED, _alone(manifest, resource, pretended(manifest)))
        if kinds[resource.kind].dialled:
            yield _elsewhere(kinds[resource.kind], resource, manifest)


def by_pairs(kinds: Kinds) -> Kinds:
    """Kinds that are judged by the rules about a pair alone.

    What looks for a server behind every resource would see for them, and hide that they are blind.
    """
    return {
        name: dataclasses.replace(kind, identities=lambda _facts: (), leads=lambda _facts: ())
        for name, kind in kinds.items()
    }


def pretended(manifest: Manifest) -> Environment:
    """Staging by name and by rights; by variables and by ways there it is production."""
    return dataclasses.replace(manifest.production, name=manifest.staging.name, protected=False, warnings=())


def _missing(resource: Resource, production: Environment) -> str | None:
    settings = target(resource, production).settings
    for name in required_settings(resource.declared):
        if isinstance(why := settings.get(name), Absent):
            return f"production has none: {why.reason}"
    return None


def _alone(manifest: Manifest, resource: Resource, staging: Environment) -> Manifest:
    """One resource and no waiver, so that nothing else can see or excuse what is shared."""
    return dataclasses.replace(
        manifest, staging=staging, resources=(resource,), waivers=(), inferred=(), unplaced=()
    )


def _elsewhere(kind: Kind[Any, Any], resource: Resource, manifest: Manifest) -> Mutation | Skipped:
    """The addresses go through variables of our own, which differ between the two environments."""
    stated = target(resource, manifest.production)
    found = {name: stated.settings[name] for name in kind.dialled if name in stated.settings}
    if not found:
        return Skipped(
            resource, RENAMED, "it states no address of its own: the provider's is known by its name"
        )
    names: dict[str, str] = {}
    ours, theirs = pretended(manifest), manifest.production
    for name, setting in found.items():
        match _renamed(name, setting, theirs):
            case Unknown(reason):
                return Skipped(resource, RENAMED, reason)
            case Known((original, another)):
                names[name] = f"DISJOINT_SELFTEST_{name.upper()}"
                theirs = _setting(theirs, names[name], original, original.value)
                ours = _setting(_reaching(ours, another), names[name], original, Secret(another.text))
    declared = _declaring(resource.declared, names)
    mutated = dataclasses.replace(resource, declared=declared)
    world = dataclasses.replace(_alone(manifest, mutated, ours), production=theirs)
    return Mutation(resource, RENAMED, world)


def _renamed(name: str, setting: Fact[Setting], production: Environment) -> Fact[tuple[Setting, Renamed]]:
    match setting:
        case Known(original):
            word = name.replace("_", "-")
            match renamed(original.value.reveal(), word, production.reach_at):
                case Known(another):
                    return Known((original, another))
                case Unknown() as why:
                    return why
        case Unknown() as why:
            return why


def _setting(environment: Environment, name: str, original: Setting, value: Secret) -> Environment:
    variable = Variable(name, Known(value), original.where)
    return dataclasses.replace(environment, variables={**environment.variables, name: variable})


def _reaching(environment: Environment, another: Renamed) -> Environment:
    return dataclasses.replace(environment, reach_at={**environment.reach_at, **another.reach_at})


def _declaring(declared: Any, names: Mapping[str, str]) -> object:
    """The addresses from our variables, and no knock at a door: that one opens is known already."""
    unasked = {"reach": False} if hasattr(declared, "reach") else {}
    return dataclasses.replace(declared, **unasked, **{name: f"${{{v}}}" for name, v in names.items()})
