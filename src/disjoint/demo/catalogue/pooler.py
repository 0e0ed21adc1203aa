"""Poolers: PgBouncer stands before a server, under another name, port and database name."""

from __future__ import annotations

from disjoint.demo import shop
from disjoint.demo.servers.pgbouncer import PACKAGE, Pool, Pooler, Pooling
from disjoint.demo.servers.postgres import PostgresServer
from disjoint.demo.world import HALVES, Half, World, place

from .databases import lead, own_database, reader_in_production
from .leak import Leak, doubts, shares, stands

POOLER = "pooler"


def pooled(
    world: World,
    server: PostgresServer,
    login: shop.Login,
    alias: str,
    half: Half = "staging",
    pooling: Pooling = "transaction",
) -> World:
    """A side's URL names a pooler, and the alias that it has for a database."""
    stack = world.stack
    pool = Pool(server.port, login.database, login.user, login.password)
    pooler = Pooler.start(stack.supervisor, stack.fresh("pgbouncer"), {alias: pool}, pooling)
    return lead(world, place("pgbouncer", half, 6432), pooler.port, login._replace(database=alias), half)


def transaction(world: World) -> World:
    server, login = world.stack.production.postgres, reader_in_production(world)
    return pooled(world, server, login, login.database)


def statement(world: World) -> World:
    server, login = world.stack.production.postgres, reader_in_production(world)
    return pooled(world, server, login, login.database, pooling="statement")


def other_database(world: World) -> World:
    server = world.stack.production.postgres
    login = own_database(world, server)
    return pooled(world, server, login, login.database)


def alias(world: World) -> World:
    server, login = world.stack.production.postgres, reader_in_production(world)
    return pooled(world, server, login, "shop_staging")


def own(world: World) -> World:
    servers = world.stack.staging
    return pooled(world, servers.postgres, servers.login, servers.login.database)


def own_statement(world: World) -> World:
    servers = world.stack.staging
    return pooled(world, servers.postgres, servers.login, servers.login.database, pooling="statement")


def production_statement(world: World) -> World:
    servers = world.stack.production
    database = servers.login.database
    return pooled(world, servers.postgres, servers.login, database, "production", "statement")


def own_alias(world: World) -> World:
    servers = world.stack.staging
    return pooled(world, servers.postgres, servers.login, "shop_production")


def one_each(world: World) -> World:
    for half in HALVES:
        servers = world.stack.servers(half)
        world = pooled(world, servers.postgres, servers.login, "app", half)
    return world


LEAKS: tuple[Leak, ...] = (
    shares("pgbouncer-transaction", POOLER, "postgres/same-server",
           "staging reaches production's database through PgBouncer in transaction pooling", transaction,
           needs=PACKAGE),
    shares("pgbouncer-other-database", POOLER, "postgres/same-server",
           "staging's own database, behind PgBouncer, is on production's server", other_database,
           needs=PACKAGE),
    shares("pgbouncer-alias", POOLER, "postgres/same-database",
           "PgBouncer calls production's database shop_staging", alias, needs=PACKAGE),
    shares("pgbouncer-statement", POOLER, "postgres/same-server",
           "staging reaches production's database through PgBouncer in statement pooling", statement,
           needs=PACKAGE),
    stands("own-pgbouncer", POOLER,
           "staging has a PgBouncer of its own before its own server", own, needs=PACKAGE),
    doubts("own-pgbouncer-statement", POOLER, "postgres/sentinel",
           "staging's own PgBouncer pools by the statement, and no sentinel can be counted through it",
           own_statement, needs=PACKAGE),
    stands("pgbouncer-statement-production", POOLER,
           "production has a PgBouncer that pools by the statement, staging a server of its own",
           production_statement, needs=PACKAGE),
    stands("pgbouncer-alias-production", POOLER,
           "staging's own PgBouncer calls its database shop_production", own_alias, needs=PACKAGE),
    stands("pgbouncer-each", POOLER,
           "each environment has a PgBouncer, and both call their database app", one_each, needs=PACKAGE),
)  # fmt: skip
