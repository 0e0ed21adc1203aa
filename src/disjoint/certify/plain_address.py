"""Addresses as one canonical line each, by the standard library alone: what a seal and a guard digest alike.

``postgres://db.example:5432/shop``: kind, host in lower case and ASCII, port, and the object. Equal lines
are one place; other lines prove nothing. A text that can be cut in two ways gives the places of both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, unquote

from disjoint.tuples import NamedTuple

from .plain_host import is_hostname, is_numeric, spell
from .plain_list import members

PORTS = {
    "postgres": 5432, "redis": 6379, "amqp": 5672, "web": 443, "mysql": 3306, "sqlserver": 1433,
    "oracle": 1521, "mongodb": 27017, "memcached": 11211, "kafka": 9092, "cassandra": 9042,
    "clickhouse": 9000, "elasticsearch": 9200,
}  # fmt: skip
_KINDS = {
    **dict.fromkeys(("postgresql", "postgis", "pgsql", "psql", "timescale", "ecto", "redshift"), "postgres"),
    **dict.fromkeys(("cockroach", "cockroachdb", "crdb"), "postgres"), "librabbitmq": "amqp",
    "confluentkafka": "kafka", "rediss": "redis", "valkey": "redis", "valkeys": "redis",
    "redis-cluster": "redis", "rediss-cluster": "redis", "rediscache": "redis", "amqps": "amqp",
    "pyamqp": "amqp", "http": "web", "https": "web", "ws": "web", "wss": "web",
    "s3": "bucket", "s3a": "bucket", "s3n": "bucket", "gs": "bucket", "mysql2": "mysql",
    "mariadb": "mysql", "mssql": "sqlserver", "memcache": "memcached",
}  # fmt: skip
_DEFAULTS = {
    "http": 80, "ws": 80, "amqps": 5671, "redshift": 5439, "cockroach": 26257, "cockroachdb": 26257,
    "crdb": 26257,
}  # fmt: skip
"""Ports of schemes that differ from their kind's."""
ADDRESSES = {
    "postgres": ("url",), "redis": ("url",), "celery": ("broker", "result_backend"), "bucket": ("name",),
    "web": ("url", "origin"),
}  # fmt: skip
"""By kind: the settings that hold an address; a bucket's is read beside its `endpoint`."""

_URL = re.compile(
    r"(?:jdbc:|r2dbc:|db\+)?([a-z][a-z0-9.-]*)(?:\+[a-z0-9_.-]+)*://(.*)\Z", re.IGNORECASE | re.DOTALL
)
_PAIR = r"(?:^|\s)(host|hostaddr|port|dbname)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|([^\s']\S*))"
"""Like others here that hardly any process needs: compiled where it is."""
_LISTS_HOSTS = re.compile(r"HOST|ORIGIN|DOMAIN|CORS|URL")
_AMAZON = r"(?:(?P<bucket>.+)\.)?s3[.-](?:[a-z0-9-]+\.)*amazonaws\.com(?P<china>\.cn)?\Z"
_GOOGLE, _GOV, _POOLER = "storage.googleapis.com", "us-gov.amazonaws.com", ".pooler.supabase.com"
_BY_USER = ("db.prisma.io", "-redis.render.com", "-keyvalue.render.com")
_PLAIN = re.compile(r"[^@=:\s]*\Z")
"""A name that is no connection string, with a password in it."""
_PRIVATE_IP = (
    r"(?:0|10|127)\.|169\.254\.|192\.168\.|172\.(?:1[6-9]|2[0-9]|3[01])\.|198\.1[89]\."
    r"|100\.(?:6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\.|(?:22[4-9]|2[34][0-9]|25[0-5])\."
    r"|::|fe[89a-f]|f[cdf]"
)
_PRIVATE_NAME = (
    ".localhost", ".localdomain", ".internal", ".svc", ".consul", ".flycast", ".local", ".lan", ".home",
    ".home.arpa", ".corp", ".intranet", ".private", ".domain", ".docker", ".default", ".production",
    ".staging", ".onion", ".workgroup", ".localnet",
)  # fmt: skip


