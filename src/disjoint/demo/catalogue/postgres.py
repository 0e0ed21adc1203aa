"""Databases: staging's URL leads to production's server, to a copy of it, or has a way out to it."""

from __future__ import annotations

from psycopg import sql

from disjoint.demo import shop
from disjoint.demo.servers.forward import Forward
from disjoint.demo.servers.postgres import PostgresServer
from disjoint.demo.world import HALVES, World, database_url, place

from .leak import Leak, doubts, shares, stands

SERVER = "database server"
COPY = "database copy"
LINK = "database link"
RIGHTS = "database rights"
PRODUCTION = place("postgres", "production", 5432)


def _staging_role(world: World) -> shop.Login:
    """A role of staging's own that reads production's database: the leak is the server, not the password."""
    production = world.stack.production
    return shop.add_reader(production.postgres, production.login.database, world.stack.fresh("staging_app"))


def _own_database(world: World, server: PostgresServer) -> shop.Login:
    name = world.stack.fresh("shop_staging")
    return shop.add_database(server, name, name, shop.STAGING_ROWS)


def _lead(world: World, where: str, port: int, login: shop.Login) -> World:
    """Staging's URL names `where`, which is found at `port`."""
    return world.reaching(where, port).setting("staging", DATABASE_URL=database_url(where, login))


def same_server(world: World) -> World:
    login = _staging_role(world)
    return world.setting("staging", DATABASE_URL=database_url(PRODUCTION, login))


def other_database(world: World) -> World:
    server = world.stack.production.postgres
    where = place("postgres-shared", "staging", 5432)
    return _lead(world, where, server.port, _own_database(world, server))


def through_forward(world: World) -> World:
    stack = world.stack
    tunnel = Forward.start(stack.supervisor, stack.fresh("tunnel"), stack.production.postgres.port)
    return _lead(world, place("tunnel", "staging", 6543), tunnel.port, _staging_role(world))


def replica(world: World) -> World:
    login = _staging_role(world)
    standby = world.stack.production.postgres.standby(world.stack.fresh("standby"))
    return _lead(world, place("postgres-read", "staging", 5432), standby.port, login)


def copy(world: World) -> World:
    restored = world.stack.production.postgres.copy(world.stack.fresh("restored"))
    database = world.stack.production.login.database
    with restored.admin(database) as admin:
        admin.execute("TRUNCATE users, orders")  # "we emptied it": the cluster is still production's
    login = shop.add_reader(restored, database, "staging_app_restored")
    return _lead(world, place("postgres-restored", "staging", 5432), restored.port, login)


def foreign_server(world: World) -> World:
    server = world.stack.staging.postgres
    login = _own_database(world, server)
    host, _, port = PRODUCTION.partition(":")
    with server.admin(login.database) as admin:
        admin.execute("CREATE EXTENSION postgres_fdw")
        statement = sql.SQL(
            "CREATE SERVER reports FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host {}, port {}, dbname {})"
        )
        database = world.stack.production.login.database
        admin.execute(statement.format(*map(sql.Literal, (host, port, database))))
    return world.setting("staging", DATABASE_URL=database_url(place("postgres", "staging", 5432), login))


def half_permitted_role(world: World) -> World:
    server = world.stack.staging.postgres
    login = _own_database(world, server)
    with server.admin(login.database) as admin:
        admin.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
    return world.setting("staging", DATABASE_URL=database_url(place("postgres", "staging", 5432), login))


def row_level_security(world: World) -> World:
    server = world.stack.staging.postgres
    login = _own_database(world, server)
    with server.admin(login.database) as admin:
        admin.execute("ALTER TABLE users ENABLE ROW LEVEL SECURITY")
        admin.execute(f"CREATE POLICY own ON users USING (email LIKE '%@{shop.TESTERS}')")
    seen = shop.add_reader(server, login.database, world.stack.fresh("reader"))
    return world.setting("staging", DATABASE_URL=database_url(place("postgres", "staging", 5432), seen))


def unreachable(world: World) -> World:
    where = place("postgres-moved", "production", 5432)
    dead = world.reaching(where, world.stack.dead_port())
    return dead.setting("production", DATABASE_URL=database_url(where, world.stack.production.login))


def railway_names(world: World) -> World:
    where = "postgres.railway.internal:5432"
    for half in HALVES:
        servers = world.stack.servers(half)
        world = world.reaching(where, servers.postgres.port, half)
        world = world.setting(half, DATABASE_URL=database_url(where, servers.login))
    return world


def proxy_host(world: World) -> World:
    for half, port in zip(HALVES, (20717, 31954), strict=True):
        servers = world.stack.servers(half)
        where = f"shuttle.proxy.test:{port}"
        world = world.reaching(where, servers.postgres.port)
        world = world.setting(half, DATABASE_URL=database_url(where, servers.login))
    return world


LEAKS: tuple[Leak, ...] = (
    shares("same-postgres", SERVER, "postgres/same-server",
           "staging's DATABASE_URL names production's database, with a role of its own", same_server),
    shares("same-postgres-other-database", SERVER, "postgres/same-server",
           "staging has its own database on production's server, under another host name", other_database),
    shares("same-postgres-through-forward", SERVER, "postgres/same-server",
           "staging reaches production's database through a TCP forward with another name and port",
           through_forward),
    shares("postgres-replica", COPY, "postgres/replica-or-copy",
           "staging reads a streaming replica of production's server", replica),
    shares("postgres-copy", COPY, "postgres/replica-or-copy",
           "staging runs on a base backup of production's server whose tables were emptied", copy),
    shares("foreign-server", LINK, "postgres/foreign-link",
           "a foreign server in staging's database leads to production's", foreign_server),
    doubts("unreachable-production", SERVER, "postgres/same-server",
           "production's database refuses connections", unreachable),
    doubts("half-permitted-role", RIGHTS, "postgres/same-server",
           "staging's role may not ask the server who it is", half_permitted_role),
    doubts("row-level-security", RIGHTS, "postgres/sentinel",
           "a policy hides rows of the table that a sentinel counts", row_level_security),
    stands("railway-names", SERVER,
           "both databases are called postgres.railway.internal, each in its own network", railway_names),
    stands("shared-proxy-host", SERVER,
           "both databases are behind one proxy's host name, on two ports", proxy_host),
)  # fmt: skip
