"""Where a process's variables lead, compared by digests with where production's lead. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from disjoint.certify.guarded import PLACE, PLATFORM, SERVER, digest
from disjoint.certify.plain_address import Place, in_variable, of_setting, read
from disjoint.certify.plain_list import members
from disjoint.certify.plain_store import private, store
from disjoint.kinds.variables.held import urls
from disjoint.tuples import NamedTuple

from .policy import Endpoint, Policy

STORES = frozenset({"postgres", "redis", "amqp"})
"""Kinds whose server belongs to one owner: another database of it is no other resource."""
_HAS_PORTS = STORES | {"web"}
_STORE_URLS = ("s3://", "s3a://", "s3n://", "gs://")
_WEB_PORTS = (80, 443)
_TENANTS = (".proxy.rlwy.net", ".tcp.ngrok.io", ".tcp.ngrok.app", ".tcp.eu.ngrok.io")
"""One host for many customers: the port picks one."""
_THIS_MACHINE = frozenset({"localhost", "[::1]", "0.0.0.0", "host.docker.internal"})  # noqa: S104  (nothing is bound)


class Pair(NamedTuple):
    """A variable of the process."""

    name: str
    value: str


class Texts(NamedTuple):
    """A variable's name, and all the texts that its value is, holds or decodes to."""

    name: str
    written: tuple[str, ...]


class Meeting(NamedTuple):
    """A place of the process that is production's, or may be."""

    theirs: Endpoint
    how: str
    """`place`, `server`, `private` (one name, perhaps two machines), `like` (another port of one host)."""
    called: tuple[str, ...] = ()
    """Everything that production calls the place, or what is on the server."""


class Theirs:
    """Production's places, found by their digests."""

    __slots__ = ("_key", "_like", "_loopback", "_named", "_places", "_servers")

    def __init__(self, policy: Policy, key: bytes) -> None:
        self._key = key
        self._places: dict[str, Endpoint] = {}
        self._servers: dict[str, Endpoint] = {}
        self._like: dict[str, Endpoint] = {}
        self._loopback: dict[tuple[str, str], Endpoint] = {}
        self._named: dict[str, set[str]] = {}
        for each in policy.all_endpoints:
            self._places.setdefault(each.place, each)
            self._servers.setdefault(each.server, each)
            self._named.setdefault(each.place, set()).add(each.of)
            self._named.setdefault(each.server, set()).add(each.of)
            if (like := _like(each.kind, each.shown)) is not None:
                self._like.setdefault(like, each)
            if (port := _loopback(each.shown)) is not None:
                self._loopback.setdefault((each.kind, port), each)

    def meeting(self, place: Place) -> Meeting | None:
        """What of production's a place is."""
        if (theirs := self._places.get(digest(self._key, PLACE, store(place).line))) is not None:
            return Meeting(theirs, "private" if private(place) else "place", self.called(theirs.place))
        if place.kind in STORES and (theirs := self.server(place)) is not None:
            return Meeting(theirs, "private" if private(place) else "server", self.called(theirs.server))
        return self._likely(place)

    def called(self, mark: str) -> tuple[str, ...]:
        """Everything that production calls what bears the digest of a place or of a server."""
        return tuple(sorted(self._named.get(mark, ())))

    def _likely(self, place: Place) -> Meeting | None:
        """What names tell of another port of one host, and of this machine by another of its names."""
        if place.kind == "web" and place.port in _WEB_PORTS:
            other = place._replace(port=sum(_WEB_PORTS) - place.port)
            if (theirs := self._places.get(digest(self._key, PLACE, other.line))) is not None:
                return Meeting(theirs, "like")
        like = None if place.private else _like(place.kind, store(place).line)
        if like is not None and (theirs := self._like.get(like)) is not None:
            return Meeting(theirs, "like")
        port = _loopback(place.line)
        if port is not None and (theirs := self._loopback.get((place.kind, port))) is not None:
            return Meeting(theirs, "private")
        return None

    def server(self, place: Place) -> Endpoint | None:
        """Production's server that a place is on."""
        return self._servers.get(digest(self._key, SERVER, store(place).server))


def _like(kind: str, line: str) -> str | None:
    """The host, by which two addresses with other ports may be one: a pooler beside its server."""
    host = line.partition("://")[2].partition("/")[0].rpartition(":")[0]
    return f"{kind} {host}" if kind in _HAS_PORTS and host and not host.endswith(_TENANTS) else None


def _loopback(line: str) -> str | None:
    """The port, where a place is this machine by one of its names; of a bucket its name as well."""
    kind, _, rest = line.partition("://")
    server, _, name = rest.partition("/")
    host, _, port = server.rpartition(":")
    if host not in _THIS_MACHINE and not host.startswith("127."):
        return None
    return f"{port}/{name}" if kind == "bucket" else port


def looked_at(name: str) -> bool:
    """Whether a variable's value may be an address of the application's, be it no store's."""
    return not PLATFORM.search(name.upper())


def attached(name: str, texts: tuple[str, ...]) -> Iterator[Place]:
    """The stores that a platform's own variable names (``HEROKU_POSTGRESQL_AMBER_URL``)."""
    if not name.upper().startswith("DISJOINT_"):
        yield from (place for place in named(name, texts) if place.kind != "web")


def named(name: str, texts: tuple[str, ...]) -> Iterator[Place]:
    """Every place that a variable's value names: alone, in lists, in JSON, encoded, or inside a text."""
    for text in texts:
        yield from in_variable(name, text)
        yield from (place for url in urls(text) for place in read(url))


def buckets(name: str, texts: tuple[str, ...], endpoints: tuple[str, ...]) -> Iterator[Place]:
    """A bucket by a URL, or by its name in a variable that says so: at the declared endpoints."""
    for text in texts:
        for item in members(text):
            if item.startswith(_STORE_URLS) or ("BUCKET" in name.upper() and "://" not in item):
                for endpoint in endpoints:
                    yield from of_setting("bucket", "name", item, endpoint)
