"""A store that stands in both environments' variables is shared, declared or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from disjoint import pipeline
from disjoint.model.finding import Finding, Outcome

MANIFEST = """
[environments.production]
variables = { dotenv = ".env.production" }
protected = true
[environments.staging]
variables = { dotenv = ".env.staging" }
[resources.cache]
kind = "redis"
url = "$REDIS_URL"
[resources.files]
kind = "bucket"
name = "$FILES_BUCKET"
endpoint = "https://storage.example"
"""
OWN = "REDIS_URL=redis://cache.{side}.example/0\nFILES_BUCKET={side}-files\n"


def reused(directory: Path, production: str, staging: str) -> Finding:
    """The finding, from text alone."""
    (directory / "disjoint.toml").write_text(MANIFEST)
    for side, more in (("production", production), ("staging", staging)):
        (directory / f".env.{side}").write_text(f"{OWN.format(side=side)}{more}\n")
    proof = pipeline.verify(pipeline.load(directory / "disjoint.toml"), offline=True)
    (found,) = [f for f in proof.findings if f.rule == "variables/endpoint-reused"]
    return found


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("MYSQL_URL=mysql://a:b@db.example/app", "MYSQL_URL=mysql://c:d@db.example/app"),
        ("MONGO_URL=mongodb+srv://a:b@c0.x.example/app", "DOCS=mongodb+srv://c0.x.example/app"),
        ("REPORTS=postgresql://a@dw.example/dw", "WAREHOUSE=postgresql://b@dw.example:5432/dw"),
        ("RABBIT_URL=amqp://a@mq.example/v", "RABBIT_URL=amqp://b@mq.example/v"),
        ("QUEUE_URL=redis://q.example/1", "SESSIONS_URL=redis://:x@q.example:6379/1"),
        ("UPLOADS_BUCKET=uploads", "UPLOADS_BUCKET=uploads"),
        (
            "SPRING_DATASOURCE_URL=jdbc:mysql://db.example:3306/app?user=x",
            "APP_DB=mysql://c:d@db.example/app",
        ),
        ("APP_DB=jdbc:mariadb:aurora://db.example/app", "APP_DB=jdbc:aws-wrapper:mysql://db.example/app"),
        (
            "APP_DB=jdbc:sqlserver://db.example\\MAIN:1433;databaseName=app;user=x;password=y@z",
            "APP_DB=sqlserver://sa:x@db.example/app",
        ),
        ("APP_DB=sqlserver://db.example;database=app;user=a", "APP_DB=mssql+pyodbc://u@db.example/app"),
        ("APP_DB=jdbc:oracle:thin:@//db.example:1521/s", "APP_DB=jdbc:oracle:thin:@db.example:1521:s"),
        ("GEO_URL=postgis://a@dw.example/dw", "GEO_URL=pgsql://b@dw.example/dw"),
        ("APP_DB=trilogy://a@db.example/app", "APP_DB=mysql2://a@db.example/app"),
        ("GRAPH_URL=neo4j+s://g.example", "GRAPH_URL=bolt://g.example:7687"),
        ("APP=u:p@tcp(db.example:3306)/app", "APP=mysql://v:q@db.example/app"),
        ("APP=Server=tcp:db.example,1433;Initial Catalog=app;User ID=u", "APP=mssql://u@db.example/app"),
        ("APP=Server=db.example\\\\MAIN;Database=app;Uid=u", "APP=Data Source=db.example;Database=app"),
        ("APP=Driver={MySQL ODBC 8.0};Server=db.example;Database=app", "APP=mysql://db.example/app"),
        (
            "APP=mssql+pyodbc:///?odbc_connect=SERVER%3Ddb.example%3BDATABASE%3Dapp",
            "APP=mssql://db.example/app",
        ),
        ("ORA=scott/tiger@db.example/s", "ORA=jdbc:oracle:thin:@db.example:1521:s"),
        (
            "ORA=(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=db.example)(PORT=1521))(CONNECT_DATA=(SERVICE_NAME=s)))",
            "ORA=db.example:1521/s",
        ),
        ("APP=vitess://a@db.example/app", "APP=mysql://a@db.example/app"),
        ("W=teradatasql://db.example/x", "W=teradata://db.example/x"),
    ],
)
def test_a_store_that_no_resource_declares_is_shared_all_the_same(
    theirs: str, ours: str, tmp_path: Path
) -> None:
    """Equal addresses are one store, by whatever name each side reads them."""
    found = reused(tmp_path, theirs, ours)
    assert found.outcome is Outcome.SHARED
    assert ours.partition("=")[0] in found.judgement.summary
    assert "production" in found.judgement.summary


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("SHOP=mysql://a@my.example/app", "SHOP=mysql://a@my.example/app_staging"),
        ("SHOP=mysql://a@my.example/app", "SHOP=mysql2://b@my.example/app/"),
        ("SHOP=mysql://a@my.example/app", "SHOP=mysql://b@my.example"),
        ("DOCS=mongodb+srv://a@c0.x.mongodb.net/app", "DOCS=mongodb+srv://a@c0.x.mongodb.net/staging"),
        ("MQ=amqp://a@mq.example/v", "MQ=amqp://b@mq.example/w"),
    ],
)
def test_another_database_of_one_server_that_nobody_asks_is_open(
    theirs: str, ours: str, tmp_path: Path
) -> None:
    """Of an engine that is no kind of resource, too: whoever fills one disk fills the other."""
    found = reused(tmp_path, theirs, ours)
    assert found.outcome is Outcome.UNPROVEN
    assert "names the server of production's" in found.judgement.summary


def test_folders_of_a_partners_server_are_its_customers(tmp_path: Path) -> None:
    """A tax office has one server of files for everybody's tests."""
    both = ("TAX=sftp://shop@sftp.tax.example/live", "TAX=sftp://shop-test@sftp.tax.example/test")
    assert reused(tmp_path, *both).outcome is Outcome.ISOLATED


@pytest.mark.parametrize(
    "both",
    [
        "STRIPE_API_URL=https://api.stripe.com",
        "SENTRY_DSN=https://k@o1.ingest.sentry.io/1",
        "FILES_BUCKET_REGION=eu-central-1",
        "CACHE_URL=sqlite:///app.db",
        "MYSQL_URL=mysql://a@mysql/app",
        "QUEUE_URL=redis://localhost:6379/1",
    ],
)
def test_what_everybody_shares_or_has_of_his_own_is_no_store_of_both(both: str, tmp_path: Path) -> None:
    """A vendor's API, a bucket's region, a file, and names that mean another machine in each network."""
    assert reused(tmp_path, both, both).outcome is Outcome.ISOLATED


def test_a_reference_under_a_stores_name_may_lead_anywhere(tmp_path: Path) -> None:
    """Called after the engine alone; of a port or a password nothing follows."""
    assert reused(tmp_path, "A=b", "MYSQL=${{Warehouse.URL}}").outcome is Outcome.UNPROVEN
    assert reused(tmp_path, "A=b", "DB_PORT=${{Warehouse.PORT}}").outcome is Outcome.ISOLATED


@pytest.mark.parametrize("side", ["production", "staging"])
def test_a_reference_may_lead_anywhere(side: str, tmp_path: Path) -> None:
    """What was not resolved was not looked into, so that nothing follows from what was."""
    reference = "REPORTS_URL=${{Warehouse.DATABASE_URL}}"
    sides = (reference, "A=b") if side == "production" else ("A=b", reference)
    found = reused(tmp_path, *sides)
    assert found.outcome is Outcome.UNPROVEN
    assert f"{side}: REPORTS_URL" in found.judgement.summary
