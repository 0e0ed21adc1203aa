"""No rows are passed over in silence: odd schemas, odd roles, odd columns, a lock at the wrong time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from census_world import compared, shared
from postgres_world import World, build

from disjoint.demo.servers.postgres import PostgresServer
from disjoint.demo.supervisor import Supervisor

pytestmark = pytest.mark.live

PEOPLE = """
CREATE TABLE people (mail text);
INSERT INTO people SELECT 'person' || n || '@production.test' FROM generate_series(1, 40) n;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO app;
"""
COPY = "SELECT 'person' || n || '@production.test' AS mail FROM generate_series(1, 40) n"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with Supervisor() as running:
        yield build(running)


def filled(world: World, server: PostgresServer, sql: str) -> str:
    """A fresh database with that content; its URL."""
    with server.admin() as admin:
        admin.execute(b"DROP DATABASE IF EXISTS passed")
        admin.execute(b"CREATE DATABASE passed")
    with server.admin("passed") as admin:
        admin.execute(sql.encode())
    return world.url(server, database="passed")


@pytest.mark.parametrize("schema", ["pgboss", "pg7", "information_schema"])
def test_a_schema_that_is_called_nearly_as_the_servers_own_is_read(world: World, schema: str) -> None:
    """Whatever a role's setting makes of a backslash in a pattern; and a superuser's table among views."""
    own = "" if schema == "information_schema" else f"CREATE SCHEMA {schema};"
    copied = f"{own} CREATE TABLE {schema}.kept AS {COPY}; GRANT USAGE ON SCHEMA {schema} TO app;"
    production = filled(world, world.production, PEOPLE)
    staging = filled(world, world.staging, f"{copied} GRANT SELECT ON {schema}.kept TO app;")
    with world.staging.admin() as admin:
        admin.execute(b"ALTER ROLE app SET standard_conforming_strings TO off")
    try:
        found = compared(production, staging)
    finally:
        with world.staging.admin() as admin:
            admin.execute(b"ALTER ROLE app RESET standard_conforming_strings")
    assert shared(found) == {("public.people.mail", f"{schema}.kept.mail"): (40, 40)}
    assert not found.blind
