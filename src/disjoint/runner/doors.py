"""Which live tests knock at production's door, said before anyone does; and how a run goes without some."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from disjoint.model.experiment import Experiment, Tried
from disjoint.model.fact import Known, Unknown

from .work import Job


def announced(jobs: Sequence[Job]) -> Iterator[str]:
    """A line for each test that tries staging's credentials at a resource that both sides have."""
    ours = {job.target.resource: job for job in jobs if not job.target.environment.protected}
    for job in jobs:
        if job.target.environment.protected and (mine := ours.get(job.target.resource)) is not None:
            yield from (f"reach: {line}" for line in _announced(job, mine.target.environment.name))


def _announced(job: Job, staging: str) -> Iterator[str]:
    for test in job.kind.experiments:
        if isinstance(test, Experiment) and test.announces and test.applies(job.target.declared):
            yield test.announces.format(place=_place(job), staging=staging)


def _place(job: Job) -> str:
    target = job.target
    address = job.kind.address_of(job.kind.from_text(target, ""))
    where = f"{target.kind}, {address.value.shown}" if isinstance(address, Known) else target.kind
    return f"{target.environment.name}'s {target.resource} ({where})"


def without(jobs: Sequence[Job], names: Collection[str]) -> list[Job]:
    """The same jobs, of kinds that have no live test of these names."""
    return [dataclasses.replace(job, kind=_without(job.kind, names)) for job in jobs] if names else [*jobs]


def _without(kind: Any, names: Collection[str]) -> Any:
    tests = tuple(test for test in kind.experiments if test.name not in names)
    return dataclasses.replace(kind, experiments=tests)


def untried(jobs: Sequence[Job], names: Collection[str]) -> Mapping[str, Tried]:
    """What comes of the tests that are left out: asked for and not made is not known."""
    return {
        job.target.resource: {
            test.name: _left_out(test.name) for test in job.kind.experiments if test.name in names
        }
        for job in jobs
    }


def joined(tried: Mapping[str, Tried], left_out: Mapping[str, Tried]) -> Mapping[str, Tried]:
    """What came of the tests that were made, beside those that were not."""
    names = {*tried, *left_out}
    return {name: {**tried.get(name, {}), **left_out.get(name, {})} for name in names}


def _left_out(name: str) -> Unknown:
    return Unknown(f"left out of this run (--no-{name})", f"run without --no-{name}")
