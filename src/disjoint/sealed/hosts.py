"""At which hosts production's servers are, as digests: what a guard finds a host of a process's by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from disjoint.certify.guarded import HOST, OBJECT, REACHED, WORD, digest
from disjoint.certify.plain_address import Place
from disjoint.certify.plain_host import spell
from disjoint.guard.mentioned import WORD_IN, at_door
from disjoint.judge.doors import doors, has_neighbours, is_of_one, is_server
from disjoint.judge.hosts import named_servers
from disjoint.judge.stores import declared_addresses
from disjoint.kinds.registry import BY_NAME
from disjoint.model.address import Address
from disjoint.model.cloud import DOORS
from disjoint.model.engine import Foreign, ForeignAddress, compare_foreign, near_foreign
from disjoint.model.environment import Environment
from disjoint.model.fact import Unknown
from disjoint.model.manifest import Manifest, target
from disjoint.model.plain import Plain
from disjoint.model.snapshot import NamedHost, Snapshot
from disjoint.model.stores import managed, names_store
from disjoint.runner.run import Job, Result, unread
from disjoint.snapshots import snapshot_of

_INSTANCE = ".sql.goog"
"""How the name of a Cloud SQL instance ends that is made of its connection name."""
_NAMELESS = (
    ".supabase.co",
    ".core.windows.net",
    ".found.io",
    ".es.io",
    ".elastic.cloud",
    ".elastic-cloud.com",
)
"""Providers whose stores go by a project, an account or an id as well."""
_LANES = {"postgres": "postgresql", "redis": "redis"}


def offline(manifest: Manifest, environment: Environment) -> Snapshot:
    """What an environment's variables say, and nobody else."""
    jobs = [Job(BY_NAME[each.kind], target(each, environment)) for each in manifest.resources]
    blank = {job.key: Result(unread(job, Unknown("not observed")), 0.0) for job in jobs}
    return snapshot_of(manifest, environment, blank, datetime.now(UTC))


class There(NamedTuple):
    """A host at which production has something."""

    of: str
    engine: str
    """Empty where it stands alone in a variable."""
    host: str
    ports: tuple[int, ...]


def hosts_of(manifest: Manifest, production: Snapshot) -> tuple[There, ...]:
    """Each host of a server of production's, and each that stands alone in a variable.

    Args:
        manifest: what is declared.
        production: its addresses and hosts.
    """
    stores = ((each.variable, each.address) for each in production.endpoints if each.owned)
    servers = (*declared_addresses(BY_NAME, manifest.resources, production), *stores)
    found = [
        There(of, _engine(address), host, (port,))
        for of, address in servers
        if is_server(BY_NAME, address)
        for host, port in _doors(of, address)
    ]
    alone = (each for each in production.hosts if is_of_one(each.host))
    found += [There(each.variable, "", each.host, each.ports) for each in alone]
    return tuple(dict.fromkeys(found))


def objects_of(production: Snapshot, key: bytes) -> dict[str, Plain]:
    """By digest: what is named of an engine that is no kind of ours, and the variables that name it."""
    found: dict[str, list[Plain]] = {}
    for variable, foreign in _foreign(production):
        if compare_foreign(foreign, foreign).verdict == "same":
            for place in near_foreign(foreign).objects:
                names = found.setdefault(digest(key, OBJECT, f"{foreign.engine} {place}"), [])
                names.extend([] if variable in names else [variable])
    return {**found}


def words_of(production: Snapshot, there: Iterable[There], key: bytes) -> list[Plain]:
    """The words of names that a cloud gives its stores, where nothing in a text is their host.

    Args:
        production: its addresses.
        there: its hosts.
        key: of the digests.
    """
    paths = (text for _, foreign in _foreign(production) for text in _unhosted(foreign))
    names = (_nameless(each.host) for each in there)
    groups = {tuple(sorted(set(re.findall(WORD_IN, text.lower())))) for text in (*paths, *names)}
    return [[digest(key, WORD, word) for word in group] for group in sorted(groups) if group]


def _nameless(host: str) -> str:
    """What stands for a host where its provider's own way to name a store leaves the rest out."""
    if host.endswith(_INSTANCE):
        return host.removesuffix(_INSTANCE)
    return host.removeprefix("db.").partition(".")[0] if host.endswith(_NAMELESS) else ""


def _unhosted(foreign: Foreign) -> Iterator[str]:
    """What names a store at a door for everybody, of which the host alone says nothing."""
    for door in foreign.doors:
        if foreign.engine in DOORS:
            yield foreign.path
        elif door.tenant:
            yield at_door(door.host.name, door.tenant)


def _foreign(production: Snapshot) -> Iterator[tuple[str, Foreign]]:
    """Owned stores of engines that are no kinds, by variable."""
    for each in production.endpoints:
        if each.owned and isinstance(each.address, ForeignAddress) and each.address.foreign.engine:
            yield each.variable, each.address.foreign


def _engine(address: Address) -> str:
    """As every address of another engine says it; kinds that may meet on one server go by one word."""
    if isinstance(address, ForeignAddress):
        return address.foreign.engine
    return _LANES[BY_NAME[address.kind].lane]


def digested(there: There, key: bytes) -> dict[str, Plain]:
    """A host as a seal states it."""
    name = spell(there.host)
    lines = (Place("", name, port, "").server.partition("://")[2] for port in there.ports)
    reached: list[Plain] = [digest(key, REACHED, line) for line in lines]
    return {
        "variable": there.of,
        "host": digest(key, HOST, name),
        "reached": reached,
        "engine": there.engine,
        "relay": not (there.engine or names_store(there.of) or managed(there.host)),
    }


def _doors(of: str, address: Address) -> Iterator[tuple[str, int]]:
    """Hosts and ports of a server's, as far as whoever reads both would know them for the same."""
    for host, port, tenant in doors(BY_NAME, address):
        asked = NamedHost("", "", host, (port,))
        near = has_neighbours(host)
        if tenant or near or any(named_servers(BY_NAME, [(of, address)], _side(()), _side((asked,)))):
            yield at_door(host, tenant), port


def _side(alone: tuple[NamedHost, ...]) -> Snapshot:
    return Snapshot("", False, datetime.now(UTC), {}, (), {}, (), alone)
