"""Two caches that are compared as a run does it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from redis_world import KEY, TAKEN_AT, World, administered, url_of

from disjoint.demo.servers.valkey import ValkeyServer
from disjoint.kinds.redis import census as redis_census
from disjoint.kinds.redis.facts import RedisDeclared
from disjoint.kinds.redis.keys import production_keys
from disjoint.model.census import Detection, Overlap, Strength, Terms
from disjoint.model.experiment import Party
from disjoint.model.fact import Known
from disjoint.model.finding import Judgement
from disjoint.model.kind import Question, Side
from disjoint.overlap import private
from disjoint.overlap.baseline import NONE
from disjoint.overlap.engine import Sides, census
from disjoint.overlap.read import TOLD_NOBODY
from disjoint.runner.deadline import Deadline
from disjoint.runner.visit import Seats, Visit

TERMS = Terms(Strength.SAMPLED, Detection(1000, 0.999), 60.0)


def put(server: ValkeyServer, keys: Mapping[str, str], *, fresh: bool = False, database: int = 0) -> None:
    with administered(server) as client:
        if fresh:
            client.flushall()
        client.execute_command("SELECT", database)
        client.mset(keys)


def names(server: ValkeyServer) -> list[str]:
    with administered(server) as client:
        return sorted(name.decode() for name in client.scan_iter(match="session:*"))


def world(production: ValkeyServer, staging: ValkeyServer, **declared: Any) -> World:
    found = World(url_of(production), url_of(staging))
    found.declared = RedisDeclared(url="$REDIS_URL", rows="sampled", **declared)
    return found


def compared(found: World, terms: Terms = TERMS) -> Overlap:
    """Both sides, opened and compared as a run does it."""
    with Deadline(30.0) as deadline:
        parties = []
        for protected in (True, False):
            target = found.target(protected=protected)
            visit = Visit(target.environment, deadline, Seats(), found.tallies[protected], KEY)
            parties.append(Party(target, visit, found.facts(protected=protected)))
        with (
            redis_census.reading(parties[0], careful=True) as there,
            redis_census.reading(parties[1], careful=False) as here,
        ):
            sides = Sides(there, here, ("production", "staging"))
            if terms.strength is Strength.PRIVATE:
                return private.census(sides, terms, NONE, TOLD_NOBODY)
            return census(sides, terms)


def judged(found: World, came: Overlap) -> Judgement:
    """What the rule makes of it, beside what both servers say of themselves."""
    sides = (
        Side("production", True, TAKEN_AT, found.facts(protected=True)),
        Side("staging", False, TAKEN_AT, found.facts(protected=False)),
    )
    return production_keys(Question(*sides, found.declared, {"census": Known(came)}))
