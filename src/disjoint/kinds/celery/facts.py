"""What may be declared and known of a Celery broker and its result backend."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from disjoint.model.environment import Target
from disjoint.model.fact import Fact, Known, Unknown, mapped
from disjoint.model.kind import SETTING, Identity

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


class Server(NamedTuple):
    """Who a Redis server says it is, digested."""

    run_id: str
    replication_ids: tuple[str, ...]
    clustered: bool
    product: str
    steady: bool = True
    """False where a second connection did not meet the same process: behind a balancer it meets another."""


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
    broker_server: Fact[Server]
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
    backend_server: Fact[Server]
    backend_database: Fact[int]
    backend_transport: Fact[str]
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
    """The servers behind broker and result backend, with what is a copy of them."""
    return (
        Identity("celery/same-broker", "broker", _marks(facts.broker_server)),
        Identity("celery/same-result-backend", "result backend", _marks(facts.backend_server)),
    )


def _marks(server: Fact[Server]) -> Fact[frozenset[str]]:
    match server:
        case Known(known):
            return Known(frozenset({known.run_id, *known.replication_ids}))
        case Unknown():
            return server
