"""What names, ends of hosts and ports say of a store that no resource declares."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest
from test_hosts_alone import THEIRS
from test_stores_in_both import reused

from disjoint import pipeline
from disjoint.model.finding import Outcome

PROJECT = "abcdefghijklmnopqrst"
CLOUD_ID = b64encode(b"eu-central-1.aws.found.io$0123456789abcdef$fedcba9876543210").decode()


@pytest.mark.parametrize(
    "ours",
    [
        "PG=dw.prod.example",
        "WHERE_IT_IS=m0.prod.example",
        "RENDER_DB_HOST=m0.prod.example",
        "HEROKU_MYSQL_SERVER=my.prod.example",
        'CONFIG="db:\\n  host: my.prod.example\\n  user: a"',
        "CONFIG=host: my.prod.example",
        'CONFIG="[db]\\nhost = my.prod.example\\nport = 3306"',
        "REPORTS_DB_HOST=0xCB007207",
        "REPORTS_DB_HOST=dw\uff0eprod\uff0eexample",
        "REPORTS_DB_HOST=dw.prod.example,",
        "REPORTS_DB_HOST=0xCB.0.0x72.7",
        "REPORTS_DB_HOST=0313.0.0162.07",
        "REPORTS_DB_HOST=dw.prod.example\nREPORTS_DB_PORT=5432",
        "REPORTS_URL=postgresql://a@dw.prod.example:5432/dw",
        "SHOP=mysql://a@my.prod.example:6033/app",
        "MONGO_URL=https://m0.prod.example",
        "QUEUE_HOST=cache.production.example\nQUEUE_PORT=6380",
        "CONFIG=\"[db]\\nhost = 'my.prod.example'\"",
        'DB_SECRET={"engine": "mysql", "host": "my.prod.example", "password": "x"}',
        'APP_SECRETS="DB_HOST=my.prod.example\\nDB_PASSWORD=x"',
        'AIRFLOW={"extra": "{\\"host\\": \\"my.prod.example\\"}"}',
        "M=jdbc:mysql://address=(host=my.prod.example)(port=3306)/other",
        "M=jdbc:mysql+srv://my.prod.example/other",
        "M=mysqlx://my.prod.example/app",
        "TNS=(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=my.prod.example)(PORT=3306)))",
        "Main=Server=my.prod.example\\\\SHOP;Database=x",
        "TUNNEL=-L 3306:my.prod.example:3306 bastion",
        "M=mysql://a.staging.example/app|mysql://my.prod.example/other",
    ],
)
def test_a_store_of_productions_is_named_all_the_same(ours: str, tmp_path: Path) -> None:
    """Under any name, in a file's lines, in any spelling of an address, at another port of its host."""
    found = reused(tmp_path, THEIRS, ours)
    assert found.outcome is Outcome.UNPROVEN
    assert f"{ours.partition('=')[0]} names the server of production's" in found.judgement.summary


