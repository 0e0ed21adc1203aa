"""Ways to write where a store is: one table, which `verify` and the guard are both asked about."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator

PRODUCTION = "\n".join(
    (
        "REPORTS_URL=postgresql://a@dw.prod.example:6432/dw",
        "DOCS_URL=mongodb://a:b@m0.prod.example/app",
        "SHOP_URL=mysql://a@my.prod.example:3307/app",
        "SIX_URL=postgresql://a@[2001:4860::5]/app",
        "FOUR_URL=redis://203.0.113.7:6380",
        "NAMES_URL=postgresql://a@datenbank.müller.example/app",
        "ELASTICSEARCH_URL=https://es.prod.example:9243",
        "KAFKA_BROKERS=k1.prod.example:9092,k2.prod.example:9092",
        'NODE_CONFIG={"db": {"host": "json.prod.example", "port": 5433}, "u": "postgres://x:y@in.prod.example/a"}',
        "MSSQL=Server=tcp:ms.prod.example,1433;Database=app;User Id=u;Password=p",
        "ORA=jdbc:oracle:thin:@//ora.prod.example:1521/s",
        "SENTINELS=s1.prod.example:26379,s2.prod.example:26379",
        "MQTT_URL=mqtts://q.prod.example",
        "LEGACY_DB_HOST=legacy.prod.example",
        "PLAIN_HOST=plain.prod.example\nPLAIN_PORT=7777",
        "RDS_HOST=shop.abc.eu-central-1.rds.amazonaws.com",
        "SNOW=snowflake://u@acme-x1/db",
        "NEON_URL=postgresql://u@ep-cool-1.eu-central-1.aws.neon.tech/db",
        "SUPA_URL=postgresql://postgres@db.abcdefghijklmnopqrst.supabase.co/postgres",
        "GO=u:p@tcp(go.prod.example:3306)/app",
        "UPLOADS_BUCKET=uploads-prod",
        "SMTP_HOST=smtp.prod.example",
        "LDAP_URL=ldap://ldap.prod.example",
        "ODD_URL=weirddb://odd.prod.example:4444/x",
        "WORK=https://sqs.eu-west-1.amazonaws.com/123456789012/jobs",
        "CLOUD_SQL=shop-1:europe-west1:main",
        "WHERE=service=prod",
    )
)
SERVERS = (
    *(
        ("dw.prod.example", 6432),
        ("m0.prod.example", 27017),
        ("my.prod.example", 3307),
        ("2001:4860::5", 5432),
    ),
    *(("203.0.113.7", 6380), ("datenbank.müller.example", 5432), ("es.prod.example", 9243)),
    *(
        ("k2.prod.example", 9092),
        ("json.prod.example", 5433),
        ("in.prod.example", 5432),
        ("ms.prod.example", 1433),
    ),
    *(("ora.prod.example", 1521), ("s2.prod.example", 26379), ("q.prod.example", 8883)),
    *(("legacy.prod.example", 5432), ("plain.prod.example", 7777), ("go.prod.example", 3306)),
    *(("shop.abc.eu-central-1.rds.amazonaws.com", 5432), ("acme-x1.snowflakecomputing.com", 443)),
    *(("ep-cool-1.eu-central-1.aws.neon.tech", 5432), ("ep-cool-1-pooler.eu-central-1.aws.neon.tech", 5432)),
    *(("db.abcdefghijklmnopqrst.supabase.co", 5432), ("abcdefghijklmnopqrst.supabase.co", 443)),
    *(("smtp.prod.example", 25), ("cache.production.example", 6379), ("storage.example", 443)),
    *(("ldap.prod.example", 389), ("odd.prod.example", 4444), ("db.staging.example", 5432)),
)
"""Hosts and ports of production's, of its relays and pages, and one that is staging's own."""
FORMS = (
    *("X_DB_HOST={h}", "X_DB_HOST={h}\nX_DB_PORT={p}", "X_DB_HOST={h}\nX_DB_PORT=1234", "X_HOST={h}"),
    *("X_HOST={h}\nX_PORT={p}", "X_HOST={h}\nX_PORT=1234", "FOO={b}:{p}", "FOO={h}", "FOO={b}:1234"),
    *("X_ADDR={b}:{p}", "X_HOSTS=a.staging.example:1,{b}:{p}", 'X_NODES=["a.staging.example:1", "{b}:{p}"]'),
    *(
        'CONFIG={{"default": {{"HOST": "{h}", "PORT": {p}}}}}',
        'CONFIG={{"default": {{"HOST": "{h}", "PORT": 1}}}}',
    ),
    *('CONFIG={{"default": {{"host": "{h}"}}}}', 'CONFIG={{"default": {{"host": "{b}:{p}"}}}}'),
    *(
        'CONFIG={{"hosts": ["a.b.example", "{h}"]}}',
        "X_DSN=u:p@tcp({b}:{p})/app",
        "X_DSN=u:p@tcp({b}:1234)/app",
    ),
    *("X_DSN=u:p@tcp({b})/app", "A=Server=tcp:{h},{p};Database=app;User Id=u;Password=p"),
    *("A=Data Source={h},{p};Initial Catalog=a;User Id=u;Password=p", "A=Server={h};Database=a;Uid=u;Pwd=p"),
    *("J=jdbc:mysql://{b}:{p}/app", "J=jdbc:postgresql://{b}:{p}/other", "J=r2dbc:pool:mysql://{b}:{p}/app"),
    *("J=jdbc:sqlserver://{b}:{p};databaseName=app;user=x", "J=jdbc:oracle:thin:@//{b}:{p}/s"),
    *("J=jdbc:oracle:thin:@{b}:{p}:s", "J=jdbc:mariadb:aurora://{b}:{p}/app"),
    *(
        "J=jdbc:aws-wrapper:postgresql://{b}:{p}/app",
        "U=mongodb://u:p@{b}:{p}/app",
        "U=mongodb+srv://u:p@{b}/app",
    ),
    *("U=mongodb://a.staging.example,{b}:{p}/app?replicaSet=x", "U=mysql://{b}:{p}/app", "U=mysql://{b}/app"),
    *(
        "U=redis://{b}:{p}/5",
        "U=rediss://{b}/5",
        "U=postgresql+asyncpg://u@{b}:{p}/z",
        "U=postgres://u@{b}/z",
    ),
    *("U=amqp://u@{b}:{p}/v", "U=kafka://{b}:{p}", "U=mqtt://{b}:{p}", "U=clickhouse://{b}:{p}/x"),
    *("U=weirddb://{b}:{p}/x", "U=ldap://{b}:{p}", "U=tcp://{b}:{p}/x", "U=sftp://{b}:{p}/x"),
    *("U=redis-sentinel://{b}:26379/0", "U=redis+sentinel://{b}:26379/mymaster", "U=sentinel://{b}:{p}/0"),
    *("U=https://{b}:{p}", "U=https://{b}", "ELASTICSEARCH_URL=https://{b}:{p}", "DB_URL=https://{b}"),
    *("CORS_ORIGINS=https://{b}", "U=http://{b}:{p}/x", 'Y="db:\\n  host: {h}\\n  port: {p}\\n"'),
    *('Y="[db]\\nhost = {h}\\nport = {p}\\n"', "Y=host: {h}", "Y=spring.datasource.host={h}"),
    *(
        "PDO=mysql:host={h};port={p};dbname=a",
        "PDO=mysql:host={h};dbname=a",
        "L=host={h} port={p} dbname=x user=u",
    ),
    *("L=host='{h}' dbname=x", "CMD=mysql -h {h} -P {p} -u root", "CMD=psql --host={h} --port={p}"),
    *("CMD=run --db {b}:{p}", "CMD=see {h} for more.", "X_TCP=tcp://{b}:{p}", "X_HOST=//{b}:{p}"),
    *("MAILER_FROM_ADDRESS=shop@{h}", "SMTP_HOST={h}\nSMTP_PORT=25", "HOST_TOKEN={h}", "WEB_HOST={h}"),
    *(
        "X_BUCKET={h}",
        "RAILWAY_TCP_HOST={h}\nRAILWAY_TCP_PORT={p}",
        "DB_SSL_CERT={h}.pem",
        "ALLOWED_HOSTS={h}",
    ),
    *("NO_PROXY=localhost,{h}", "DISJOINT_X={h}", "HEROKU_DB_HOST={h}", "FLY_REDIS_URL=redis://{b}:{p}/1"),
    *("API_TOKEN={h}", "DATABASE_PASSWORD={h}", "LOG=connected to {b}:{p} again"),
)
TEXTS = ('{{"db": {{"host": "{h}", "port": {p}}}}}', "{b}:{p}", "mysql://{b}:{p}/app", "u@tcp({b}:{p})/x")
"""Which stand encoded, too."""
OTHERS = (
    "UPLOADS_BUCKET=uploads-prod",
    "FILES2_BUCKET_NAME=uploads-prod",
    "U=snowflake://other@acme-x1/db",
    "U=arn:aws:sqs:eu-west-1:123456789012:jobs",
    "U=arn:aws:sqs:eu-west-1:123456789012:other",
    "DB_HOST=/cloudsql/shop-1:europe-west1:main",
    "DB_HOST=/cloudsql/shop-1:europe-west1:staging",
    "LEGACY_DB_HOST=aws-0-eu-central-1.pooler.supabase.com\nLEGACY_DB_USER=postgres.abcdefghijklmnopqrst",
    "LEGACY_DB_HOST=aws-0-eu-central-1.pooler.supabase.com\nLEGACY_DB_USER=postgres.tsrqponmlkjihgfedcba",
    "X_URL=mysql://u@my%2Eprod%2Eexample:3307/app",
    'CONFIG={"host": "my.prod.ex\\u0061mple"}',
    "REPORTS2_URL=${{Warehouse.DATABASE_URL}}",
    "REPORTS2_URL=postgres://u@${REPORTS_HOST}/x",
    "GREETING=${{Warehouse.DATABASE_URL}}",
    "MYSQL=${{Warehouse.URL}}",
    "DB_PORT=${{Warehouse.PORT}}",
    "REPORTS2_URL=${REPORTS_HOST",
)
SENTINEL = r"\w+=(?:redis[+-])?sentinel:"
STRICTER = {
    SENTINEL: "a Sentinel on a host of production's is no stranger's, on whatever port",
    r"\w+=(?:weirddb|tcp|ldap)://": "equal addresses are one place, whatever their scheme means",
    r"(?s).*203\.0\.113\.7\.(?!\d)": "some clients take an address that ends in a dot",
    r"\w+=(?:amqp://u@.*:63(?:79|80)|(?:amqp://u@|redis://)one\..*:5433)/": "one port is one server's",
    r"X=s3://": "a bucket's name is looked for at every declared endpoint",
}
"""What the guard refuses and `verify` does not, by pattern, and why."""


def is_stricter(theirs: str, ours: str) -> bool:
    """Whether the guard has a reason of its own; a Sentinel is one on either side."""
    return any(re.match(pattern, ours) for pattern in STRICTER) or re.match(SENTINEL, theirs) is not None


def spelled(host: str) -> Iterator[str]:
    """A host as it is, and in other spellings of its own."""
    yield host
    if ":" in host:
        yield from ("2001:4860:0:0:0:0:0:5", "2001:4860:0000::0005")
    elif host[0].isdigit():
        yield from ("0xCB007107", "3405803783", "0313.0.0161.07", "::ffff:203.0.113.7", f"{host}.")
    else:
        yield from (f"{host.upper()}.", host.replace(".", "\u3002"), host.encode("idna").decode())


def rows(every: int) -> Iterator[str]:
    """Staging's variables: each form of each server, or one in so many of them.

    Args:
        every: 1 for all; else each server has other ones.
    """
    for place, (host, port) in enumerate(SERVERS):
        for at, name in enumerate(spelled(host)):
            bracketed = f"[{name}]" if ":" in name else name
            for form in FORMS[(place + at) % every :: every]:
                yield form.format(h=name, b=bracketed, p=port)
    for place, (host, port) in enumerate(SERVERS[:10]):
        bracketed = f"[{host}]" if ":" in host else host
        for text in TEXTS[place % 4 :: min(every, 4)]:
            yield from _encoded(text.format(h=host, b=bracketed, p=port).encode())
    yield from OTHERS


def _encoded(text: bytes) -> Iterator[str]:
    for name in ("X_CONFIG", "X_DB_HOST"):
        yield f"{name}={base64.b64encode(text).decode()}"
        yield f"{name}={text.hex()}"
        yield f"{name}={''.join(f'%{octet:02X}' for octet in text)}"
    yield f"X_URL={json.dumps(text.decode())}"
