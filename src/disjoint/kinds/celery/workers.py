"""Whose workers serve which broker: by what they announced, and by who answers a call. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from disjoint.model.experiment import Seen, Unseen
from disjoint.model.fact import Fact, Known, Unknown, both, mapped
from disjoint.model.finding import Evidence, Grade, Judgement, Outcome, isolated, shared, unproven
from disjoint.model.names import spellings

from .facts import CeleryFacts
from .servers import BROKER, NAMES, ONE_SERVER, OWN, START, Ask, Servers, differ, evidence, of, servers

CALL = "canary:workers"
"""The experiment that calls staging's workers."""


def foreign_worker(q: Ask) -> Judgement:
    """A worker started with the wrong variables listens quietly on the other side's broker.

    The workers that announced themselves on each broker are read, nobody is called. In one
    namespace every worker serves both. Between two servers none does, for a worker serves one
    broker; a name on both sides may be two machines of one name, or one machine that serves
    both, and is left open. A worker is told from another by its name only. Where the manifest
    asks for it, staging's workers are called, and who answers is compared as well.
    """
    seen = (
        *evidence(q, BROKER),
        *q.saw("workers", _worker_names, "SMEMBERS _kombu.binding.celery.pidbox"),
        *of(q, CALL).sighted(),
    )
    match servers(q, BROKER, seen), both(q.left.facts.workers, q.right.facts.workers):
        case Judgement() as by_text, _:
            return _no_workers(by_text)
        case _, Unknown() as unknown:
            return unproven(unknown.reason, seen, unknown.remedy or NAMES)
        case Servers.TWO, Known():
            return _workers_of_two(q, seen)
        case Servers.KIN, Known():
            return _workers_of_kin(q, seen)
        case Servers.ONE, Known():
            return _workers_of_one(q, seen)


def _no_workers(judgement: Judgement) -> Judgement:
    """Where the servers are not told apart, workers are not either."""
    if judgement.outcome is Outcome.UNPROVEN:
        return judgement
    return unproven("the broker is one by its address; its workers were not read", judgement.evidence, OWN)


def _workers_of_two(q: Ask, seen: tuple[Evidence, ...]) -> Judgement:
    """A worker serves one broker; only a name that is on both sides leaves a question."""
    if common := _common_workers(q):
        return unproven(f"both brokers list a worker called {', '.join(common)}", seen, _RENAME)
    if (stranger := next(_strangers(q), None)) is not None:
        return unproven(stranger, seen, _RENAME)
    sight = of(q, CALL).sight()
    if isinstance(sight, Seen):
        return unproven("a worker that production's broker lists answered on staging's broker", seen, _RENAME)
    if isinstance(sight, Unseen):
        return isolated(Grade.CANARY, _CALLED, seen, _BY_NAME)
    uncalled = f"; they were not heard: {sight.reason}" if q.declared.ping else ""
    listed = both(q.production.facts.workers, q.staging.facts.workers)
    silent = [s.environment for s in (q.production, q.staging) if s.facts.workers == Known(())]
    if silent:
        limits = f"no worker was running in {' and '.join(silent)}: its names were not compared"
    else:
        theirs = ", ".join(listed.value[1]) if isinstance(listed, Known) else ""
        limits = f"whose machine a worker runs on is told by its name only; staging's broker lists {theirs}"
    return isolated(
        Grade.IDENTITY, "no worker serves both: the brokers are two servers", seen, limits + uncalled
    )


def _strangers(q: Ask) -> Iterator[str]:
    """Workers that bear the other environment's name and not that of the broker that they are on."""
    for side, other in ((q.production, q.staging), (q.staging, q.production)):
        for worker in side.facts.workers.value if isinstance(side.facts.workers, Known) else ():
            words = frozenset(re.split(r"[^a-z0-9]+", worker.lower()))
            if words & _names(other.environment) and not words & spellings(side.environment):
                yield f"{side.environment}'s broker lists {worker}: by its name it is {other.environment}'s"


def _names(environment: str) -> frozenset[str]:
    return spellings(environment) - _COMMON - {""}


_COMMON = frozenset({"live", "stage"})
"""Ways to call an environment that stand in other names, too."""


_CALLED = "no worker serves both: all of staging's answered a call, and none that production's broker lists"
_BY_NAME = "whose machine a worker runs on is told by its name only"
_RENAME = (
    "name workers after their environment (celery worker -n staging@%h); if one machine served both, stop it "
    "and start it with the right variables"
)


def _workers_of_kin(q: Ask, seen: tuple[Evidence, ...]) -> Judgement:
    """One server has copied the other's sets, so a name in both may be one worker or its trace."""
    common = ", ".join(_common_workers(q)) or "no worker in both"
    return unproven(f"one broker is a replica or a copy of the other ({common})", seen, OWN)


def _workers_of_one(q: Ask, seen: tuple[Evidence, ...]) -> Judgement:
    """One server: in one namespace every worker serves both."""
    common = _common_workers(q)
    apart = _namespaces(q)
    if common and apart is False:
        return shared(Grade.IDENTITY, f"a worker of one is a worker of both: {', '.join(common)}", seen, OWN)
    if common or apart is not True:
        return unproven("the broker is not known to be two, and its workers cannot be told apart", seen, OWN)
    if Known(()) in (q.left.facts.workers, q.right.facts.workers):
        return unproven(
            "no worker was running on a side: nothing shows that its namespace is used", seen, START
        )
    return isolated(Grade.IDENTITY, "one server, two namespaces, and no worker in both", seen, ONE_SERVER)


def _namespaces(q: Ask) -> bool | None:
    """True: two namespaces on one server; False: one; None: unknown."""
    left, right = q.left.facts, q.right.facts
    databases, boxes = both(left.broker_database, right.broker_database), both(left.pidbox, right.pidbox)
    if isinstance(databases, Unknown) or isinstance(boxes, Unknown):
        return None
    return differ(databases) or differ(boxes)


def _common_workers(q: Ask) -> list[str]:
    match both(q.left.facts.workers, q.right.facts.workers):
        case Known((a, b)):
            return sorted(set(a) & set(b))
        case Unknown():
            return []


def _worker_names(facts: CeleryFacts) -> Fact[str]:
    return mapped(facts.workers, lambda workers: ", ".join(workers) or "none")
