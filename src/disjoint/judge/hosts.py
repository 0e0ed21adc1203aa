"""Hosts that stand alone in a variable, against the servers that production's variables name. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from disjoint.model.address import Address
from disjoint.model.engine import Foreign, ForeignAddress, compare_foreign, read_foreign
from disjoint.model.finding import Evidence, Judgement, unproven
from disjoint.model.snapshot import NamedHost, Snapshot
from disjoint.model.stores import managed, names_none, names_store

from .ask import Kinds
from .doors import doors, has_neighbours, is_of_one, is_server

Hit = tuple[NamedHost, str]
"""A host of staging's, and what of production's is there."""
_NO_HOST = re.compile(
    r"\.(?:pem|crt|key|cnf|conf|cfg|ini|ya?ml|json|toml|sock|db|sqlite3?|log|jks|p12|xml|sql)\Z"
)
OWN_SERVER = (
    "give staging a server of its own, or declare it as a resource: then its server is asked (another "
    "port of one host counts as its server: it may be a pooler's)"
)
_NOTHING = Foreign("", (), "", local=False)
MOST_TOLD = 8
"""Of what production has there, for each host of staging's: thousands of variables may name one server."""


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
    servers = _Servers(kinds, theirs if staging.hosts else ())
    named = _Named(production.hosts)
    at: dict[tuple[str, tuple[int, ...]], list[str]] = {}
    for ours in staging.hosts:
        place = (ours.host, ours.ports)
        if place not in at:
            at[place] = [*islice(servers.at(ours), MOST_TOLD)]
        yield from ((ours, name) for name in at[place])
        yield from ((ours, name) for name in islice(named.by(ours), MOST_TOLD))


def named_stores(
    kinds: Kinds, production: Snapshot, ours: Iterable[tuple[str, Address]], where: Mapping[str, str]
) -> Iterator[Hit]:
    """Staging's stores that are at one of production's hosts.

    Args:
        kinds: by name.
        production: its hosts that stand alone.
        ours: staging's addresses, declared or a store's, each with what names it.
        where: each variable is written.
    """
    servers = _Servers(kinds, ours if production.hosts else ())
    for theirs in production.hosts:
        for name in islice(servers.at(theirs), MOST_TOLD):
            here = NamedHost(name, where.get(name, "resource"), theirs.host, theirs.ports)
            yield here, theirs.variable


class _Servers:
    """One side's servers, by kind and host as its kind spells it; of another engine by no kind."""

    def __init__(self, kinds: Kinds, theirs: Iterable[tuple[str, Address]]) -> None:
        self._kinds = kinds
        self._at: dict[tuple[str, str], list[tuple[int, str, Address]]] = {}
        engines = set[str]()
        for name, address in theirs:
            if is_server(kinds, address):
                engines |= {address.foreign.engine} if isinstance(address, ForeignAddress) else set()
                for host, port, _ in doors(kinds, address):
                    self._at.setdefault((address.kind, host), []).append((port, name, address))
        self._asked = (*_schemes(kinds), *(("", engine) for engine in sorted(engines)))

    def at(self, ours: NamedHost) -> Iterator[str]:
        """What is at a host of the other side's: at its port, or at any where nobody states one."""
        near = has_neighbours(ours.host) and _is_store(ours)
        for kind, scheme in self._asked:
            asked = self._read(kind, _url(scheme, ours.host))
            places = {host for host, _, _ in doors(self._kinds, asked)}
            for port, name, theirs in (each for host in places for each in self._at.get((kind, host), ())):
                urls = (_url(scheme, ours.host, each) for each in ours.ports or (port,))
                if near or any(self._same(theirs, self._read(kind, url)) for url in urls):
                    yield name

    def _read(self, kind: str, url: str) -> Address:
        return self._kinds[kind].read(url) if kind else ForeignAddress(read_foreign(url) or _NOTHING)

    def _same(self, theirs: Address, ours: Address) -> bool:
        if isinstance(theirs, ForeignAddress) and isinstance(ours, ForeignAddress):
            return compare_foreign(theirs.foreign, ours.foreign).of_server == "same"
        return self._kinds[theirs.kind].compare(theirs, ours).of_server == "same"


class _Named:
    """Production's hosts that stand alone, by what is asked of them: a few of each."""

    def __init__(self, hosts: Iterable[NamedHost]) -> None:
        self._by: dict[str, dict[tuple[bool, tuple[int, ...]], list[NamedHost]]] = {}
        for each in hosts:
            if not _is_none(each):
                alike = self._by.setdefault(each.host, {}).setdefault((_is_store(each), each.ports), [])
                alike.extend([each] if len(alike) < MOST_TOLD else [])

    def by(self, ours: NamedHost) -> Iterator[str]:
        """Variables that name one host with staging's, where one side's calls it a store."""
        if _is_none(ours) or _NO_HOST.search(ours.host):
            return
        for (store, ports), alike in self._by.get(ours.host, {}).items():
            elsewhere = ports and ours.ports and not {*ports} & {*ours.ports}
            one = has_neighbours(ours.host) if elsewhere else is_of_one(ours.host)
            if (store or _is_store(ours)) and one:
                yield from (each.variable for each in alike)


def _url(scheme: str, host: str, port: int | None = None) -> str:
    place = f"[{host}]" if ":" in host else host
    return f"{scheme}://{place}" if port is None else f"{scheme}://{place}:{port}"


def _is_none(named: NamedHost) -> bool:
    return names_none(named.variable) and not managed(named.host)


def _is_store(named: NamedHost) -> bool:
    return names_store(named.variable) or managed(named.host)


def judged(hits: tuple[Hit, ...], staging: Snapshot) -> Judgement:
    """What such hosts amount to: nobody asked the server whose it is."""
    names = ", ".join(sorted({f"{host.variable} names the server of production's {of}" for host, of in hits}))
    evidence = tuple(
        Evidence(staging.environment, f"{each.where} {each.variable}", each.host, "parsed", staging.taken_at)
        for each in dict.fromkeys(host for host, _ in hits)
    )
    return unproven(f"in staging {names}, and no resource declares it", evidence, OWN_SERVER)


def _schemes(kinds: Kinds) -> tuple[tuple[str, str], ...]:
    """Each kind of server, with a scheme of every kind that may meet on it."""
    servers = [kind for kind in kinds.values() if kind.lane]
    return tuple(
        (one.name, o.schemes[0]) for one in servers for o in servers if o.lane == one.lane and o.schemes
    )
