"""A world: two environments' variables and manifest over running servers, as a user would have them.

A value: a leak makes another world of it and leaves this one as it was.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal

from . import shop
from .servers.web import ACCOUNT, CANARY
from .stack import BROKER, RESULTS, Servers, Stack

Value = str | bool | int | tuple[str, ...] | date
Table = Mapping[str, Value]
"""One TOML table."""
Half = Literal["production", "staging"]
HALVES: tuple[Half, Half] = ("production", "staging")

MARK = "# The demo's own file"
"""Begins every file that is written, so that nobody else's is ever replaced."""

STORAGE = "storage.disjoint.test:9000"
"""One endpoint for both: its bucket names live in one namespace."""


@dataclass(frozen=True, slots=True)
class Side:
    """One environment as its files say it."""

    variables: Mapping[str, str] = field(repr=False)
    reach_at: Mapping[str, str]
    """Name and port there -> port of 127.0.0.1 here, both as ``host:port``."""


@dataclass(frozen=True, slots=True)
class World:
    """Two environments over a stack."""

    stack: Stack
    production: Side
    staging: Side
    resources: Mapping[str, Table] = field(default_factory=dict)
    public: tuple[str, ...] = ()
    """Variables whose values are no secrets."""
    waivers: tuple[Table, ...] = ()

    def setting(self, half: Half, **variables: str) -> World:
        """With variables of one environment set; an empty one is left out."""
        side = self.side(half)
        merged = {name: value for name, value in {**side.variables, **variables}.items() if value}
        return self._with(half, replace(side, variables=merged))

    def reaching(self, place: str, port: int, half: Half | None = None) -> World:
        """With a name mapped to a port of 127.0.0.1, in both environments unless one is named."""
        world = self
        for name in (half,) if half else HALVES:
            side = world.side(name)
            world = world._with(name, replace(side, reach_at={**side.reach_at, place: _here(port)}))
        return world

    def declaring(self, name: str, table: Table) -> World:
        """With a resource declared, or declared further."""
        merged = {**self.resources.get(name, {}), **table}
        return replace(self, resources={**self.resources, name: merged})

    def publishing(self, *names: str) -> World:
        """With variables declared to be no secrets."""
        return replace(self, public=(*self.public, *names))

    def waiving(self, rule: str, resource: str, reason: str, *variables: str) -> World:
        """With a finding accepted by two people for a month; of these variables alone, if any."""
        expires = datetime.now(UTC).date() + timedelta(days=30)
        waiver: Table = {
            "rule": rule, "resource": resource, "reason": reason, "owner": "Ada", "approver": "Grace",
            "expires": expires, **({"variables": variables} if variables else {}),
        }  # fmt: skip
        return replace(self, waivers=(*self.waivers, waiver))

    def side(self, half: Half) -> Side:
        """One environment."""
        return self.production if half == "production" else self.staging

    def _with(self, half: Half, side: Side) -> World:
        return replace(self, production=side) if half == "production" else replace(self, staging=side)

    def write(self, directory: Path) -> Path:
        """Write both files of variables and the manifest; the manifest's path.

        Files that exist are replaced; all are readable by their owner only.
        """
        for name in HALVES:
            side = self.side(name)
            lines = [
                f"{MARK}: {name}'s variables. These credentials end with it.",
                *_assignments(side.variables),
            ]
            _private(directory / f".env.{name}", lines)
        return _private(directory / "disjoint.toml", _manifest(self))


def clean(stack: Stack) -> World:
    """Two environments that have nothing in common."""
    reach_at = {
        STORAGE: _here(stack.store.port),
        **_places(stack.production),
        **_places(stack.staging),
    }
    production, staging = (
        Side(_variables(servers, stack), reach_at) for servers in (stack.production, stack.staging)
    )
    return World(stack, production, staging, _RESOURCES)


def place(what: str, environment: str, port: int) -> str:
    """What a server is called where it is used: ``postgres.production.test:5432``."""
    return f"{what}.{environment}.test:{port}"


SENTINEL = f"SELECT count(*) FROM users WHERE email LIKE '%@{shop.CUSTOMERS}'"  # noqa: S608  a constant