@pytest.mark.parametrize(
    "ours",
    [
        "SMTP_HOST=m0.prod.example\nSMTP_PORT=25",
        "WEB=api.prod.example",
        "DOCS=https://m0.prod.example/manual",
        "RAILWAY_TCP_PROXY_DOMAIN=m0.prod.example",
        "RELEASE=1.2.3.4",
        "DJANGO_SETTINGS_MODULE=shop.settings.my",
    ],
)
def test_what_is_no_store_is_none(ours: str, tmp_path: Path) -> None:
    """A relay, a page, what a platform sets, a version, a module."""
    assert reused(tmp_path, THEIRS, ours).outcome is Outcome.ISOLATED


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("ELASTICSEARCH_URL=https://es.example", "ELASTICSEARCH_URL=https://es.example"),
        ("SEARCH_URL=https://u:p@vpc-x.eu-central-1.es.amazonaws.com/a", "S=https://vpc-x.eu-central-1.es.amazonaws.com"),
        (f"NEXT_PUBLIC_SUPABASE_URL=https://{PROJECT}.supabase.co", f"API_URL=https://{PROJECT}.supabase.co/rest"),
        (f"REPORTS_URL=postgresql://a@db.{PROJECT}.supabase.co/postgres", f"API=wss://{PROJECT}.supabase.co"),
        ("REST=https://cat-1.upstash.io", "KV_REST_API_URL=https://cat-1.upstash.io"),
        ("SESSIONS_URL=rediss://cat-1.upstash.io:6379", "KV_REST_API_URL=https://cat-1.upstash.io"),
        ("WH=ab1.eu-central-1.snowflakecomputing.com", "SNOWFLAKE_ACCOUNT_URL=https://ab1.eu-central-1.snowflakecomputing.com"),
        ("INFLUX_URL=https://tsdb.example:8086", "INFLUX_URL=https://tsdb.example:8086"),
        ("BUS=sb://shop.servicebus.windows.net/x", "B=Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=x"),
        ("DB_HOST=/cloudsql/shop-1:europe-west1:main", "CLOUD_SQL_CONNECTION_NAME=shop-1:europe-west1:main"),
        ("FB=https://shop-default-rtdb.firebaseio.com", "FB=https://shop-default-rtdb.firebaseio.com"),
        ("A_URL=amqps://a@mq.example/v", "A_URL=amqp://a@mq.example/w"),
        ("B_URL=mysql://db.example:3306/app", "C_URL=mysql://db.example:3307/app"),
        ("CACHE_HOST=one.example\nCACHE_PORT=6379", "CACHE_HOST=one.example\nCACHE_PORT=6380"),
        (f"ELASTIC_CLOUD_ID=shop:{CLOUD_ID}", f"ES_CLOUD_ID={CLOUD_ID}"),
        (f"ELASTIC_CLOUD_ID=shop:{CLOUD_ID}", "S=https://0123456789abcdef.eu-central-1.aws.found.io:9243"),
        (f"SUPABASE_PROJECT_REF={PROJECT}", f"SUPABASE_ID={PROJECT}"),
        (f"SUPABASE_PROJECT_REF={PROJECT}", f"API=https://{PROJECT}.supabase.co"),
        ("N_HOST=ep-a-1.eu-1.aws.neon.tech", "PGHOST_UNPOOLED=ep-a-1-pooler.eu-1.aws.neon.tech"),
        ("M=mongodb://c0-shard-00-00.ab1.mongodb.net/a", "M=mongodb+srv://c0.ab1.mongodb.net/b"),
        ("Q=X=https;AccountName=shop;AccountKey=x", "FILES_CONNECTION=AccountName=shop;"),
        ("Q=https://shop.queue.core.windows.net/jobs", "AZURE_BLOB=https://shop.blob.core.windows.net/files"),
        ("SHIPPING_ELASTIC_URL=https://api.one.example", "SHIPPING_ELASTIC_URL=https://api.one.example"),
        ("DASHBOARD_ELASTIC_URL=https://one.example", "ELASTIC_API_URL=https://one.example"),
        ("MAINDB_HOST=one.example", "MAINDB_HOST=one.example"),
        ("ORACLE_HOST=one.example", "READER_ENDPOINT=one.example"),
        ("IBM_MQ_HOST=one.example", "IBM_MQ_HOST=one.example"),
        ("ES_URL=https://es.example", "ES_URL=https://es.example"),
    ],
)  # fmt: skip
def test_one_store_of_both_sides_is_no_other(theirs: str, ours: str, tmp_path: Path) -> None:
    """By HTTP, by its provider's name for it, by TLS on one side."""
    found = reused(tmp_path, theirs, ours)
    assert found.outcome is Outcome.UNPROVEN
    assert f"{ours.partition('=')[0]} names the server of production's" in found.judgement.summary


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("EVENTS_URL=mqtts://a@mq.example", "EVENTS_URL=mqtt://b@mq.example:8883"),
        ("M=influxdb://tsdb.example/a", "M=influx://tsdb.example:8086/a"),
        ("W=snowflake://a:b@ORG-ACC/db", "W=snowflake://c:d@org-acc.snowflakecomputing.com/db"),
        ("W=bigquery://shop-prod/facts", "W=bigquery://shop-prod/facts"),
        ("E=sftp://a@files.example/in", "E=sftp://b@files.example:22/in"),
        (
            "Q=https://sqs.eu-west-1.amazonaws.com/123456789012/jobs",
            "J=arn:aws:sqs:eu-west-1:123456789012:jobs",
        ),
        (
            "T=arn:aws:dynamodb:eu-west-1:123456789012:table/a",
            "T=arn:aws:dynamodb:eu-west-1:123456789012:table/a",
        ),
        ("P=projects/shop-1/topics/orders", "P=//pubsub.googleapis.com/projects/shop-1/topics/orders"),
        ("R=jdbc:redshift://r.example:5439/d", "R=redshift+psycopg2://a@r.example/d"),
    ],
)
def test_a_store_of_any_engine_is_shared(theirs: str, ours: str, tmp_path: Path) -> None:
    """Equal addresses are one store."""
    assert reused(tmp_path, theirs, ours).outcome is Outcome.SHARED


