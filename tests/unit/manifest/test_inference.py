"""Two files of variables and nothing else: what is found, under which name, and what is not."""

# ruff: noqa: E501  (tables and messages stand whole)
from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from disjoint.kinds.registry import KINDS
from disjoint.manifest import habits
from disjoint.manifest.infer import infer
from disjoint.model.environment import Environment
from disjoint.model.fact import Known
from disjoint.model.finding import Grade
from disjoint.model.manifest import Manifest, setting_fields, target
from disjoint.sources.dotenv import read_dotenv


class Lab(NamedTuple):
    """A folder to write files of variables in."""

    directory: Path

    def environment(self, name: str, variables: dict[str, str]) -> Environment:
        path = self.directory / f".env.{name}"
        path.write_text("".join(f"{key}={value}\n" for key, value in variables.items()))
        path.chmod(0o600)
        return read_dotenv(path, name=name, protected=name == "production", shown=path.name)

    def infer(self, production: dict[str, str], staging: dict[str, str] | None = None) -> Manifest:
        other = {key: value.replace("prod", "stag") for key, value in production.items()}
        sides = self.environment("staging", other if staging is None else staging)
        return infer(sides, self.environment("production", production), KINDS)

    def found(self, production: dict[str, str], staging: dict[str, str] | None = None) -> dict[str, str]:
        """Each resource but the variables, with what was declared of it."""
        return {
            resource.name: f"{resource.kind} {_stated(resource.declared, resource.kind)}"
            for resource in self.infer(production, staging).resources
            if resource.kind != "variables"
        }


def _stated(declared: object, kind: str) -> str:
    blank = {"bucket": {"access_key": "$AWS_ACCESS_KEY_ID", "secret_key": "$AWS_SECRET_ACCESS_KEY"}}
    hidden = blank.get(kind, {})
    return " ".join(
        f"{name}={text}"
        for name, text in setting_fields(declared).items()
        if "$" in text and hidden.get(name) != text
    )


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


PG = "postgresql://u:p@prod.example.com/app"
REDIS = "redis://prod.example.com:6379/0"


@pytest.mark.parametrize(
    "name",
    [
        "DATABASE_URL", "POSTGRES_URL", "POSTGRESQL_URL", "DATABASE_PRIVATE_URL", "DATABASE_PUBLIC_URL", "DB_URL",
        "POSTGRES_PRISMA_URL", "POSTGRES_URL_NON_POOLING", "DIRECT_URL", "SQLALCHEMY_DATABASE_URI",
        "HEROKU_POSTGRESQL_AMBER_URL", "PG_DSN", "ANALYTICS_DATABASE_URL", "DATABASE_CONNECTION_STRING",
        "APP_DB_DSN", "database_url",
    ],
)  # fmt: skip
def test_a_database_is_found_by_its_name_even_unresolved(lab: Lab, name: str) -> None:
    """A platform reference says nothing, its variable's name does."""
    assert lab.found({name: PG}) == {"database": f"postgres url=${name}"}
    if name.isupper():
        assert lab.found({name: "${{Postgres.DATABASE_URL}}"}) == {"database": f"postgres url=${name}"}


@pytest.mark.parametrize(
    "text",
    [
        PG, "postgres://u@h/d", "postgresql+asyncpg://u@h/d", "postgresql+psycopg2://u@h/d", "postgis://u@h/d",
        "jdbc:postgresql://h/d", "POSTGRES://u@h/d",
    ],
)  # fmt: skip
def test_a_database_is_found_by_its_scheme_under_any_name(lab: Lab, text: str) -> None:
    """A pasted production DSN hides under names of its own."""
    assert lab.found({"LEGACY": text}) == {"database": "postgres url=$LEGACY"}


@pytest.mark.parametrize(
    "name",
    [
        "REDIS_URL", "REDIS_TLS_URL", "REDIS_PRIVATE_URL", "REDISCLOUD_URL", "REDISTOGO_URL", "CACHE_URL",
        "VALKEY_URL", "KV_URL", "UPSTASH_REDIS_URL", "SESSION_REDIS_URI",
    ],
)  # fmt: skip
def test_a_cache_is_found_by_its_name_even_unresolved(lab: Lab, name: str) -> None:
    """Redis, Valkey and their vendors."""
    assert lab.found({name: REDIS}) == {"cache": f"redis url=${name}"}
    assert lab.found({name: "${{Redis.REDIS_URL}}"}) == {"cache": f"redis url=${name}"}


