"""What may be declared and known of a Celery broker and its result backend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from disjoint.model.address import Address
from disjoint.model.elder import NEW_IDS, elder
from disjoint.model.environment import Target
from disjoint.model.fact import Fact, Known, Unknown, both, mapped
from disjoint.model.kind import SETTING, Identity
from disjoint.model.plain import Plain

from .address import CeleryAddress, parse


@dataclass(frozen=True, slots=True, kw_only=True)
class CeleryDeclared:
    """``[resources.x]`` with ``kind = "celery"``."""

    broker: str = field(metadata=SETTING)
    result_backend: str | None = field(default=None, metadata=SETTING)
    queues: tuple[str, ...] | None = None
    """The queues that the workers take tasks from; an item may hold ``$VARIABLE``."""
    key_prefix: str | None = field(default=None, metadata=SETTING)
    """``global_keyprefix`` of ``broker_transport_options``, exactly as configured."""
    result_key_prefix: str | None = field(default=None, metadata=SETTING)
    """``global_keyprefix`` of ``result_backend_transport_options``."""
    reach: bool = False
    """Try staging's logins once at production's broker and result backend."""
    ping: bool = False
    """Call staging's workers, once staging's broker is proven another server than production's."""
    schedules: tuple[str, ...] | None = None
    """Entries of RedBeat's schedule that staging may run although production runs them; ``[]``: none."""
    redbeat_key_prefix: str | None = field(default=None, metadata=SETTING)
    """RedBeat's setting of that name; ``redbeat:`` if it is not set."""


class Server(NamedTuple):
    """Who a Redis server says it is, digested."""

    run_id: str
    replication_ids: tuple[str, ...]
    clustered: bool
    product: str
    steady: bool = True
    """False where a further connection did not meet the same process: behind a balancer it meets another."""
    since: float | None = None
    """When its process started, in seconds of this machine's clock; None where it did not say."""
    linked: bool = True
    """False on a replica that has no link to its primary, and may not carry its id yet."""


class Nameless(NamedTuple):
    """A Redis server that does not say who it is, and shows by a mark that it is one."""

    steady: bool
    """Whether a second connection found a mark that the first one held."""
    clustered: bool
    why: str
    """Why it has no name."""
    remedy: str


class Knock(NamedTuple):
    """What a server of production's answered to staging's login."""

    let_in: bool
    words: str


@dataclass(frozen=True, slots=True)
class Knocks:
    """What production's two servers answered."""

    broker: Fact[Knock]
    backend: Fact[Knock]


CLEAN_UP = "celery.backend_cleanup"
"""Celery's own entry: every beat has it, and it removes what its own result backend no longer needs."""


class Entry(NamedTuple):
    """One periodic task, as RedBeat schedules it."""

    key: str
    """Digest of its name."""
    name: str
    """The name if the manifest states it or it is Celery's own, else the digest."""


class Queue(NamedTuple):
    """One queue of one namespace."""

    key: str
    """Digest of the whole key, prefix and name: equal keys of one database are one queue."""
    name: str
    """The name if the manifest states it, else a digest: names may hold what is nobody's business."""


@dataclass(frozen=True, slots=True)
class CeleryFacts:
    """What the servers behind a broker and a result backend show without being used."""

    broker: Fact[CeleryAddress]
    broker_server: Fact[Server | Nameless]
    broker_database: Fact[int]
    broker_transport: Fact[str]
    pidbox: Fact[str]
    """Digest of the key of the set that lists the workers: it holds the key prefix."""
    workers: Fact[tuple[str, ...]]
    """Workers that have announced themselves (``node@host``); a killed one stays listed."""
    queues: Fact[tuple[Queue, ...]]
    """The stated queues and those that the server shows as bound."""
    bound: Fact[int]
    """How many queues the server shows as bound under the prefix."""
    backend: Fact[CeleryAddress]
    backend_server: Fact[Server | Nameless]
    backend_database: Fact[int]
    backend_transport: Fact[str]
    schedule: Fact[tuple[Entry, ...]]
    """What RedBeat would run, by what broker and result backend hold; only where ``schedules`` is stated."""
    result_prefix: Fact[str]
    """Digest of the prefix of the results' keys."""


