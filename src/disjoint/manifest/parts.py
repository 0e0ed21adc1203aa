"""Addresses that come in parts (``DB_HOST``, ``DB_PORT``, ``DB_NAME`` ...), put together as one text.

Values are filled in as they are. So PostgreSQL takes libpq's keyword form, where quotes
hold everything but a quote and a backslash; for the URL forms a part that would have to be
percent-encoded makes the address unplaceable, with a line that says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from disjoint.model.manifest import variables_in

from . import habits
from .placing import Placing, Sight, slug

_URL_SAFE = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=-]*")
_WITH_PORT = re.compile(r"([A-Za-z0-9._-]+):(\d+)")
_QUOTABLE = re.compile(r"[^'\\]*")
_OTHER_ENGINE = re.compile(r"mysql|maria|mssql|sqlserver|oracle|sqlite|mongo", re.IGNORECASE)
_ENGINES = ("ENGINE", "CONNECTION", "ADAPTER", "CLIENT", "TYPE", "DIALECT", "DRIVER")
_OTHER_PORTS = frozenset({"3306", "33060", "1433", "1521", "27017"})
_AUTHORITY = re.compile(r"://(?:[^/?#]*@)?([^/?#]*)")
_TRUE = frozenset({"1", "true", "yes", "on", "require", "required"})


@dataclass(frozen=True, slots=True)
class _Form:
    """How the parts of one kind's address are called."""

    host: re.Pattern[str]
    tails: Mapping[str, tuple[str, ...]]
    setting: str


_HOST = r"_(?:HOST|HOSTNAME|SERVER)$"
_ENDPOINT = r"_(?:HOST|HOSTNAME|SERVER|ADDR|ADDRESS|ENDPOINT)$"
_COMMON = {"port": ("PORT",), "user": ("USER", "USERNAME"), "password": ("PASSWORD", "PASS", "PWD")}

FORMS: Mapping[str, _Form] = {
    "postgres": _Form(
        re.compile(rf"^(?P<family>(?:[A-Z0-9]+_)*(?:POSTGRES|POSTGRESQL|PSQL|PG|DB|DATABASE|RDS|SQL)){_HOST}|^PGHOST$"),
        {**_COMMON, "dbname": ("DB", "DATABASE", "NAME", "DBNAME", "DB_NAME")},
        "url",
    ),
    "redis": _Form(
        re.compile(rf"^(?P<family>(?:[A-Z0-9]+_)*(?:REDIS|VALKEY)){_ENDPOINT}|^REDISHOST$"),
        {**_COMMON, "db": ("DB", "DATABASE", "DB_INDEX"), "tls": ("TLS", "SSL", "USE_TLS", "USE_SSL")},
        "url",
    ),
    "celery": _Form(
        re.compile(rf"^(?P<family>(?:[A-Z0-9]+_)*(?:RABBITMQ|RABBIT|AMQP)){_HOST}"),
        {
            "port": ("PORT", "NODE_PORT"),
            "user": ("USER", "USERNAME", "DEFAULT_USER"),
            "password": ("PASSWORD", "PASS", "DEFAULT_PASS", "DEFAULT_PASSWORD"),
            "vhost": ("VHOST", "VIRTUAL_HOST", "DEFAULT_VHOST"),
        },
        "broker",
    ),
}  # fmt: skip


def place_parts(placing: Placing, kind: str) -> None:
    """Declare what comes in parts, unless a URL leads to the same host already."""
    form = FORMS[kind]
    for name in placing.free():
        if not (found := form.host.match(habits.plain(name))):
            continue
        family = f"{found['family']}_" if found["family"] else found[0].removesuffix("HOST")
        parts = {"host": name, **dict(_parts(placing.sight, family, form))}
        if _with_port(placing.sight, name):
            parts.pop("port", None)
        if _elsewhere(placing, kind, parts):
            placing.claimed.update(parts.values())
        elif kind != "postgres" or _is_postgres(placing.sight, family, parts):
            _place(placing, kind, form, parts)


def _parts(sight: Sight, family: str, form: _Form) -> Iterator[tuple[str, str]]:
    for part, tails in form.tails.items():
        for tail in tails:
            if (name := sight.called(f"{family}{tail}")) and not _null(sight, name):
                yield part, name
                break


def _with_port(sight: Sight, name: str) -> bool:
    """Does ``REDIS_ADDR`` hold host and port, as Go's clients take them, wherever it is set?"""
    return bool(sight.known(name)) and all(map(_WITH_PORT.fullmatch, sight.known(name)))