@pytest.mark.parametrize("text", [REDIS, "rediss://h", "valkey://h", "valkeys://h"])
def test_a_cache_is_found_by_its_scheme_under_any_name(lab: Lab, text: str) -> None:
    """The scheme says what the name does not."""
    assert lab.found({"LEGACY": text}) == {"cache": "redis url=$LEGACY"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("CELERY_BROKER_URL", REDIS), ("CELERY_BROKER", REDIS), ("BROKER_URL", REDIS), ("DJANGO_CELERY_BROKER_URL", REDIS),
        ("RABBITMQ_URL", "amqp://u:p@prod/v"), ("CLOUDAMQP_URL", "amqps://u:p@prod/v"), ("AMQP_URL", "amqp://prod"),
        ("RABBITMQ_PRIVATE_URL", "amqp://prod"), ("JOBS", "pyamqp://prod"), ("JOBS", "sqs://"),
        ("CELERY_BROKER_URL", "${{Redis.REDIS_URL}}"),
    ],
)  # fmt: skip
def test_a_broker_is_found_by_its_name_before_its_scheme(lab: Lab, name: str, text: str) -> None:
    """A broker on Redis is no cache."""
    assert lab.found({name: text}) == {"queue": f"celery broker=${name}"}


@pytest.mark.parametrize(
    "name", ["CELERY_RESULT_BACKEND", "RESULT_BACKEND", "CELERY_RESULT_BACKEND_URL", "CELERY_BACKEND_URL", "CELERY_RESULT_URL"]
)  # fmt: skip
def test_a_result_backend_belongs_to_its_broker(lab: Lab, name: str) -> None:
    """One row of the matrix for both; alone and on Redis it is a cache."""
    results = "redis://prod.example.com:6379/2"
    assert lab.found({name: results, "CELERY_BROKER_URL": REDIS}) == {
        "queue": f"celery broker=$CELERY_BROKER_URL result_backend=${name}"
    }
    assert lab.found({name: results}) == {"cache": f"redis url=${name}"}


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        (["STORAGE_BUCKET_NAME", "STORAGE_ENDPOINT_URL", "STORAGE_ACCESS_KEY", "STORAGE_SECRET_KEY"], "STORAGE"),
        (["STORAGE_BUCKET_NAME", "STORAGE_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"], "mixed"),
        (["AWS_STORAGE_BUCKET_NAME", "AWS_S3_ENDPOINT_URL", "AWS_S3_ACCESS_KEY_ID", "AWS_S3_SECRET_ACCESS_KEY"], "S3"),
        (["S3_BUCKET", "S3_ENDPOINT", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"], "S3"),
        (["BUCKET_NAME", "AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"], "Fly"),
        (["BUCKET", "ENDPOINT", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY"], "Railway"),
        (["BUCKETEER_BUCKET_NAME", "", "BUCKETEER_AWS_ACCESS_KEY_ID", "BUCKETEER_AWS_SECRET_ACCESS_KEY"], "Heroku"),
        (["R2_BUCKET", "R2_ENDPOINT", "R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY"], "Cloudflare"),
        (["DO_SPACES_BUCKET", "DO_SPACES_ENDPOINT", "DO_SPACES_KEY", "DO_SPACES_SECRET"], "DigitalOcean"),
        (["MINIO_BUCKET", "MINIO_ENDPOINT", "MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD"], "MinIO"),
        (["AWS_BUCKET", "AWS_ENDPOINT", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"], "Laravel"),
        (["B2_BUCKET", "B2_ENDPOINT", "B2_APPLICATION_KEY_ID", "B2_APPLICATION_KEY"], "Backblaze"),
    ],
)  # fmt: skip
def test_a_bucket_is_found_with_what_stands_beside_it(lab: Lab, variables: list[str], expected: str) -> None:
    """Endpoint and both halves of the key come from the bucket's own family, else from a shared one."""
    assert expected
    values = ["prod-files", "https://s3.example.com", "AKIA1", "hush"]
    given = {name: value for name, value in zip(variables, values, strict=True) if name}
    (storage,) = (r for r in lab.infer(given).resources if r.kind == "bucket")
    declared = [getattr(storage.declared, f, None) for f in ("name", "endpoint", "access_key", "secret_key")]
    assert declared == [f"${name}" if name else None for name in variables]


def test_two_buckets_are_two_resources_with_shared_keys(lab: Lab) -> None:
    """The second is called after its variable."""
    keys = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "eu-west-1"}
    assert lab.found({"S3_BUCKET": "prod-a", "MEDIA_BUCKET_NAME": "prod-b", **keys}) == {
        "storage": "bucket name=$S3_BUCKET region=$AWS_REGION",
        "media-bucket": "bucket name=$MEDIA_BUCKET_NAME region=$AWS_REGION",
    }


def test_a_bare_secret_key_is_the_applications_own(lab: Lab) -> None:
    """Django's SECRET_KEY is nobody's bucket key."""
    (storage,) = (
        r for r in lab.infer({"BUCKET": "prod-a", "ACCESS_KEY": "k", "SECRET_KEY": "django"}).resources if r.kind == "bucket"
    )  # fmt: skip
    assert getattr(storage.declared, "secret_key", None) == "$AWS_SECRET_ACCESS_KEY"


def test_endpoints_that_follow_from_the_provider_are_written_out(lab: Lab) -> None:
    """Amazon would be asked otherwise."""
    assert lab.found({"GS_BUCKET_NAME": "prod-a"}) == {
        "storage": "bucket name=$GS_BUCKET_NAME",
    }
    (google,) = (r for r in lab.infer({"GS_BUCKET_NAME": "prod-a"}).resources if r.kind == "bucket")
    assert getattr(google.declared, "endpoint", None) == "https://storage.googleapis.com"
    assert lab.found({"R2_BUCKET": "prod-a", "R2_ACCOUNT_ID": "abc"}) == {
        "storage": "bucket name=$R2_BUCKET endpoint=https://${R2_ACCOUNT_ID}.r2.cloudflarestorage.com"
    }
    assert lab.found({"SPACES_BUCKET": "prod-a", "SPACES_REGION": "ams3"}) == {
        "storage": (
            "bucket name=$SPACES_BUCKET endpoint=https://${SPACES_REGION}.digitaloceanspaces.com"
            " region=$SPACES_REGION"
        )
    }


@pytest.mark.parametrize(
    ("name", "role"),
    [
        *((name, "api") for name in ("API_URL", "API_BASE_URL", "BACKEND_URL", "NEXT_PUBLIC_API_URL", "VITE_API_URL",
                                     "REACT_APP_API_URL", "NUXT_PUBLIC_API_BASE", "API_DOMAIN", "SERVER_URL")),
        *((name, "web") for name in ("WEB_URL", "FRONTEND_URL", "APP_URL", "SITE_URL", "PUBLIC_URL", "BASE_URL",
                                     "NEXT_PUBLIC_APP_URL", "NEXTAUTH_URL", "RAILWAY_PUBLIC_DOMAIN", "FRONTEND_HOST",
                                     "RENDER_EXTERNAL_URL", "CLIENT_URL", "APP_DOMAIN", "PHX_HOST")),
    ],
)  # fmt: skip
def test_a_service_is_found_by_its_name(lab: Lab, name: str, role: str) -> None:
    """An address of the environment's own, with a scheme or bare."""
    for text in ("https://prod.example.com", "prod.example.com", "${{Api.URL}}"):
        assert lab.found({name: text}) == {role: f"web url=${name}"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("API_URL", "/api"), ("API_HOST", "0.0.0.0"),  # noqa: S104
        ("APP_HOST", "127.0.0.1"), ("DOMAIN", "production"),
        ("WEB_ORIGIN", "https://a.example.com,https://b.example.com"), ("DOMAIN", "*.example.com"),
        ("STRIPE_API_URL", "https://api.stripe.com"), ("OPENAI_BASE_URL", "https://api.openai.com/v1"),
        ("RAILWAY_BUCKET_NAME", "files"), ("RATE_LIMIT_BUCKET", "minute"), ("MQTT_BROKER_URL", "mqtt://prod"),
        ("KAFKA_BROKER_URL", "prod:9092"), ("UPSTASH_REDIS_REST_URL", "https://x.upstash.io"), ("KV_REST_API_URL", "${{Kv.URL}}"),
        ("DATABASE_URL", "mysql://u@prod/d"), ("DATABASE_URL", "sqlite:///db.sqlite3"), ("REDIS_URL", ""),
        ("FIREBASE_DATABASE_URL", "https://x.firebaseio.com"), ("KAFKA_ADDR", "redis:6379"), ("BUCKET_SIZE", "10"),
    ],
)  # fmt: skip
def test_what_only_looks_like_it_is_not_placed(lab: Lab, name: str, text: str) -> None:
    """A vendor's address, a bind address, a path, another engine."""
    assert lab.found({name: text}) == {}


def test_what_looks_like_a_resource_and_is_not_placed_is_listed(lab: Lab) -> None:
    """By name alone; platform variables and plain settings are left out."""
    manifest = lab.infer(
        {
            "DATABASE_URL": "mysql://u:hush@prod/d",
            "SEARCH_URL": "https://prod.example.com",
            "SENTRY_DSN": "https://k@o1.ingest.example.com/1",
            "SMTP_HOST": "smtp.example.com",
            "KAFKA_BROKERS": "prod:9092",
            "RAILWAY_SERVICE_API_URL": "https://x.up.railway.app",
            "DEBUG": "false",
            "EMPTY_URL": "",
        }
    )
    assert manifest.unplaced == ("DATABASE_URL", "SEARCH_URL", "SENTRY_DSN", "SMTP_HOST", "KAFKA_BROKERS")
    assert manifest.inferred == ()


def test_names_of_one_thing_are_one_resource(lab: Lab) -> None:
    """Equal wherever they are set: a row each would prove the same thing twice."""
    manifest = lab.infer(
        {"DATABASE_URL": PG, "POSTGRES_URL": PG, "API_URL": "https://prod.example.com",
         "NEXT_PUBLIC_API_URL": "https://PROD.example.com/v1"},
        {"DATABASE_URL": PG.replace("prod", "stag"), "API_URL": "https://stag.example.com",
         "NEXT_PUBLIC_API_URL": "https://stag.example.com/v2"},
    )  # fmt: skip
    assert manifest.inferred == (
        "database: postgres from DATABASE_URL (also POSTGRES_URL)",
        "api: web from API_URL (also NEXT_PUBLIC_API_URL)",
    )
    assert manifest.unplaced == ()


def test_names_that_part_ways_anywhere_are_two_resources(lab: Lab) -> None:
    """Production's DSN under another name in staging must have a row, whatever it is called."""
    found = lab.found(
        {"DATABASE_URL": PG, "REPORTS_URL": PG},
        {"DATABASE_URL": "postgresql://u@stag/app", "REPORTS_URL": PG},
    )
    assert found == {"database": "postgres url=$DATABASE_URL", "reports": "postgres url=$REPORTS_URL"}


def test_unresolved_references_are_never_taken_for_one(lab: Lab) -> None:
    """Equal reference texts are not equal values."""
    reference = "${{Postgres.DATABASE_URL}}"
    assert set(lab.found({"DATABASE_URL": reference, "POSTGRES_URL": reference})) == {"database", "postgres"}
    assert set(lab.found({"DATABASE_URL": PG, "POSTGRES_URL": reference})) == {"database", "postgres"}


def test_a_resource_of_one_side_alone_is_found(lab: Lab) -> None:
    """What is missing on the other side is the judge's to say."""
    assert lab.found({}, {"REDIS_URL": REDIS}) == {"cache": "redis url=$REDIS_URL"}
    assert lab.found({"REDIS_URL": REDIS}, {}) == {"cache": "redis url=$REDIS_URL"}


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (
            ["PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE"],
            "host='$PGHOST' port='$PGPORT' user='$PGUSER' password='$PGPASSWORD' dbname='$PGDATABASE'",
        ),
        (
            ["DB_HOST", "DB_PORT", "DB_USERNAME", "DB_PASSWORD", "DB_NAME"],
            "host='$DB_HOST' port='$DB_PORT' user='$DB_USERNAME' password='$DB_PASSWORD' dbname='$DB_NAME'",
        ),
        (
            ["POSTGRES_SERVER", "POSTGRES_PORT", "POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"],
            ("host='$POSTGRES_SERVER' port='$POSTGRES_PORT' user='$POSTGRES_USER'"
            " password='$POSTGRES_PASSWORD' dbname='$POSTGRES_DB'"),
        ),
        (
            ["RDS_HOSTNAME", "RDS_PORT", "RDS_USERNAME", "RDS_PASSWORD", "RDS_DB_NAME"],
            "host='$RDS_HOSTNAME' port='$RDS_PORT' user='$RDS_USERNAME' password='$RDS_PASSWORD' dbname='$RDS_DB_NAME'",
        ),
    ],
)  # fmt: skip
def test_a_database_in_parts_is_one_address(lab: Lab, names: list[str], text: str) -> None:
    """In quotes, so that a password with reserved characters stays whole."""
    values = ["prod.example.com", "5432", "app", '"p@ss/wo:rd #1 %41"', "shop"]
    manifest = lab.infer(dict(zip(names, values, strict=True)))
    (database,) = (r for r in manifest.resources if r.kind == "postgres")
    assert getattr(database.declared, "url", None) == text
    filled = target(database, manifest.production)
    assert "password='p@ss/wo:rd #1 %41'" in (filled.text("url") or "")
    kind = next(kind for kind in KINDS if kind.name == "postgres")
    assert not kind.read(filled.text("url") or "").fault