def from_text(target: Target[CeleryDeclared], reason: str) -> CeleryFacts:
    """What the two addresses alone say; everything else Unknown for one reason."""
    why = Unknown(reason)
    return CeleryFacts(
        broker=_address(target, "broker"),
        broker_server=why,
        broker_database=why,
        broker_transport=why,
        pidbox=why,
        workers=why,
        queues=why,
        bound=why,
        backend=_address(target, "result_backend"),
        backend_server=why,
        backend_database=why,
        backend_transport=why,
        schedule=why,
        result_prefix=why,
    )


def prefix_of(target: Target[CeleryDeclared], setting: str) -> Fact[str]:
    """A key prefix; a manifest that names none says that there is none."""
    if setting not in target.settings:
        return Known("")
    match target.setting(setting):
        case Known(secret):
            return Known(secret.reveal())
        case Unknown() as unknown:
            return unknown


def _address(target: Target[CeleryDeclared], setting: str) -> Fact[CeleryAddress]:
    return mapped(target.setting(setting), lambda secret: parse(secret.reveal()))


def identities(facts: CeleryFacts) -> tuple[Identity, ...]:
    """The servers behind broker and result backend, with what is a copy of them.

    Of a nameless server that is both, the broker speaks for both.
    """
    broker, backend = _marks(facts.broker_server), _marks(facts.backend_server)
    one = isinstance(broker, Unknown) and isinstance(backend, Unknown) and _at_one_place(facts)
    return (
        Identity("celery/same-broker", "broker", broker),
        Identity("celery/same-result-backend", "result backend", Known(frozenset()) if one else backend),
    )


def _at_one_place(facts: CeleryFacts) -> bool:
    """Whether this environment writes one host and port for both, and both were found to be a server."""
    match facts.broker, facts.backend, both(facts.broker_server, facts.backend_server):
        case Known(broker), Known(backend), Known():
            doors = [tuple(entry.doors for entry in address.entries) for address in (broker, backend)]
            return bool(doors[0]) and doors[0] == doors[1]
        case _:
            return False


def _marks(server: Fact[Server | Nameless]) -> Fact[frozenset[str]]:
    if isinstance(server, Unknown):
        return server
    match server.value:
        case Server() as known:
            return Known(frozenset({known.run_id, *known.replication_ids}))
        case Nameless() as nameless:
            return Unknown(nameless.why, nameless.remedy)


def stable(facts: CeleryFacts) -> Mapping[str, Fact[Plain | Address]]:
    """Where broker and result backend are, and under which prefixes."""
    return {
        "broker": facts.broker,
        "broker_database": facts.broker_database,
        "pidbox": facts.pidbox,
        "backend": facts.backend,
        "backend_database": facts.backend_database,
        "result_prefix": facts.result_prefix,
    }


def aged(theirs: CeleryFacts, ours: CeleryFacts, sealed_at: datetime) -> CeleryFacts:
    """As with a Redis: ids that differ count where staging's server is older than the seal."""
    return replace(
        theirs,
        broker_server=_aged(theirs.broker_server, ours.broker_server, sealed_at),
        backend_server=_aged(theirs.backend_server, ours.backend_server, sealed_at),
    )


def _aged(
    theirs: Fact[Server | Nameless], ours: Fact[Server | Nameless], sealed_at: datetime
) -> Fact[Server | Nameless]:
    match theirs, ours:
        case Known(Server()), Known(Server(replication_ids=(_, _, *_))):
            return NEW_IDS  # promoted: perhaps a replica of production's that came to lead it since
        case Known(Server()), Known(Server(since=float() as since)) if elder(since, sealed_at):
            return theirs
        case Known(Server()), _:
            return NEW_IDS
        case _:
            return theirs
