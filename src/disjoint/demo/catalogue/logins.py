"""Logins: staging's own credentials are good at production's door, whichever server they were made for."""

from __future__ import annotations

from psycopg import sql

from disjoint.demo.servers.valkey import ValkeyServer
from disjoint.demo.stack import BROKER
from disjoint.demo.world import HALVES, World, place

from .cache_rights import NO_CHANNELS, NO_INFO, restricted, silent_server
from .databases import own_database, signed_in
from .leak import Leak, shares, stands
from .rights import ACTIVITY, IDENTITY, LOCKS, START, without

LOGIN = "login"
CACHE = place("cache", "staging", 6379)


def _known_in_production(world: World, user: str, password: str) -> None:
    """Production's server has the role too."""
    with world.stack.production.postgres.admin() as admin:
        statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
        admin.execute(statement.format(sql.Identifier(user), sql.Literal(password)))


def database_login(world: World) -> World:
    """Both servers were set up by one script."""
    login = own_database(world)
    _known_in_production(world, login.user, login.password)
    return signed_in(world, login)


def other_password(world: World) -> World:
    login = own_database(world)
    _known_in_production(world, login.user, world.stack.supervisor.secret())
    return signed_in(world, login)


def hidden_database(world: World) -> World:
    """Production's server, which tells staging's role nothing: that it lets the role in is what tells."""
    server = world.stack.production.postgres
    login = without(server, own_database(world, server), IDENTITY, START, *LOCKS, *ACTIVITY)
    world = world.reaching(place("postgres-mute", "staging", 5432), server.port)
    url = server.url(place("postgres-mute", "staging", 5432), login.user, login.password, login.database)
    return world.setting("staging", DATABASE_URL=url)


def cache_login(world: World) -> World:
    account = world.stack.staging.cache.account(world.stack.fresh("staging"))
    _accept(world.stack.production.cache, account.user, account.password)
    return world.setting("staging", REDIS_URL=world.stack.staging.cache.url(CACHE, 0, account))


def other_cache_password(world: World) -> World:
    account = world.stack.staging.cache.account(world.stack.fresh("staging"))
    _accept(world.stack.production.cache, account.user, world.stack.supervisor.secret())
    return world.setting("staging", REDIS_URL=world.stack.staging.cache.url(CACHE, 0, account))


def broker_login(world: World) -> World:
    """A worker of staging's with one wrong host name takes production's tasks."""
    broker, where = world.stack.staging.broker, place("broker", "staging", 6379)
    account = broker.account(world.stack.fresh("staging"))
    _accept(world.stack.production.broker, account.user, account.password)
    return world.setting("staging", CELERY_BROKER_URL=broker.url(where, BROKER, account))


def silent_cache(world: World) -> World:
    """One server, which can be neither asked nor marked: that it lets staging in is what tells."""
    server = silent_server(world)
    for half in HALVES:
        world = restricted(world, server, *NO_INFO, *NO_CHANNELS, half=half)
    return world


def _accept(server: ValkeyServer, user: str, password: str) -> None:
    server.ask("ACL", "SETUSER", user, "on", f">{password}", "~*", "&*", "+@all")


DATABASES: tuple[Leak, ...] = (
    shares("postgres-login-accepted", LOGIN, "postgres/cross-login",
           "production's server knows staging's role and password, though staging has a server of its own",
           database_login),
    shares("everything-hidden-one-server", LOGIN, "postgres/cross-login",
           "staging's database is on production's server, which tells staging's role nothing at all",
           hidden_database),
    stands("same-role-other-password", LOGIN,
           "production's server knows a role of that name, with another password", other_password),
)  # fmt: skip
CACHES: tuple[Leak, ...] = (
    shares("redis-login-accepted", LOGIN, "redis/cross-login",
           "production's cache knows staging's account and password, though staging has a server of its own",
           cache_login),
    shares("redis-silent-one-server", LOGIN, "redis/cross-login",
           "one cache, which neither account may ask or mark, by channels or by names", silent_cache),
    stands("same-account-other-password", LOGIN,
           "production's cache knows an account of that name, with another password", other_cache_password),
)  # fmt: skip
QUEUES: tuple[Leak, ...] = (
    shares("celery-login-accepted", LOGIN, "celery/cross-login",
           "production's broker knows staging's account and password", broker_login),
)  # fmt: skip
