"""Broker and result backend addresses as kombu and Celery read them.

Sources: kombu.utils.url, kombu.connection (failover lists, transport aliases), kombu.transport.redis
(_connparams, _prepare_virtual_host), kombu.transport.pyamqp; celery.app.backends and its backends.
Pure: the start-up guard loads this in a bare process.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from disjoint.kinds.redis.address import Login
from disjoint.model.address import Likeness, Sameness
from disjoint.model.host import MASKED, unresolved
from disjoint.model.secret import Secret
from disjoint.model.url import (
    LIMIT,
    PADDED,
    REFERENCE,
    TOO_LONG,
    UNSET,
    compare_doors,
    crowded,
    with_object,
    without_userinfo,
)

from .transport import Entry, bare_host, read_entry, redis_options

BACKENDS = frozenset(
    {"django-db", "django-cache", "rpc", "cache", "db", "database", "disabled", "redis", "file", "amqp"}
)
"""Names of result backends without an address of their own."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]*\Z")

MOST_ENTRIES = 100

SETTINGS = "where it keeps its data is written in the application's settings"
SENTINEL = "which server the Sentinels name is written in the transport options"
FAMILIES = "another kind of broker or backend"


class CeleryAddress(NamedTuple):
    """A parsed address without credentials; several entries are a failover list."""

    shown: str
    """``redis://r.example:6379/0``, or a mask where the text may have cut its password in two."""
    fault: str = ""
    doubt: str = ""
    """Why nothing can be said of it: a reference, an unset value, a name that only settings explain."""
    entries: tuple[Entry, ...] = ()

    @property
    def kind(self) -> str:
        """The kind whose `compare` understands this address."""
        return "celery"

    def __repr__(self) -> str:
        return f"CeleryAddress({self.shown!r}, fault={self.fault!r})"


def parse(text: str) -> CeleryAddress:
    """Read a broker or result backend. Never raises; `fault` says why Celery would refuse the text."""
    bare = text.strip()
    if len(text) > LIMIT or bare.count(";") > MOST_ENTRIES:
        return CeleryAddress("(invalid)", fault=TOO_LONG)
    if not bare:
        return CeleryAddress("(unset)", doubt=UNSET)
    if any(unresolved(without_userinfo(part)) for part in _parts(bare)):
        return CeleryAddress("(unresolved reference)", doubt=REFERENCE)
    if _NAME.match(bare) and not bare_host(bare):
        return CeleryAddress(bare if bare in BACKENDS else "(a name)", doubt=SETTINGS)
    entries = _entries(bare)
    if fault := entries[0].fault if entries else "the list is empty":
        return CeleryAddress("(invalid)", fault=fault)
    readable = tuple(entry for entry in entries if not entry.fault)
    masked = len(readable) < len(entries) or any(crowded(part) for part in _parts(bare))
    shown = MASKED if masked else ";".join(dict.fromkeys(entry.shown for entry in readable))
    cut = "clients cut this text at another place" if masked and readable[0].family.startswith("sql") else ""
    return CeleryAddress(shown, doubt=cut or (PADDED if bare != text else ""), entries=readable)


def login(text: str) -> Login | None:
    """The redis login of the first entry, its database by kombu's rule; None for any other transport."""
    address = parse(text)
    if address.fault or address.doubt:
        return None
    first = address.entries[0]
    if first.family != "redis" or first.sentinel:
        return None
    options = redis_options(_parts(text.strip())[0])
    door = first.doors[0]
    socket = door.host.name if not door.port else ""
    return Login(
        host="" if socket else options.host or "127.0.0.1",
        port=door.port,
        path=socket,
        db=int(first.item),
        username=options.user,
        password=Secret(options.password) if options.password else None,
        tls=options.tls,
        parameters=options.parameters,
    )


def compare(a: CeleryAddress, b: CeleryAddress) -> Likeness:
    """Whether two addresses share a virtual host, database or store. Never raises."""
    if fault := a.fault or b.fault:
        return Likeness("invalid", fault)
    if doubt := a.doubt or b.doubt:
        return Likeness("unknown", doubt)
    return _strongest([_compare_entry(x, y) for x in a.entries for y in b.entries])


def compare_text(a: str | None, b: str | None) -> Likeness:
    """As `compare`, from text; None is an unset variable. Never raises."""
    return compare(parse(a or ""), parse(b or ""))


def _parts(text: str) -> list[str]:
    """The entries of a failover list; kombu splits on every semicolon."""
    return [part for part in text.split(";") if part.strip()]


def _entries(text: str) -> tuple[Entry, ...]:
    """Each entry as kombu reads it in turn: port and virtual host stay as they were where one is silent."""
    parts = _parts(text)
    if text.startswith("cache+"):
        return (read_entry(",".join(parts)),)
    found: list[Entry] = []
    for part in parts:
        entry = read_entry(part)
        found.append(entry)
        if len(found) > 1:
            found.extend(entry.inherited(found[0]))
    return tuple(found)


def _compare_entry(a: Entry, b: Entry) -> Likeness:
    if why := a.elsewhere or b.elsewhere:
        known = a.family and b.family and a.family != b.family
        return Likeness("different", FAMILIES, "unknown") if known else Likeness("unknown", why)
    if a.family != b.family:
        return Likeness("different", FAMILIES, "unknown")
    sentinel = a.sentinel or b.sentinel
    server = Likeness("unknown", SENTINEL) if sentinel else compare_doors(a.doors, b.doors)
    # A broker's virtual hosts and databases keep their names on whichever server; a SQL name may be an alias.
    if a.family in {"redis", "amqp"} or a.item == b.item or server.verdict == "same":
        return with_object(server, a.item == b.item, a.what)
    return server


def _strongest(answers: list[Likeness]) -> Likeness:
    """Of a failover list one common entry is enough; different only if no pair may meet."""
    servers = {answer.server for answer in answers if answer.server}
    for verdict in ("same", "unknown", "different"):
        for answer in answers:
            if answer.verdict == verdict:
                server: Sameness | None = "same" if "same" in servers and verdict != "same" else answer.server
                return answer._replace(server=server)
    return answers[0]