def _split(text: str | None) -> tuple[str | None, str | None]:
    found = _WITH_PORT.fullmatch(text or "")
    return (found[1], found[2]) if found else (text, None)


def _null(sight: Sight, name: str) -> bool:
    """Laravel's way to write that there is none."""
    return {text.lower() for text in sight.known(name)} == {"null"} and sight.resolved(name)


def _place(placing: Placing, kind: str, form: _Form, parts: Mapping[str, str]) -> None:
    sight = placing.sight
    if "tls" in parts and len(_tls(sight, parts)) == 2:
        placing.failed[parts["host"]] = (
            f"{parts['tls']} differs: one text cannot say both; set one URL instead"
        )
        return
    text = {"postgres": _conninfo, "redis": _redis, "celery": _amqp}[kind](sight, parts)
    if text is None:
        placing.failed[parts["host"]] = (
            f"{_odd(sight, parts)} holds characters that an address must encode;"
            " set one URL instead of its parts"
        )
        return
    first = not placing.texts(kind)
    placing.place(kind, habits.CALLED[kind] if first else slug(parts["host"]), {form.setting: text})
    placing.claimed.update(parts.values())


def _elsewhere(placing: Placing, kind: str, parts: Mapping[str, str]) -> bool:
    """Does an address placed already name this host and port, wherever either is set?"""
    hosts = placing.sight.values(parts["host"])
    ports = placing.sight.values(parts["port"]) if "port" in parts else (None, None)
    if _with_port(placing.sight, parts["host"]):
        hosts, ports = zip(*(_split(text) for text in hosts), strict=True)
    for text in placing.texts(kind):
        for variable in variables_in(text):
            sides = list(zip(hosts, ports, placing.sight.values(variable), strict=True))
            if all(_names(*side) for side in sides if any(side)):
                return True
    return False


def _names(host: str | None, port: str | None, text: str | None) -> bool:
    if host is None or text is None:
        return False
    found = _AUTHORITY.search(text)
    for place in (found[1] if found else text).split(","):
        theirs, _, their_port = place.partition(":")
        if theirs.lower() == host.lower() and (port is None or not their_port or port == their_port):
            return True
    return False


def _is_postgres(sight: Sight, family: str, parts: Mapping[str, str]) -> bool:
    """A family that names no engine may be MySQL's: its engine or its port says so."""
    engines = filter(None, (sight.called(f"{family}{tail}") for tail in _ENGINES))
    if any(_OTHER_ENGINE.search(text) for name in engines for text in sight.known(name)):
        return False
    return "port" not in parts or not _OTHER_PORTS.intersection(sight.known(parts["port"]))


def _all(sight: Sight, parts: Mapping[str, str], pattern: re.Pattern[str]) -> bool:
    return all(pattern.fullmatch(text) for name in parts.values() for text in sight.known(name))


def _odd(sight: Sight, parts: Mapping[str, str]) -> str:
    return next(
        name for name in parts.values() if not all(_URL_SAFE.fullmatch(text) for text in sight.known(name))
    )


def _conninfo(sight: Sight, parts: Mapping[str, str]) -> str | None:
    if _all(sight, parts, _QUOTABLE):
        return " ".join(f"{part}='${name}'" for part, name in parts.items())
    return _url("postgresql", sight, parts, "dbname")


def _redis(sight: Sight, parts: Mapping[str, str]) -> str | None:
    return _url("rediss" if True in _tls(sight, parts) else "redis", sight, parts, "db")


def _tls(sight: Sight, parts: Mapping[str, str]) -> set[bool]:
    """Whether TLS is asked for; two answers where the sides differ, unset being no."""
    texts = sight.values(parts["tls"]) if "tls" in parts else ()
    return {(text or "").lower() in _TRUE for text in texts}


def _amqp(sight: Sight, parts: Mapping[str, str]) -> str | None:
    return _url("amqp", sight, parts, "vhost")


def _url(scheme: str, sight: Sight, parts: Mapping[str, str], path: str) -> str | None:
    used = {part: name for part, name in parts.items() if part != "tls"}
    encoded = {part: name for part, name in used.items() if part != "host" or not _with_port(sight, name)}
    if not _all(sight, encoded, _URL_SAFE):
        return None
    text = {part: f"${{{name}}}" for part, name in used.items()}
    login = f"{text.get('user', '')}:{text['password']}@" if "password" in text else ""
    login = login or (f"{text['user']}@" if "user" in text else "")
    port = f":{text['port']}" if "port" in text else ""
    return f"{scheme}://{login}{text['host']}{port}" + (f"/{text[path]}" if path in text else "")
