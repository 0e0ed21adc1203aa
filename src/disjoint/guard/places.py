"""Where a process's variables lead, compared by digests with where production's lead. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from disjoint.certify.guarded import PLACE, PLATFORM, SERVER, digest
from disjoint.certify.plain_address import PORTS, Place, in_variable, members, of_setting, read, spell
from disjoint.kinds.variables.forms import LONG_ENOUGH, normal_forms
from disjoint.tuples import NamedTuple

from .policy import Endpoint, Policy

STORES = frozenset({"postgres", "redis", "amqp"})
"""Kinds whose server belongs to one owner: another database of it is no other resource."""
_NAMED = frozenset({"web", "file", "sqlite", "memory", "bucket"})
"""Kinds that no host beside a port makes an address of."""
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>]+")
_HOST = re.compile(
    r"(?:\[([0-9a-f:.%]+)\]|((?:[a-z0-9_-]+\.)+[a-z][a-z0-9-]*\.?|(?:[0-9]{1,3}\.){3}[0-9]{1,3}))(?::([0-9]{1,5}))?\Z"
)
_LONGEST, _DEEPEST = 1 << 16, 12
_WEB_PORTS = (80, 443)


class Pair(NamedTuple):
    """A variable of the process."""

    name: str
    value: str


class Meeting(NamedTuple):
    """A place of the process that is production's, or may be."""

    theirs: Endpoint
    how: str
    """`place`, `server`, `private` (one name, perhaps two machines), `port` (another port of one host)."""


class Theirs:
    """Production's places, found by their digests."""

    __slots__ = ("_key", "_kinds", "_places", "_servers")

    def __init__(self, policy: Policy, key: bytes) -> None:
        self._key = key
        self._places: dict[str, Endpoint] = {}
        self._servers: dict[str, Endpoint] = {}
        self._kinds: set[str] = set()
        for each in policy.all_endpoints:
            self._places.setdefault(each.place, each)
            self._servers.setdefault(each.server, each)
            self._kinds.add(each.kind)

    def meeting(self, place: Place) -> Meeting | None:
        """What of production's a place is."""
        if (theirs := self._places.get(digest(self._key, PLACE, place.line))) is not None:
            return Meeting(theirs, "private" if place.private else "place")
        if place.kind in STORES and (theirs := self.server(place)) is not None:
            return Meeting(theirs, "private" if place.private else "server")
        if place.kind == "web" and place.port in _WEB_PORTS:
            other = place._replace(port=sum(_WEB_PORTS) - place.port)
            if (theirs := self._places.get(digest(self._key, PLACE, other.line))) is not None:
                return Meeting(theirs, "private" if place.private else "port")
        return None

    def server(self, place: Place) -> Endpoint | None:
        """Production's server that a place is on."""
        return self._servers.get(digest(self._key, SERVER, place.server))

    def at_host(self, host: str, ports: frozenset[int]) -> Endpoint | None:
        """Production's server that a host and one of some ports make."""
        for kind in sorted(self._kinds - _NAMED):
            for port in sorted({PORTS.get(kind, 0), *ports}):
                place = Place(kind, spell(host), port, "")
                if not place.private and (theirs := self.server(place)) is not None:
                    return theirs
        return None


def looked_at(name: str) -> bool:
    """Whether a variable's value may be an address of the application's."""
    return not PLATFORM.search(name.upper())


def named(pair: Pair) -> Iterator[Place]:
    """Every place that a variable's value names: alone, in lists, in JSON, encoded, or inside a text."""
    for text in written(pair.value):
        yield from in_variable(pair.name, text)
        if "://" in text:
            yield from (place for url in _URL.findall(text) for place in read(url.rstrip(",;)]}")))


def hosts(pair: Pair) -> Iterator[tuple[str, int | None]]:
    """Every host, with its port where one is written, that stands in a value by itself."""
    for text in written(pair.value):
        for item in members(text):
            if (found := _HOST.match(item.lower())) is not None:
                yield found[1] or found[2], int(found[3]) if found[3] else None


def ports(pairs: tuple[Pair, ...]) -> frozenset[int]:
    """Ports that stand in variables of their own, beside a host in another."""
    stated = (p.value.strip() for p in pairs if "PORT" in p.name.upper() and looked_at(p.name))
    return frozenset(int(text) for text in stated if text.isascii() and text.isdecimal() and len(text) < 6)


def buckets(pair: Pair, endpoints: tuple[str, ...]) -> Iterator[Place]:
    """A bare name in a variable that says it is a bucket's, at the endpoints that are declared."""
    if "BUCKET" in pair.name.upper() and "://" not in pair.value:
        for item in members(pair.value):
            for endpoint in endpoints:
                yield from of_setting("bucket", "name", item, endpoint)


def written(value: str) -> tuple[str, ...]:
    """A value, its JSON's texts, and what either decodes to."""
    text = value.strip()
    found = {text: None, **dict.fromkeys(_in_json(text))}
    decoded = (form for each in tuple(found) if _encoded(each) for form in normal_forms(each))
    return (*found, *(form for form in decoded if form not in found and not form.startswith("bytes:")))


def _encoded(text: str) -> bool:
    return len(text) >= LONG_ENOUGH and ("%" in text or "\\" in text or text[0] in "'\"`" or "/" not in text)


def _in_json(text: str) -> Iterator[str]:
    if text[:1] not in {"{", "["} or len(text) > _LONGEST:
        return
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return
    yield from _leaves(found, _DEEPEST)


def _leaves(node: object, depth: int) -> Iterator[str]:
    match node:
        case str():
            yield node
        case dict() | list() if depth:
            for child in node.values() if isinstance(node, dict) else node:
                yield from _leaves(child, depth - 1)
        case _:
            pass


def declared_endpoints(policy: Policy, filled: Mapping[str, str]) -> tuple[str, ...]:
    """The endpoints of declared buckets, by resource; the provider's own where none is declared."""
    return tuple(dict.fromkeys(filled.get(r.name, "") for r in policy.resources if r.kind == "bucket"))
