"""What a variable's name and a host's name say of stores: data that belongs to one owner. Pure."""

from __future__ import annotations

import re

_STORE = re.compile(
    r"\AES_(?:HOST|URL|NODE|ENDPOINT)|BOOTSTRAP_?SERVERS?|(?:^|_|\b)(?:[^\W_]*SQL|[^\W_]*DB|PG(?:BOUNCER|VECTOR)?|POSTGRES|DB|DATABASE|DATASOURCE|CONNECTIONSTRING|RDS|REDIS|VALKEY|CACHE|MEMCACHED?"
    r"|RABBIT(?:MQ)?|AMQP|BROKER|QUEUE|KAFKA|NATS|MQTT|PULSAR|STOMP|ACTIVEMQ|ZOOKEEPER|ETCD|MONGO(?:DB)?|MARIA(?:DB)?"
    r"|ELASTIC(?:SEARCH)?|OPENSEARCH|SOLR|MEILI(?:SEARCH)?|TYPESENSE|COUCH(?:DB)?|NEO4J|CLICKHOUSE|CASSANDRA"
    r"|SCYLLA|INFLUX(?:DB)?|TIMESCALE|SNOWFLAKE|REDSHIFT|WAREHOUSE|QDRANT|WEAVIATE|MILVUS"
    r"|ORACLE|ORA|HANA|COCKROACH|VITESS|SINGLESTORE|YUGABYTE|DRAGONFLY|AEROSPIKE|HAZELCAST|IGNITE|COUCHBASE|FIREBIRD"
    r"|SYBASE|INFORMIX|TERADATA|VERTICA|GREENPLUM|BIGTABLE|HBASE|HIVE_METASTORE|IMPALA|PRESTO|GREMLIN|EVENTSTORE|[A-Z]*MQ|ARTEMIS"
    r"|SOLACE|EMQX|MOSQUITTO|NSQ|ZK(?=_?(?:HOST|CONNECT|SERVER|QUORUM))|BEANSTALKD?|GEARMAND?|DWH|OLAP|NEPTUNE|SPHINX|MANTICORE|VESPA|CHROMA|MINIO"
    r"|TYPEORM|SEQUELIZE|KNEX|(?:SESSION|EVENT|VECTOR)_STORE|DATA_SOURCE|SENTINEL(?!_HUB)"
    r"|(?:READER|WRITER|REPLICA)_(?:HOST|ENDPOINT|NODE)"
    r"|LIBSQL|DYNAMO(?:DB)?|COSMOS(?:DB)?|SURREAL(?:DB)?|ARANGO(?:DB)?|DGRAPH|TRINO|DRUID|TEMPORAL|SFTP)"
    r"(?:S?(?![A-Z])|HOST|SERVER|ADDR|URL|DSN|NODE)"
)
"""A variable that names a store: a relay or a vendor's host stands in everybody's variables."""
_NO_STORE = re.compile(
    r"ELASTIC_?APM|(?:^|_)(?:TMDB|IMDB|OMDB|TVDB|MOVIEDB|GEODB|VULNDB|ADB|LMDB)(?:_|$)|GEO_?IP|MAXMIND|(?:^|_)CDN(?:_|$)|(?:FILE|PATH|CLASS|CERT|CA|CN|MODULE|DRIVER|ENGINE|BACKEND|TRANSPORT|ROUTERS?"
    r"|SCHEMA|TZ|VERSION|USER|PREFIX|FORMAT|STRATEGY|TEMPLATE|DOCS?|CONSOLE|DASHBOARD|(?:^|_)ID|TYPE|TOPICS?|KEYSPACE|GROUP|REGION|IMAGE|REGISTRY|PROVIDER|(?<!HOST)NAME)$"
)
_EVERYBODYS = re.compile(
    r"(?:\A|\.)(?:sqs|queue|sns|dynamodb|s3)\..*amazonaws\.com(?:\.cn)?\Z|googleapis\.com\Z"
    r"|\.connect\.psdb\.cloud\Z|\.tidbcloud\.com\Z"
)
"""A provider's own door, behind which each account has queues of its own."""
_AMAZONS = re.compile(
    r".+\.(?:rds|docdb|neptune|redshift|redshift-serverless|es|aoss|cache|memorydb|kafka|mq|dax)"
    r"\.(?:[a-z]{2}(?:-[a-z]+)+-[0-9]\.)?amazonaws\.com(?:\.cn)?"
)
_MANAGED = (
    *(".supabase.co", ".supabase.in", ".upstash.io", ".turso.io", ".neon.tech", ".neon.build", ".psdb.cloud"),
    *(".mongodb.net", ".aivencloud.com", ".cloudamqp.com", ".redis-cloud.com", ".redislabs.com"),
    *(".clickhouse.cloud", ".altinity.cloud", ".es.io", ".found.io", ".elastic.cloud", ".elastic-cloud.com"),
    *(".snowflakecomputing.com", ".azuredatabricks.net", ".cloud.databricks.com", ".confluent.cloud"),
    *(".database.windows.net", ".documents.azure.com", ".cosmos.azure.com", ".database.azure.com"),
    *(".redis.cache.windows.net", ".redis.azure.net", ".servicebus.windows.net", ".search.windows.net"),
    *(
        ".blob.core.windows.net",
        ".dfs.core.windows.net",
        ".queue.core.windows.net",
        ".table.core.windows.net",
        ".file.core.windows.net",
    ),
    *(".firebaseio.com", ".firebasedatabase.app", ".convex.cloud", ".db.ondigitalocean.com"),
    *("-postgres.render.com", ".cockroachlabs.cloud", ".tsdb.cloud.timescale.com", ".crunchybridge.com"),
    *(".ybdb.io", ".pinecone.io", ".qdrant.io", ".weaviate.network", ".weaviate.cloud", ".zillizcloud.com"),
    *(".typesense.net", ".meilisearch.io", ".algolia.net", ".algolianet.com", ".databases.neo4j.io"),
    *(".cloudant.com", ".cloudantnosqldb.appdomain.cloud", ".databases.appdomain.cloud"),
    *(".ravendb.cloud", ".hivemq.cloud", ".cloud.redpanda.com", ".tmprl.cloud", ".sql.goog"),
)
"""Providers that give each store a host of its own (their documentation's connection pages)."""
_PROVIDERS_OWN = frozenset(
    {
        *("api", "app", "www", "status", "docs", "console", "dashboard", "cloud", "controller"),
        *("auth", "login", "accounts", "cdn", "assets", "qstash"),
    }
)
"""First labels of what a provider keeps for all its customers at once."""
_FOR_ALL = frozenset({"connect", "pooler", "proxy"})
"""Labels of doors that lead to everybody's stores, by the login."""
_BY_LOGIN = (".connect.psdb.cloud", ".tidbcloud.com")
_BY_PORT = (".proxy.rlwy.net", ".tcp.ngrok.io", ".tcp.ngrok.app", ".tcp.eu.ngrok.io")
_SUPABASE = re.compile(r"([a-z0-9]{16,32})\.supabase\.(?:co|in)")
_AZURES = re.compile(r"([a-z0-9]{3,24})\.(?:queue|table|file|dfs)\.core\.windows\.net")
_NEONS = re.compile(r"(ep-[a-z0-9-]+)-pooler(\.[a-z0-9.-]+\.neon\.(?:tech|build))")
_ATLAS = re.compile(r"([a-z0-9-]+)-shard-[0-9]{2}-[0-9]{2}(\.[a-z0-9]+\.mongodb\.net)")
_LONGEST = 512