@pytest.mark.parametrize(
    "both",
    [
        "KAFKA_TOPIC=shop.orders.created.com",
        "GEOIP_DB_URL=https://download.example/geo",
        "PG_DUMP_URL=https://downloads.example/dump.sql",
        "SQS_ENDPOINT=sqs.eu-west-1.amazonaws.com",
        "TASK_ROLE=arn:aws:iam::123456789012:role/x",
        "SUPABASE_DOCS=https://supabase.com",
        "UPSTASH_API=https://api.upstash.com",
        "KAFKA_REST_DOCS=https://docs.confluent.cloud",
        "P=https://aws.connect.psdb.cloud",
        "PINECONE_CONTROL=https://controller.us-east1-gcp.pinecone.io",
        "SITE_URL=https://shop.example",
        "CACHE_PURGE_URL=https://api.cloudflare.com/client/v4",
        "WAREHOUSE_API_URL=https://api.shipbob.com",
        "MONGODB_ATLAS_API_URL=https://cloud.mongodb.com/api",
        "DB_BACKUP_PING_URL=https://hc-ping.com/x",
        "KAFKA_UI_URL=https://kafka-ui.example",
        "QSTASH_URL=https://qstash.upstash.io",
        "TMDB_URL=https://api.themoviedb.org",
        "SANDBOX_URL=https://sandbox.example",
        "FEEDBACK_HOST=feedback.example",
        "NEXT_PUBLIC_ASSETS=https://shop.blob.core.windows.net/public",
        "MAILER=Host=smtp.example;Port=587;Username=a;Password=b",
        "STORE=Data Source=app.db;Cache=Shared",
        "VERSION_HOST=1.2",
        "POOL_URL=redis://one.proxy.rlwy.net:17123",
    ],
)
def test_what_a_provider_keeps_for_all_is_no_store_of_both(both: str, tmp_path: Path) -> None:
    """Its own pages and doors; ports of one proxy are other customers'."""
    ours = both.replace("17123", "17124")
    both += "\nJOBS=https://sqs.eu-west-1.amazonaws.com/123456789012/jobs"
    assert reused(tmp_path, both, ours).outcome is Outcome.ISOLATED


def test_another_login_at_a_door_for_all_is_anothers_store(tmp_path: Path) -> None:
    """A name of one account's tells whose database it is, and the same one is the same."""
    url = "DB2_URL=mysql://{}:{}@aws.connect.psdb.cloud/shop"
    assert reused(tmp_path, url.format("a1", "x"), url.format("b2", "y")).outcome is Outcome.ISOLATED
    assert reused(tmp_path, url.format("a1", "x"), url.format("a1", "y")).outcome is Outcome.SHARED
    host = "LEGACY_DB_HOST=aws.connect.psdb.cloud"
    assert reused(tmp_path, url.format("a1", "x"), host).outcome is Outcome.ISOLATED


