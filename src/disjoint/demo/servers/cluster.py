"""A Valkey cluster: primaries that divide the slots among them."""

from __future__ import annotations

from functools import partial

from disjoint.demo.supervisor import Supervisor, free_port

from .valkey import ValkeyServer

_SLOTS = 16384


def start_cluster(supervisor: Supervisor, name: str, nodes: int = 3) -> tuple[ValkeyServer, ...]:
    """Start a cluster of primaries and wait until every node knows that all slots are served.

    Raises:
        DemoError: a node did not start, or they did not find each other.
    """
    buses = [free_port() for _ in range(nodes)]
    made = tuple(_node(supervisor, f"{name}-{n}", bus) for n, bus in enumerate(buses, 1))
    for number, node in enumerate(made):
        first, last = number * _SLOTS // nodes, (number + 1) * _SLOTS // nodes - 1
        node.ask("CLUSTER", "ADDSLOTSRANGE", str(first), str(last))
        node.ask("CLUSTER", "SET-CONFIG-EPOCH", str(number + 1))
    for node, bus in zip(made[1:], buses[1:], strict=True):
        made[0].ask("CLUSTER", "MEET", "127.0.0.1", str(node.port), str(bus))
    for node in made:
        supervisor.until(node.process, partial(_whole, node, nodes))
    return made


def _node(supervisor: Supervisor, name: str, bus: int) -> ValkeyServer:
    settings = ("cluster-enabled yes", f"cluster-port {bus}", "cluster-node-timeout 1000")
    return ValkeyServer.start(supervisor, name, settings=settings)


def _whole(node: ValkeyServer, nodes: int) -> bool:
    """The answer to ``CLUSTER INFO`` is lines of ``name:value``."""
    told: bytes = node.ask("CLUSTER", "INFO")
    lines = told.decode().splitlines()
    return {"cluster_state:ok", f"cluster_known_nodes:{nodes}"} <= set(lines)
