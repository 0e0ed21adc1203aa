"""Addresses of another engine than the one asked about: people put any URL into any variable. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

from .address import Likeness, Nearness
from .dsn import dsn_url
from .host import MASKED
from .stores import stands_for, tenant
from .url import Door, Url, compare_doors, near, read_door, read_port_text, split_url

_PORTS = {
    "mysql": 3306,
    "sqlserver": 1433,
    "oracle": 1521,
    "mongodb": 27017,
    "memcached": 11211,
    "kafka": 9092,
    "amqp": 5672,
    "postgresql": 5432,
    "redis": 6379,
    "cassandra": 9042,
    "clickhouse": 9000,
    "elasticsearch": 9200,
    "neo4j": 7687,
    "nats": 4222,
    "couchbase": 11210,
    "pulsar": 6650,
    "mqtt": 1883,
    "stomp": 61613,
    "zookeeper": 2181,
    "etcd": 2379,
    "beanstalkd": 11300,
    "gearman": 4730,
    "rethinkdb": 28015,
    "couchdb": 5984,
    "arangodb": 8529,
    "surrealdb": 8000,
    "dgraph": 9080,
    "gremlin": 8182,
    "aerospike": 3000,
    "hazelcast": 5701,
    "influxdb": 8086,
    "questdb": 9009,
    "crate": 4200,
    "opensearch": 9200,
    "solr": 8983,
    "meilisearch": 7700,
    "typesense": 8108,
    "qdrant": 6334,
    "weaviate": 8080,
    "milvus": 19530,
    "snowflake": 443,
    "bigquery": 443,
    "redshift": 5439,
    "databricks": 443,
    "libsql": 443,
    "trino": 8080,
    "druid": 8082,
    "hive": 10000,
    "impala": 21050,
    "vertica": 5433,
    "exasol": 8563,
    "db2": 50000,
    "firebird": 3050,
    "hana": 30015,
    "ydb": 2135,
    "tarantool": 3301,
    "ignite": 10800,
    "doris": 9030,
    "starrocks": 9030,
    "informix": 1526,
    "sybase": 5000,
    "ingres": 21064,
    "iris": 1972,
    "teradata": 1025,
    "netezza": 5480,
    "monetdb": 50000,
    "ssdb": 8888,
    "hdfs": 8020,
    "smb": 445,
    "nfs": 2049,
    "temporal": 7233,
    "sqs": 443,
    "aws": 443,
    "google": 443,
    "sftp": 22,
    "ftp": 21,
}
_BY_SCHEME = {"amqps": 5671, "mqtts": 8883, "ftps": 990, "mysqlx": 33060, "clickhouses": 9440}
"""Where a spelling has a port of its own: TLS from the first octet."""
_ACCOUNTS = {"snowflake": ".snowflakecomputing.com", "bigquery": ".bigquery.googleapis.com"}
"""Where a word that is one account's in the whole world stands for a host."""
_SPELLINGS = {
    "mysql2": "mysql",
    "mysqlx": "mysql",
    "vitess": "mysql",
    "tidb": "mysql",
    "singlestoredb": "mysql",
    "timescaledb": "postgresql",
    "greenplum": "postgresql",
    "keydb": "redis",
    "dragonfly": "redis",
    "redis-cluster": "redis",
    "clickhouses": "clickhouse",
    "ch": "clickhouse",
    "informix-sqli": "informix",
    "teradatasql": "teradata",
    "sap": "hana",
    "cifs": "smb",
    "trilogy": "mysql",
    "mariadb": "mysql",
    "sqlite3": "sqlite",
    "mssql": "sqlserver",
    "memcache": "memcached",
    "mongodb+srv": "mongodb",
    "amqps": "amqp",
    "postgres": "postgresql",
    "rediss": "redis",
    "redis-sentinel": "redis",
    "bolt": "neo4j",
    "memgraph": "neo4j",
    "mqtts": "mqtt",
    "ftps": "ftp",
    "influx": "influxdb",
    "zk": "zookeeper",
    "beanstalk": "beanstalkd",
    "presto": "trino",
    "ibm_db_sa": "db2",
    "firebirdsql": "firebird",
    "surreal": "surrealdb",
    "es": "elasticsearch",
}
_LOCAL = frozenset({"sqlite", "sqlite3", "duckdb", "file", "memory", "locmem", "dummy"})
# An HTTP front of the same store is usual (Upstash, PostgREST, Neon, Prisma Accelerate): nothing follows
# from the scheme.
_ANYTHING = frozenset({"http", "https", "prisma"})
_MODE = re.compile(r"\A(?:mysql|mariadb):(?:aurora|replication|loadbalance|sequential|failover)://")
_JAVA = re.compile(
    r"\A(?:jdbc|r2dbc):(?:(?!(?:oracle|mysql|mariadb):)[a-z0-9-]+:)*(?=[a-z0-9+]+:)", re.IGNORECASE
)
_ORACLE = re.compile(
    r"\Aoracle:(?:thin|oci8?):[^@]*@(?://)?([^/:()\s]+(?::[0-9]+)?)[:/](\S+)\Z", re.IGNORECASE
)
_DATABASE = re.compile(r";\s*database(?:name)?\s*=\s*([^;]*)", re.IGNORECASE)
_OPTION = re.compile(r"\s*[A-Za-z][A-Za-z ]*=")
_INSTANCE = re.compile(r"\\[^:;/]*")


