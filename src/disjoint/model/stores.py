"""What a variable's name and a host's name say of stores: data that belongs to one owner. Pure."""

from __future__ import annotations

import re

_STORE = re.compile(
    r"(?:^|_|\b)(?:[^\W_]*SQL|PG|POSTGRES|DB|DATABASE|DATASOURCE|CONNECTIONSTRING|RDS|REDIS|VALKEY|CACHE|MEMCACHED?"
    r"|RABBIT(?:MQ)?|AMQP|BROKER|QUEUE|KAFKA|NATS|MQTT|PULSAR|STOMP|ACTIVEMQ|ZOOKEEPER|ETCD|MONGO(?:DB)?|MARIA(?:DB)?"
    r"|ELASTIC(?:SEARCH)?|OPENSEARCH|SOLR|MEILI(?:SEARCH)?|TYPESENSE|COUCH(?:DB)?|NEO4J|CLICKHOUSE|CASSANDRA"
    r"|SCYLLA|INFLUX(?:DB)?|TIMESCALE|SNOWFLAKE|REDSHIFT|WAREHOUSE|QDRANT|WEAVIATE|MILVUS"
    r"|LIBSQL|DYNAMO(?:DB)?|COSMOS(?:DB)?|SURREAL(?:DB)?|ARANGO(?:DB)?|DGRAPH|TRINO|DRUID|TEMPORAL|SFTP)"
    r"(?:S?(?![A-Z])|HOST|SERVER|ADDR|URL|DSN|NODE)"
)
"""A variable that names a store: a relay or a vendor's host stands in everybody's variables."""
_NO_STORE = re.compile(
    r"ELASTIC_?APM|GEO_?IP|MAXMIND|(?:^|_)CDN(?:_|$)|(?:FILE|PATH|CLASS|CERT|CA|CN|MODULE|DRIVER|ENGINE|BACKEND|TRANSPORT|ROUTERS?"
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
    *(".queue.core.windows.net", ".table.core.windows.net", ".file.core.windows.net"),
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
        *("auth", "login", "accounts", "cdn", "assets"),
    }
)
"""First labels of what a provider keeps for all its customers at once."""
_FOR_ALL = frozenset({"connect", "pooler", "proxy"})
"""Labels of doors that lead to everybody's stores, by the login."""
_BY_LOGIN = (".connect.psdb.cloud", ".tidbcloud.com")
_BY_PORT = (".proxy.rlwy.net", ".tcp.ngrok.io", ".tcp.ngrok.app", ".tcp.eu.ngrok.io")
_SUPABASE = re.compile(r"([a-z0-9]{16,32})\.supabase\.(?:co|in)")
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
    """The host of the database behind a provider's web address for it; any other host as it is."""
    project = _SUPABASE.fullmatch(host)
    return f"db.{project[1]}.supabase.co" if project else host
