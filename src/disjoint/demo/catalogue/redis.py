"""Caches: staging's URL leads to production's server, to another database of it, to a replica or a copy."""

from __future__ import annotations

from disjoint.demo.servers.certificates import Authority
from disjoint.demo.servers.forward import Forward
from disjoint.demo.servers.valkey import ValkeyServer
from disjoint.demo.world import World, place

from .leak import Leak, doubts, shares

SERVER = "cache server"
COPY = "cache copy"
TLS = "TLS"


def _lead(world: World, where: str, server: ValkeyServer, database: int = 0) -> World:
    """Staging's URL names `where`, with an account of its own: the leak is the server, not the password."""
    url = server.url(where, database, server.account(world.stack.fresh("staging")))
    return world.reaching(where, server.port).setting("staging", REDIS_URL=url)


def same_server(world: World) -> World:
    return _lead(world, place("cache", "production", 6379), world.stack.production.cache)


def other_database(world: World) -> World:
    return _lead(world, place("cache-shared", "staging", 6379), world.stack.production.cache, 5)


def broker(world: World) -> World:
    """Another resource's server: each pair of one name is two servers, and the environments share one."""
    return _lead(world, place("cache-two", "staging", 6379), world.stack.production.broker, 3)


def replica(world: World) -> World:
    made = world.stack.production.cache.replica(world.stack.fresh("cache-replica"))
    return _lead(world, place("cache-read", "staging", 6379), made)


def copy(world: World) -> World:
    made = world.stack.production.cache.copy(world.stack.fresh("cache-restored"))
    return _lead(world, place("cache-restored", "staging", 6379), made)


def wrong_tls(world: World) -> World:
    stack, where = world.stack, place("cache-tls", "production", 6380)
    authority = Authority.found(stack.supervisor)
    certificate = authority.issue("cache.elsewhere.test")
    edge = Forward.start(
        stack.supervisor, stack.fresh("tls-edge"), stack.production.cache.port, certificate=certificate
    )
    url = stack.production.cache.url(where).replace("redis://", "rediss://")
    trusted = f"{url}?ssl_ca_certs={authority.root}"
    return world.reaching(where, edge.port).setting("production", REDIS_URL=trusted)


LEAKS: tuple[Leak, ...] = (
    shares("same-redis", SERVER, "redis/same-server",
           "staging's REDIS_URL is production's", same_server),
    shares("same-redis-other-db", SERVER, "redis/same-server",
           "staging uses logical database 5 of production's server, under another host name", other_database),
    shares("cache-is-broker", SERVER, "redis/same-server",
           "staging's cache is the server that production uses as its broker", broker),
    shares("redis-replica", COPY, "redis/replica-or-copy",
           "staging reads a replica of production's cache", replica),
    shares("redis-copy", COPY, "redis/replica-or-copy",
           "staging's server was started from production's dump file", copy),
    doubts("wrong-tls", TLS, "redis/same-server",
           "production's cache shows a trusted certificate for another name", wrong_tls),
)  # fmt: skip
