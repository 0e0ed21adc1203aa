"""What staging's side alone can still try at a sealed production's door, and why the rest is not tried."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from disjoint.certify.meeting import Rows
from disjoint.certify.plain_address import read
from disjoint.kinds.registry import BY_NAME, KINDS
from disjoint.model.environment import Environment, Setting, Target
from disjoint.model.experiment import Canary, Census, Experiment, Tests, Tried
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.manifest import Manifest, Resource, target
from disjoint.model.secret import Secret
from disjoint.model.snapshot import Snapshot
from disjoint.runner.run import Run
from disjoint.runner.work import Trial, tried

from .opening import Opened
from .strengthening import BLIND

ALONE = frozenset({("postgres", "reach"), ("redis", "reach"), ("celery", "reach"), ("web", "cors")})
"""Live tests whose control is no credential of production's: its own login was let in when it was sealed."""
UNABLE = frozenset(
    (kind.name, test.name)
    for kind in KINDS
    for test in kind.experiments
    if isinstance(test, Canary) or test.name.startswith("canary")
)
"""A mark is looked for by production's observer: not asked of a sealed production, and listed."""

_CONTROL = Unknown(
    "its control takes production's own credential, and production is sealed",
    "verify where both sides' variables may be read, or take it out of the manifest",
)
_ROWS = Unknown(
    "production is sealed, and a seal holds no rows",
    "disjoint census here, disjoint overlap --half in production, then verify --overlap with what that wrote",
)
_NO_DOOR = Unknown(
    "the seal holds no address of it that could be asked", "seal production anew with a plain URL"
)
_PRIVATE = Unknown(
    "production's address means another server in each network",
    "map it under [environments.production.reach_at], if it can be reached from here",
)


def knocked(
    manifest: Manifest,
    opened: Opened,
    run: Run,
    staging: Snapshot,
    without: Collection[str],
    rows: Rows | None,
) -> Mapping[str, Tried]:
    """What came of every live test that the manifest asks for, by resource.

    Args:
        manifest: what is declared.
        opened: production as it was sealed.
        run: what is asked is counted there.
        staging: as it is now.
        without: live tests that are left out.
        rows: what came of them on production's side.

    Raises:
        UnprovenError: rows were compared of other servers.
    """
    compared = {} if rows is None else rows(opened.production, staging)
    facts = {name: each.facts for name, each in staging.resources.items()}
    return {
        resource.name: {
            test.name: compared.get(resource.name, _ROWS)
            if isinstance(test, Census)
            else _tried(manifest, opened, run, resource, test, facts)
            for test in _asked(resource)
            if test.name not in without
        }
        for resource in manifest.resources
    }


def announced(manifest: Manifest, opened: Opened) -> Iterator[str]:
    """A line for each test that will knock at production's door."""
    for resource in manifest.resources:
        for test in _asked(resource):
            if (
                isinstance(test, Experiment)
                and test.announces
                and _hindrance(manifest, opened, resource, test) is None
            ):
                doors = ", ".join(opened.seal.doors[resource.name].values())
                place = f"{manifest.production.name}'s {resource.name} ({resource.kind}, {doors})"
                yield f"reach: {test.announces.format(place=place, staging=manifest.staging.name)}"


def _asked(resource: Resource) -> Iterator[Tests[Any]]:
    for test in BY_NAME[resource.kind].experiments:
        if (resource.kind, test.name) not in UNABLE and test.applies(resource.declared):
            yield test


def _tried(
    manifest: Manifest,
    opened: Opened,
    run: Run,
    resource: Resource,
    test: Tests[Any],
    facts: Mapping[str, Any],
) -> Fact[Any]:
    if (why := _hindrance(manifest, opened, resource, test)) is not None:
        return why
    kind, side = BY_NAME[resource.kind], manifest.production
    theirs = _door(resource, side, opened.seal.doors[resource.name])
    ours = target(resource, manifest.staging)
    trial = Trial(kind, test, theirs, ours)
    known = {
        (side.name, resource.name): opened.production.resources[resource.name].facts,
        (manifest.staging.name, resource.name): facts[resource.name],
    }
    return tried(trial, lambda asked: run.visit(asked.environment), known)


def _hindrance(manifest: Manifest, opened: Opened, resource: Resource, test: Tests[Any]) -> Unknown | None:
    if (resource.kind, test.name) not in ALONE:
        return _CONTROL
    if opened.seal.blind:
        return BLIND
    doors = opened.seal.doors.get(resource.name, {})
    if not doors:
        return _NO_DOOR
    mapped = manifest.production.reach_at
    places = [place for url in doors.values() for place in read(url)]
    lost = any(place.private and f"{place.host}:{place.port}" not in mapped for place in places)
    return _PRIVATE if lost else None


def _door(resource: Resource, side: Environment, doors: Mapping[str, str]) -> Target[Any]:
    """Production's resource as its seal shows it: an address, and no credential."""
    settings: dict[str, Fact[Setting]] = {
        name: Known(Setting(Secret(url), (), side.source)) for name, url in doors.items()
    }
    return Target(resource.name, resource.kind, side, resource.declared, settings)
