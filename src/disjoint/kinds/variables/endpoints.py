"""Every variable that reads as some kind's address: claimed or not, alone, in a list or in a text. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from disjoint.model.address import Address
from disjoint.model.cloud import cloud_url
from disjoint.model.engine import ForeignAddress, as_url, read_foreign
from disjoint.model.environment import Environment, Target
from disjoint.model.fact import Fact, Known
from disjoint.model.kind import Kind
from disjoint.model.snapshot import Endpoint
from disjoint.model.stores import names_store
from disjoint.model.url import crowded, split_url

from .held import labelled, urls, written
from .shapes import named_secret, token_like

_PLATFORM = re.compile(
    r"^(?:RAILWAY|VERCEL|RENDER|FLY|HEROKU|DYNO|KUBERNETES|AWS_LAMBDA|GITHUB|CI)_|^DISJOINT_"
)
_HOSTLIST = re.compile(r"HOST|ORIGIN|DOMAIN|CORS|URL")
_HOSTNAME = re.compile(r"^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$", re.IGNORECASE)
_SECRET_NAME = re.compile(r"(?:PASSWORD|PASSWD|PASS|SECRET|TOKEN|KEY)$")
_BUCKET = re.compile(r"(?:^|_)BUCKET(?:_NAME)?$")
_ADDRESS_LIKE = re.compile(r"URL|URI|DSN|HOST|ADDR|ENDPOINT|BROKER|BUCKET|SERVER|CONNECTION")
_WRAPPED = r"(?:jdbc:|r2dbc:|db\+)?"
"""How Java's drivers and Celery's backends write the address of a database."""
_DIALECTS = {
    **dict.fromkeys(("keydb", "dragonfly", "redis-cluster"), "redis"),
    **dict.fromkeys(("timescaledb", "greenplum"), "postgresql"),
    "redis-sentinel": "redis+sentinel",
}
_SCHEME = re.compile(rf"^{_WRAPPED}([a-z][a-z0-9]*)(?:\+[a-z0-9_.-]+)?:", re.IGNORECASE)
_WHOLE = re.compile(rf"^{_WRAPPED}(?!https?:)[a-z][a-z0-9+.-]*://\S*$", re.IGNORECASE)
"""One address, whose host may be a list; an address of the web may hold another one in its query."""
_WEB = re.compile(r"^https?://", re.IGNORECASE)
_CONNINFO = re.compile(r"(?:^|\s)(?:host|hostaddr|service)\s*=", re.IGNORECASE)

OVERRIDES = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGSERVICE", "PGSERVICEFILE")
"""Variables by which libpq redirects a connection (PostgreSQL manual, 32.15)."""


def endpoints(
    environment: Environment, kinds: Sequence[Kind[Any, Any]], targets: Sequence[Target[Any]]
) -> tuple[Endpoint, ...]:
    """The addresses among an environment's variables; a platform's own name stores alone."""
    return tuple(
        Endpoint(variable.name, variable.where, address, owned=_owned(variable.name, item, address))
        for variable in environment.variables.values()
        if isinstance(variable.value, Known)
        for item in _told(variable.value.value.reveal())
        for address in _addresses(variable.name, item, kinds, targets)
        if not address.fault and _applications(variable.name, item, address)
    )


def _applications(name: str, item: str, address: Address) -> bool:
    """Whether it is the application's: of what a platform sets, only a store that was attached."""
    attached = "://" in item and address.kind != "web" and not name.upper().startswith("DISJOINT_")
    return attached or not is_platforms(name)


def is_platforms(name: str) -> bool:
    """Whether the platform, or this product, set a variable."""
    return _PLATFORM.search(name.upper()) is not None


def items(value: str) -> tuple[str, ...]:
    """Every text that a value is, holds or decodes to: the members of a list, and the URLs inside."""
    texts = written(value)
    inside = (url for text in texts if not _WHOLE.match(text) for url in urls(text))
    return tuple(dict.fromkeys((*(item for text in texts for item in members(text)), *inside)))


def _told(value: str) -> Iterator[str]:
    """The same, without bare words under a secret's name in JSON: one with a dot reads as a host."""
    secret = {text.strip() for key, text in labelled(value) if key and named_secret(key)}
    return (item for item in items(value) if "://" in item or item not in secret)