@pytest.mark.parametrize(
    ("theirs", "ours", "outcome"),
    [
        (f"https://{PROJECT}.supabase.co", f"https://{PROJECT[::-1]}.supabase.co", Outcome.ISOLATED),
        ("https://cat-1.upstash.io", "https://dog-2.upstash.io", Outcome.ISOLATED),
    ],
)
def test_anothers_store_of_one_provider_is_another(
    theirs: str, ours: str, outcome: Outcome, tmp_path: Path
) -> None:
    """Each has a host of its own."""
    assert reused(tmp_path, f"KV_URL={theirs}", f"KV_URL={ours}").outcome is outcome


PARTS = """
[environments.production]
variables = { dotenv = ".env.production" }
protected = true
[environments.staging]
variables = { dotenv = ".env.staging" }
[resources.cache]
kind = "redis"
url = "redis://$CACHE_HOST:$CACHE_PORT/$CACHE_DB"
"""


@pytest.mark.parametrize(
    ("theirs", "db", "outcome"),
    [
        ("SESSIONS_URL=redis://sessions.prod.example", "0", Outcome.SHARED),
        ("SESSIONS_URL=redis://sessions.prod.example/1", "0", Outcome.UNPROVEN),
        ("SESSIONS_URL=redis://sessions.prod.example:6380", "0", Outcome.UNPROVEN),
        ("DIRECT_URL=redis://cache.prod.example:6380", "0", Outcome.ISOLATED),
    ],
)
def test_a_declared_store_on_a_server_that_production_only_names_is_not_its_own(
    theirs: str, db: str, outcome: Outcome, tmp_path: Path
) -> None:
    """A resource's own rules ask production's declared server; nobody asks this one."""
    (tmp_path / "disjoint.toml").write_text(PARTS)
    parts = "CACHE_HOST={}\nCACHE_PORT=6379\nCACHE_DB={}\n"
    (tmp_path / ".env.production").write_text(parts.format("cache.prod.example", 0) + theirs + "\n")
    (tmp_path / ".env.staging").write_text(parts.format("sessions.prod.example", db))
    proof = pipeline.verify(pipeline.load(tmp_path / "disjoint.toml"), offline=True)
    (found,) = [f for f in proof.findings if f.rule == "variables/endpoint-reused"]
    assert found.outcome is outcome


def test_a_url_of_a_declared_store_on_such_a_server_is_not_its_own(tmp_path: Path) -> None:
    """The same where one variable holds it all."""
    theirs = "SESSIONS_URL=redis://cache.staging.example/7"
    found = reused(tmp_path, theirs, "")
    assert found.outcome is Outcome.UNPROVEN
    assert "REDIS_URL names the server of production's SESSIONS_URL" in found.judgement.summary


@pytest.mark.parametrize(
    "url",
    [
        "redis-cluster://{}:6379",
        "keydb://{}/1",
        "dragonfly://{}/1",
        "redis://one.example:6379,{}:6379/1",
    ],
)
def test_an_undeclared_server_of_a_kinds_protocol_is_met_by_any_scheme(url: str, tmp_path: Path) -> None:
    """Whichever side declares it, and whichever names it alone."""
    theirs = reused(tmp_path, f"S={url.format('cache.staging.example')}", "")
    ours = reused(tmp_path, "", f"S={url.format('cache.production.example')}")
    assert "REDIS_URL" in theirs.judgement.summary
    assert "S names the server" in ours.judgement.summary or "S reaches" in ours.judgement.summary
    assert Outcome.ISOLATED not in {theirs.outcome, ours.outcome}