def test_a_quote_in_a_part_takes_the_other_form(lab: Lab) -> None:
    """Or none: then the host is listed, and a line says why."""
    parts = {"DB_HOST": "prod", "DB_NAME": "shop", "DB_USER": "u"}
    found = lab.found({**parts, "DB_PASSWORD": '"it\'s"'})
    assert found == {"database": "postgres url=postgresql://${DB_USER}:${DB_PASSWORD}@${DB_HOST}/${DB_NAME}"}
    manifest = lab.infer({**parts, "DB_PASSWORD": '"it\'s @ home"'})
    assert manifest.unplaced == ("DB_HOST",)
    assert manifest.inferred == (
        (
            "not placed: DB_HOST: DB_PASSWORD holds characters that an address must encode;"
            " set one URL instead of its parts"
        ),
    )


@pytest.mark.parametrize(
    "engine", [{"DB_CONNECTION": "mysql"}, {"DB_PORT": "3306"}, {"DB_ENGINE": "django.db.backends.sqlite3"}]
)
def test_parts_of_another_engine_are_no_postgres(lab: Lab, engine: dict[str, str]) -> None:
    """DB_HOST alone names no engine; its neighbours do."""
    assert lab.found({"DB_HOST": "prod", "DB_NAME": "shop", **engine}) == {}


