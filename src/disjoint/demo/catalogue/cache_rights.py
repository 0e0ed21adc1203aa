"""Rights at caches: an account may not ask what would tell."""

from __future__ import annotations

from disjoint.demo.servers.valkey import ValkeyServer
from disjoint.demo.world import HALVES, Half, World, place
from disjoint.kinds.redis.session import ACL

from .leak import Leak, doubts, stands

RIGHTS = "cache rights"

NO_INFO = ("~*", "&*", "+@all", "-info")
NO_CHANNELS = ("-pubsub", "-publish", "-subscribe", "-psubscribe", "-ssubscribe", "-spublish")


def restricted(world: World, server: ValkeyServer, *rules: str, half: Half = "staging") -> World:
    """A side's account at a server may do what these rules say."""
    where = place("cache-restricted", half, 6379)
    account = server.account(world.stack.fresh(f"{half}-restricted"), *rules)
    return world.reaching(where, server.port).setting(half, REDIS_URL=server.url(where, 0, account))


def own_without_info(world: World) -> World:
    return restricted(world, world.stack.staging.cache, *NO_INFO)


def own_without_scan(world: World) -> World:
    return restricted(world, world.stack.staging.cache, "~*", "&*", "+@all", "-scan")


def silent_server(world: World) -> ValkeyServer:
    """A server that nobody can mark by a connection's name."""
    stack = world.stack
    return ValkeyServer.start(
        stack.supervisor, stack.fresh("cache-silent"), settings=('rename-command CLIENT ""',)
    )


def silent(world: World) -> World:
    """Neither account may run INFO or listen to a channel, and neither server has CLIENT."""
    for half in HALVES:
        world = restricted(world, silent_server(world), *NO_INFO, *NO_CHANNELS, half=half)
    return world


def least(world: World) -> World:
    """What this product asks for, and nothing else."""
    rules = ACL.partition(">PASSWORD ")[2].split()
    return restricted(world, world.stack.staging.cache, *rules)


def no_dangerous_commands(world: World) -> World:
    return restricted(world, world.stack.staging.cache, "~*", "&*", "+@all", "-@dangerous", "+info")


LEAKS: tuple[Leak, ...] = (
    doubts("redis-without-info-two-servers", RIGHTS, "redis/replica-or-copy",
           "staging's account may not ask its server who it is", own_without_info),
    doubts("redis-silent", RIGHTS, "redis/same-server",
           "neither account may ask its server or mark it, by channels or by names", silent),
    doubts("redis-without-scan", RIGHTS, "redis/namespace",
           "staging's account may not list the keys of its database", own_without_scan),
    stands("redis-least-account", RIGHTS,
           "staging's account may do what the rules of this product ask for, and no more", least),
    stands("redis-no-dangerous-commands", RIGHTS,
           "staging's account may run no dangerous command but INFO", no_dangerous_commands),
)  # fmt: skip
