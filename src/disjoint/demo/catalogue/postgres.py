"""Databases: staging's URL leads to production's server, to a replica or to a copy of it."""

from __future__ import annotations

from disjoint.demo import shop
from disjoint.demo.servers.forward import Forward
from disjoint.demo.world import HALVES, World, database_url, place

from .databases import PRODUCTION, STAGING, lead, own_database, own_server, reader_in_production
from .leak import Leak, doubts, shares, stands

SERVER = "database server"
COPY = "database copy"


def same_server(world: World) -> World:
    login = reader_in_production(world)
    return world.setting("staging", DATABASE_URL=database_url(PRODUCTION, login))


def other_database(world: World) -> World:
    server = world.stack.production.postgres
    where = place("postgres-shared", "staging", 5432)
    return lead(world, where, server.port, own_database(world, server))


def other_schema(world: World) -> World:
    """The text differs in host and parameters; the rows are read through another search_path."""
    login, where = reader_in_production(world), place("postgres-schema", "staging", 5432)
    world = lead(world, where, world.stack.production.postgres.port, login)
    return world.setting(
        "staging", DATABASE_URL=f"{database_url(where, login)}?options=-csearch_path%3Dstaging"
    )


def through_forward(world: World) -> World:
    stack = world.stack
    tunnel = Forward.start(stack.supervisor, stack.fresh("tunnel"), stack.production.postgres.port)
    return lead(world, place("tunnel", "staging", 6543), tunnel.port, reader_in_production(world))


def replica(world: World) -> World:
    login = reader_in_production(world)
    standby = world.stack.production.postgres.standby(world.stack.fresh("standby"))
    return lead(world, place("postgres-read", "staging", 5432), standby.port, login)


def copy(world: World) -> World:
    restored = world.stack.production.postgres.copy(world.stack.fresh("restored"))
    database = world.stack.production.login.database
    with restored.admin(database) as admin:
        admin.execute("TRUNCATE users, orders")  # "we emptied it": the cluster is still production's
    login = shop.add_reader(restored, database, "staging_app_restored")
    return lead(world, place("postgres-restored", "staging", 5432), restored.port, login)


def reversed_copy(world: World) -> World:
    """Staging was there first: production was begun from its backup, and carries its roles too."""
    made = world.stack.staging.postgres.copy(world.stack.fresh("postgres-launched"))
    login = own_database(world, made, shop.PRODUCTION_ROWS)
    return lead(world, place("postgres-launched", "production", 5432), made.port, login, "production")


def own_replica(world: World) -> World:
    standby = world.stack.staging.postgres.standby(world.stack.fresh("standby"))
    return lead(world, place("postgres-read", "staging", 5432), standby.port, world.stack.staging.login)


def unreachable(world: World) -> World:
    where = place("postgres-moved", "production", 5432)
    dead = world.reaching(where, world.stack.dead_port())
    return dead.setting("production", DATABASE_URL=database_url(where, world.stack.production.login))


def several_hosts(world: World) -> World:
    """libpq asks the second host only when the first is down: which server that is, nobody asked."""
    spare = place("postgres-spare", "staging", 5432)
    world = world.reaching(spare, world.stack.staging.postgres.port)
    login = world.stack.staging.login
    return world.setting("staging", DATABASE_URL=database_url(f"{STAGING},{spare}", login))


def balancer(world: World) -> World:
    """Two servers with the same roles and databases, each connection to the other one."""
    stack, where = world.stack, place("postgres-balancer", "staging", 5432)
    servers = (stack.staging.postgres, own_server(world))
    forward = Forward.start(stack.supervisor, stack.fresh("postgres-balancer"), *(s.port for s in servers))
    return lead(world, where, forward.port, stack.staging.login)


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


def says_production(world: World) -> World:
    """Host and database are called production: people name servers after what they once were."""
    server = world.stack.staging.postgres
    login = shop.add_database(
        server, world.stack.fresh("production"), world.stack.fresh("app_production"), shop.STAGING_ROWS
    )
    return lead(world, "production-db.staging.test:5432", server.port, login)


LEAKS: tuple[Leak, ...] = (
    shares("same-postgres", SERVER, "postgres/same-server",
           "staging's DATABASE_URL names production's database, with a role of its own", same_server),
    shares("same-postgres-other-database", SERVER, "postgres/same-server",
           "staging has its own database on production's server, under another host name", other_database),
    shares("same-postgres-other-schema", SERVER, "postgres/same-database",
           "staging reads production's database through another schema, chosen by ?options=", other_schema),
    shares("same-postgres-through-forward", SERVER, "postgres/same-server",
           "staging reaches production's database through a TCP forward with another name and port",
           through_forward),
    shares("postgres-replica", COPY, "postgres/replica-or-copy",
           "staging reads a streaming replica of production's server", replica),
    shares("postgres-copy", COPY, "postgres/replica-or-copy",
           "staging runs on a base backup of production's server whose tables were emptied", copy),
    shares("postgres-copy-reversed", COPY, "postgres/replica-or-copy",
           "production's server was begun from a base backup of staging's", reversed_copy),
    doubts("unreachable-production", SERVER, "postgres/same-server",
           "production's database refuses connections", unreachable),
    doubts("postgres-several-hosts", SERVER, "postgres/same-server",
           "staging's URL lists two hosts, of which only the first is ever asked", several_hosts),
    doubts("postgres-balancer", SERVER, "postgres/same-server",
           "staging's database is a balancer that sends each connection to another server", balancer),
    stands("railway-names", SERVER,
           "both databases are called postgres.railway.internal, each in its own network", railway_names),
    stands("shared-proxy-host", SERVER,
           "both databases are behind one proxy's host name, on two ports", proxy_host),
    stands("database-says-production", SERVER,
           "staging's own host, database and role carry the word production", says_production),
    stands("own-postgres-replica", COPY,
           "staging reads a streaming replica of its own server", own_replica),
)  # fmt: skip