def test_parts_of_a_url_that_is_placed_are_accounted_for(lab: Lab) -> None:
    """Railway sets both; another port is another server."""
    parts = {
        "PGHOST": "prod.example.com",
        "PGPORT": "5432",
        "PGUSER": "u",
        "PGPASSWORD": "p",
        "PGDATABASE": "app",
    }
    manifest = lab.infer({"DATABASE_URL": "postgresql://u:p@prod.example.com:5432/app", **parts})
    assert [r.name for r in manifest.resources] == ["database", "variables"]
    assert manifest.unplaced == ()
    other = lab.found({"DATABASE_URL": "postgresql://u:p@prod.example.com:5433/app", **parts})
    assert set(other) == {"database", "pghost"}


def test_a_cache_and_a_broker_in_parts(lab: Lab) -> None:
    """Only what needs no encoding can be put together."""
    redis = {"REDIS_HOST": "prod", "REDIS_PORT": "6379", "REDIS_PASSWORD": "hush", "REDIS_DB": "2"}
    assert lab.found(redis) == {
        "cache": "redis url=redis://:${REDIS_PASSWORD}@${REDIS_HOST}:${REDIS_PORT}/${REDIS_DB}"
    }
    assert lab.found({"REDISHOST": "prod", "REDISPORT": "1"}) == {
        "cache": "redis url=redis://${REDISHOST}:${REDISPORT}"
    }
    assert lab.found({**redis, "REDIS_SSL": "true"})["cache"].startswith("redis url=rediss://")
    assert lab.found({**redis, "REDIS_SSL": "true"}, {**redis, "REDIS_SSL": "false"}) == {}
    assert lab.found({**redis, "REDIS_PASSWORD": "a/b"}) == {}
    rabbit = {
        "RABBITMQ_HOST": "prod",
        "RABBITMQ_DEFAULT_USER": "u",
        "RABBITMQ_DEFAULT_PASS": "p",
        "RABBITMQ_VHOST": "v",
    }
    assert lab.found(rabbit) == {
        "queue": (
            "celery broker=amqp://${RABBITMQ_DEFAULT_USER}:${RABBITMQ_DEFAULT_PASS}@${RABBITMQ_HOST}"
            "/${RABBITMQ_VHOST}"
        )
    }


