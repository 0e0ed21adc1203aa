"""What variables that mention production's hosts name of its servers: by `verify`'s own rules.

They are loaded where something of production's stands in a variable, and nowhere else. A host that is
production's is known in clear by then, for it is the process's own: what production has there is made of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from urllib.parse import quote

from disjoint.certify.plain_address import PORTS, read
from disjoint.certify.plain_host import spell
from disjoint.judge.doors import Neighbours
from disjoint.judge.hosts import named_servers, named_stores
from disjoint.judge.stores import on_one_server
from disjoint.kinds.variables.endpoints import items
from disjoint.kinds.variables.hosts import hosts
from disjoint.model.cloud import cloud_url
from disjoint.model.engine import Foreign, ForeignAddress, as_url, near_foreign, read_foreign
from disjoint.model.environment import Environment, Variable
from disjoint.model.fact import Known
from disjoint.model.secret import Secret
from disjoint.model.snapshot import NamedHost, Snapshot
from disjoint.model.url import Door
from disjoint.tuples import NamedTuple

from .mentioned import Hosts, at_door

_ENGINES = {"postgres": "postgresql", "amqp": "redis", "sentinel": "redis"}
"""By kind: the word for what may meet on one server, where it is another one."""
_SERVERS = frozenset({*PORTS, *_ENGINES}) - {"web"}
LEADS, NAMES, NEAR = "leads to", "names the server of", "may lead to"
"""What a variable does: to the same store, its server by text, or another port of its server's host."""


class Named(NamedTuple):
    """A variable that names something of production's."""

    variable: str
    how: str
    of: str


class _There(NamedTuple):
    """Something of production's at a host of the process's."""

    of: str
    engine: str
    port: int
    """Zero: nobody states one; where no port of the process's is production's, one that is none of them."""
    elsewhere: bool


def named(
    known: Hosts,
    pairs: Iterable[tuple[str, str]],
    settings: Iterable[tuple[str, str]],
    claimed: Collection[str],
    mentioning: Collection[str],
) -> Iterator[Named]:
    """Everything of production's that `verify` finds by a host or in another engine's address.

    Args:
        known: production's.
        pairs: the variables that are read, those with ports and users beside hosts among them.
        settings: declared addresses, each under the variable that it is made of.
        claimed: variables that resources are made of, whose addresses are judged by themselves.
        mentioning: the variables that mention one of its hosts.
    """
    told = tuple(pairs)
    for ours in hosts(_environment(told), claimed):
        if ours.variable in mentioning:
            yield from _at(known, ours)
    mentioned = ((name, item) for name, text in told if name in mentioning for item in items(text))
    for name, text in mentioned:
        yield from _stored(known, name, text, beside=name not in claimed)
    for name, text in settings:
        yield from _stored(known, name, text, beside=True)


def _environment(pairs: Iterable[tuple[str, str]]) -> Environment:
    """As `verify` has it; of two values under one name, each."""
    found: dict[str, Variable] = {}
    for name, value in pairs:
        made = Variable(name, Known(Secret(value)), "the environment")
        found[name if name not in found else f"{name}\0{len(found)}"] = made
    return Environment("staging", protected=False, variables=found, source="the environment")


def _at(known: Hosts, ours: NamedHost) -> Iterator[Named]:
    """What a host that stands alone names of production's."""
    for each in _there(known, ours.host, ours.ports):
        address = _address(each.engine, ours.host, each.port)
        theirs = [] if address is None else [(each.of, address)]
        if any(named_servers({}, theirs, _side(_alone(each, ours.host)), _side((ours,)))):
            yield Named(ours.variable, NEAR if each.elsewhere else NAMES, each.of)


def _stored(known: Hosts, name: str, text: str, *, beside: bool) -> Iterator[Named]:
    """What an address names of production's: the thing itself, a host that stands alone, another port."""
    places = [place for place in read(text) if place.kind in _SERVERS]
    read_as = (_address(_ENGINES.get(each.kind, each.kind), each.host, each.port) for each in places)
    addresses = [address for address in read_as if address is not None]
    foreign = read_foreign(cloud_url(text) or as_url(text.removeprefix("db+")))
    if foreign is not None and foreign.engine:
        addresses.append(ForeignAddress(foreign))
        objects = sorted(near_foreign(foreign).objects)
        yield from (Named(name, LEADS, of) for o in objects for of in known.objects_at(foreign.engine, o))
    for address in addresses:
        for door in address.foreign.doors:
            for each in _there(known, at_door(door.host.name, door.tenant), (door.port,)):
                yield from _met(each, name, address, door, beside=beside)


def _met(each: _There, name: str, address: ForeignAddress, door: Door, *, beside: bool) -> Iterator[Named]:
    host = door.host.name
    if any(named_stores({}, _side(_alone(each, host)), [(name, address)], {})):
        yield Named(name, NEAR if each.elsewhere else NAMES, each.of)
    theirs = _address(each.engine, host, each.port, door.tenant)
    if not beside or theirs is None:
        return
    if on_one_server({}, theirs, address):
        yield Named(name, NAMES, each.of)
    elif any(Neighbours({}, [(each.of, theirs)]).of(address)):
        yield Named(name, NEAR, each.of)


def _there(known: Hosts, host: str, ports: tuple[int, ...]) -> Iterator[_There]:
    """What production has at a host, at one of these ports or another."""
    other = next(port for port in range(1, len(ports) + 2) if port not in ports)
    for theirs, name, moved in known.at(spell(host)):
        met = [port for port in ports if known.reached(name, moved or port) in theirs.reached]
        port = (met[0] if met else other) if theirs.reached else 0
        yield _There(theirs.of, theirs.engine, port, port == other and bool(ports))


def _alone(each: _There, host: str) -> tuple[NamedHost, ...]:
    """As a variable of production's that names no engine has it."""
    return () if each.engine else (NamedHost(each.of, "", host, (each.port,) if each.port else ()),)


def _address(engine: str, host: str, port: int, tenant: str = "") -> ForeignAddress | None:
    place = f"[{host}]" if ":" in host else host
    login = f"{quote(tenant, safe='')}@" if tenant else ""
    foreign: Foreign | None = read_foreign(f"{engine}://{login}{place}:{port}") if engine else None
    return None if foreign is None else ForeignAddress(foreign)


def _side(alone: Iterable[NamedHost]) -> Snapshot:
    """As much of an environment as the rules look at."""
    return Snapshot("", False, datetime.now(UTC), {}, (), {}, (), tuple(alone))
