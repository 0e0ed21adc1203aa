"""The names people give to what reaches a resource.

Gathered from what Django, FastAPI, Rails, Laravel, Celery, Prisma and Next.js projects
write, and from what Heroku, Railway, Render, Fly, Vercel, AWS, DigitalOcean, Cloudflare
and their add-ons set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_GAPS = re.compile(r"_{2,}")


def plain(name: str) -> str:
    """A name as the habits below are written: ``postgres__host`` (pydantic) is POSTGRES_HOST."""
    return _GAPS.sub("_", name.upper())


SCHEMES: Mapping[str, str] = {
    **dict.fromkeys(("postgres", "postgresql", "postgis", "pgsql", "psql", "timescaledb"), "postgres"),
    **dict.fromkeys(("timescale", "ecto", "cockroach", "cockroachdb", "crdb", "redshift"), "postgres"),
    **dict.fromkeys(("redis", "rediss", "valkey", "valkeys"), "redis"),
    **dict.fromkeys(("amqp", "amqps", "pyamqp", "sqs", "sentinel"), "celery"),
    **dict.fromkeys(("s3", "s3a", "s3n", "gs"), "bucket"),
}
"""URL scheme, without ``jdbc:`` and ``+driver``, -> kind."""

_URL = r"(?:URL|URI|DSN|CONNECTION_STRING)"
_WORDS = r"(?:_[A-Z0-9]+)*?"

NAMES: Mapping[str, re.Pattern[str]] = {
    "result": re.compile(
        r"(?:^|_)(?:RESULT_BACKEND|RESULTS_BACKEND|CELERY_BACKEND|CELERY_RESULTS?)(?:_(?:URL|URI))?$"
    ),
    "broker": re.compile(
        rf"(?:^|_)(?:BROKER|CELERY|RABBITMQ|RABBIT|AMQP|CLOUDAMQP){_WORDS}_{_URL}$|^(?:.*_)?CELERY_BROKER$|^BROKER$"
    ),
    "redis": re.compile(
        rf"(?:^|_)(?:REDIS|REDISCLOUD|REDISTOGO|REDISGREEN|OPENREDIS|VALKEY|KEYDB|KV|CACHE|MEMORYSTORE){_WORDS}_{_URL}$"
    ),
    "postgres": re.compile(
        rf"(?:^|_)(?:DATABASE|DB|POSTGRES|POSTGRESQL|PG|PGBOUNCER|TIMESCALE|NEON){_WORDS}_{_URL}(?:_(?:UNPOOLED|NON_POOLING|NO_SSL|DIRECT))?$"
        r"|^DIRECT_URL$"
    ),
    "bucket": re.compile(r"(?:^|_)BUCKET(?:_NAME)?$|(?:^|_)SPACES?_NAME$|^AWS_S3_BUCKET_URL$"),
}
"""What a name says where its value does not: unresolved, a plain name, or of a scheme that several read."""


def named(habit: str, name: str) -> bool:
    """Does one of NAMES recognise this name?"""
    return bool(NAMES[habit].search(plain(name)))


FIRST: Mapping[str, tuple[str, ...]] = {
    "broker": ("CELERY_BROKER_URL", "CELERY_BROKER", "BROKER_URL"),
    "result": ("CELERY_RESULT_BACKEND", "RESULT_BACKEND"),
    "redis": ("REDIS_URL", "REDIS_PRIVATE_URL", "REDIS_TLS_URL", "VALKEY_URL", "KV_URL", "CACHE_URL"),
    "postgres": ("DATABASE_URL", "POSTGRES_URL", "POSTGRESQL_URL", "DB_URL", "DATABASE_PRIVATE_URL"),
    "bucket": ("STORAGE_BUCKET_NAME", "AWS_STORAGE_BUCKET_NAME", "S3_BUCKET", "BUCKET_NAME", "BUCKET"),
}  # fmt: skip
"""Which of several variables names the resource that an application has one of."""

CALLED = {"postgres": "database", "redis": "cache", "celery": "queue", "bucket": "storage"}
"""What the first resource of a kind is called."""

NO_BROKER = re.compile(r"MQTT|KAFKA|NATS")
NO_REDIS = re.compile(r"REST_(?:API_)?URL$")
NO_BUCKET = re.compile(r"RATE|TOKEN|LEAKY|HISTOGRAM|LIMIT|TIME|^RAILWAY_BUCKET_NAME$")
"""Names that look like it and are not (Railway's is a display name, equal in every environment)."""

_FRONT = r"(?:(?:NEXT_PUBLIC|NUXT_PUBLIC|EXPO_PUBLIC|REACT_APP|VUE_APP|VITE|GATSBY|PUBLIC|NG_APP)_)?"
WEB: Mapping[str, re.Pattern[str]] = {
    "api": re.compile(
        rf"^{_FRONT}(?:API|BACKEND|SERVER)_(?:URL|URI|BASE|BASE_URL|ORIGIN|HOST|DOMAIN|ROOT|PUBLIC_URL)$"
    ),
    "web": re.compile(
        rf"^{_FRONT}(?:WEB|FRONTEND|CLIENT|APP|SITE|WEBSITE|PUBLIC|BASE|ROOT|HOST|UI|DASHBOARD)"
        r"_(?:URL|URI|BASE_URL|ORIGIN|HOST|DOMAIN|PUBLIC_URL)$"
        r"|^(?:NEXTAUTH_URL|DOMAIN|DOMAIN_NAME|RENDER_EXTERNAL_URL|RENDER_EXTERNAL_HOSTNAME"
        r"|HEROKU_APP_DEFAULT_DOMAIN_NAME|WEBSITE_HOSTNAME|VERCEL_URL|RAILWAY_PUBLIC_DOMAIN|PHX_HOST)$"
    ),
}
"""Addresses of the environment's own services. Nothing else over http is: a vendor's API is not ours."""

WEB_FIRST: Mapping[str, tuple[str, ...]] = {
    "api": ("API_URL", "API_BASE_URL", "BACKEND_URL"),
    "web": ("WEB_URL", "FRONTEND_URL", "APP_URL", "SITE_URL"),
}

RESOURCE_LIKE = re.compile(
    r"(?:^|_)(?:URL|URI|DSN|HOST|HOSTS|HOSTNAME|ADDR|ADDRESS|NODES|SERVERS?|BROKERS|ENDPOINT"
    r"|BUCKET|BUCKET_NAME|CONNECTION_?STRING|DOMAIN)$|^CONNECTIONSTRINGS_"
)
PLATFORM = re.compile(
    r"^(?:RAILWAY|VERCEL|RENDER|FLY|HEROKU|DYNO|KUBERNETES|AWS_LAMBDA|GITHUB|CI)_|^DISJOINT_|^HOSTNAME$"
)
"""Variables that a platform sets, about itself."""
NO_ADDRESS = re.compile(r"true|false|yes|no|on|off|null|none|\d+", re.IGNORECASE)
"""What a switch or a number holds, whatever its variable is called."""