def test_names_in_any_case_are_found(lab: Lab) -> None:
    """Pydantic reads ``database_url`` and, with a delimiter, ``POSTGRES__HOST``."""
    found = lab.found(
        {"database_url": PG, "celery_broker_url": REDIS, "celery_result_backend": REDIS, "redis_url": REDIS,
         "s3__bucket": "prod-files", "s3__endpoint_url": "https://s3.example.com", "api_url": "https://prod.example.com"}
    )  # fmt: skip
    assert found == {
        "database": "postgres url=$database_url",
        "cache": "redis url=$redis_url",
        "queue": "celery broker=$celery_broker_url result_backend=$celery_result_backend",
        "storage": "bucket name=$s3__bucket endpoint=$s3__endpoint_url",
        "api": "web url=$api_url",
    }
    assert lab.found({"POSTGRES__HOST": "prod", "POSTGRES__DB": "shop"}) == {
        "database": "postgres url=host='$POSTGRES__HOST' dbname='$POSTGRES__DB'"
    }


def test_a_cache_whose_address_holds_its_port(lab: Lab) -> None:
    """As Go's clients take it; the port beside it adds nothing."""
    given = {"REDIS_ADDR": "prod:6379", "REDIS_PORT": "6379", "REDIS_PASSWORD": "hush"}
    assert lab.found(given) == {"cache": "redis url=redis://:${REDIS_PASSWORD}@${REDIS_ADDR}"}
    assert set(lab.found({**given, "REDIS_URL": "redis://prod:6379/0"})) == {"cache"}
    assert set(lab.found({**given, "REDIS_URL": "redis://prod:6380/0"})) == {"cache", "redis-addr"}