class Place(NamedTuple):
    """Where a text leads."""

    kind: str
    host: str
    port: int
    name: str
    """Database, logical database, virtual host or bucket; empty where the text does not say."""
    how: str = ""
    """What a caller needs besides: ``rediss``, ``https``, PostgreSQL's sslmode."""
    sure: bool = True
    """False where the host may be a piece of a password: nothing of it may be shown."""

    @property
    def server(self) -> str:
        """The canonical line of the server."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.kind}://{host}:{self.port}"

    @property
    def line(self) -> str:
        """The canonical line of the object."""
        return f"{self.server}/{self.name}"

    @property
    def private(self) -> bool:
        """Whether the host means another machine in each network, so that equal lines prove nothing."""
        bare = "." not in self.host and ":" not in self.host
        numeric = ":" in self.host or is_numeric(self.host)
        if numeric:
            return re.match(_PRIVATE_IP, self.host) is not None or "%" in self.host
        return (bare and self.kind != "bucket") or self.host.endswith(_PRIVATE_NAME)


def in_variable(name: str, value: str) -> list[Place]:
    """Every place that a variable's value names, alone or in a list."""
    lists = _LISTS_HOSTS.search(name.upper()) is not None
    items = dict.fromkeys(members(value))
    found = [place for item in items for place in read(item)]
    hosts = [item for item in items if lists and is_hostname(item)]
    return [*found, *(place for host in hosts for place in read(f"https://{host}"))]


def of_setting(kind: str, setting: str, text: str, endpoint: str = "") -> list[Place]:
    """The places of a declared resource's setting, its variables filled in."""
    if kind == "bucket":
        return _bucket(text.strip(), endpoint.strip())
    if kind == "web" and "://" not in text:
        return read(f"https://{text.strip()}")
    del setting
    return read(text)


def read(text: str) -> list[Place]:
    """The places of one address; none where it is no address. Never raises."""
    text = re.sub(r"[\t\r\n]", "", text).strip()
    if (found := _URL.match(text)) is None:
        return [*_conninfo(text)]
    scheme, rest = found[1].lower(), found[2]
    kind = _KINDS.get(scheme, scheme)
    if kind == "bucket":
        host = _GOOGLE if scheme == "gs" else "amazonaws.com"
        return [Place("bucket", host, 443, re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2])]
    cuts = [_cut(rest, re.search(r"[/?#]", rest))]
    if rest.count("@") > 1 or ("@" in rest and "@" not in cuts[0][0]):
        start = rest.rindex("@") + 1
        cuts.append(_cut(rest, re.search(r"[/?#]", rest[start:]), start))
    sure = len(cuts) == 1
    return [place for cut in cuts for place in _of_url(kind, scheme, cut, sure)]


def _cut(rest: str, end: re.Match[str] | None, start: int = 0) -> tuple[str, str, str]:
    """Authority, path and query."""
    stop = len(rest) if end is None else start + end.start()
    path, _, query = rest[stop:].partition("#")[0].partition("?")
    return rest[:stop], path, query


def _of_url(kind: str, scheme: str, cut: tuple[str, str, str], sure: bool) -> Iterator[Place]:
    authority, path, query = cut
    stated = dict(parse_qsl(query, max_num_fields=100)) if query.count("&") < 100 else {}
    user, _, location = authority.rpartition("@")
    user = unquote(user.partition(":")[0])
    name, how = _name(kind, unquote(path), stated, user), _how(kind, scheme, stated)
    default = _DEFAULTS.get(scheme) or PORTS.get(kind, 0)
    hosts = location.split(",")
    for given in ("host", "hostaddr", "PGHOST"):
        if kind == "postgres" and given in stated:
            hosts += stated[given].split(",")
    asked = stated.get("port", "") if kind in {"postgres", "redis"} else ""
    for each in hosts:
        host, port = _split(unquote(each))
        if host and not host.startswith("/") and (number := _port(port or asked, default)) is not None:
            yield _placed(kind, _tenant(host, user), number, name, how, sure)


