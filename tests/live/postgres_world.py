"""Two PostgreSQL servers with ordinary roles, and one visit to either."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from disjoint.demo.servers.postgres import PostgresServer
from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.postgres.facts import PostgresDeclared, PostgresFacts
from disjoint.kinds.postgres.observe import observe
from disjoint.kinds.postgres.rules import RULES
from disjoint.model.environment import Environment, Setting, Target, Variable
from disjoint.model.fact import Known
from disjoint.model.finding import Judgement
from disjoint.model.kind import Question, Side
from disjoint.model.secret import RunKey, Secret
from disjoint.runner.deadline import Deadline
from disjoint.runner.tally import Tally
from disjoint.runner.visit import Seats, Visit

KEY = RunKey()
TAKEN_AT = datetime(2026, 1, 10, 12, 0, tzinfo=UTC)
SHOP = """
CREATE TABLE users (email text);
INSERT INTO users SELECT 'u' || n || '@example.test' FROM generate_series(1, 50) n;
CREATE TABLE guarded (email text);
INSERT INTO guarded SELECT * FROM users;
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY nobody ON guarded USING (false);
CREATE MATERIALIZED VIEW old_users AS SELECT * FROM users;
CREATE VIEW people AS SELECT email FROM users;
GRANT SELECT ON users, guarded, people, old_users TO app;
"""


@dataclass(frozen=True)
class World:
    """Servers, and the one password of their ordinary roles."""

    production: PostgresServer
    staging: PostgresServer
    password: str

    def url(self, server: PostgresServer, user: str = "app", database: str = "shop", query: str = "") -> str:
        return server.url(f"127.0.0.1:{server.port}", user, self.password, database) + query


def build(supervisor: Supervisor) -> World:
    """Start both servers; each holds databases ``shop`` and ``other``, roles ``app`` and ``bare``."""
    password = supervisor.secret()
    with ThreadPoolExecutor(2) as pool:
        starting = [pool.submit(PostgresServer.start, supervisor, n) for n in ("production", "staging")]
        production, staging = (future.result() for future in starting)
    for server in (production, staging):
        with server.admin() as admin:
            for role in ("app", "bare"):
                admin.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'".encode())
            for database in ("shop", "other"):
                admin.execute(f"CREATE DATABASE {database}".encode())
        with server.admin("shop") as admin:
            admin.execute(SHOP.encode())
    return World(production, staging, password)


def target(
    url: str,
    name: str = "production",
    variables: Mapping[str, str] = {},
    reach_at: Mapping[str, str] = {},
    **declared: Any,
) -> Target[PostgresDeclared]:
    """A declared database as one environment has it; beside it on its server stand those of other tests."""
    held = {n: Variable(n, Known(Secret(value)), ".env:2") for n, value in variables.items()}
    environment = Environment(name, name == "production", held, ".env", reach_at)
    setting = Setting(Secret(url), ("DATABASE_URL",), ".env:1")
    stated = PostgresDeclared(url="$DATABASE_URL", **{"databases": "own", **declared})
    return Target("database", "postgres", environment, stated, {"url": Known(setting)})


def visit(where: Target[PostgresDeclared], budget: float = 10.0) -> tuple[PostgresFacts, Tally]:
    """Observe once, with the world's one key; and what was sent."""
    tally = Tally(protected=where.environment.protected)
    with Deadline(budget) as deadline:
        return observe(where, Visit(where.environment, deadline, Seats(), tally, KEY)), tally


def ask(rule: str, production: PostgresFacts, staging: PostgresFacts, **declared: Any) -> Judgement:
    """What one rule says of two visits."""
    judge = next(r.judge for r in RULES if r.id == f"postgres/{rule}")
    return judge(
        Question(
            Side("production", True, TAKEN_AT, production),
            Side("staging", False, TAKEN_AT, staging),
            PostgresDeclared(url="$DATABASE_URL", **declared),
        )
    )
