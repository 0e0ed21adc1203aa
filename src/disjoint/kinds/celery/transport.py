"""One URL of a broker or result backend: its family, its ways in, and what it holds there. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

from disjoint.model.host import Host, printable, read_host
from disjoint.model.url import NO_PORT, NOT_A_URL, Door, Url, read_door, read_port_text, split_url

_AMQP = frozenset({"amqp", "amqps", "pyamqp", "librabbitmq"})
_SQL_PORTS = {
    "postgresql": 5432,
    "postgres": 5432,
    "mysql": 3306,
    "mariadb": 3306,
    "mssql": 1433,
    "oracle": 1521,
}
_SQL_NAMES = {"postgres": "postgresql", "mariadb": "mysql", "pgmq": "postgresql"}
_CLUSTERS = {"mongodb": 27017, "mongodb+srv": 27017, "kafka": 9092, "confluentkafka": 9092}
_CLUSTER_NAMES = {"mongodb+srv": "mongodb", "confluentkafka": "kafka"}

_LOCAL = "it belongs to one process or one machine's files"
_CLOUD = "account, region and names come from credentials and settings"
_BROKER = "results travel through the broker"
_STATED = "where it keeps its data is written in the application's settings"

# Families that an address alone does not place: why, and whether the family itself is certain.
_ELSEWHERE = {
    **dict.fromkeys(("memory", "filesystem", "file"), (_LOCAL, True)),
    "sqs": (_CLOUD, True),
    "rpc": (_BROKER, False),
    **dict.fromkeys(
        (
            *("qpid", "zookeeper", "consul", "etcd", "pyro", "slmq", "gcpubsub", "azureservicebus"),
            *("azurestoragequeues", "azureblockblob", "elasticsearch", "cassandra", "couchbase", "couchdb"),
            *("cosmosdbsql", "riak", "dynamodb", "arangodb", "s3", "gs", "cache", "disabled", "sqlite"),
            *("django-db", "django-cache"),
        ),
        (_STATED, False),
    ),
}
_TARGETS = frozenset({"db", "virtual_host", "host", "hostname", "port"})
_SQL_TARGETS = frozenset({"host", "hostaddr", "port", "dbname", "service", "unix_socket", "odbc_connect"})
_BARE_HOST = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+\.?\Z|localhost\Z")

REFUSED = "kombu refuses this parameter"
NO_DB = "the database is no number"


class Entry(NamedTuple):
    """One way to one store."""

    family: str
    """One word for all spellings of a protocol; empty where the text does not say."""
    doors: tuple[Door, ...] = ()
    item: str = ""
    """Database number, virtual host, or a database's name."""
    what: str = "database"
    elsewhere: str = ""
    """Why the address alone does not place it; empty if it does."""
    sentinel: bool = False
    silent: tuple[bool, bool] = (False, False)
    """Whether the text leaves out the port, and the item."""
    fault: str = ""

    def __repr__(self) -> str:
        return f"Entry({self.family!r}, fault={self.fault!r})"

    @property
    def shown(self) -> str:
        """The entry for people; without credentials."""
        if self.elsewhere:
            return f"{self.family or 'settings'}://"
        places = ",".join(
            f"{door.host.shown}:{door.port}" if door.port else door.host.shown for door in self.doors
        )
        prefix = "sentinel" if self.sentinel else self.family
        return f"{prefix}://{places}/{printable(self.item)}"

    def inherited(self, first: Entry) -> tuple[Entry, ...]:
        """The entry as kombu reaches it after `first`: a silent port or item stays what it was."""
        if self.family != first.family or not self.doors or not first.doors or not any(self.silent):
            return ()
        port = first.doors[0].port if self.silent[0] else self.doors[0].port
        item = first.item if self.silent[1] else self.item
        return (self._replace(doors=(self.doors[0]._replace(port=port),), item=item),)


class RedisOptions(NamedTuple):
    """What a redis transport takes of its URL beside host, port and database. Holds credentials."""

    host: str
    user: str
    password: str
    tls: bool
    parameters: Mapping[str, str]

    def __repr__(self) -> str:
        return "RedisOptions(…)"


def read_entry(text: str) -> Entry:
    """Read one URL, or kombu's bare host of an AMQP broker. Never raises."""
    text = text.strip()
    if "://" not in text:
        if not bare_host(text):
            return _refused(NOT_A_URL)
        return Entry("amqp", (read_door(text, 5672),), "/", "virtual host", silent=(True, True))
    url = split_url(text)
    if url is None:
        return _refused(NOT_A_URL)
    return _reader(url.scheme)(url)


def bare_host(text: str) -> bool:
    """Whether kombu takes a text without a scheme for the host of an AMQP broker, and we may too."""
    return _BARE_HOST.match(text) is not None


def redis_options(text: str) -> RedisOptions:
    """Credentials and TLS of a redis URL; kombu's own default for ``rediss`` is unverified TLS."""
    url = split_url(text.strip())
    if url is None:
        return RedisOptions("", "", "", False, {})
    options = _options(url)
    stated = {
        name: value for name, value in options.items() if name.startswith("ssl_") and "password" not in name
    }
    tls = url.scheme.startswith("rediss") or bool(stated)
    spelled = stated.get("ssl_cert_reqs", "none" if not stated else "required")
    verify = spelled.removeprefix("CERT_").lower()
    parameters = {**stated, "ssl_cert_reqs": verify} if tls else {}
    return RedisOptions(url.hosts[0][0], unquote(url.user), unquote(url.password), tls, parameters)


