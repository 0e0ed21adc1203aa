"""Clusters: one store of several servers, each of which looks like a server of its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from disjoint.demo.servers.cluster import start_cluster
from disjoint.demo.servers.valkey import ValkeyServer
from disjoint.demo.world import HALVES, Half, World, place

from .leak import Leak, shares, stands

CLUSTER = "cache cluster"


def _started(world: World) -> tuple[ValkeyServer, ...]:
    return start_cluster(world.stack.supervisor, world.stack.fresh("cluster"))


def _node(world: World, half: Half, node: ValkeyServer) -> World:
    where = place("cache-node", half, 6379)
    return world.reaching(where, node.port).setting(half, REDIS_URL=node.url(where))


def two_nodes(world: World) -> World:
    for half, node in zip(HALVES, _started(world), strict=False):
        world = _node(world, half, node)
    return world


def two_clusters(world: World) -> World:
    with ThreadPoolExecutor() as pool:
        made = list(pool.map(_started, (world, world)))
    for half, (node, *_) in zip(HALVES, made, strict=True):
        world = _node(world, half, node)
    return world


def own_cluster(world: World) -> World:
    return _node(world, "staging", _started(world)[0])


LEAKS: tuple[Leak, ...] = (
    shares("redis-cluster-nodes", CLUSTER, "redis/same-server",
           "staging's cache and production's are two nodes of one cluster", two_nodes),
    stands("redis-two-clusters", CLUSTER,
           "each environment's cache is a node of a cluster of its own", two_clusters),
    stands("own-redis-cluster", CLUSTER,
           "staging's cache is a cluster of its own, production's a single server", own_cluster),
)  # fmt: skip