def test_a_password_called_null_is_none(lab: Lab) -> None:
    """Laravel's skeleton writes REDIS_PASSWORD=null."""
    assert lab.found({"REDIS_HOST": "prod", "REDIS_PASSWORD": "null"}) == {
        "cache": "redis url=redis://${REDIS_HOST}"
    }


def test_a_switch_is_no_resource_whatever_it_is_called(lab: Lab) -> None:
    """Laravel's AWS_USE_PATH_STYLE_ENDPOINT=false; .NET's ConnectionStrings__Default is one."""
    manifest = lab.infer(
        {"AWS_USE_PATH_STYLE_ENDPOINT": "false", "ConnectionStrings__Default": "Host=prod;Port=5432"}
    )
    assert manifest.unplaced == ("ConnectionStrings__Default",)


def test_the_order_is_the_kinds_and_the_variables_come_last(lab: Lab) -> None:
    """Whatever order the files have."""
    manifest = lab.infer(
        {"WEB_URL": "https://prod.example.com", "S3_BUCKET": "prod-a", "BROKER_URL": REDIS, "REDIS_URL": REDIS,
         "DATABASE_URL": PG}
    )  # fmt: skip
    assert [r.name for r in manifest.resources] == [
        "database",
        "cache",
        "queue",
        "storage",
        "web",
        "variables",
    ]
    assert [r.minimum for r in manifest.resources] == [Grade.IDENTITY] * 5 + [Grade.DECLARED]
    assert manifest.resources[0].where == "inferred from DATABASE_URL"
    assert manifest.source == "inferred from .env.staging and .env.production"


def test_no_value_is_told(lab: Lab) -> None:
    """Lines, names and texts hold names of variables only."""
    manifest = lab.infer(
        {"DATABASE_URL": "postgresql://u:hunter2@prod/d", "REDIS_HOST": "prod", "REDIS_PASSWORD": "hunter2/x",
         "X_URL": "https://hunter2@prod"}
    )  # fmt: skip
    told = repr((manifest.inferred, manifest.unplaced, manifest.resources, manifest.source))
    assert "hunter2" not in told
    assert isinstance(manifest.production.variable("DATABASE_URL"), Known)


def test_every_scheme_that_a_kind_reads_is_known() -> None:
    """A kind that learns a scheme is found by it; http alone says nothing."""
    for kind in KINDS:
        for scheme in kind.schemes if kind.name != "web" else ():
            assert habits.SCHEMES[scheme] == kind.name
