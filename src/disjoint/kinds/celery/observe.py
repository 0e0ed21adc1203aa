"""Read broker and result backend without being a client of either: nothing is declared, nothing sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from disjoint.kinds.redis.account import identify, met_again
from disjoint.kinds.redis.session import Login, Session, connect, known, then
from disjoint.model.environment import Target
from disjoint.model.fact import Fact, Known, Unknown, both
from disjoint.model.manifest import fill
from disjoint.model.probe import Probe, ProbeError
from disjoint.model.url import ENCODE, SEVERED, severed

from .address import login, parse
from .facts import CeleryDeclared, CeleryFacts, Queue, Server, from_text, prefix_of

T = TypeVar("T")

_BINDING = "_kombu.binding."
_MAILBOX = ".celery.pidbox"
_SEPARATOR = b"\x06\x16"
"""Between routing key, pattern and queue in a member of a binding set (kombu's redis transport)."""
MEMBERS = 10_000
"""A set is sent whole while the server does nothing else: 1 ms for these."""
_TOO_MANY = "remove the bindings of queues that are gone: kombu leaves them behind"
_DEFAULT = "celery"
"""Celery's default exchange and queue."""


def observe(target: Target[CeleryDeclared], probe: Probe) -> CeleryFacts:
    """One session for the broker, one for the result backend; a failure of one costs only its facts."""
    return _with_backend(_with_broker(from_text(target, "not declared"), target, probe), target, probe)


def _with_broker(facts: CeleryFacts, target: Target[CeleryDeclared], probe: Probe) -> CeleryFacts:
    try:
        where = _login(target, "broker")
        with connect(where, probe) as session:
            seen = _with_names(_broker(facts, session, probe, where), session, probe, target)
        return replace(seen, broker_server=then(seen.broker_server, lambda s: _again(s, where, probe)))
    except ProbeError as error:
        return _no_broker(facts, Unknown(error.reason, error.remedy))


def _broker(facts: CeleryFacts, session: Session, probe: Probe, where: Login) -> CeleryFacts:
    return replace(
        facts,
        broker_server=known(lambda: _server(session, probe)),
        broker_database=known(lambda: session.select(where.db)),
        broker_transport=Known(session.transport),
    )


def _no_broker(facts: CeleryFacts, why: Unknown) -> CeleryFacts:
    return replace(
        facts,
        broker_server=why,
        broker_database=why,
        broker_transport=why,
        pidbox=why,
        workers=why,
        queues=why,
        bound=why,
    )


def _with_backend(facts: CeleryFacts, target: Target[CeleryDeclared], probe: Probe) -> CeleryFacts:
    if target.declared.result_backend is None:
        return facts
    prefix = then(prefix_of(target, "result_key_prefix"), lambda text: probe.digest("celery.results", text))
    facts = replace(facts, result_prefix=prefix)
    try:
        where = _login(target, "result_backend")
        with connect(where, probe) as session:
            seen = _backend(facts, session, probe, where)
        return replace(seen, backend_server=then(seen.backend_server, lambda s: _again(s, where, probe)))
    except ProbeError as error:
        why = Unknown(error.reason, error.remedy)
        return replace(facts, backend_server=why, backend_database=why, backend_transport=why)


def _backend(facts: CeleryFacts, session: Session, probe: Probe, where: Login) -> CeleryFacts:
    return replace(
        facts,
        backend_server=known(lambda: _server(session, probe)),
        backend_database=known(lambda: session.select(where.db)),
        backend_transport=Known(session.transport),
    )


def _login(target: Target[CeleryDeclared], setting: str) -> Login:
    """Where a setting leads, if Redis answers there.

    Raises:
        ProbeError: the setting is unknown, or leads to something else.
    """
    text = _must(target.setting(setting)).reveal()
    address, found = parse(text), login(text)
    if why := address.fault or address.doubt:
        raise ProbeError(why, f"mend the {setting}, or run where its value is known")
    if severed(text):
        raise ProbeError(SEVERED, ENCODE)
    if len(address.entries) > 1:
        raise ProbeError(
            f"the {setting} is a list of servers to fail over to: which is in use is unknown", _EACH
        )
    if found is None:
        raise ProbeError(f"this version asks only Redis; the {setting} is something else", _OTHER)
    return found


_EACH = "declare each server of the list as a resource of its own"
_OTHER = (
    "compare it by hand (RabbitMQ: rabbitmqctl cluster_status and the virtual host; SQS: account, region, "
    "queue_name_prefix), or declare a result backend's store as a resource of its own kind"
)


def _server(session: Session, probe: Probe) -> Server:
    """Who the server says it is, whole.

    Raises:
        ProbeError: it does not say all of it.
    """
    identity = identify(session)
    ids = tuple(sorted(probe.digest("redis.replid", i) for i in _must(identity.replication_ids)))
    run_id = probe.digest("redis.run_id", _must(identity.run_id))
    return Server(run_id, ids, _must(identity.clustered), _must(identity.product))


def _again(server: Server, where: Login, probe: Probe) -> Server:
    """The server, and whether a second connection meets it again."""
    met = known(lambda: met_again(where, probe, server.run_id))
    return server._replace(steady=met == Known(True))


def _must(fact: Fact[T]) -> T:
    match fact:
        case Known(value):
            return value
        case Unknown(reason, remedy):
            raise ProbeError(reason, remedy)


def _with_names(
    facts: CeleryFacts, session: Session, probe: Probe, target: Target[CeleryDeclared]
) -> CeleryFacts:
    """Workers and queues as the server lists them, under the prefix and in the database that is used."""
    place = both(facts.broker_database, prefix_of(target, "key_prefix"))
    prefix = then(place, lambda both_known: both_known[1])
    stated = known(lambda: _stated(target))
    bound = then(both(prefix, stated), lambda asked: _bound(session, *asked))
    return replace(
        facts,
        pidbox=then(prefix, lambda text: probe.digest("redis.key", f"{text}{_BINDING}{_MAILBOX[1:]}")),
        workers=then(prefix, lambda text: _workers(session, text)),
        bound=then(bound, len),
        queues=then(
            both(prefix, both(stated, bound)),
            lambda seen: _queues(probe, seen[0], frozenset(seen[1][0]), seen[1][1]),
        ),
    )


def _stated(target: Target[CeleryDeclared]) -> tuple[str, ...]:
    """The manifest's queues with this environment's variables filled in; none if it states none.

    Raises:
        ProbeError: a variable in them is unknown.
    """
    items = target.declared.queues or ()
    return tuple(_must(fill(item, target.environment, "")).value.reveal() for item in items)


def _workers(session: Session, prefix: str) -> tuple[str, ...]:
    """Each live worker has bound its own mailbox: ``celery@host.celery.pidbox``."""
    names = _members(session, f"{prefix}{_BINDING}{_MAILBOX[1:]}")
    return tuple(sorted(name.removesuffix(_MAILBOX) for name in names))


def _bound(session: Session, prefix: str, stated: tuple[str, ...]) -> frozenset[str]:
    """Queues bound to Celery's default exchange, or to the exchange of their own name."""
    exchanges = sorted({_DEFAULT, *stated})
    return frozenset(name for each in exchanges for name in _members(session, f"{prefix}{_BINDING}{each}"))


def _members(session: Session, key: str) -> list[str]:
    """The queue names in one binding set.

    Raises:
        ProbeError: the set was not read.
    """
    size = session.ask("SCARD", key)
    if not isinstance(size, int) or size > MEMBERS:
        raise ProbeError(f"a binding set holds more than {MEMBERS} names, or is no set", _TOO_MANY)
    match session.ask("SMEMBERS", key):
        case list(members):
            ends = [m.rpartition(_SEPARATOR)[2] for m in members if isinstance(m, bytes)]
            return [end.decode("utf-8", "backslashreplace") for end in ends]
        case _:
            raise ProbeError("SMEMBERS was not answered with a set")


def _queues(probe: Probe, prefix: str, stated: frozenset[str], bound: Iterable[str]) -> tuple[Queue, ...]:
    """Every queue by the digest of its whole key; by name only where the manifest names it."""
    names = sorted(stated.union(bound))
    shown = {name: name if name in stated else probe.digest("celery.queue", name) for name in names}
    return tuple(Queue(probe.digest("redis.key", prefix + name), shown[name]) for name in names)
