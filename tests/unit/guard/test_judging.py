"""What leads to production's places or holds its secrets, however it is written; and what does not."""

from __future__ import annotations

import base64
import json
import re
import zlib
from pathlib import Path

import pytest
from guarded_world import KEY, ONE, asked, declared, policy
from hypothesis import given
from hypothesis import strategies as st

from disjoint.guard.judging import found, once
from disjoint.guard.verdict import ISOLATED, SHARED, UNPROVEN, worst
from disjoint.model.manifest import Manifest

RESOURCES = """
[resources.database]
kind = "postgres"
url = "$DATABASE_URL"
[resources.cache]
kind = "redis"
url = "$REDIS_URL"
[resources.tasks]
kind = "celery"
broker = "$BROKER"
result_backend = "$RESULTS"
[resources.files]
kind = "bucket"
name = "$BUCKET"
endpoint = "$S3"
[resources.api]
kind = "web"
url = "$API"
"""
THEIRS = {
    "DATABASE_URL": "postgres://u:Zk39dkQpw01mXy7aGh@db.prod.example.com:5432/shop",
    "REDIS_URL": "redis://:Qm39dkQpw01mXy7aGh@cache.prod.example.com/0",
    "BROKER": "amqp://q.prod.example.com/shop", "RESULTS": "redis://results.prod.example.com/1",
    "BUCKET": "shop-files", "S3": "https://minio.example.com", "API": "https://api.example.com",
    "SECRET_KEY": "u83kdLw9dQm2Xz0pVbTr5", "ADMIN_PASSWORD": "production password! 2024",
    "SEARCH": "mongodb://mongo.prod.example.com/x",
}  # fmt: skip
OURS = {
    "DATABASE_URL": "postgres://u:aB39dkQpw01mXy7zzz@db.staging.example.com:5432/shop",
    "REDIS_URL": "redis://:yy39dkQpw01mXy7aGh@cache.staging.example.com/0",
    "BROKER": "amqp://q.staging.example.com/shop", "RESULTS": "redis://results.staging.example.com/1",
    "BUCKET": "shop-staging", "S3": "https://minio.example.com", "API": "https://api.staging.example.com",
    "SECRET_KEY": "kkk3kdLw9dQm2Xz0pVbTr", "PATH": "/usr/bin:/bin", "CORS_ORIGINS": "https://a.example.com",
    "TZ": "UTC", "SMTP_FROM": "shop@mail.example.com", "VERSION": "3.11.7",
}  # fmt: skip
URL, SECRET = "postgres://u:x@db.prod.example.com/shop", THEIRS["SECRET_KEY"]
ENCODED = base64.b64encode(URL.encode()).decode()
BASE64_SECRET = base64.b64encode(SECRET.encode()).decode()


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return declared(tmp_path_factory.mktemp("judging"), RESOURCES)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        *((name, value) for name, value in THEIRS.items() if name != "S3"),
        ("OTHER", URL),
        ("OTHER", URL.replace("db.prod", "DB.Prod")),
        ("OTHER", URL.upper()),
        ("OTHER", f'"{URL}"'),
        ("OTHER", URL.replace("/shop", "/another")),
        ("OTHER", URL.replace("postgres", "postgresql+asyncpg")),
        ("OTHER", "jdbc:postgresql://db.prod.example.com/shop"),
        ("OTHER", "host=db.prod.example.com dbname=shop"),
        ("OTHER", "Server=db.prod.example.com;Port=5432;Database=shop;User Id=u;"),
        ("OTHER", f"a, {URL} , b"),
        ("OTHER", json.dumps(["x", URL])),
        ("OTHER", json.dumps({"default": {"url": [URL]}})),
        ("OTHER", json.dumps({"default": {"HOST": "db.prod.example.com", "PORT": 5432}})),
        ("OTHER", ENCODED),
        ("OTHER", ENCODED.rstrip("=")),
        ("OTHER", base64.b64encode(json.dumps({"url": URL}).encode()).decode()),
        ("OTHER", URL.encode().hex()),
        ("OTHER", "postgres%3A%2F%2Fu%40db.prod.example.com%2Fshop"),
        ("OTHER", f"--dsn={URL} --verbose"),
        ("OTHER", f"psql '{URL}'"),
        ("OTHER", f"db:\n  url: {URL}\n"),
        ("DB_HOST", "db.prod.example.com"),
        ("DB_HOST", "DB.PROD.example.com."),
        ("DB_ADDRESS", "db.prod.example.com:5432"),
        ("PGHOST", "db.prod.example.com"),
        ("PGHOST", "db.staging.example.com,db.prod.example.com"),
        ("CACHE_NODE", "cache.prod.example.com"),
        ("SEARCH_HOST", "mongo.prod.example.com"),
        ("SEARCH2", "mongodb://mongo.prod.example.com/x"),
        ("CACHE2", "redis://cache.prod.example.com/7"),
        ("CORS_ORIGINS", "https://x.example.com https://api.example.com"),
        ("ALLOWED_HOSTS", "x.example.com,api.example.com"),
        ("WEBHOOK", "https://api.example.com/hook?x=1"),
        ("BACKUP_BUCKET", "shop-files"),
        ("BACKUP", "s3://shop-files/nightly"),
        ("JWT_SECRET", SECRET),
        ("HARMLESS", SECRET),
        ("JWT_SECRET", f"  {SECRET}\n"),
        ("JWT_SECRET", BASE64_SECRET),
        ("JWT_SECRET", SECRET.encode().hex()),
        ("OLD_SECRETS", f"abcdefabcdef0123456,{SECRET}"),
        ("CONF", json.dumps({"secret": SECRET})),
        ("CONF", json.dumps({"x": [{"y": SECRET}]})),
        ("AUTH", f"Bearer {SECRET}"),
        ("X_PASSWORD", "Zk39dkQpw01mXy7aGh"),
        ("REDIS_URL", "redis://:Zk39dkQpw01mXy7aGh@cache.staging.example.com/0"),
        ("X_PASSWORD", "production password! 2024"),
        ("RESULTS", "redis://cache.prod.example.com/5"),
    ],
)  # fmt: skip
def test_what_is_productions(variable: str, value: str, manifest: Manifest) -> None:
    """SHARED, by a reason that names the variable and a resource, and shows no value."""
    outcome, reasons = asked(manifest, THEIRS, {**OURS, variable: value})
    assert outcome == SHARED
    shared = [r for r in reasons if r.outcome == SHARED]
    assert {r.variable for r in shared} == {variable}
    said = " ".join(map(str, reasons))
    assert "production's" in said
    for secret in (value, URL, "Zk39dkQpw01mXy7aGh", SECRET, "prod.example.com", "minio"):
        assert secret not in said


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        *((name, "", "is not set") for name in ("DATABASE_URL", "REDIS_URL", "BUCKET", "S3", "API")),
        ("DATABASE_URL", "${{Postgres.DATABASE_URL}}", "not resolved"),
        ("DATABASE_URL", "postgres://u@${DB_HOST}/shop", "not resolved"),
        ("DATABASE_URL", "op://vault/item/field", "something else"),
        ("DATABASE_URL", "mysql://db.staging.example.com/shop", "something else"),
        ("DATABASE_URL", "postgresql:///shop?host=/var/run/postgresql", "no address"),
        ("DATABASE_URL", "postgres://u:p@x/y@db.staging.example.com/shop", "two ways"),
        ("DATABASE_URL", "postgres://u@db.staging.example.com:1/shop?port=5432", "two ports"),
        ("DATABASE_URL", "postgres://u@db.staging.example.com/shop?service=x", "a service"),
        ("DATABASE_URL", "postgres://u@db.prod.example.com:6432/shop", "another port"),
        ("BUCKET", "arn:aws:s3:us-west-2:123456789012:accesspoint/shop", "access point"),
        ("API", "https://api.example.com:8443", "another port"),
        ("PGHOSTADDR", "203.0.113.7", "elsewhere"),
        ("PGSERVICE", "shop", "elsewhere"),
        ("JWT_SECRET", "vault:secret/data/shop#key", "not resolved"),
    ],
)  # fmt: skip
def test_what_is_not_known(variable: str, value: str, says: str, manifest: Manifest) -> None:
    outcome, reasons = asked(manifest, THEIRS, {**OURS, variable: value})
    assert outcome == UNPROVEN
    assert any(says in r.says and r.fix for r in reasons), reasons


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PATH", "/usr/bin"), ("RAILWAY_SERVICE_API_URL", "https://api.example.com"), ("RESULTS", "rpc://"),
        ("DISJOINT_SEAL_KEY", SECRET), ("DOCS", "https://docs.example.com"), ("PGPORT", "5432"),
        ("DATABASE_URL", "postgres://u@db2.prod.example.com/shop"),
        # what nothing here can look into, as docs/guard.md says
        ("PACKED", base64.b64encode(zlib.compress(URL.encode())).decode()),
    ],
)  # fmt: skip
def test_what_is_staging(variable: str, value: str, manifest: Manifest) -> None:
    """As texts tell: no false alarm."""
    assert asked(manifest, THEIRS, {**OURS, variable: value}) == (ISOLATED, ())


