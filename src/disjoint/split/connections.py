"""Where a process is connected to, and which of an environment's variables lead there."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from disjoint.certify.plain_address import in_variable
from disjoint.errors import UnprovenError
from disjoint.model.environment import Environment
from disjoint.sealed.strengthening import resolved

MOST = 64
"""Names that are looked up at a time, and connections that a note names."""
WHOLE = 511
"""A process tells of one more at most, so that a list of more may be cut: `disjoint.guard.peers`."""
_NAMES = 1000


def elsewhere(connected: Iterable[str], environment: Environment) -> tuple[str, ...]:
    """Those of some connections that no variable of the environment leads to.

    Args:
        connected: ``address:port``, an IPv6 address in brackets; what is none is passed over.
        environment: whose variables are looked at, by the resolver of this machine.

    Raises:
        UnprovenError: there are so many that some may be missing.
    """
    told = tuple(connected)
    if len(told) > WHOLE:
        raise UnprovenError(f"the process is connected to more than {WHOLE} places: they are not all known")
    peers = {peer for text in told if (peer := _peer(text))}
    known = places_of(environment) if peers else frozenset()
    return tuple(sorted(peers - known))


def named(places: Sequence[str]) -> tuple[str, ...]:
    """Connections as a note names them: not more than people read."""
    more = len(places) - MOST
    found = tuple(f"a connection to {place}" for place in places[:MOST])
    return (*found, f"{more} connections more") if more > 0 else found


def places_of(environment: Environment) -> frozenset[str]:
    """Every ``address:port`` that some variable leads to from this machine, by a tunnel as well."""
    found = {
        (place.host, place.port)
        for name, value in resolved(environment)
        for place in in_variable(name, value)
        if place.port
    }
    mapped = {_peer(environment.reach_at.get(f"{host}:{port}", "")) for host, port in found} - {""}
    with ThreadPoolExecutor(MOST) as pool:
        looked_up = pool.map(_addresses, sorted(found)[:_NAMES])
        return frozenset(mapped.union(*looked_up))


def _addresses(place: tuple[str, int]) -> list[str]:
    host, port = place
    with contextlib.suppress(OSError, UnicodeError):
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        return [text for each in found for text in _shown(str(each[4][0]), port)]
    return []


def _peer(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdecimal() and 0 < int(port) < 1 << 16):
        return ""
    return next(_shown(host.strip("[]"), int(port)), "")


def _shown(host: str, port: int) -> Iterator[str]:
    """As `ipaddress` writes it, an IPv4 address in IPv6's clothes undressed."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    plain = mapped or address
    yield f"[{plain}]:{port}" if plain.version == 6 else f"{plain}:{port}"
