"""Redis addresses as redis-py reads them, and where other clients differ.

Sources: redis.connection.parse_url (redis-py); redis-sentinel-url and Lettuce for Sentinel spellings;
the Valkey spelling of the schemes. Pure: the start-up guard loads this in a bare process.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qs, unquote

from disjoint.model.address import Likeness
from disjoint.model.engine import Foreign, compare_foreign, read_foreign
from disjoint.model.host import MASKED, Host, printable, unresolved
from disjoint.model.secret import Secret
from disjoint.model.url import (
    LIMIT,
    NO_PORT,
    NOT_A_URL,
    PADDED,
    REFERENCE,
    TOO_LONG,
    UNSET,
    Door,
    Url,
    compare_doors,
    crowded,
    read_door,
    read_port_text,
    split_url,
    undecided,
    with_object,
    without_blanks,
    without_userinfo,
)

_TCP = frozenset(
    {
        *("redis", "rediss", "valkey", "valkeys", "redis+tls", "redis+ssl", "rediscache"),
        *("redis+cluster", "rediss+cluster", "valkey+cluster", "redis-cluster", "rediss-cluster"),
    }
)
_TLS = frozenset({"valkeys", "redis+tls", "redis+ssl"})
_SOCKET = frozenset({"unix", "redis+socket", "rediss+socket", "redis+unix", "redis-socket"})
_SENTINEL = frozenset(
    {"redis+sentinel", "rediss+sentinel", "redis-sentinel", "rediss-sentinel", "sentinel", "valkey+sentinel"}
)
_PORT = 6379
_SENTINEL_PORT = 26379

SOCKET = "a socket belongs to its machine"
MASTER = "which server a Sentinel names is not in the text"
NO_MASTER = "two master names may monitor one server"
ONE_HOST = "this client takes one host"
NO_DB = "the database is no number"
SCHEME = "only some clients know this scheme of Redis"

# The provider's own names for one store, before and behind its proxy.
_TENANT_SUFFIXES = ("-redis.render.com", "-keyvalue.render.com")


class Login(NamedTuple):
    """What redis-py would really use. Never shows a credential."""

    host: str
    port: int
    path: str
    """A Unix socket; empty over TCP."""
    db: int
    username: str
    password: Secret | None
    tls: bool
    parameters: Mapping[str, str]
    """``ssl_cert_reqs``, ``ssl_ca_certs``, ``ssl_check_hostname`` and the like, as written."""
    fault: str = ""

    def __repr__(self) -> str:
        return f"Login(redis, fault={self.fault!r})"


class RedisAddress(NamedTuple):
    """A parsed address without credentials."""

    shown: str
    """``r.example:6379/0``, or a mask where the text may have cut its password in two."""
    fault: str = ""
    doubt: str = ""
    """Why clients may read the text differently, or not at all; empty if they agree."""
    doors: tuple[Door, ...] = ()
    db: int = 0
    path_db: int | None = None
    """The database by clients that let the path win over ``?db=``; None where the path names none."""
    sentinel: bool = False
    master: str = ""
    foreign: Foreign | None = None

    @property
    def kind(self) -> str:
        """The kind whose `compare` understands this address."""
        return "redis"

    def __repr__(self) -> str:
        return f"RedisAddress({self.shown!r}, fault={self.fault!r})"


def parse(text: str) -> RedisAddress:
    """Read an address. Never raises; `fault` says why no client would accept the text."""
    if len(text) > LIMIT:
        return _invalid(TOO_LONG)
    bare = without_blanks(text)
    if not bare:
        return RedisAddress("(unset)", doubt=UNSET)
    url = split_url(bare)
    if unresolved(without_userinfo(bare)):
        return RedisAddress("(unresolved reference)", doubt=REFERENCE)
    if url is None:
        return _invalid(NOT_A_URL)
    return _masked(bare, _read(url, text))


def login(text: str) -> Login:
    """What redis-py would connect to, as whom. Never raises; `fault` says why it cannot."""
    address = parse(text)
    url = None if address.fault else split_url(text)
    fault = address.fault or address.doubt
    if url is None or fault or address.foreign or address.sentinel:
        return Login("", 0, "", 0, "", None, False, {}, fault or "this is no address of one Redis server")
    options = _options(url)
    socket = unquote(url.path) or options.get("path", "") if url.scheme in _SOCKET else ""
    return Login(
        host="" if socket else url.hosts[0][0] or options.get("host") or "localhost",
        port=0 if socket else address.doors[0].port,
        path=socket,
        db=address.db,
        username=unquote(url.user) or options.get("username", ""),
        password=_secret(unquote(url.password) or options.get("password", "")),
        tls=url.scheme in _TLS or url.scheme.startswith("rediss"),
        parameters={name: options[name] for name in options if name.startswith("ssl_") or name == "protocol"},
    )


def compare(a: RedisAddress, b: RedisAddress) -> Likeness:
    """Whether two addresses reach one database. Never raises."""
    if fault := a.fault or b.fault:
        return Likeness("invalid", fault)
    if doubt := a.doubt or b.doubt:
        return Likeness("unknown", doubt)
    if a.foreign or b.foreign:
        return compare_foreign(a.foreign, b.foreign)
    server = _compare_servers(a, b)
    if a.db != b.db and _by_path(a) == _by_path(b):
        return undecided("clients differ on whether the path or ?db= names the database", server)
    return with_object(server, a.db == b.db, "database")


def compare_text(a: str | None, b: str | None) -> Likeness:
    """As `compare`, from text; None is an unset variable. Never raises."""
    return compare(parse(a or ""), parse(b or ""))


def _read(url: Url, text: str) -> RedisAddress:
    doubt = PADDED if text != without_blanks(text) else ""
    if url.scheme in _SENTINEL:
        return _sentinel(url)._replace(doubt=doubt)
    if url.scheme in _SOCKET:
        return _socket(url)._replace(doubt=doubt)
    if url.scheme in _TCP:
        return _tcp(url)._replace(doubt=doubt)
    foreign = read_foreign(without_blanks(text))
    if foreign and foreign.engine == "redis":
        return RedisAddress(foreign.shown, doubt=SCHEME)
    return RedisAddress(foreign.shown, foreign=foreign) if foreign else _invalid(NOT_A_URL)


def _tcp(url: Url) -> RedisAddress:
    if len(url.hosts) != 1:
        return _invalid(ONE_HOST)
    options = _options(url)
    host, port_text = url.hosts[0]
    # Both authority and query may name the port: the authority wins, its zero counts as silence.
    port = read_port_text(port_text, 0)
    if port == 0:
        port = read_port_text(options.get("port", ""), _PORT)
    name = host or options.get("host", "")
    tenant = unquote(url.user) if name.lower().endswith(_TENANT_SUFFIXES) else ""
    return _address(url, read_door(_one_store(name), port, tenant=tenant) if port else None)


def _socket(url: Url) -> RedisAddress:
    path = unquote(url.path) or _options(url).get("path", "")
    return _address(url, Door(Host(path, relative=SOCKET), 0)) if path else _invalid("the socket has no path")


def _address(url: Url, door: Door | None) -> RedisAddress:
    if door is None:
        return _invalid(NO_PORT)
    if door.host.fault:
        return _invalid(door.host.fault)
    path_db = _path_db(url)
    db = _query_db(url, path_db)
    if db is None or db < 0:
        return _invalid(NO_DB)
    place = f"{door.host.shown}:{door.port}" if door.port else printable(door.host.name)
    return RedisAddress(f"{place}/{db}", doors=(door,), db=db, path_db=path_db)


def _sentinel(url: Url) -> RedisAddress:
    """``redis+sentinel://h1:26379,h2/master/0`` and Lettuce's ``redis-sentinel://h1,h2/0#master``."""
    options = _options(url)
    ports = [read_port_text(port, _SENTINEL_PORT) for _, port in url.hosts]
    doors = tuple(
        read_door(host, port) for (host, _), port in zip(url.hosts, ports, strict=True) if port is not None
    )
    if len(doors) != len(ports) or any(door.host.fault for door in doors):
        return _invalid(NO_PORT)
    parts = [part for part in unquote(url.path).split("/") if part]
    names = [part for part in parts if not part.isdecimal()]
    numbers = [int(part) for part in parts if part.isdecimal() and len(part) < 10]
    stated = [options[key] for key in _MASTER_NAMES if key in options]
    master = next(iter([*names, *stated, unquote(url.fragment)]), "")
    number = options.get("db", options.get("database", ""))
    db = int(number) if number.isdecimal() and len(number) < 10 else next(iter(numbers), 0)
    shown = ",".join(f"{door.host.shown}:{door.port}" for door in doors)
    return RedisAddress(
        f"sentinel {shown} {printable(master)}/{db}",
        doors=doors, db=db, sentinel=True, master=master,
    )  # fmt: skip


