"""Production's public places, by a host and a port in whatever spelling an interpreter is given. Pure."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv6Address
from typing import NamedTuple, SupportsIndex

from disjoint.certify.guarded import REACHED, SERVER, digester
from disjoint.certify.plain_address import Place
from disjoint.certify.plain_host import spell
from disjoint.certify.plain_store import renamed, store

from .policy import Endpoint, Policy

_ELSEWHERE = frozenset({"bucket", "file", "sqlite", "memory"})
"""Kinds whose server is a vendor's, which strangers share, or none."""
_SPELLED = re.compile(
    r"(?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2})|(?:[a-z0-9_-]+\.)*[a-z][a-z0-9_-]*"
).fullmatch
"""What has one spelling already: looked at first, for the longer way takes longer than an event should."""
_IPV4_WITHIN = (bytes(10) + b"\xff\xff", b"\0\x64\xff\x9b" + bytes(8))
"""Before an IPv4 address that is reached by an IPv6 one: mapped, and by NAT64 (RFC 4291, RFC 6052)."""
_PORTS = 0xFFFF
"""The resolver takes these bits of a port, and says nothing of the others."""


class Denied(NamedTuple):
    """What is production's, by host and port: in plain where the seal shows it, else by digests."""

    shown: Mapping[tuple[str, int], str]
    hidden: Mapping[bytes, str]
    reached: Callable[[str], bytes]
    """The digest of a host and port."""
    server: Callable[[str], bytes]
    kinds: tuple[str, ...]
    """Of hidden places that are known with their kind alone: seals had no other digests once."""

    def resource(self, host: object, port: object) -> str:
        """Whose server it is; empty: nobody's of production.

        Raises:
            OSError: a port by a name that no one knows.
            ValueError: a host that is none.
        """
        name = host if type(host) is str else _text(host)
        number = port if type(port) is int and port <= _PORTS else _number(port)
        if not name or not number:
            return ""
        if _SPELLED(name) is None:
            name = _spelled(name)
        return self._at(name, number) or (self._stored(name, number) if renamed(name) else "")

    def _stored(self, host: str, port: int) -> str:
        places = (store(Place(kind, host, port, "")) for kind in ("postgres", "redis"))
        return next(filter(None, (self._at(each.host, each.port) for each in places)), "")

    def _at(self, host: str, port: int) -> str:
        if (found := self.shown.get((host, port))) is not None:
            return found
        return self._hidden(host, port) if self.hidden else ""

    def _hidden(self, host: str, port: int) -> str:
        if host.startswith("["):
            host = f"[{IPv6Address(bytes.fromhex(host[1:]))}]"
        line = f"{host}:{port}"
        if (found := self.hidden.get(self.reached(line))) is not None:
            return found
        for kind in self.kinds:
            if (found := self.hidden.get(self.server(f"{kind}://{line}"))) is not None:
                return found
        return ""


def denied_by(policy: Policy, key: bytes) -> Denied:
    """Those that a seal states; a private name is another machine in each network, and none of them.

    Args:
        policy: the seal's.
        key: of its digests.
    """
    asked = [each for each in policy.all_endpoints if not each.private and each.kind not in _ELSEWHERE]
    first = asked[::-1]  # what is declared first names the place
    shown = {place: each.of for each in first if each.shown for place in _shown(each)}
    hidden = {_octets(each.reached or each.server): each.of for each in first if not each.shown}
    kinds = {each.kind for each in asked if not each.shown and not each.reached}
    return Denied(shown, hidden, digester(key, REACHED), digester(key, SERVER), tuple(sorted(kinds)))


def _octets(digest: str) -> bytes:
    return bytes.fromhex(digest.partition(":")[2])


def _shown(endpoint: Endpoint) -> Iterator[tuple[str, int]]:
    host, _, port = endpoint.shown.partition("://")[2].partition("/")[0].rpartition(":")
    place = Place(endpoint.kind, host.strip("[]"), int(port), "")
    for each in (place, store(place)):
        yield _spelled(each.host), each.port


def _spelled(host: str) -> str:
    """A host in its one spelling; an IPv6 address as its octets, which are told sooner than its text."""
    name = host if ":" in host and host.isascii() else spell(host)
    return _address(name.partition("%")[0]) if ":" in name else name


def _address(name: str) -> str:
    """Of a text with a colon; empty where it is no address, which no resolver takes for a name."""
    try:
        octets = socket.inet_pton(socket.AF_INET6, name.strip())
    except OSError:
        return ""
    return socket.inet_ntoa(octets[12:]) if octets[:12] in _IPV4_WITHIN else f"[{octets.hex()}"


def _text(host: object) -> str:
    """Octets go to the resolver as they are."""
    if isinstance(host, str):
        return str(host)
    return bytes(host).decode("utf-8", "replace") if isinstance(host, bytes | bytearray) else ""


def _number(port: object) -> int:
    """As the resolver reads it, whom a sign, spaces and zeros before the digits do not disturb."""
    if isinstance(port, bytes):
        port = port.decode("ascii")
    if not isinstance(port, str):
        return port.__index__() & _PORTS if isinstance(port, SupportsIndex) else 0
    try:
        return int(port) & _PORTS
    except ValueError:
        return socket.getservbyname(port) if port else 0
