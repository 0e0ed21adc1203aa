"""Servers by their hosts: another port of one is a pooler's, TLS's, or a neighbour's of one machine. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from disjoint.model.address import Address
from disjoint.model.cloud import DOORS
from disjoint.model.engine import ForeignAddress, near_foreign
from disjoint.model.host import compare_hosts, read_host
from disjoint.model.stores import everybodys, parted_by_ports

from .ask import Kinds


def is_server(kinds: Kinds, address: Address) -> bool:
    """One host may serve strangers, where it serves pages or buckets."""
    if isinstance(address, ForeignAddress):
        engine = address.foreign.engine
        return bool(engine) and engine not in DOORS and not address.foreign.local
    return address.kind in kinds and bool(kinds[address.kind].lane)


def doors(kinds: Kinds, address: Address) -> Iterator[tuple[str, int, str]]:
    """Each host and port that an address leads to, and the tenant, if many have that door in common."""
    if isinstance(address, ForeignAddress):
        common = near_foreign(address.foreign)
    else:
        common = kinds[address.kind].near(address)
    for server in sorted(common.servers):
        place, _, tenant = server.rpartition(" ")
        host, _, port = place.rpartition(" ")  # a name may have a blank in it: libpq's service
        yield host, int(port or 0), tenant


def is_of_one(host: str) -> bool:
    """Whether it is one machine in every network, and no provider's door for everybody."""
    read = read_host(host)
    return compare_hosts(read, read).verdict == "same" and not everybodys(host)


def has_neighbours(host: str) -> bool:
    """Whether whatever is at another port of it is on one machine, or behind one pooler, with it."""
    return is_of_one(host) and not parted_by_ports(host)


class Neighbours:
    """One side's servers by their hosts, for a server of the other's at another port of one."""

    def __init__(self, kinds: Kinds, theirs: Iterable[tuple[str, Address]]) -> None:
        self._kinds = kinds
        self._at: dict[tuple[str, str], dict[int, str]] = {}
        for name, address in theirs:
            for protocol, host, port in self._places(address):
                self._at.setdefault((protocol, host), {}).setdefault(port, name)

    def of(self, ours: Address) -> Iterator[str]:
        """The first that is at each other port of its hosts, and speaks its protocol."""
        for protocol, host, port in self._places(ours):
            yield from (name for at, name in self._at.get((protocol, host), {}).items() if at != port)

    def _places(self, address: Address) -> Iterator[tuple[str, str, int]]:
        if not is_server(self._kinds, address):
            return
        protocol = address.foreign.engine if isinstance(address, ForeignAddress) else self._lane(address)
        for host, port, tenant in doors(self._kinds, address):
            if not tenant and has_neighbours(host):
                yield protocol, host, port

    def _lane(self, address: Address) -> str:
        return f"{self._kinds[address.kind].lane} of ours"
