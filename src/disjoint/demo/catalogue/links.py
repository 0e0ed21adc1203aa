"""Links: a database of staging's keeps a way out to production's server."""

from __future__ import annotations

from psycopg import sql

from disjoint.demo import shop
from disjoint.demo.servers.postgres import PostgresServer
from disjoint.demo.world import World, place

from .databases import PRODUCTION, STAGING, lead, own_database, own_server, signed_in
from .leak import Leak, doubts, shares, stands

LINK = "database link"


def _foreign(world: World, where: str, database: str, wrapper: str = "postgres_fdw") -> World:
    """Staging's database has a foreign server that leads to `where`."""
    login = own_database(world)
    _leading(world.stack.staging.postgres, login, where, database, wrapper)
    return signed_in(world, login)


def _leading(
    server: PostgresServer, login: shop.Login, where: str, database: str, wrapper: str = "postgres_fdw"
) -> None:
    host, _, port = where.partition(":")
    with server.admin(login.database) as admin:
        extension = sql.Identifier(wrapper.replace("dblink_fdw", "dblink"))
        admin.execute(sql.SQL("CREATE EXTENSION {}").format(extension))
        statement = "CREATE SERVER reports FOREIGN DATA WRAPPER {} OPTIONS (host {}, port {}, dbname {})"
        options = map(sql.Literal, (host, port, database))
        admin.execute(sql.SQL(statement).format(sql.Identifier(wrapper), *options))


def foreign_server(world: World) -> World:
    return _foreign(world, PRODUCTION, world.stack.production.login.database)


def dblink(world: World) -> World:
    return _foreign(world, PRODUCTION, world.stack.production.login.database, "dblink_fdw")


def production_reads_staging(world: World) -> World:
    server = world.stack.production.postgres
    login = own_database(world, server, shop.PRODUCTION_ROWS)
    _leading(server, login, STAGING, world.stack.staging.login.database)
    return lead(world, PRODUCTION, server.port, login, "production")


def other_name(world: World) -> World:
    """The names differ; staging's network leads that name to the place where production answers."""
    where = place("warehouse", "staging", 5433)
    world = world.reaching(where, world.stack.production.postgres.port)
    return _foreign(world, where, "shop_reports")


def unknown_server(world: World) -> World:
    """Nobody asked that server whose it is."""
    return _foreign(world, "warehouse.partner.test:5432", "facts")


def inward(world: World) -> World:
    server = world.stack.staging.postgres
    return _foreign(world, f"127.0.0.1:{server.port}", world.stack.staging.login.database)


def file_wrapper(world: World) -> World:
    login = own_database(world)
    with world.stack.staging.postgres.admin(login.database) as admin:
        admin.execute("CREATE EXTENSION file_fdw")
        admin.execute("CREATE SERVER logs FOREIGN DATA WRAPPER file_fdw")
    return signed_in(world, login)


def _subscribed(world: World) -> tuple[World, PostgresServer, shop.Login]:
    """Staging's server, restored from elsewhere, still has a subscription to production's publication.

    Subscriptions are seen from every database of a server: so it is one that no other world uses.
    """
    server, login = own_server(world), world.stack.staging.login
    production = world.stack.production.login
    host, _, port = PRODUCTION.partition(":")
    target = f"host={host} port={port} dbname={production.database} user={production.user}"
    with server.admin(login.database) as admin:
        statement = "CREATE SUBSCRIPTION orders CONNECTION {} PUBLICATION orders WITH ({})"
        offline = sql.SQL("connect = false, slot_name = NONE")
        admin.execute(sql.SQL(statement).format(sql.Literal(target), offline))
    return lead(world, place("postgres-subscriber", "staging", 5432), server.port, login), server, login


def subscription(world: World) -> World:
    made, server, login = _subscribed(world)
    with server.admin(login.database) as admin:
        grant = sql.SQL("GRANT SELECT (oid, subname, subconninfo) ON pg_subscription TO {}")
        admin.execute(grant.format(sql.Identifier(login.user)))
    return made


def hidden_subscription(world: World) -> World:
    made, _, _ = _subscribed(world)
    return made


LEAKS: tuple[Leak, ...] = (
    shares("foreign-server", LINK, "postgres/foreign-link",
           "a foreign server in staging's database leads to production's", foreign_server),
    shares("dblink-server", LINK, "postgres/foreign-link",
           "a server that dblink uses in staging's database leads to production's", dblink),
    shares("foreign-server-reversed", LINK, "postgres/foreign-link",
           "a foreign server in production's database leads to staging's", production_reads_staging),
    shares("foreign-server-other-name", LINK, "postgres/foreign-link",
           "a foreign server leads to another name, which staging's network takes to production's server",
           other_name),
    shares("subscription", LINK, "postgres/foreign-link",
           "staging's server subscribes to a publication of production's", subscription),
    doubts("subscription-hidden", LINK, "postgres/foreign-link",
           "staging's server has a subscription, and its role may not read where it leads",
           hidden_subscription),
    doubts("foreign-server-unknown", LINK, "postgres/foreign-link",
           "a foreign server in staging's database leads to a server that nobody declared", unknown_server),
    stands("foreign-server-inward", LINK,
           "a foreign server leads to another database of staging's own server", inward),
    stands("foreign-files", LINK,
           "a foreign server of staging's reads files, and no other server", file_wrapper),
)  # fmt: skip
