"""The same server under another name: an address that only identity or a mark can tell. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl

from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.url import read_port_text, severed, split_url

_PORTS = {"postgres": 5432, "postgresql": 5432, "redis": 6379, "valkey": 6379, "http": 80}
"""Schemes over which nobody verifies the name that was dialled, and their default ports."""
_OVER_TLS = frozenset({"https", "rediss", "valkeys", "amqps"})
_ELSEWHERE = frozenset({"host", "hostaddr", "port", "service"})
"""Parameters that name a server beside the address."""


class Renamed(NamedTuple):
    """An address with another name in it, and where that name leads. The text may hold a password."""

    text: str
    reach_at: Mapping[str, str]

    def __repr__(self) -> str:
        return "Renamed(…)"


def renamed(text: str, word: str, reach_at: Mapping[str, str]) -> Fact[Renamed]:
    """The address with its host renamed to one that cannot exist, mapped to where production's leads."""
    url = split_url(text)
    if url is None or severed(text):
        return Unknown("its address is no URL that could be given another name")
    scheme = url.scheme.partition("+")[0]
    if scheme in _OVER_TLS or _verifies(url.query):
        return Unknown("over TLS the server proves its name, so that it cannot have another")
    if scheme not in _PORTS or len(url.hosts) != 1 or _names_server(url.query):
        return Unknown("its address names no single host that could be renamed")
    host, port = url.hosts[0][0], read_port_text(url.hosts[0][1], _PORTS[scheme])
    if not host or host.startswith(("/", "@")) or port is None:
        return Unknown("it is reached through a socket of one machine, which has no name")
    name = f"{word}.selftest.invalid"
    return Known(Renamed(_with_host(text, name), {f"{name}:{port}": _leads_to(host, port, reach_at)}))


def _parameters(query: str) -> Mapping[str, str]:
    return {name.lower(): value.lower() for name, value in parse_qsl(query, keep_blank_values=True)}


def _verifies(query: str) -> bool:
    stated = _parameters(query)
    return stated.get("sslmode") == "verify-full" or stated.get("sslrootcert") == "system"


def _names_server(query: str) -> bool:
    return bool(_ELSEWHERE & _parameters(query).keys())


def _with_host(text: str, name: str) -> str:
    """The text with only its host changed: userinfo, port and all that follows stay as they are."""
    scheme, _, rest = text.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    userinfo, at, location = authority.rpartition("@")
    port = re.search(r":[0-9]*\Z", location)
    return f"{scheme}://{userinfo}{at}{name}{port[0] if port else ''}{rest[len(authority) :]}"


def _leads_to(host: str, port: int, reach_at: Mapping[str, str]) -> str:
    """Where production's name leads: its mapping, or the name itself, to be resolved when it is dialled."""
    named = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    mapped = {_key(name): place for name, place in reach_at.items()}
    return mapped.get(_key(named), named)


def _key(endpoint: str) -> str:
    host, _, port = endpoint.strip().lower().rpartition(":")
    return f"{host.rstrip('.')}:{port}"