def _reader(scheme: str) -> Callable[[Url], Entry]:
    family = scheme.partition("+")[0]
    if scheme in _AMQP:
        return _amqp
    if scheme in {"redis", "rediss", "sentinel"}:
        return _redis
    if scheme in {"redis+socket", "rediss+socket", "socket"}:
        return _socket
    if family in {"db", "database", "sqla", "sqlalchemy"} and "+" in scheme:
        return _sql
    if scheme in _CLUSTERS:
        return _cluster
    return {"cache": _cache, "pgmq": _sql}.get(family, _elsewhere)


def _elsewhere(url: Url) -> Entry:
    family = url.scheme.partition("+")[0]
    if family not in _ELSEWHERE:
        return _refused("kombu and Celery have no such transport")
    why, certain = _ELSEWHERE[family]
    return Entry(family if certain else "", elsewhere=why)


def _amqp(url: Url) -> Entry:
    """Port 5671 with TLS, and kombu counts any ``?ssl=`` as TLS; no virtual host is ``/``."""
    options = _options(url)
    if options.keys() & _TARGETS:
        return _refused(REFUSED)
    tls = url.scheme == "amqps" or any(name == "ssl" or name.startswith("ssl_") for name in options)
    path = _path(url)
    return _placed(url, Entry("amqp", item=path or "/", what="virtual host"), 5671 if tls else 5672, path)


def _redis(url: Url) -> Entry:
    if _options(url).keys() & {*_TARGETS, "ssl"}:
        return _refused(REFUSED)
    sentinel = url.scheme == "sentinel"
    path = _path(url)
    db = _db(path)
    if db is None:
        return _refused(NO_DB)
    return _placed(url, Entry("redis", item=str(db), sentinel=sentinel), 26379 if sentinel else 6379, path)


def _socket(url: Url) -> Entry:
    options = _options(url)
    db = _db(options.get("virtual_host", ""))
    if db is None or "db" in options:
        return _refused(REFUSED if "db" in options else NO_DB)
    host = Host("/" + _path(url), relative="a socket belongs to its machine")
    return Entry("redis", (Door(host, 0),), str(db))


def _placed(url: Url, entry: Entry, default: int, path: str) -> Entry:
    """The entry with its one door; kombu has no host list within a URL."""
    host, port_text = url.hosts[0]
    port = read_port_text(port_text, default)
    door = read_door(host, port or 0)
    if port is None or len(url.hosts) != 1 or door.host.fault:
        return _refused(door.host.fault or NO_PORT)
    return entry._replace(doors=(door,), silent=(not port_text, not path))


def _sql(url: Url) -> Entry:
    """``db+postgresql://...``: SQLAlchemy's URL behind a prefix."""
    _, _, dialect = url.scheme.partition("+")
    engine = (dialect or url.scheme).partition("+")[0]
    named = _SQL_NAMES.get(engine, engine)
    host = url.hosts[0][0].lower()
    shared = host.endswith((".pooler.supabase.com", "db.prisma.io"))
    path = _path(url)
    if (
        engine not in {*_SQL_PORTS, "pgmq"}
        or _options(url).keys() & _SQL_TARGETS
        or shared
        or not (host and path)
    ):
        local = engine in {"sqlite", "duckdb"}
        return Entry(f"sql {named}" if local else "", elsewhere=_LOCAL if local else _STATED)
    return _placed(url, Entry(f"sql {named}", item=path), _SQL_PORTS.get(engine, 5432), path)


def _cluster(url: Url) -> Entry:
    """A list of members: one in common is one cluster."""
    ports = [read_port_text(port, _CLUSTERS[url.scheme]) for _, port in url.hosts]
    doors = tuple(read_door(host, port or 0) for (host, _), port in zip(url.hosts, ports, strict=True))
    if None in ports or all(door.host.fault for door in doors):
        return _refused(NO_PORT if None in ports else doors[0].host.fault)
    return Entry(_CLUSTER_NAMES.get(url.scheme, url.scheme), doors, _path(url))


def _cache(url: Url) -> Entry:
    """``cache+memcached://a:11211;b:11211/``: no databases, one server in common is shared."""
    if url.scheme not in {"cache+memcached", "cache+pylibmc", "cache+pymemcache"}:
        return Entry("memory" if "memory" in url.scheme else "", elsewhere=_LOCAL)
    ports = [read_port_text(port, 11211) for _, port in url.hosts]
    if None in ports:
        return _refused(NO_PORT)
    doors = (
        Door(read_host(host or "localhost"), port or 0)
        for (host, _), port in zip(url.hosts, ports, strict=True)
    )
    return Entry("memcached", tuple(doors), what="cache")


def _path(url: Url) -> str:
    return unquote(url.path.removeprefix("/"))


def _db(virtual_host: str) -> int | None:
    """kombu: nothing and ``/`` are 0, one more leading slash is dropped; None is refused."""
    if virtual_host in {"", "/"}:
        return 0
    try:
        number = int(virtual_host.removeprefix("/"))
    except ValueError:
        return None
    return number if number >= 0 else None


def _options(url: Url) -> Mapping[str, str]:
    try:
        return dict(parse_qsl(url.query))
    except ValueError:
        return {}


def _refused(fault: str) -> Entry:
    return Entry("", fault=fault)
