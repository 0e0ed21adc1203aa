"""At which hosts production's servers are, as digests: what a guard finds a host of a process's by."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from disjoint.certify.guarded import HOST, OBJECT, REACHED, WORD, digest
from disjoint.certify.plain_address import Place
from disjoint.certify.plain_host import spell
from disjoint.guard.mentioned import WORD_IN
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
from disjoint.runner.run import Job, Result, unread
from disjoint.snapshots import snapshot_of

_INSTANCE = ".sql.goog"
"""How the name of a Cloud SQL instance ends that is made of its connection name."""
_LANES = {"postgres": "postgresql", "redis": "redis"}


def offline(manifest: Manifest, environment: Environment) -> Snapshot:
    """What an environment's variables say, and nobody else."""
    jobs = [Job(BY_NAME[each.kind], target(each, environment)) for each in manifest.resources]
    blank = {job.key: Result(unread(job, Unknown("not observed")), 0.0) for job in jobs}
    return snapshot_of(manifest, environment, blank, datetime.now(UTC))


def hosts_of(manifest: Manifest, production: Snapshot, key: bytes) -> list[Plain]:
    """Each host of a server of production's, and each that stands alone in a variable.

    Args:
        manifest: what is declared.
        production: its addresses and hosts.
        key: of the digests.
    """
    stores = ((each.variable, each.address) for each in production.endpoints if each.owned)
    servers = (*declared_addresses(BY_NAME, manifest.resources, production), *stores)
    found: list[tuple[str, str, str, tuple[int, ...]]] = [
        (of, _engine(address), host, (port,))
        for of, address in servers
        if is_server(BY_NAME, address)
        for host, port in _doors(of, address)
    ]
    found += [(each.variable, "", each.host, each.ports) for each in production.hosts if is_of_one(each.host)]
    return [_host(*each, key) for each in dict.fromkeys(found)]


def objects_of(production: Snapshot, key: bytes) -> dict[str, Plain]:
    """By digest: what is named of an engine that is no kind of ours, and the variables that name it."""
    found: dict[str, list[Plain]] = {}
    for variable, foreign in _foreign(production):
        if compare_foreign(foreign, foreign).verdict == "same":
            for place in near_foreign(foreign).objects:
                names = found.setdefault(digest(key, OBJECT, f"{foreign.engine} {place}"), [])
                names.extend([] if variable in names else [variable])
    return {**found}


def words_of(production: Snapshot, key: bytes) -> list[Plain]:
    """The words of names that a cloud gives its stores, where nothing in a text is their host."""
    paths = (foreign.path for _, foreign in _foreign(production) if foreign.engine in DOORS)
    names = (each.host.removesuffix(_INSTANCE) for each in production.hosts if each.host.endswith(_INSTANCE))
    groups = {tuple(sorted(set(re.findall(WORD_IN, text.lower())))) for text in (*paths, *names)}
    return [[digest(key, WORD, word) for word in group] for group in sorted(groups) if group]


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


def _host(of: str, engine: str, host: str, ports: tuple[int, ...], key: bytes) -> dict[str, Plain]:
    name = spell(host)
    lines = (Place("", name, port, "").server.partition("://")[2] for port in ports)
    reached: list[Plain] = [digest(key, REACHED, line) for line in lines]
    return {"variable": of, "host": digest(key, HOST, name), "reached": reached, "engine": engine}


def _doors(of: str, address: Address) -> Iterator[tuple[str, int]]:
    """Hosts and ports of a server's, as far as whoever reads both would know them for the same."""
    for host, port, tenant in doors(BY_NAME, address):
        asked = NamedHost("", "", host, (port,))
        near = not tenant and has_neighbours(host)
        if near or any(named_servers(BY_NAME, [(of, address)], _side(()), _side((asked,)))):
            yield host, port


def _side(alone: tuple[NamedHost, ...]) -> Snapshot:
    return Snapshot("", False, datetime.now(UTC), {}, (), {}, (), alone)
