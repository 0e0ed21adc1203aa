"""What people check by hand, as written: the specification's own steps, and comparing two URLs."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator, Mapping
from urllib.parse import SplitResult, urlsplit

import psycopg
import redis

from disjoint.demo.world import Side, World

Variables = Mapping[str, str]


def startup_snippet(world: World) -> bool:
    """The sample for app/main.py: true if it would log that isolation is verified."""
    staging, known = world.side("staging").variables, world.side("production").variables
    if staging.get("ENVIRONMENT") != "staging":
        return True  # the snippet checks nothing then, and the application starts
    url, bucket = staging.get("DATABASE_URL", ""), staging.get("STORAGE_BUCKET_NAME", "")
    return ("staging" in url.lower() or url != known.get("DATABASE_URL")) and "staging" in bucket.lower()


def compared_urls(world: World) -> bool:
    """Every variable of one name has two values."""
    staging, production = world.side("staging").variables, world.side("production").variables
    return all(production.get(name) != value for name, value in staging.items() if value)


def checklist(world: World) -> bool:
    """Every step of the document, followed as it is written."""
    return all(_steps(world))


def _steps(world: World) -> Iterator[bool]:
    staging, production = world.side("staging"), world.side("production")
    for name in ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "API_URL", "WEB_URL"):
        yield _host(staging.variables, name) != _host(production.variables, name)
        yield "staging" in (_host(staging.variables, name) or "")
    bucket = staging.variables.get("STORAGE_BUCKET_NAME", "")
    yield bucket != production.variables.get("STORAGE_BUCKET_NAME") and "staging" in bucket
    yield staging.variables.get("ENVIRONMENT") == "staging"
    yield staging.variables.get("SECRET_KEY") != production.variables.get("SECRET_KEY")
    yield _sample(staging)
    yield _keys(staging)
    yield _health(staging) == "staging"


def _parts(url: str) -> SplitResult:
    """The URL with the first of its hosts: who checks by hand sees no other."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.partition(",")[0])


def _host(variables: Variables, name: str) -> str | None:
    return _parts(variables.get(name, "")).hostname


def _at(side: Side, url: str) -> tuple[str, int]:
    parts = _parts(url)
    port = parts.port or {"http": 80, "https": 443, "redis": 6379}.get(parts.scheme, 5432)
    named = f"{parts.hostname}:{port}"
    address, _, mapped = side.reach_at.get(named, named).rpartition(":")
    return address, int(mapped)


def _sample(side: Side) -> bool:
    """SELECT COUNT(*) FROM users WHERE email LIKE '%@production.com' returns 0."""
    url = side.variables.get("DATABASE_URL", "")
    parts = _parts(url)
    try:
        host, port = _at(side, url)
        with psycopg.connect(
            host=host,
            port=port,
            user=parts.username,
            password=parts.password,
            dbname=parts.path.strip("/"),
            connect_timeout=3,
        ) as connection:
            found = connection.execute(
                "SELECT COUNT(*) FROM users WHERE email LIKE '%@production.com'"
            ).fetchone()
    except (psycopg.Error, ValueError):
        return False
    return found == (0,)


def _keys(side: Side) -> bool:
    """KEYS celery* shows no queue that is not staging's."""
    url = side.variables.get("CELERY_BROKER_URL", "")
    parts = _parts(url)
    try:
        host, port = _at(side, url)
        database = int(parts.path.strip("/") or 0)
        keys = redis.Redis(host, port, database, parts.password, socket_timeout=3).keys("celery*")
    except (redis.RedisError, ValueError):
        return False  # no Redis, so that the step cannot be followed
    return all(b"production" not in key for key in keys)


def _health(side: Side) -> str:
    try:
        host, port = _at(side, side.variables.get("API_URL", ""))
        with urllib.request.urlopen(f"http://{host}:{port}/health", timeout=3) as answer:
            return str(json.loads(answer.read()).get("environment"))
    except (OSError, ValueError):
        return ""
