"""Read a server's own account of itself; on staging, walk over its key names if asked to."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace

from disjoint.model.environment import Target
from disjoint.model.fact import Fact, Known, Unknown, both
from disjoint.model.probe import Probe, ProbeError
from disjoint.model.url import ENCODE, SEVERED, severed

from . import marks
from .account import identify, met_again, nodes, process
from .address import Login, login
from .facts import RedisDeclared, RedisFacts, Scan, from_text, unread
from .session import Session, connect, known, then
from .walk import keyspace, lasting_keys, page

SCAN_COUNT = 500
SCAN_CALLS = 2000
"""How many calls one walk may take: a million keys, at half the server's time at most."""
SAMPLE = 5


def observe(target: Target[RedisDeclared], probe: Probe) -> RedisFacts:
    """One session: who the server is, what it holds; on staging its key names, if declared.

    A second one asks only whether the same process answers.

    Raises:
        ProbeError: the server was not reached, or refused the login.
    """
    match target.setting("url"):
        case Unknown() as unknown:
            return unread(target, unknown)
        case Known(secret):
            if severed(secret.reveal()):
                return unread(target, Unknown(SEVERED, ENCODE))
            return _visited(target, probe, login(secret.reveal()))


def _visited(target: Target[RedisDeclared], probe: Probe, where: Login) -> RedisFacts:
    match from_text(target, "").address:
        case Known(address) if address.sentinel:
            return unread(target, Unknown("which server a Sentinel names is not asked", _NAMED))
        case Known(address) if address.foreign:
            return unread(
                target, Unknown("this version asks nothing of such a server", "declare its own kind")
            )
    with connect(where, probe) as session:
        facts = _answers(session, probe, target, where)
    return replace(facts, steady=_steady(facts, where, probe))


def _steady(facts: RedisFacts, where: Login, probe: Probe) -> Fact[bool]:
    match facts.run_id:
        case Known(run_id):
            return known(lambda: met_again(where, probe, run_id))
        case Unknown():
            return then(facts.clustered, lambda _: marks.met_again(where, probe))


_NAMED = "declare the server that the Sentinel names: SENTINEL GET-MASTER-ADDR-BY-NAME"


def _answers(session: Session, probe: Probe, target: Target[RedisDeclared], where: Login) -> RedisFacts:
    server = identify(session, probe)
    database = known(lambda: session.select(where.db))
    facts = RedisFacts(
        address=from_text(target, "").address,
        transport=Known(session.transport),
        run_id=then(server.run_id, lambda run_id: probe.digest("redis.run_id", run_id)),
        replication_ids=then(server.replication_ids, lambda ids: _digests(probe, ids)),
        steady=Unknown("the server was asked once"),
        role=server.role,
        linked=server.linked,
        clustered=server.clustered,
        nodes=then(server.clustered, lambda node: _nodes(session, probe) if node else ()),
        server=server.product,
        since=server.since,
        database=database,
        databases=known(lambda: _databases(session)),
        namespace=Unknown("staging's keys are asked for only where `keys` is declared"),
    )
    if target.declared.keys is None or probe.protected:
        return facts
    return replace(facts, namespace=_namespace(session, probe, server.run_id, database, target.declared.keys))


def _nodes(session: Session, probe: Probe) -> tuple[str, ...]:
    return tuple(sorted(probe.digest("redis.node", node) for node in nodes(session)))


def _digests(probe: Probe, ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(probe.digest("redis.replid", i) for i in ids))


def _databases(session: Session) -> tuple[tuple[int, int], ...]:
    return tuple(sorted((index, keys) for index, (keys, _) in keyspace(session).items()))


def _namespace(
    session: Session, probe: Probe, run_id: Fact[str], database: Fact[int], prefixes: tuple[str, ...]
) -> Fact[Scan]:
    """Walk over the keys with controls: one process throughout, and every lasting key seen."""
    return then(both(run_id, database), lambda begun: _walked(session, probe, *begun, prefixes))


def _walked(session: Session, probe: Probe, run_id: str, index: int, prefixes: tuple[str, ...]) -> Scan:
    lasting = lasting_keys(session, index)
    seen = foreign = 0
    sample: list[str] = []
    marks = tuple(prefix.encode() for prefix in prefixes)
    for names in _scanned(session):
        strangers = [name for name in names if not name.startswith(marks)]
        seen, foreign = seen + len(names), foreign + len(strangers)
        room = itertools.islice(strangers, SAMPLE - len(sample))
        sample += [probe.digest("redis.key", name.decode("utf-8", "surrogateescape")) for name in room]
    if process(session) != run_id:
        raise ProbeError("the server was restarted during the walk over its keys", "ask again")
    if seen < (expected := min(lasting, lasting_keys(session, index))):
        raise ProbeError(
            f"the walk showed {seen} keys, the server counts {expected} lasting ones", "ask again"
        )
    return Scan(seen, foreign, tuple(sample))


def _scanned(session: Session) -> Iterator[list[bytes]]:
    """Batches of key names; the server rests as long as each call took.

    Raises:
        ProbeError: the walk did not end within its calls, or within the time allowed.
    """
    cursor, shown = "0", 0
    for _ in range(SCAN_CALLS):
        started = time.monotonic()
        try:
            cursor, names = page(session, cursor, SCAN_COUNT)
        except ProbeError as error:
            raise ProbeError(f"{error.reason}; {shown} keys were seen until then", error.remedy) from None
        shown += len(names)
        yield names
        if cursor == "0":
            return
        time.sleep(time.monotonic() - started)
    raise ProbeError(
        f"more keys than one walk may ask for: about {_covered(session, shown)} % were seen", _TOO_MANY
    )


_TOO_MANY = "remove `keys` and compare contents by a census, or empty the staging database"


def _covered(session: Session, shown: int) -> int:
    size = session.ask("DBSIZE")
    return 100 * shown // size if isinstance(size, int) and size > shown else 99