def _placed(kind: str, host: str, port: int, name: str, how: str, sure: bool) -> Place:
    spelled = spell(host)
    amazon = _amazons(spelled) if kind == "web" else None
    if amazon and amazon["bucket"]:
        return Place("bucket", _partition(amazon), 443, amazon["bucket"], "", sure)
    return Place(kind, spelled, port, name, how, sure and _PLAIN.match(name) is not None)


def _tenant(host: str, user: str) -> str:
    """Supabase's pooler takes the project from the user's name; Prisma and Render take the name itself."""
    name = host.lower().rstrip(".")
    if name.endswith(_POOLER):
        return f"{user.partition('.')[2]}.{host}"
    return f"{user}.{host}" if user and name.endswith(_BY_USER) else host


def _name(kind: str, path: str, stated: Mapping[str, str], user: str) -> str:
    bare = path.removeprefix("/")
    match kind:
        case "postgres":
            return stated.get("dbname") or bare or user
        case "redis":
            return stated.get("db") or _digits(path)
        case "amqp":
            return bare or "/"
        case "web":
            return ""
        case _:
            return bare


def _digits(path: str) -> str:
    """redis-py's way: every slash removed."""
    bare = path.replace("/", "")
    return bare.lstrip("0") or "0" if bare.isdecimal() else "0"


def _how(kind: str, scheme: str, stated: Mapping[str, str]) -> str:
    if kind == "postgres":
        mode = stated.get("sslmode", "")
        return mode if mode in {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"} else ""
    return {"rediss": "rediss", "valkeys": "rediss", "http": "http", "ws": "http"}.get(
        scheme, "https" if kind == "web" else ""
    )


def _conninfo(text: str) -> Iterator[Place]:
    """libpq's keywords and values."""
    pairs = re.findall(_PAIR, text) if "=" in text else ()
    stated = {key: re.sub(r"\\(.)", r"\1", quoted or bare) for key, quoted, bare in pairs}
    for host in filter(None, f"{stated.get('host', '')},{stated.get('hostaddr', '')}".split(",")):
        port = _port(stated.get("port", "").partition(",")[0], PORTS["postgres"])
        if not host.startswith("/") and ";" not in host and port is not None:
            yield Place("postgres", spell(host), port, stated.get("dbname", ""), "", "password" not in host)


def _bucket(name: str, endpoint: str) -> list[Place]:
    """A bucket's name in any spelling, at its endpoint; Amazon's where none is stated."""
    if found := [place for place in read(name) if place.kind == "bucket" and place.name]:
        return [_at(place.name, endpoint, place) for place in found]
    if "://" in name:
        return []
    arn = name.split(":")
    where = {"aws-cn": "amazonaws.com.cn", "aws-us-gov": _GOV}.get(arn[1] if arn[1:] else "", "amazonaws.com")
    bare = arn[-1].partition("/")[0]
    return [_at(bare, endpoint, Place("bucket", where, 443, ""))] if bare else []


def _at(name: str, endpoint: str, default: Place) -> Place:
    if not endpoint:
        return default._replace(name=name)
    door = next(iter(read(endpoint if "://" in endpoint else f"https://{endpoint}")), default)
    amazon = _amazons(door.host)
    host = _partition(amazon) if amazon else door.host
    return Place("bucket", host, 443 if amazon else door.port, name, door.how, door.sure)


def _partition(amazon: re.Match[str]) -> str:
    """Amazon's names are unique in one partition."""
    if "us-gov-" in amazon[0]:
        return _GOV
    return f"amazonaws.com{amazon['china'] or ''}"


def _amazons(host: str) -> re.Match[str] | None:
    """Amazon's endpoint of a bucket, or of all."""
    return re.match(_AMAZON, host) if "amazonaws.com" in host else None


def _split(location: str) -> tuple[str, str]:
    if location.startswith("["):
        host, _, port = location[1:].partition("]")
        return host, port.removeprefix(":")
    host, _, port = location.partition(":")
    return (location, "") if ":" in port else (host, port)


def _port(text: str, default: int) -> int | None:
    if not text.strip("0 "):
        return default
    digits = text.strip()
    stated = digits.isascii() and digits.isdecimal() and len(digits) < 8 and int(digits) < 65536
    return int(digits) if stated else None