class Foreign(NamedTuple):
    """An address that another engine's client would accept."""

    engine: str
    """One word per protocol; empty for HTTP, which may front any of them."""
    doors: tuple[Door, ...]
    path: str
    local: bool
    """A file or this process's memory."""

    @property
    def shown(self) -> str:
        """The engine and where it is, without the path."""
        hosts = ",".join(f"{door.host.shown}:{door.port}" for door in self.doors if not door.host.fault)
        return f"{self.engine or 'http'}: {hosts or MASKED}"


class ForeignAddress(NamedTuple):
    """An address that no kind of ours asks about: a MySQL, a MongoDB, a Kafka."""

    foreign: Foreign

    @property
    def kind(self) -> str:
        """None of the kinds: `compare_foreign` understands it."""
        return ""

    @property
    def shown(self) -> str:
        return self.foreign.shown

    @property
    def fault(self) -> str:
        return "" if self.foreign.doors or self.foreign.local else "it names no host"


def read_foreign(text: str) -> Foreign | None:
    """Another engine's address; None if no engine we know has such a scheme."""
    url = split_url(text)
    if url is None:
        return None
    scheme = url.scheme if url.scheme in _SPELLINGS else url.scheme.partition("+")[0]
    engine = _SPELLINGS.get(scheme, scheme)
    path = url.path.partition(";")[0]  # behind it JDBC has options, and a password may be one
    if engine in _LOCAL:
        return Foreign(engine, (), path, local=True)
    if engine in _ANYTHING:
        return Foreign("", _doors(url, 443), path, local=False)
    if engine not in _PORTS:
        return None
    if engine == "mongodb":
        url = url._replace(hosts=tuple((stands_for(host.lower()), port) for host, port in url.hosts))
    if end := _ACCOUNTS.get(engine):
        url = url._replace(hosts=tuple((h if "." in h else f"{h}{end}", port) for h, port in url.hosts))
    return Foreign(engine, _doors(url, _BY_SCHEME.get(scheme, _PORTS[engine])), path, local=False)


def as_url(text: str) -> str:
    """The URL within what Java's drivers write, or Microsoft's with its options; any other text as it is."""
    if url := dsn_url(text):
        return url
    bare = _MODE.sub("mysql://", _JAVA.sub("", text))
    if oracle := _ORACLE.match(bare):
        return f"oracle://{oracle[1]}/{oracle[2]}"
    head, _, options = bare.partition(";")
    if not (_OPTION.match(options) and head.lower().startswith(("sqlserver://", "mssql://"))):
        return bare
    named = _DATABASE.search(bare)
    return f"{_INSTANCE.sub('', head).rstrip('/')}/{named[1].strip() if named else ''}"


def compare_foreign(a: Foreign | None, b: Foreign | None) -> Likeness:
    """Two addresses of which at least one (not None) is another engine's."""
    engine_a, engine_b = (side.engine if side else "asked" for side in (a, b))
    if not engine_a or not engine_b:
        return Likeness("unknown", "an HTTP address may front the same store")
    if a and b and a.local and b.local:
        return Likeness("unknown", "a file or a process's memory belongs to each machine")
    if engine_a != engine_b or a is None or b is None:
        return Likeness("different", "another engine with another protocol", "unknown")
    server = compare_doors(a.doors, b.doors)
    if server.verdict == "same" and a.path != b.path:
        return Likeness("unknown", "one server; whether the paths name one object is not known", "same")
    return server


def near_foreign(foreign: Foreign) -> Nearness:
    """What two addresses have in common that `compare_foreign` calls the same, or their servers."""
    return near(foreign.doors, foreign.path)


def _doors(url: Url, default: int) -> tuple[Door, ...]:
    ports = [(host, read_port_text(port, default)) for host, port in url.hosts]
    user = unquote(url.user)
    return tuple(read_door(h, port, tenant=tenant(h, user)) for h, port in ports if port is not None)