_RESOURCES: Mapping[str, Table] = {
    "database": {
        "kind": "postgres",
        "url": "$DATABASE_URL",
        "sentinels": (SENTINEL,),
        "tables": shop.TABLES,
        "reach": True,
        "stamp": True,
    },
    "cache": {"kind": "redis", "url": "$REDIS_URL", "keys": ("staging:",), "reach": True},
    "tasks": {
        "kind": "celery",
        "broker": "$CELERY_BROKER_URL",
        "result_backend": "$CELERY_RESULT_BACKEND",
        "queues": ("$CELERY_QUEUE",),
        "reach": True,
        "ping": True,
    },
    "storage": {
        "kind": "bucket",
        "name": "$STORAGE_BUCKET_NAME",
        "endpoint": "$STORAGE_ENDPOINT_URL",
        "access_key": "$AWS_ACCESS_KEY_ID",
        "secret_key": "$AWS_SECRET_ACCESS_KEY",
        "objects": ("staging/",),
        "canary": True,
        "reach": True,
        "replication": True,
    },
    "api": {
        "kind": "web",
        "url": "$API_URL",
        "cors": True,
        "origin": "$WEB_URL",
        "reach": True,
        "token_path": ACCOUNT,
        "secret_key": "$SECRET_KEY",
        "canary": CANARY,
    },
    "site": {"kind": "web", "url": "$WEB_URL", "pages": ("/login",), "bundle": True, "canary": CANARY},
}


def _variables(servers: Servers, stack: Stack) -> dict[str, str]:
    name, secret = servers.environment, stack.supervisor.secret
    broker = place("broker", name, 6379)
    login = servers.login
    variables = {
        "ENVIRONMENT": name,
        "DATABASE_URL": database_url(place("postgres", name, 5432), login),
        "REDIS_URL": servers.cache.url(place("cache", name, 6379)),
        "CELERY_BROKER_URL": servers.broker.url(broker, BROKER),
        "CELERY_RESULT_BACKEND": servers.broker.url(broker, RESULTS),
        "CELERY_QUEUE": servers.queue,
        "STORAGE_BUCKET_NAME": servers.bucket,
        "STORAGE_ENDPOINT_URL": f"http://{STORAGE}",
        "AWS_ACCESS_KEY_ID": servers.key.access,
        "AWS_SECRET_ACCESS_KEY": servers.key.secret,
        "API_URL": f"http://api.{name}.test",
        "WEB_URL": f"http://www.{name}.test",
        "SECRET_KEY": servers.secret_key,
    }
    mode = "live" if name == "production" else "test"
    return {**variables, "STRIPE_SECRET_KEY": f"sk_{mode}_{secret(24)}"}


def database_url(where: str, login: shop.Login) -> str:
    """A DSN as an application has it."""
    return f"postgresql://{login.user}:{login.password}@{where}/{login.database}"


def _places(servers: Servers) -> dict[str, str]:
    name = servers.environment
    ports = {
        place("postgres", name, 5432): servers.postgres.port,
        place("cache", name, 6379): servers.cache.port,
        place("broker", name, 6379): servers.broker.port,
        place("api", name, 80): servers.api.port,
        place("www", name, 80): servers.web.port,
    }
    return {name: _here(port) for name, port in ports.items()}


def _here(port: int) -> str:
    return f"127.0.0.1:{port}"


def _private(path: Path, lines: list[str]) -> Path:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text("\n".join((*lines, "")))
    return path


def _assignments(variables: Mapping[str, str]) -> list[str]:
    """Values are URLs, names and tokens of our own: none holds a quote, a dollar sign or a line end."""
    return [f"{name}='{value}'" for name, value in variables.items()]


def _manifest(world: World) -> list[str]:
    lines = [f"{MARK}: `disjoint verify --manifest` reads it like any other."]
    lines += [f"public = {_toml(world.public)}"] if world.public else []
    for name, side, protected in (("production", world.production, True), ("staging", world.staging, False)):
        lines += ["", f"[environments.{name}]", f'variables = {{ dotenv = ".env.{name}" }}']
        lines += ["protected = true"] if protected else []
        lines += ["", f"[environments.{name}.reach_at]", *_table(side.reach_at)]
    for name, table in world.resources.items():
        lines += ["", f"[resources.{name}]", *_table(table)]
    for waiver in world.waivers:
        lines += ["", "[[waivers]]", *_table(waiver)]
    return lines


def _table(table: Table) -> list[str]:
    return [f"{_key(name)} = {_toml(value)}" for name, value in table.items()]


def _toml(value: Value) -> str:
    """TOML takes JSON's strings, booleans, integers and arrays as they are."""
    return value.isoformat() if isinstance(value, date) else json.dumps(value)


def _key(name: str) -> str:
    return name if name.replace("_", "").isalnum() else json.dumps(name)