def test_private_names_prove_nothing(tmp_path: Path) -> None:
    """Equal in every environment of some platforms; this machine by another name is as little."""
    manifest = declared(tmp_path, ONE["redis"])
    for theirs, ours, outcome in (
        ("redis://redis.railway.internal/0", "redis://redis.railway.internal/0", UNPROVEN),
        ("redis://redis/0", "redis://redis/0", UNPROVEN),
        ("redis://localhost/0", "redis://127.0.0.1/0", UNPROVEN),
        ("redis://[::1]/0", "redis://host.docker.internal/3", UNPROVEN),
        ("redis://localhost:6379/0", "redis://localhost:6380/0", ISOLATED),
        ("redis://cache.example.com/0", "redis://redis.railway.internal/0", ISOLATED),
    ):
        assert asked(manifest, {"IT": theirs}, {"IT": ours})[0] == outcome, (theirs, ours)


def test_a_store_of_this_machine_holds_many_buckets(tmp_path: Path) -> None:
    manifest = declared(tmp_path, '[resources.files]\nkind = "bucket"\nname = "$BUCKET"\nendpoint = "$S3"\n')
    theirs = {"BUCKET": "shop-files", "S3": "http://localhost:9000"}
    for name, outcome in (("shop-staging", ISOLATED), ("shop-files", UNPROVEN)):
        ours = {"BUCKET": name, "S3": "http://127.0.0.1:9000"}
        found, reasons = asked(manifest, theirs, ours)
        assert found == outcome
        assert all("--deep" not in reason.fix for reason in reasons), "which asks no bucket"