def _is_host(item: str) -> bool:
    return _HOSTNAME.search(item) is not None and not token_like(item)


def members(value: str) -> tuple[str, ...]:
    """A value, or the members of the list it writes (commas, blanks or JSON)."""
    text = value.strip()
    if text.startswith("["):
        try:
            listed = json.loads(text)
        except (ValueError, RecursionError):
            listed = None
        if isinstance(listed, list):
            return tuple(item.strip() for item in listed if isinstance(item, str))
    if text.count("://") == 1 and not _WEB.match(text):
        return (text,)  # the hosts of one address may be a list of their own
    parts = tuple(part for part in re.split(r"[,;|\s]+", text) if part)
    return (text, *parts) if len(parts) > 1 else (text,)


def _addresses(
    name: str, item: str, kinds: Sequence[Kind[Any, Any]], targets: Sequence[Target[Any]]
) -> Iterator[Address]:
    item = _spelt(item)
    scheme = found[1].lower() if (found := _SCHEME.search(item)) else ""
    for kind in kinds:
        if (scheme and scheme in kind.schemes) or (kind.name == "postgres" and _CONNINFO.search(item)):
            address = kind.read(item.removeprefix("db+"))
            yield address
            if address.fault and "," in item:
                yield from map(kind.read, _each(item))
        elif kind.name == "web" and _lists_hosts(name.upper()) and _is_host(item):
            yield kind.read(f"https://{item}")
        elif kind.beside is not None and not scheme and "BUCKET" in name.upper():
            yield from (kind.beside(item, target) for target in targets if target.kind == kind.name)

    named = cloud_url(item)
    # of a password nothing is read as an address that has no scheme and no options: it would be shown
    bare = named_secret(name) and "://" not in item and ";" not in item
    foreign = None if bare else read_foreign(named or as_url(item))
    if foreign is not None and foreign.engine and (named or scheme not in _read_by(kinds)):
        yield ForeignAddress(foreign)


def _spelt(item: str) -> str:
    """An address under the scheme of the kind whose protocol it speaks."""
    scheme, colon, rest = item.partition("://")
    return f"{_DIALECTS.get(scheme.lower(), scheme)}{colon}{rest}" if colon else item


def _each(item: str) -> Iterator[str]:
    """The addresses of a cluster's members, where one URL has them all."""
    if (url := split_url(item)) is None or crowded(item):
        return
    for host, port in url.hosts:
        place = f"[{host}]" if ":" in host else host
        yield f"{url.scheme}://{place}{f':{port}' if port else ''}{url.path}"


def _read_by(kinds: Sequence[Kind[Any, Any]]) -> frozenset[str]:
    return frozenset(scheme for kind in kinds for scheme in kind.schemes)


def _owned(name: str, item: str, address: Address) -> bool:
    """A store belongs to somebody; a web address may be a vendor's, and a bare word no bucket at all."""
    if address.kind == "bucket":
        return "://" in item or bool(_BUCKET.search(name.upper()))
    return address.kind != "web"


def unread(environment: Environment, claimed: frozenset[str]) -> tuple[str, ...]:
    """Address-like names whose value only the platform can resolve, beside what resources claim."""
    return tuple(
        name
        for name, variable in sorted(environment.variables.items())
        if not isinstance(variable.value, Known)
        and name not in claimed
        and (_ADDRESS_LIKE.search(name.upper()) or names_store(name.rpartition("_")[2]))
        and not is_platforms(name)
    )


def _lists_hosts(name: str) -> bool:
    """EMAIL_HOST_PASSWORD holds none, though its value has dots."""
    return bool(_HOSTLIST.search(name)) and not _SECRET_NAME.search(name)


def overrides(environment: Environment, claimed: frozenset[str]) -> Mapping[str, Fact[str]]:
    """The set variables that redirect libpq and that no resource is composed of."""
    found: dict[str, Fact[str]] = {}
    for name in OVERRIDES:
        if name in environment.variables and name not in claimed:
            value = environment.variables[name].value
            found[name] = Known(value.value.reveal()) if isinstance(value, Known) else value
    return found
