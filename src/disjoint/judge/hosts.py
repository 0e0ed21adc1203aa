"""Hosts that stand alone in a variable, against the servers that production's variables name. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from disjoint.model.address import Address
from disjoint.model.engine import ForeignAddress, compare_foreign, read_foreign
from disjoint.model.finding import Evidence, Judgement, unproven
from disjoint.model.host import compare_hosts, read_host
from disjoint.model.snapshot import NamedHost, Snapshot

from .ask import Kinds

Hit = tuple[NamedHost, str]
"""A host of staging's, and what of production's is there."""
_STORE = re.compile(
    r"(?:^|_|\b)(?:\w*SQL|PG|POSTGRES|DB|DATABASE|RDS|REDIS|VALKEY|CACHE|MEMCACHED?|RABBIT(?:MQ)?|AMQP|BROKER|QUEUE"
    r"|KAFKA|MONGO(?:DB)?|MARIA(?:DB)?|ELASTIC(?:SEARCH)?|CLICKHOUSE|CASSANDRA)(?:_|\d|$|HOST|SERVER|ADDR)"
)
"""A variable that names a store: a relay or a vendor's host stands in everybody's variables."""


def named_servers(
    kinds: Kinds, theirs: Iterable[tuple[str, Address]], production: Snapshot, staging: Snapshot
) -> Iterator[Hit]:
    """Staging's hosts at which one of production's servers is, by text.

    Args:
        kinds: by name.
        theirs: production's addresses, declared or a store's, each with what names it.
        production: its hosts that stand alone.
        staging: as above.
    """
    servers = [(name, address) for name, address in theirs if _is_server(kinds, address)]
    for ours in staging.hosts:
        near = _neighbourhood(ours.host)
        asked = [(name, address) for name, address in servers if near in address.shown.lower()]
        yield from ((ours, name) for name, address in asked if _at(kinds, address, ours))
        yield from ((ours, other.variable) for other in production.hosts if _one_store(other, ours))


def judged(hits: tuple[Hit, ...], staging: Snapshot) -> Judgement:
    """What such hosts amount to: nobody asked the server whose it is."""
    names = ", ".join(sorted({f"{host.variable} names the server of production's {of}" for host, of in hits}))
    evidence = tuple(
        Evidence(staging.environment, f"{each.where} {each.variable}", each.host, "parsed", staging.taken_at)
        for each in dict.fromkeys(host for host, _ in hits)
    )
    remedy = "give staging a server of its own, or declare it as a resource: then its server is asked"
    return unproven(f"in staging {names}, and no resource declares it", evidence, remedy)


def _is_server(kinds: Kinds, address: Address) -> bool:
    """One host may serve strangers, where it serves pages or buckets."""
    if isinstance(address, ForeignAddress):
        return bool(address.foreign.engine) and not address.foreign.local
    return address.kind in kinds and bool(kinds[address.kind].lane)


def _neighbourhood(host: str) -> str:
    """What all names of one server end in; few other servers' do."""
    return ".".join(host.split(".")[-2:])


def _at(kinds: Kinds, theirs: Address, ours: NamedHost) -> bool:
    host = f"[{ours.host}]" if ":" in ours.host else ours.host
    places = (host, *(f"{host}:{port}" for port in ours.ports))
    return any(
        _same(kinds, theirs, f"{scheme}://{place}") for scheme in _schemes(kinds, theirs) for place in places
    )


def _schemes(kinds: Kinds, theirs: Address) -> tuple[str, ...]:
    """Those of all kinds that may meet on the server."""
    if isinstance(theirs, ForeignAddress):
        return (theirs.foreign.engine,)
    lane = kinds[theirs.kind].lane
    return tuple(scheme for kind in kinds.values() if kind.lane == lane for scheme in kind.schemes)


def _same(kinds: Kinds, theirs: Address, url: str) -> bool:
    if isinstance(theirs, ForeignAddress):
        return compare_foreign(theirs.foreign, read_foreign(url)).of_server == "same"
    kind = kinds[theirs.kind]
    return kind.compare(theirs, kind.read(url)).of_server == "same"


def _one_store(theirs: NamedHost, ours: NamedHost) -> bool:
    """Whether both sides' variables name one host for a store, by names that say so."""
    if theirs.host != ours.host or not (
        _STORE.search(theirs.variable.upper()) and _STORE.search(ours.variable.upper())
    ):
        return False
    return compare_hosts(read_host(theirs.host), read_host(ours.host)).verdict == "same"
