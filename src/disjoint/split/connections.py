"""Where a process is connected to, and which of an environment's variables lead there."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from disjoint.certify.plain_address import in_variable
from disjoint.model.environment import Environment
from disjoint.sealed.strengthening import resolved

MOST = 64
"""Connections that are told of, and names that are looked up at a time."""
_NAMES = 1000


def elsewhere(connected: Iterable[str], environment: Environment) -> tuple[str, ...]:
    """Those of some connections that no variable of the environment leads to.

    Args:
        connected: ``address:port``, an IPv6 address in brackets; what is none is passed over.
        environment: whose variables are looked at, by the resolver of this machine.
    """
    peers = {peer for text in connected if (peer := _peer(text))}
    known = places_of(environment) if peers else frozenset()
    return tuple(sorted(peers - known)[:MOST])


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
