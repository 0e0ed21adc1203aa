"""What several families of database worlds begin with: roles, databases, and where staging's URL leads."""

from __future__ import annotations

from pathlib import Path

from disjoint.demo import shop
from disjoint.demo.servers.forward import Forward
from disjoint.demo.servers.postgres import PostgresServer
from disjoint.demo.world import Half, World, database_url, place

PRODUCTION = place("postgres", "production", 5432)
STAGING = place("postgres", "staging", 5432)


def reader_in_production(world: World) -> shop.Login:
    """A role of staging's own that reads production's database: the leak is the server, not the password."""
    production = world.stack.production
    return shop.add_reader(production.postgres, production.login.database, world.stack.fresh("staging_app"))


def own_database(
    world: World, server: PostgresServer | None = None, rows: shop.Rows = shop.STAGING_ROWS
) -> shop.Login:
    """A fresh database with the shop's tables, on staging's server unless another is named."""
    name = world.stack.fresh(f"shop_{rows.environment}")
    return shop.add_database(server or world.stack.staging.postgres, name, name, rows)


def own_server(world: World) -> PostgresServer:
    """A server for what every database of it would show; a backup of staging's starts faster than initdb."""
    return world.stack.staging.postgres.copy(world.stack.fresh("postgres-staging-own"))


def lead(world: World, where: str, port: int, login: shop.Login, half: Half = "staging") -> World:
    """A side's URL names `where`, which is found at `port`."""
    return world.reaching(where, port).setting(half, DATABASE_URL=database_url(where, login))


def signed_in(world: World, login: shop.Login) -> World:
    """Staging signs in to another database of its own server."""
    return world.setting("staging", DATABASE_URL=database_url(STAGING, login))


def edge(world: World, target: int, certificate: Path) -> int:
    """The port of a place where PostgreSQL's TLS ends."""
    stack = world.stack
    return Forward.start(
        stack.supervisor, stack.fresh("postgres-edge"), target, certificate=certificate, greeting="postgres"
    ).port
