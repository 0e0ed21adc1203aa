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
    others = tuple((node.port, bus) for node, bus in zip(made[1:], buses[1:], strict=True))
    supervisor.until(made[0].process, partial(_met, made[0], others))
    for node in made:
        supervisor.until(node.process, partial(_whole, node, nodes))
    return made


def _node(supervisor: Supervisor, name: str, bus: int) -> ValkeyServer:
    settings = ("cluster-enabled yes", f"cluster-port {bus}", "cluster-node-timeout 1000")
    return ValkeyServer.start(supervisor, name, settings=settings)


def _met(node: ValkeyServer, others: tuple[tuple[int, int], ...]) -> bool:
    """Introduce it to the others, and again where a busy machine let a handshake run out."""
    told = _told(node)
    if int(told["cluster_known_nodes"]) <= len(others):
        for port, bus in others:
            node.ask("CLUSTER", "MEET", "127.0.0.1", str(port), str(bus))
    return told["cluster_state"] == "ok"


def _whole(node: ValkeyServer, nodes: int) -> bool:
    told = _told(node)
    return told["cluster_state"] == "ok" and told["cluster_known_nodes"] == str(nodes)


def _told(node: ValkeyServer) -> dict[str, str]:
    """The answer to ``CLUSTER INFO`` is lines of ``name:value``."""
    answer: bytes = node.ask("CLUSTER", "INFO")
    return dict(line.split(":", 1) for line in answer.decode().splitlines() if ":" in line)
