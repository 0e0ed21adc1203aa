"""Caches: staging's URL leads to production's server, to another database of it, to a replica or a copy."""

from __future__ import annotations

from contextlib import closing

from disjoint.demo.servers.forward import Forward
from disjoint.demo.servers.valkey import ValkeyServer
from disjoint.demo.world import HALVES, World, place

from .leak import Leak, doubts, shares, stands

SERVER = "cache server"
COPY = "cache copy"
KEYS = "cache content"


def lead(world: World, where: str, server: ValkeyServer, database: int = 0) -> World:
    """Staging's URL names `where`, with an account of its own: the leak is the server, not the password."""
    url = server.url(where, database, server.account(world.stack.fresh("staging")))
    return world.reaching(where, server.port).setting("staging", REDIS_URL=url)


def _through(world: World, what: str, *servers: ValkeyServer) -> World:
    """Staging's URL names a forward to one server, or to several in turn."""
    stack, where = world.stack, place(what, "staging", 6379)
    forward = Forward.start(stack.supervisor, stack.fresh(what), *(server.port for server in servers))
    account = servers[0].account(stack.fresh("staging"))
    for other in servers[1:]:  # a pool behind one address has one password
        other.ask("ACL", "SETUSER", account.user, "on", f">{account.password}", "~*", "&*", "+@all")
    url = servers[0].url(where, 0, account)
    return world.reaching(where, forward.port).setting("staging", REDIS_URL=url)


def _own(world: World) -> ValkeyServer:
    return ValkeyServer.start(world.stack.supervisor, world.stack.fresh("cache-staging-own"))


def _written(world: World, database: int, *keys: str) -> World:
    """Staging's cache holds these keys in a logical database that nothing else uses."""
    server = world.stack.staging.cache
    with closing(server.admin(database)) as client:
        client.mset(dict.fromkeys(keys, "1"))
    return world.setting("staging", REDIS_URL=server.url(place("cache", "staging", 6379), database))


def same_server(world: World) -> World:
    return lead(world, place("cache", "production", 6379), world.stack.production.cache)


def other_database(world: World) -> World:
    return lead(world, place("cache-shared", "staging", 6379), world.stack.production.cache, 5)


def broker(world: World) -> World:
    """Another resource's server: each pair of one name is two servers, and the environments share one."""
    return lead(world, place("cache-two", "staging", 6379), world.stack.production.broker, 3)


def through_forward(world: World) -> World:
    return _through(world, "cache-tunnel", world.stack.production.cache)


def balancer(world: World) -> World:
    """Which server answers is the balancer's choice: two of them differ as two environments' do."""
    return _through(world, "cache-balancer", world.stack.staging.cache, _own(world))


def replica(world: World) -> World:
    made = world.stack.production.cache.replica(world.stack.fresh("cache-replica"))
    return lead(world, place("cache-read", "staging", 6379), made)


def chained_replica(world: World) -> World:
    first = world.stack.production.cache.replica(world.stack.fresh("cache-replica"))
    return lead(world, place("cache-far", "staging", 6379), first.replica(world.stack.fresh("cache-far")))


def promoted_replica(world: World) -> World:
    """It follows production no more, and kept all that it had read."""
    made = world.stack.production.cache.replica(world.stack.fresh("cache-promoted"))
    made.promote()
    return lead(world, place("cache-promoted", "staging", 6379), made)


def reversed_replica(world: World) -> World:
    """What staging writes is read in production."""
    made = world.stack.staging.cache.replica(world.stack.fresh("cache-follower"))
    where = place("cache-follower", "production", 6379)
    return world.reaching(where, made.port).setting("production", REDIS_URL=made.url(where))


def copy(world: World) -> World:
    made = world.stack.production.cache.copy(world.stack.fresh("cache-restored"))
    return lead(world, place("cache-restored", "staging", 6379), made)


def sentinel(world: World) -> World:
    """A Sentinel answers PING and INFO like a server, and says nothing of where the keys are."""
    stack, where = world.stack, place("cache-sentinel", "staging", 26379)
    watcher = _own(world).sentinel(stack.fresh("sentinel"))
    return world.reaching(where, watcher.port).setting("staging", REDIS_URL=watcher.url(where))


def production_keys(world: World) -> World:
    return _written(world, 6, "staging:session:1", "production:session:1", "production:session:2")


def own_database(world: World) -> World:
    return _written(world, 5, "staging:session:1")


def own_empty_database(world: World) -> World:
    return _written(world, 8, "staging:once").declaring("cache", {"keys": ("staging:", "celery")})


def other_prefixes(world: World) -> World:
    made = _written(world, 7, "app:stg:1", "cache:stg:2")
    return made.declaring("cache", {"keys": ("app:stg:", "cache:stg:")})


def own_replica(world: World) -> World:
    """A cache of staging's own and a replica of it: both are staging's."""
    return lead(
        world, place("cache-read", "staging", 6379), _own(world).replica(world.stack.fresh("replica"))
    )


def own_copy(world: World) -> World:
    made = world.stack.staging.cache.copy(world.stack.fresh("cache-restored"))
    return lead(world, place("cache-restored", "staging", 6379), made)


def private_names(world: World) -> World:
    where = "redis.railway.internal:6379"
    for half in HALVES:
        cache = world.stack.servers(half).cache
        world = world.reaching(where, cache.port, half).setting(half, REDIS_URL=cache.url(where))
    return world


LEAKS: tuple[Leak, ...] = (
    shares("same-redis", SERVER, "redis/same-server",
           "staging's REDIS_URL is production's", same_server),
    shares("same-redis-other-db", SERVER, "redis/same-server",
           "staging uses logical database 5 of production's server, under another host name", other_database),
    shares("same-redis-through-forward", SERVER, "redis/same-server",
           "staging reaches production's cache through a TCP forward with another name", through_forward),
    shares("cache-is-broker", SERVER, "redis/same-server",
           "staging's cache is the server that production uses as its broker", broker),
    doubts("redis-balancer", SERVER, "redis/same-server",
           "staging's cache is a balancer that sends each connection to another server", balancer),
    doubts("redis-sentinel", SERVER, "redis/same-server",
           "staging's URL names a Sentinel as if it were the server", sentinel),
    shares("redis-replica", COPY, "redis/replica-or-copy",
           "staging reads a replica of production's cache", replica),
    shares("redis-chained-replica", COPY, "redis/replica-or-copy",
           "staging reads a replica of a replica of production's cache", chained_replica),
    shares("redis-promoted-replica", COPY, "redis/replica-or-copy",
           "staging's server was a replica of production's until it was promoted", promoted_replica),
    shares("redis-replica-reversed", COPY, "redis/replica-or-copy",
           "production reads a replica of staging's cache", reversed_replica),
    shares("redis-copy", COPY, "redis/replica-or-copy",
           "staging's server was started from production's dump file", copy),
    shares("production-keys", KEYS, "redis/namespace",
           "staging's logical database holds keys of production's", production_keys),
    stands("own-redis-database-5", SERVER,
           "staging uses logical database 5 of its own server", own_database),
    stands("redis-railway-names", SERVER,
           "both caches are called redis.railway.internal, each in its own network", private_names),
    stands("own-redis-replica", COPY,
           "staging reads a replica of a server of its own", own_replica),
    stands("own-redis-copy", COPY,
           "staging's server was started from a dump of staging's own", own_copy),
    stands("other-key-prefixes", KEYS,
           "staging's keys begin with two prefixes, both declared, neither of them its name", other_prefixes),
    stands("unused-key-prefix", KEYS,
           "a prefix is declared that no key of staging's has yet", own_empty_database),
)  # fmt: skip