def names_store(variable: str) -> bool:
    """Whether a variable is called after a store (``REPORTS_DB_HOST``), and after nothing beside one."""
    name = variable.upper()
    return not names_none(name) and _STORE.search(name) is not None


def names_none(variable: str) -> bool:
    """Whether what it holds is no store, whatever else its name says (``DB_SSL_CERT``)."""
    return _NO_STORE.search(variable.upper()) is not None


def everybodys(host: str) -> bool:
    """Whether all of a provider's customers go in by it."""
    return _EVERYBODYS.search(host) is not None


def managed(host: str) -> bool:
    """Whether a provider runs one owner's store there, whatever protocol asks for it."""
    if len(host) > _LONGEST or not (host.endswith(_MANAGED) or _AMAZONS.fullmatch(host)):
        return False
    first, *others = host.split(".")
    return first not in _PROVIDERS_OWN and _FOR_ALL.isdisjoint(others)


def tenant(host: str, user: str) -> str:
    """Whose store it is, where the login tells that at a door for everybody; nothing elsewhere."""
    return user.partition(".")[0] if host.lower().rstrip(".").endswith(_BY_LOGIN) else ""


def parted_by_ports(host: str) -> bool:
    """Whether another port of the host is another customer's."""
    return host.endswith(_BY_PORT)


def stands_for(host: str) -> str:
    """The one host by which a provider's store is known, of its several: pooled, on the web, each member.

    Supabase, Neon, Atlas, an account of Azure's storage; any other host is as it is.
    """
    if project := _SUPABASE.fullmatch(host):
        return f"db.{project[1]}.supabase.co"
    if account := _AZURES.fullmatch(host):
        return f"{account[1]}.blob.core.windows.net"
    member = _NEONS.fullmatch(host) or _ATLAS.fullmatch(host)
    return f"{member[1]}{member[2]}" if member else host
