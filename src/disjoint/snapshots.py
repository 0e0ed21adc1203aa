"""What a manifest declares as jobs, and what they brought home as snapshots."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from disjoint.kinds.registry import BY_NAME, KINDS
from disjoint.kinds.variables.endpoints import endpoints, overrides
from disjoint.kinds.variables.endpoints import unread as unread_names
from disjoint.kinds.variables.hosts import hosts
from disjoint.model.environment import Environment, Target
from disjoint.model.fact import Absent, Fact, Known, Unknown
from disjoint.model.manifest import Manifest, required_settings, setting_fields, target, variables_in
from disjoint.model.plain import Plain, plain
from disjoint.model.snapshot import Observed, Snapshot
from disjoint.runner.run import Job, Result, unread

Results = Mapping[tuple[str, str], Result]


def jobs_of(manifest: Manifest) -> list[Job]:
    """Every resource of both environments, to be observed."""
    return [
        Job(BY_NAME[resource.kind], target(resource, environment))
        for resource in manifest.resources
        for environment in (manifest.production, manifest.staging)
    ]


def digest_of(manifest: Manifest) -> str:
    """What both sides must declare alike: resources, grades and waivers; not sources or tunnels."""
    names = (manifest.production.name, manifest.staging.name)
    resources = [(r.name, r.kind, _stated(r.declared), r.minimum.word) for r in manifest.resources]
    stated = [names, resources, [_stated(each) for each in manifest.waivers], manifest.public]
    return "sha256:" + hashlib.sha256(json.dumps(stated, sort_keys=True).encode()).hexdigest()


def _stated(declared: Any) -> Mapping[str, Plain]:
    """A declaration, or a waiver, without what came after the first certificates and is not stated."""
    fields = dataclasses.fields(declared)
    left = {f.name for f in fields if f.metadata.get("added") and getattr(declared, f.name) == f.default}
    return {f.name: plain(getattr(declared, f.name)) for f in fields if f.name not in left}


def blanks_of(jobs: Sequence[Job]) -> Results:
    """What stands where nobody was asked: nothing is known."""
    return {job.key: _blank(job) for job in jobs}


def _blank(job: Job) -> Result:
    present = present_of(job.target)
    why = present if isinstance(present, Unknown) else Unknown("not observed")
    return Result(unread(job, Unknown(why.reason, why.remedy)), 0.0)


def present_of(asked: Target[Any]) -> Fact[str]:
    """Where the target is written; Absent if a setting it cannot do without is unset."""
    for name in required_settings(asked.declared):
        match asked.settings.get(name):
            case Absent() as absent:
                return absent
            case _:
                pass
    names = required_settings(asked.declared)
    return Known(asked.where(names[0]) if names else asked.environment.source)


def snapshot_of(
    manifest: Manifest, environment: Environment, results: Results, taken_at: datetime
) -> Snapshot:
    """One environment: what its servers said, and what its variables say."""
    targets = [target(resource, environment) for resource in manifest.resources]
    resources = {
        t.resource: Observed(
            t.resource,
            t.kind,
            results[environment.name, t.resource].facts,
            present_of(t),
            results[environment.name, t.resource].seconds,
        )
        for t in targets
    }
    return Snapshot(
        environment=environment.name,
        protected=environment.protected,
        taken_at=taken_at,
        resources=resources,
        endpoints=endpoints(environment, KINDS, targets),
        override=overrides(environment, _claimed(targets)),
        unread=unread_names(environment, _taken(manifest)),
        hosts=hosts(environment, _taken(manifest)),
    )


def _taken(manifest: Manifest) -> frozenset[str]:
    """The variables that any resource is made of, resolved or not."""
    texts = (text for r in manifest.resources for text in setting_fields(r.declared).values())
    return frozenset(name for text in texts for name in variables_in(text))


def _claimed(targets: Sequence[Target[Any]]) -> frozenset[str]:
    settings = [setting for t in targets for setting in t.settings.values()]
    return frozenset(name for s in settings if isinstance(s, Known) for name in s.value.variables)


def unclaimed_in(manifest: Manifest, staging: Snapshot) -> tuple[str, ...]:
    """Names of staging's address-like variables that no resource claims and that are no alias of one."""
    targets = [target(resource, manifest.staging) for resource in manifest.resources]
    claimed = _claimed(targets)
    own = [BY_NAME[o.kind].address_of(o.facts) for o in staging.resources.values()]
    known = [fact.value for fact in own if isinstance(fact, Known)]
    names = {
        e.variable
        for e in staging.endpoints
        if e.variable not in claimed
        and not any(a.kind == e.address.kind and a.shown == e.address.shown for a in known)
    }
    return tuple(sorted(names | set(manifest.unplaced)))
