"""How two environments' brokers, or result backends, stand to each other. Pure."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple, TypeVar

from disjoint.model.address import Likeness
from disjoint.model.experiment import Seen, Sight, Unseen
from disjoint.model.fact import Fact, Known, Unknown, both, mapped
from disjoint.model.finding import Evidence, Grade, Judgement, shared, unproven
from disjoint.model.kind import Question

from .address import CeleryAddress, compare
from .facts import CeleryDeclared, CeleryFacts, Nameless, Server

T = TypeVar("T")
Ask = Question[CeleryFacts, CeleryDeclared]

OWN = "give staging a broker of its own: workers take whatever waits on theirs, prefix or no prefix"
ASK = "run where both servers can be reached, as users that may run INFO, SELECT and SMEMBERS"


NAMES = "ACL SETUSER <user> (+smembers +scard %R~*_kombu.binding.*)"
ONE_SERVER = "the server is one: its memory, FLUSHALL and pub/sub are common (celery/same-broker)"
START = "start a worker in each environment, and state `key_prefix` exactly as global_keyprefix is configured"


def differ(pair: Fact[tuple[T, T]]) -> bool:
    """Whether both are known, and are two."""
    return isinstance(pair, Known) and pair.value[0] != pair.value[1]


class Servers(enum.Enum):
    """How two servers stand to each other, by their own word."""

    ONE = "one server"
    KIN = "one is a replica or a copy of the other"
    TWO = "two servers"


class Part(NamedTuple):
    """A broker or a result backend, among the facts."""

    word: str
    canary: str
    """The experiment that marks it."""
    address: Callable[[CeleryFacts], Fact[CeleryAddress]]
    server: Callable[[CeleryFacts], Fact[Server | Nameless]]
    database: Callable[[CeleryFacts], Fact[int]]
    transport: Callable[[CeleryFacts], Fact[str]]


BROKER = Part(
    "broker",
    "canary:broker",
    lambda f: f.broker,
    lambda f: f.broker_server,
    lambda f: f.broker_database,
    lambda f: f.broker_transport,
)
BACKEND = Part(
    "result backend",
    "canary:result-backend",
    lambda f: f.backend,
    lambda f: f.backend_server,
    lambda f: f.backend_database,
    lambda f: f.backend_transport,
)


def of(q: Ask, name: str) -> Ask:
    """The question with what came of one experiment alone."""
    found = q.experiments.get(name)
    return replace(q, experiments={} if found is None else {name: found})


def servers(q: Ask, part: Part, seen: tuple[Evidence, ...]) -> Servers | Judgement:
    """One server, two, or why it cannot be said; an address may prove *same* where a server did not."""
    match of(q, part.canary).sight(), both(part.server(q.left.facts), part.server(q.right.facts)):
        case Seen(), _:
            return Servers.ONE
        case _, Known((Server() as a, Server() as b)):
            return _named(q, part, seen, a, b)
        case sight, Known((a, b)):
            return _unnamed(q, part, seen, sight, (a, b))
        case _, Unknown() as unknown:
            return _by_text(q, part, seen, unknown)


def _named(q: Ask, part: Part, seen: tuple[Evidence, ...], a: Server, b: Server) -> Servers | Judgement:
    if a.run_id == b.run_id:
        return Servers.ONE
    if set(a.replication_ids) & set(b.replication_ids):
        return Servers.KIN
    if not (a.linked and b.linked):
        return unproven("a replica without a link to its primary may not carry its id", seen, _LINK)
    return _doubt(q, part, seen, (a, b)) or Servers.TWO


def _unnamed(
    q: Ask, part: Part, seen: tuple[Evidence, ...], sight: Sight, pair: tuple[Server | Nameless, ...]
) -> Servers | Judgement:
    """A mark tells servers apart that do not say who they are, if both controls held."""
    if isinstance(sight, Unseen) and _doubt(q, part, seen, pair) is None:
        return Servers.TWO
    nameless = next(server for server in pair if isinstance(server, Nameless))
    why = nameless.why or "the server does not say who it is"
    return _by_text(q, part, seen, Unknown(why, nameless.remedy))


def _doubt(
    q: Ask, part: Part, seen: tuple[Evidence, ...], pair: tuple[Server | Nameless, ...]
) -> Judgement | None:
    """Why a difference proves nothing here; None if it does."""
    if not all(server.steady for server in pair):
        return unproven(_NOT_AGAIN, seen, _SETTLE)
    match likeness_of(q, part):
        case Unknown() as unknown:
            return unproven(unknown.reason, seen, unknown.remedy or ASK)
        case Known(likeness) if likeness.of_server == "same":
            return unproven(_TWO_AT_ONE, seen, _SETTLE)
        case Known() if all(server.clustered for server in pair):
            return unproven("both may be nodes of one cluster, whose ids differ", seen, OWN)
        case Known():
            return None


_LINK = "mend or end the replication (INFO replication shows master_link_status), then ask again"
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
    """What the addresses alone say."""
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
        *of(q, part.canary).sighted(),
    )


def _told(server: Server | Nameless) -> str:
    match server:
        case Server():
            return f"{server.run_id} ({server.product})"
        case Nameless():
            return f"not told: {server.why}"
