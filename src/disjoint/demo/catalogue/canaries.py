"""One server for both, which will not say who it is: only a mark that is placed and looked for tells."""

from __future__ import annotations

from disjoint.demo import shop
from disjoint.demo.servers.pgbouncer import PACKAGE
from disjoint.demo.world import HALVES, World, place
from disjoint.model.finding import Grade

from .cache_rights import NO_CHANNELS, NO_INFO, restricted
from .cache_rights import RIGHTS as CACHE_RIGHTS
from .databases import PRODUCTION, lead, own_database
from .leak import Leak, shares
from .pooler import pooled
from .rights import ACTIVITY, IDENTITY, LOCKS, RIGHTS, START, without


def _databases(world: World, *rights: str) -> tuple[World, shop.Login]:
    """Two databases of production's server, one for each environment, both without some rights."""
    server = world.stack.production.postgres
    theirs = without(server, own_database(world, server, shop.PRODUCTION_ROWS), *rights)
    ours = without(server, own_database(world, server), *rights)
    world = lead(world, PRODUCTION, server.port, theirs, "production")
    return lead(world, place("postgres-quiet", "staging", 5432), server.port, ours), ours


def identity_hidden(world: World) -> World:
    return _databases(world, IDENTITY)[0]


def activity_hidden(world: World) -> World:
    return _databases(world, IDENTITY, START, *ACTIVITY)[0]


def locks_hidden(world: World) -> World:
    return _databases(world, IDENTITY, START, *LOCKS)[0]


def behind_pooler(world: World) -> World:
    made, login = _databases(world, IDENTITY, START)
    return pooled(made, world.stack.production.postgres, login, "shop_quiet")


def no_info(world: World) -> World:
    return restricted(world, world.stack.production.cache, *NO_INFO)


def no_info_and_channels(world: World) -> World:
    """Names of connections are left to mark the server by."""
    for half in HALVES:
        world = restricted(world, world.stack.production.cache, *NO_INFO, *NO_CHANNELS, half=half)
    return world


def no_channels_here(world: World) -> World:
    """Staging's mark is its connection's name; production could look elsewhere and see nothing."""
    return restricted(world, world.stack.production.cache, *NO_INFO, *NO_CHANNELS)


DATABASES: tuple[Leak, ...] = (
    shares("identity-revoked", RIGHTS, "postgres/same-server",
           "one server carries both databases, and neither role may ask it who it is", identity_hidden,
           Grade.CANARY),
    shares("identity-and-activity-revoked", RIGHTS, "postgres/same-server",
           "one server, and neither role may ask who it is, when it started and who is connected",
           activity_hidden, Grade.CANARY),
    shares("identity-and-locks-revoked", RIGHTS, "postgres/same-server",
           "one server, and neither role may ask who it is, when it started and what is locked",
           locks_hidden, Grade.CANARY),
    shares("identity-revoked-behind-pgbouncer", RIGHTS, "postgres/same-server",
           "one server behind PgBouncer, and neither role may ask who it is and when it started",
           behind_pooler, Grade.CANARY, PACKAGE),
)  # fmt: skip
CACHES: tuple[Leak, ...] = (
    shares("redis-without-info", CACHE_RIGHTS, "redis/same-server",
           "staging's account at production's cache may not ask who it is", no_info, Grade.CANARY),
    shares("redis-without-info-and-channels", CACHE_RIGHTS, "redis/same-server",
           "one cache, and neither account may ask who it is or listen to a channel",
           no_info_and_channels, Grade.CANARY),
    shares("redis-without-channels-in-staging", CACHE_RIGHTS, "redis/same-server",
           "one cache, and staging's account alone may not ask who it is or listen to a channel",
           no_channels_here, Grade.CANARY),
)  # fmt: skip