@pytest.mark.parametrize(
    ("kind", "theirs", "ours"),
    [
        ("postgres", "postgres://u@ep-cool-1.eu.aws.neon.tech/a",
         "postgres://u@ep-cool-1-pooler.eu.aws.neon.tech/a"),
        ("postgres", "postgres://u@p.cluster-a1.us-east-1.rds.amazonaws.com/a",
         "postgres://u@p.cluster-ro-a1.us-east-1.rds.amazonaws.com/a"),
        ("postgres", "postgres://u@dpg-abcdefghij0123456789-a/a",
         "postgres://u@dpg-abcdefghij0123456789-a.oregon-postgres.render.com/a"),
        ("postgres", "postgres://postgres@db.abcxyz.supabase.co:5432/postgres",
         "postgres://postgres.abcxyz:p@aws-0-eu-west-1.pooler.supabase.com:6543/postgres"),
        ("redis", "redis://master.shop.a1.use1.cache.amazonaws.com/0",
         "redis://replica.shop.a1.use1.cache.amazonaws.com/0"),
    ],
)  # fmt: skip
def test_one_store_by_another_of_its_names(kind: str, theirs: str, ours: str, tmp_path: Path) -> None:
    manifest = declared(tmp_path, ONE[kind])
    assert asked(manifest, {"IT": theirs}, {"IT": ours})[0] == SHARED
    assert asked(manifest, {"IT": ours}, {"IT": theirs})[0] == SHARED


