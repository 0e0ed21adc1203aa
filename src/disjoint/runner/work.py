"""What a run is handed to do: observers and live tests. Whatever goes wrong in one is a fact."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from disjoint.model.census import Overlap
from disjoint.model.environment import Target
from disjoint.model.experiment import (
    WINDOW_SECONDS,
    Canary,
    Census,
    Experiment,
    Pair,
    Party,
    Sightings,
    Tests,
    saw,
    was_seen,
)
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.kind import Kind
from disjoint.model.probe import Probe, ProbeError

Key: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Job:
    """One target to be observed by its kind."""

    kind: Kind[Any, Any]
    target: Target[Any]

    @property
    def key(self) -> Key:
        """Environment and resource: unique in a run."""
        return self.target.environment.name, self.target.resource


@dataclass(frozen=True, slots=True)
class Trial:
    """One live test of one resource's two targets."""

    kind: Kind[Any, Any]
    test: Tests[Any]
    production: Target[Any]
    staging: Target[Any]

    @property
    def resource(self) -> str:
        """What it is about."""
        return self.staging.resource

    @property
    def needs(self) -> tuple[Key, ...]:
        """Whose facts come first: nothing is tried where the visit failed already."""
        asked = (self.production,) if isinstance(self.test, Experiment) else (self.production, self.staging)
        return tuple((target.environment.name, target.resource) for target in asked)


Work: TypeAlias = Job | Trial


@dataclass(frozen=True, slots=True)
class Result:
    """What came back: an observer's facts, or what came of a trial; and how long it took."""

    facts: Any
    seconds: float


Surveyor: TypeAlias = Callable[[Census[Any], Pair[Any], bool], Overlap]
"""Carries a census out: how its kind reads, both sides, and whether staging is read as production is."""
Permit: TypeAlias = Callable[[Mapping[Key, Any], Trial], Fact[Any]]
"""Whether a mark may be stored or broadcast in staging, from the facts of all servers it could lead to."""
Visits: TypeAlias = Callable[[Target[Any]], Probe]
"""Makes the probe of one visit."""


def observed(job: Job, visit: Probe) -> object:
    """The facts of one job. Never raises: whatever goes wrong becomes Unknown."""
    try:
        return job.kind.load_observer()(job.target, visit)
    except ProbeError as error:
        return unread(job, Unknown(error.reason, error.remedy))
    except Exception as error:  # noqa: BLE001  (a client library's failure is a fact; its text may hold secrets)
        return unread(job, Unknown(f"the visit failed: {type(error).__name__}"))


def unread(job: Job, why: Unknown) -> object:
    """The facts that the text alone gives; all others Unknown for one reason."""
    facts = job.kind.from_text(job.target, why.reason)
    blamed = {f.name: why for f in dataclasses.fields(facts) if getattr(facts, f.name) == Unknown(why.reason)}
    return dataclasses.replace(facts, **blamed)


def unreached(job: Job, facts: Any) -> Unknown | None:
    """Why a visit brought home nothing but what its text says; None if anything answered."""
    text, why = job.kind.from_text(job.target, ""), None
    for field in dataclasses.fields(facts):
        match getattr(text, field.name), getattr(facts, field.name):
            case Unknown(), Known():
                return None
            case Unknown(), Unknown() as unknown:
                why = why or unknown
            case _:
                pass
    return why


def closed(test: Tests[Any], job: Job, facts: Any) -> Unknown | None:
    """Why a test need not be made: the server that it would ask did not let its own login in already."""
    if not test.through:
        return unreached(job, facts)
    met = getattr(facts, test.through)
    return met if isinstance(met, Unknown) else None


def tried(
    trial: Trial,
    visits: Visits,
    facts: Mapping[Key, Any] = MappingProxyType({}),
    survey: Callable[[Census[Any], Pair[Any]], Overlap] | None = None,
) -> Fact[Any]:
    """What came of one trial. Never raises: a test that failed proves nothing."""
    there, here = trial.production, trial.staging
    pair = Pair(_party(there, here, visits, facts), _party(here, there, visits, facts))
    try:
        return _carried_out(trial.test, pair, survey)
    except ProbeError as error:
        return Unknown(error.reason, error.remedy)
    except Exception as error:  # noqa: BLE001  (as above)
        return Unknown(f"the test failed: {type(error).__name__}")


def _party(target: Target[Any], other: Target[Any], visits: Visits, facts: Mapping[Key, Any]) -> Party[Any]:
    own, facing = (facts.get((t.environment.name, t.resource)) for t in (target, other))
    return Party(target, visits(target), own, facing)


def _carried_out(
    test: Tests[Any], pair: Pair[Any], survey: Callable[[Census[Any], Pair[Any]], Overlap] | None
) -> Fact[Any]:
    match test:
        case Experiment():
            return Known(test.load()(pair))
        case Canary():
            return Known(_sighted(test, pair))
        case Census() if survey is None:
            return Unknown("no census is made in this run")
        case Census():
            return Known(survey(test, pair))


def _sighted(canary: Canary[Any], pair: Pair[Any]) -> Sightings:
    """Hold, see it, look for it over there, see it again: in that order, so that the window is closed."""
    marking, found = canary.load(), Sightings(())
    try:
        with marking.hold(pair.staging, WINDOW_SECONDS) as mark:
            before = mark.alive()
            looked = marking.look(pair.production, mark.token)
            found = saw(before, looked, {})
            found = saw(before, looked, mark.alive())
    except Exception:
        # staging may be lost after the look: what was seen by then was seen
        if not was_seen(found):
            raise
    return found