_MASTER_NAMES = ("service_name", "master_name", "sentinelMasterId", "master")


def _by_path(address: RedisAddress) -> int:
    """The database by clients that let the path win over ``?db=``."""
    return address.db if address.path_db is None else address.path_db


def _compare_servers(a: RedisAddress, b: RedisAddress) -> Likeness:
    if a.sentinel != b.sentinel:
        return Likeness("unknown", MASTER)
    server = compare_doors(a.doors, b.doors)
    if not a.sentinel or server.verdict != "same":
        return server
    if not a.master or not b.master:
        return Likeness("unknown", MASTER)
    return server if a.master == b.master else Likeness("unknown", NO_MASTER)


def _options(url: Url) -> Mapping[str, str]:
    """The query as redis-py takes it: the first value of each name, empty ones dropped."""
    try:
        return {name: values[0] for name, values in parse_qs(url.query).items()}
    except ValueError:
        return {}


def _path_db(url: Url) -> int | None:
    """redis-py drops every slash and reads what is left; None where that is no number."""
    if url.scheme in _SOCKET:
        return None
    try:
        return int(unquote(url.path).replace("/", ""))
    except ValueError:
        return None


def _query_db(url: Url, path_db: int | None) -> int | None:
    """``?db=`` wins over the path; other clients spell it otherwise."""
    options = _options(url)
    names = ("db", "virtual_host", "database") if url.scheme in _SOCKET else ("db", "database")
    stated = next((options[name] for name in names if name in options), "")
    if not stated:
        return path_db or 0
    try:
        return int(stated)
    except ValueError:
        return None


def _one_store(host: str) -> str:
    """ElastiCache names one replication group's writer and reader apart: the same data."""
    name = host.lower()
    if not name.rstrip(".").endswith((".cache.amazonaws.com", ".cache.amazonaws.com.cn")):
        return host
    return name.removeprefix("master.").removeprefix("replica.")


def _masked(text: str, address: RedisAddress) -> RedisAddress:
    return address._replace(shown=MASKED) if crowded(text) and not address.fault else address


def _invalid(fault: str) -> RedisAddress:
    return RedisAddress("(invalid)", fault=fault)


def _secret(text: str) -> Secret | None:
    return Secret(text) if text else None
