"""How two environments' brokers, or result backends, stand to each other. Pure."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import NamedTuple

from disjoint.model.address import Likeness
from disjoint.model.fact import Fact, Known, Unknown, both, mapped
from disjoint.model.finding import Evidence, Grade, Judgement, shared, unproven
from disjoint.model.kind import Question

from .address import CeleryAddress, compare
from .facts import CeleryDeclared, CeleryFacts, Server

Ask = Question[CeleryFacts, CeleryDeclared]

OWN = "give staging a broker of its own: workers take whatever waits on theirs, prefix or no prefix"
ASK = "run where both servers can be reached, as users that may run INFO, SELECT and SMEMBERS"


class Servers(enum.Enum):
    """How two servers stand to each other, by their own word."""

    ONE = "one server"
    KIN = "one is a replica or a copy of the other"
    TWO = "two servers"


class Part(NamedTuple):
    """A broker or a result backend, among the facts."""

    word: str
    address: Callable[[CeleryFacts], Fact[CeleryAddress]]
    server: Callable[[CeleryFacts], Fact[Server]]
    database: Callable[[CeleryFacts], Fact[int]]
    transport: Callable[[CeleryFacts], Fact[str]]


BROKER = Part(
    "broker",
    lambda f: f.broker,
    lambda f: f.broker_server,
    lambda f: f.broker_database,
    lambda f: f.broker_transport,
)
BACKEND = Part(
    "result backend",
    lambda f: f.backend,
    lambda f: f.backend_server,
    lambda f: f.backend_database,
    lambda f: f.backend_transport,
)


def servers(q: Ask, part: Part, seen: tuple[Evidence, ...]) -> Servers | Judgement:
    """One server, two, or why it cannot be said; an address may prove *same* where a server did not."""
    match both(part.server(q.left.facts), part.server(q.right.facts)):
        case Known((a, b)) if a.run_id == b.run_id:
            return Servers.ONE
        case Known((a, b)) if set(a.replication_ids) & set(b.replication_ids):
            return Servers.KIN
        case Known((a, b)):
            if not (a.steady and b.steady):
                return unproven(_NOT_AGAIN, seen, _SETTLE)
            return _doubt(q, part, seen, clustered=a.clustered and b.clustered) or Servers.TWO
        case Unknown() as unknown:
            return _by_text(q, part, seen, unknown)


def _doubt(q: Ask, part: Part, seen: tuple[Evidence, ...], *, clustered: bool) -> Judgement | None:
    """Why ids that differ prove nothing here; None if they do."""
    match likeness_of(q, part):
        case Unknown() as unknown:
            return unproven(unknown.reason, seen, unknown.remedy or ASK)
        case Known(likeness) if likeness.of_server == "same":
            return unproven(_TWO_AT_ONE, seen, _SETTLE)
        case Known() if clustered:
            return unproven("both may be nodes of one cluster, whose ids differ", seen, OWN)
        case Known():
            return None


_NOT_AGAIN = "a second connection did not meet the same server: a balancer, or a restart"
_SETTLE = "ask again; if it stays so, declare the servers behind the address"
_TWO_AT_ONE = "one address, and two servers answered at it: a restart, a failover or a load balancer"


def _by_text(q: Ask, part: Part, seen: tuple[Evidence, ...], unknown: Unknown) -> Judgement:
    match likeness_of(q, part):
        case Known(likeness) if likeness.of_server == "same":
            return shared(Grade.DECLARED, f"one {part.word} by its address: {likeness.why}", seen, OWN)
        case _:
            return unproven(unknown.reason, seen, unknown.remedy or ASK)


def likeness_of(q: Ask, part: Part) -> Fact[Likeness]:
    match both(part.address(q.production.facts), part.address(q.staging.facts)):
        case Known((a, b)) if a.fault or b.fault:
            return Unknown(a.fault or b.fault, "mend the address")
        case Known((a, b)):
            return Known(compare(a, b))
        case Unknown() as unknown:
            return unknown


def evidence(q: Ask, part: Part) -> tuple[Evidence, ...]:
    return (
        *q.saw(f"{part.word} address", lambda f: mapped(part.address(f), lambda a: a.shown), "configuration"),
        *q.saw(f"{part.word} run_id", lambda f: mapped(part.server(f), _told), "INFO server"),
        *q.saw(f"{part.word} transport", part.transport, "the connection itself"),
    )


def _told(server: Server) -> str:
    return f"{server.run_id} ({server.product})"
