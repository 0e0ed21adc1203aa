"""Storage URLs: host, port and path, and what a known provider makes of them. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

from disjoint.model.host import Host, read_host, read_port

from .store import Store, first, read_store

# Hosts that call themselves an S3 endpoint, and the ports of those that are run at home:
# there the first part of a path is a bucket. Elsewhere, at storage.example.com too, it may be a key:
# so people call a CDN and a bucket's own domain.
_STORE_LABEL = re.compile(
    r"(?:s3|minio|ceph|rgw|garage|seaweedfs|localstack|ministack|object-?stor\w*)(?:[-.]|\Z)"
)
_STORE_PORTS = frozenset({9000, 9001, 4566, 3900, 8333, 7480})


class BucketEndpoint(NamedTuple):
    """Where requests for a bucket go."""

    host: str
    port: int
    tls: bool
    path: str = ""
    """What comes before the bucket in a path-style request."""

    @property
    def url(self) -> str:
        scheme = "https" if self.tls else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == (443 if self.tls else 80) else f":{self.port}"
        return f"{scheme}://{host}{port}{self.path}"


class Reading(NamedTuple):
    """What a URL says of a store and a bucket."""

    namespace: str = ""
    name: str = ""
    endpoint: BucketEndpoint | None = None
    region: str = ""
    alias: str = ""
    path: str = ""
    """The whole path of a URL at an own host, without a closing slash."""
    provider: bool = False
    relative: str = ""
    sure: bool = True
    doubt: str = ""
    fault: str = ""


def read_url(text: str, at: Reading | None = None) -> Reading:
    """Read a storage URL, credentials and query left out; `at` is the declared endpoint. Never raises.

    A missing scheme reads as https, or http on another port than 443.
    """
    scheme, mark, rest = text.partition("://")
    if mark and scheme.lower() not in {"http", "https"}:
        return Reading(fault="the scheme is not http or https")
    rest = rest if mark else text
    authority = re.split(r"[/\\?#]", rest, maxsplit=1)[0]
    path = re.split(r"[?#]", rest[len(authority) :], maxsplit=1)[0]
    host, port_text = _split(authority.rpartition("@")[2])
    secure = scheme.lower() == "https" if mark else port_text in {"", "443"}
    port = read_port(port_text, 443 if secure else 80)
    if host.fault or port is None:
        return Reading(fault=host.fault or "the port is no number from 1 to 65535")
    if "@" in path and "@" not in authority and ":" in authority:
        return Reading(doubt="a slash in a password ends the host for most clients")
    if path.startswith("\\"):
        return Reading(doubt="clients differ in where a backslash ends the host")
    return _placed(host, port, secure, path, at)


def _split(place: str) -> tuple[Host, str]:
    if place.startswith("["):
        literal, _, after = place[1:].partition("]")
        return read_host(literal if ":" in literal else ""), after.removeprefix(":")
    name, _, port = place.partition(":")
    decoded = unquote(name)
    return read_host("" if ":" in decoded else decoded), port


def _placed(host: Host, port: int, secure: bool, path: str, at: Reading | None) -> Reading:
    if host.doubt:
        return Reading(doubt=host.doubt)
    if (store := read_store(host.name, path)) is not None:
        return _known(store, port, secure)
    held = at.endpoint if at else None
    if held and at and not at.provider and host.name.endswith("." + held.host) and port == held.port:
        return at._replace(name=host.name.removesuffix("." + held.host), sure=True)
    shown = f"[{host.name}]" if ":" in host.name else host.name
    same = bool(held and (held.host, held.port) == (host.name, port))
    sure = same or bool(
        host.relative or host.numeric or port in _STORE_PORTS or _STORE_LABEL.match(host.name)
    )
    if same and at and at.path:
        return Reading(doubt="the endpoint's own path may be a bucket or stand before one")
    endpoint = BucketEndpoint(host.name, port, secure)
    return Reading(
        f"{shown}:{port}", first(path), endpoint, path=path.rstrip("/"), relative=host.relative, sure=sure
    )


def _known(store: Store, port: int, secure: bool) -> Reading:
    endpoint = BucketEndpoint(store.host, port, secure, store.path) if store.host else None
    return Reading(store.namespace, store.name, endpoint, store.region, store.alias, provider=True)
