"""A server's own account of itself: who it is, whom it follows, which nodes it knows."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import NamedTuple

from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.probe import Probe, ProbeError

from .marks import mode, no_sentinel, turn
from .session import DIRECT, Login, Session, connect, known, then


class Identity(NamedTuple):
    """Who a server says it is, in plain values: to be digested before they become facts."""

    run_id: Fact[str]
    replication_ids: Fact[tuple[str, ...]]
    role: Fact[str]
    linked: Fact[bool]
    clustered: Fact[bool]
    """Unknown of a Sentinel: what it names may be a node."""
    product: Fact[str]
    since: Fact[float]
    """When this process started, in seconds of this machine's clock."""


def identify(session: Session, probe: Probe) -> Identity:
    """Ask ``INFO server`` and ``INFO replication``; each answer stands on its own."""
    server = known(lambda: info(session, "server"))
    _set_clock(server, probe)
    replication = known(lambda: info(session, "replication"))
    return Identity(
        run_id=then(server, _run_id),
        replication_ids=then(replication, _replication_ids),
        role=then(replication, _role),
        linked=then(replication, _linked),
        clustered=_clustered(session, server),
        product=then(server, _product),
        since=then(server, _since),
    )


def _set_clock(server: Fact[Mapping[str, str]], probe: Probe) -> None:
    """Marks of two sides are compared by time: the server's own clock is told in passing."""
    told = server.value.get("server_time_usec", "") if isinstance(server, Known) else ""
    if told.isascii() and told.isdecimal() and len(told) < 20:
        probe.clock(int(told) / 1e6)


def _clustered(session: Session, server: Fact[Mapping[str, str]]) -> Fact[bool]:
    """By INFO; where that is refused, by what every logged-in user is told."""
    told = then(server, _mode)
    if isinstance(told, Unknown):
        told = mode(session) if isinstance(server, Unknown) else told
    return then(told, _is_node)


def _is_node(told: str) -> bool:
    no_sentinel(Known(told))
    return told == "cluster"


def nodes(session: Session) -> tuple[str, ...]:
    """The ids of all nodes that a cluster node knows, its own among them.

    Raises:
        ProbeError: it does not say, or one of them is still joining and has no id yet.
    """
    reply = session.ask("CLUSTER", "NODES")
    lines = (
        [line.split() for line in reply.decode("ascii", "replace").splitlines()]
        if isinstance(reply, bytes)
        else []
    )
    ids = tuple(sorted(line[0] for line in lines if line and _ID.fullmatch(line[0])))
    if not ids or len(ids) < len(lines) or any("handshake" in line[2] for line in lines):
        raise ProbeError("the server does not say all the nodes of its cluster", "ask again in a moment")
    return ids


def process(session: Session) -> str:
    """The run id of the process that answers now.

    Raises:
        ProbeError: it does not say.
    """
    return _run_id(info(session, "server"))


def the_one(session: Session, probe: Probe, run_id: Fact[str]) -> None:
    """See that this very connection leads to the process that was observed, before anything is placed there.

    An address may lead elsewhere by now: after a failover, or behind a balancer, to production.

    Raises:
        ProbeError: it leads to another process, or it is not known which one was meant.
    """
    if run_id != Known(probe.digest("redis.run_id", process(session))):
        raise ProbeError("another server answers than the one that was proven not to be production's", AGAIN)


AGAIN = "run again; if it stays so, declare the servers behind the address one by one"


def met_again(login: Login, probe: Probe, run_id: str) -> bool:
    """Whether two connections at a time both meet the process with this digest of a run id.

    Behind a balancer one address is several servers, and two of them differ as two environments' do.
    One that goes by the number of connections shows it only while there is one already.

    Raises:
        ProbeError: nobody answered, or did not say who it is.
    """
    with turn(login, probe), connect(login, probe) as one, connect(login, probe) as another:
        return all(probe.digest("redis.run_id", process(each)) == run_id for each in (one, another))


def info(session: Session, section: str) -> Mapping[str, str]:
    """One section of ``INFO``, parsed as the text it is."""
    reply = session.ask("INFO", section)
    if not isinstance(reply, bytes):
        raise ProbeError(f"INFO {section} was not answered with text")
    lines = reply.decode("utf-8", "replace").splitlines()
    pairs = (line.partition(":") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


_ID = re.compile(r"[0-9a-f]{40}")
_NO_ID = "0" * 40


def _mode(says: Mapping[str, str]) -> str:
    """``standalone``, ``cluster`` or ``sentinel``: Redis says ``redis_mode``, Valkey ``server_mode``."""
    stated = says.get("redis_mode") or says.get("server_mode")
    if not stated:
        raise ProbeError("the server does not say whether it is a cluster node", DIRECT)
    return stated


def _run_id(says: Mapping[str, str]) -> str:
    no_sentinel(Known(says.get("redis_mode") or says.get("server_mode") or ""))
    run_id = says.get("run_id", "")
    if not _ID.fullmatch(run_id) or run_id == _NO_ID:
        raise ProbeError("the server does not say its run_id", DIRECT)
    return run_id


def _replication_ids(says: Mapping[str, str]) -> tuple[str, ...]:
    stated = {says.get("master_replid", ""), says.get("master_replid2", "")}
    ids = sorted(i for i in stated if _ID.fullmatch(i) and i != _NO_ID)
    if not ids:
        raise ProbeError("the server does not say its replication id", DIRECT)
    return tuple(ids)


def _role(says: Mapping[str, str]) -> str:
    roles = {"master": "primary", "slave": "replica"}
    try:
        return roles[says["role"]]
    except KeyError:
        raise ProbeError("the server does not say whether it is a replica", DIRECT) from None


def _linked(says: Mapping[str, str]) -> bool:
    return _role(says) == "primary" or says.get("master_link_status") == "up"


def _since(says: Mapping[str, str]) -> float:
    uptime = says.get("uptime_in_seconds", "")
    if not (uptime.isascii() and uptime.isdecimal() and len(uptime) < 12):
        raise ProbeError("the server does not say for how long it has been up", DIRECT)
    return round(time.time() - int(uptime), 1)


def _product(says: Mapping[str, str]) -> str:
    name = says.get("server_name", "redis")
    version = says.get(f"{name}_version") or says.get("redis_version", "")
    return f"{name} {version}".strip()[:40]
