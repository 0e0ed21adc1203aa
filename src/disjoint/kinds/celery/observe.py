"""Read broker and result backend without being a client of either: nothing is declared, nothing sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from disjoint.kinds.redis import marks
from disjoint.kinds.redis.account import Identity, identify, met_again
from disjoint.kinds.redis.session import Login, Session, connect, known, then
from disjoint.model.environment import Target
from disjoint.model.fact import Fact, Known, Unknown, both, mapped
from disjoint.model.manifest import fill
from disjoint.model.probe import Probe, ProbeError

from .bindings import BINDING, MAILBOX, members, workers
from .facts import CeleryDeclared, CeleryFacts, Nameless, Queue, Server, from_text, prefix_of
from .login import BACKEND, BROKER, login_of, must
from .schedules import scheduled

_DEFAULT = "celery"
"""Celery's default exchange and queue."""


def observe(target: Target[CeleryDeclared], probe: Probe) -> CeleryFacts:
    """One session for the broker, one for the result backend; a failure of one costs only its facts."""
    facts = _with_backend(_with_broker(from_text(target, "not declared"), target, probe), target, probe)
    if target.declared.schedules is None:
        return facts
    return replace(facts, schedule=_silent(facts, target) or scheduled(target, probe))


def _silent(facts: CeleryFacts, target: Target[CeleryDeclared]) -> Unknown | None:
    """Why a server that should be asked again has not answered before."""
    for setting, transport in ((BROKER, facts.broker_transport), (BACKEND, facts.backend_transport)):
        where = known(partial(login_of, target, setting))
        if isinstance(where, Known) and isinstance(transport, Unknown):
            return transport
    return None


def _with_broker(facts: CeleryFacts, target: Target[CeleryDeclared], probe: Probe) -> CeleryFacts:
    try:
        where = login_of(target, BROKER)
        with connect(where, probe) as session:
            seen = _with_names(_broker(facts, session, probe, where), session, probe, target)
        return replace(seen, broker_server=then(seen.broker_server, lambda s: _again(s, where, probe)))
    except ProbeError as error:
        return _no_broker(facts, Unknown(error.reason, error.remedy))


def _broker(facts: CeleryFacts, session: Session, probe: Probe, where: Login) -> CeleryFacts:
    return replace(
        facts,
        broker_server=_who(session, probe),
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
        where = login_of(target, BACKEND)
        with connect(where, probe) as session:
            seen = _backend(facts, session, probe, where)
        return replace(seen, backend_server=then(seen.backend_server, lambda s: _again(s, where, probe)))
    except ProbeError as error:
        why = Unknown(error.reason, error.remedy)
        return replace(
            facts, backend_server=why, backend_database=why, backend_transport=why, result_prefix=why
        )


def _backend(facts: CeleryFacts, session: Session, probe: Probe, where: Login) -> CeleryFacts:
    return replace(
        facts,
        backend_server=_who(session, probe),
        backend_database=known(lambda: session.select(where.db)),
        backend_transport=Known(session.transport),
    )


def _who(session: Session, probe: Probe) -> Fact[Server | Nameless]:
    """Who the server says it is; where it does not, what a mark must show of it."""
    identity = identify(session, probe)
    match known(lambda: _server(identity, probe)):
        case Known(server):
            return Known(server)
        case Unknown(reason, remedy) as why:
            node = mapped(identity.clustered, lambda node: Nameless(True, node, reason, remedy))
            return node if isinstance(node, Known) else why


def _server(identity: Identity, probe: Probe) -> Server:
    """Who the server says it is, whole.

    Raises:
        ProbeError: it does not say all of it.
    """
    run_id = probe.digest("redis.run_id", must(identity.run_id))
    ids = tuple(sorted(probe.digest("redis.replid", i) for i in must(identity.replication_ids)))
    since = identity.since.value if isinstance(identity.since, Known) else None
    said = run_id, ids, must(identity.clustered), must(identity.product)
    return Server(*said, since=since, linked=must(identity.linked))


def _again(server: Server | Nameless, where: Login, probe: Probe) -> Server | Nameless:
    """The server, and whether further connections meet it again.

    Raises:
        ProbeError: it has no name, and no mark of it could be placed or looked for.
    """
    match server:
        case Server():
            met = known(lambda: met_again(where, probe, server.run_id))
            return server._replace(steady=met == Known(True))
        case Nameless():
            marked = known(lambda: marks.met_again(where, probe))
            if isinstance(marked, Unknown):
                raise ProbeError(server.why, server.remedy)
            return server._replace(steady=marked.value)


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
        pidbox=then(prefix, lambda text: probe.digest("redis.key", f"{text}{BINDING}{MAILBOX[1:]}")),
        workers=then(prefix, lambda text: workers(session, text)),
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
    return tuple(must(fill(item, target.environment, "")).value.reveal() for item in items)


def _bound(session: Session, prefix: str, stated: tuple[str, ...]) -> frozenset[str]:
    """Queues bound to Celery's default exchange, or to the exchange of their own name."""
    exchanges = sorted({_DEFAULT, *stated})
    return frozenset(name for each in exchanges for name in members(session, f"{prefix}{BINDING}{each}"))


def _queues(probe: Probe, prefix: str, stated: frozenset[str], bound: Iterable[str]) -> tuple[Queue, ...]:
    """Every queue by the digest of its whole key; by name only where the manifest names it."""
    names = sorted(stated.union(bound))
    shown = {name: name if name in stated else probe.digest("celery.queue", name) for name in names}
    return tuple(Queue(probe.digest("redis.key", prefix + name), shown[name]) for name in names)