def test_two_tenants_of_one_host_are_two(tmp_path: Path) -> None:
    manifest = declared(tmp_path, ONE["postgres"])
    theirs, ours = (f"postgres://{user}:p@db.prisma.io:5432/postgres" for user in ("tenantone", "tenanttwo"))
    assert asked(manifest, {"IT": theirs}, {"IT": ours})[0] == ISOLATED


def test_a_blind_seal_is_as_good_for_equal_places(manifest: Manifest) -> None:
    blind = policy(manifest, THEIRS, blind=True)
    assert once(found(blind, KEY, OURS)) == ()
    assert worst(once(found(blind, KEY, {**OURS, "X": URL}))) == SHARED


def test_nothing_sealed_is_nothing_known(tmp_path: Path) -> None:
    """No declared place, production's not set, production's not resolved: none of it is ISOLATED."""
    manifest = declared(tmp_path, ONE["postgres"])
    ours = {"IT": "postgres://u@db.staging.example.com/shop"}
    for theirs in ({}, {"IT": ""}, {"IT": "nothing"}):
        assert asked(manifest, theirs, ours)[0] == UNPROVEN
    sealed = policy(manifest, {"IT": URL})
    assert worst(once(found(sealed._replace(unresolved=("API_TOKEN",)), KEY, ours))) == UNPROVEN
    assert worst(once(found(sealed._replace(unresolved=("GREETING",)), KEY, ours))) == ISOLATED
    assert worst(once(found(sealed._replace(resources=()), KEY, ours))) == UNPROVEN


WORDS = st.sampled_from(
    [URL, SECRET, *THEIRS.values(), *OURS.values(), "", " ", "[", "{", "\udc80", "a://", "%"]
)
TEXTS = st.one_of(WORDS, st.text(max_size=60), st.lists(WORDS, max_size=3).map(",".join))


@given(st.dictionaries(st.sampled_from([*THEIRS, "OTHER", "X_SECRET", "DB_PORT", "PGPORT"]), TEXTS))
def test_no_text_breaks_it_or_is_shown(manifest: Manifest, variables: dict[str, str]) -> None:
    """Whatever stands in a variable, there is an answer, and no piece of production's in it."""
    said = " ".join(str(reason) for reason in asked(manifest, THEIRS, {**OURS, **variables})[1])
    assert not re.search(r"example\.com|Zk39|u83kdL|://", said)


@given(st.sets(st.sampled_from(sorted(THEIRS)), min_size=1))
def test_whatever_is_taken_from_production_is_seen(manifest: Manifest, taken: set[str]) -> None:
    """Any of its variables under any other name; an endpoint of buckets is nobody's own."""
    staging = {**OURS, **{f"A_{name}": THEIRS[name] for name in taken}}
    outcome, reasons = asked(manifest, THEIRS, staging)
    assert {r.variable for r in reasons if r.outcome == SHARED} == {f"A_{name}" for name in taken - {"S3"}}
    assert outcome == (SHARED if taken - {"S3"} else ISOLATED)


@pytest.mark.parametrize(
    ("theirs", "ours", "outcome"),
    [
        ("smtp://shop:aa@mail.example.com:587", "smtp://staging:bb@mail.example.com:587", ISOLATED),
        ("syslog://logs.example.com:514", "syslog://logs.example.com:514", ISOLATED),
        ("tcp://shop:aa@events.prod.example.com:9000/shop",) * 2 + (SHARED,),
        ("sftp://shop:aa@files.prod.example.com/out", "sftp://staging:bb@files.prod.example.com/out", SHARED),
    ],
)
def test_a_relay_is_everybodys_and_a_store_is_not(
    tmp_path: Path, theirs: str, ours: str, outcome: str
) -> None:
    """Of addresses that no resource declares."""
    told, _ = asked(declared(tmp_path, ONE["redis"]), THEIRS | {"IT": THEIRS["REDIS_URL"], "OTHER": theirs},
                    {"IT": OURS["REDIS_URL"], "OTHER": ours})  # fmt: skip
    assert told == outcome
