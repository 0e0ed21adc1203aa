"""How two Redis servers stand to each other: what they say, what a mark shows, what contradicts it. Pure."""

from __future__ import annotations

from dataclasses import replace

from disjoint.model.address import Likeness
from disjoint.model.experiment import Blind, Seen, Sight, Unseen
from disjoint.model.fact import Fact, Known, Unknown, both, mapped
from disjoint.model.finding import Evidence, Grade, Judgement, isolated, shared, unproven
from disjoint.model.kind import Question

from .address import compare
from .facts import RedisDeclared, RedisFacts

Ask = Question[RedisFacts, RedisDeclared]

OWN_SERVER = (
    "give staging a server of its own and put its address into staging's variables; "
    "another logical database or key prefix isolates nothing"
)
REACH = (
    "run where both servers can be reached, as users that may run INFO (ACL SETUSER <user> +info +select), "
    "past any proxy that answers for them"
)
_NODES = (
    "let both users run CLUSTER NODES (ACL SETUSER <user> +cluster|nodes), or give staging no cluster node"
)
_STOP = (
    "stop: find out what answers at these two addresses before anything else of them is believed; "
    f"then {OWN_SERVER}"
)
_RESTART = "a restart between the two readings, and a logical copy of the data"


def of(q: Ask, name: str) -> Ask:
    """The question with what came of one experiment alone: a message travels further than a mark stands."""
    found = q.experiments.get(name)
    return replace(q, experiments={} if found is None else {name: found})


def marked(q: Ask, sight: Sight, seen: tuple[Evidence, ...]) -> Judgement | None:
    """A mark of staging's that stands in production is proof, whatever the servers say of themselves."""
    match sight, both(q.left.facts.run_id, q.right.facts.run_id):
        case Seen(channel), Known((a, b)) if a != b:
            summary = (
                f"staging's mark ({channel}) stands in production though the run ids differ: a proxy, "
                "a balancer or a split brain"
            )
            return shared(Grade.CANARY, summary, seen, _STOP)
        case Seen(channel), _:
            summary = f"{one_server(q)}; staging's mark ({channel}) stands in production"
            return shared(Grade.CANARY, summary, seen, OWN_SERVER)
        case _:
            return None


def two(q: Ask, sight: Sight, seen: tuple[Evidence, ...]) -> Judgement:
    """Two run ids: two servers, unless something speaks against it."""
    if (found := one_cluster(q, seen) or contradiction(q, seen)) is not None:
        return found
    match sight:
        case Unseen(channel):
            summary = (
                f"two servers: their run ids differ, and staging's mark ({channel}) is not in production"
            )
            return isolated(Grade.CANARY, summary, seen, f"not seen: {_RESTART}")
        case Blind(reason):
            limits = f"not seen: {_RESTART}; the canary adds nothing: {reason}"
            return isolated(Grade.IDENTITY, "two servers: their run ids differ", seen, limits)
        case Seen():
            return marked(q, sight, seen) or unproven(_TWO_AT_ONE, seen, _SETTLE)


def unnamed(q: Ask, sight: Sight, unknown: Unknown, seen: tuple[Evidence, ...]) -> Judgement:
    """A server that does not say who it is: a mark tells it from another, if both controls held."""
    if (found := one_cluster(q, seen)) is not None:
        return found
    match sight:
        case Unseen(channel) if contradiction(q, seen) is None:
            summary = (
                f"two servers: staging's mark ({channel}) is not in production, and would have been seen"
            )
            return isolated(Grade.CANARY, summary, seen, f"not asked: {unknown.reason}")
        case _:
            return by_text(q, unknown, seen)


def one_cluster(q: Ask, seen: tuple[Evidence, ...]) -> Judgement | None:
    """Two nodes of one cluster, by the nodes that each of them knows."""
    nodes = both(q.left.facts.nodes, q.right.facts.nodes)
    clustered = (q.left.facts.clustered, q.right.facts.clustered) == (Known(True), Known(True))
    if clustered and isinstance(nodes, Known) and set(nodes.value[0]) & set(nodes.value[1]):
        return shared(
            Grade.IDENTITY, "two nodes of one cluster, which hold one set of keys", seen, OWN_SERVER
        )
    return None


def _may_be_nodes(q: Ask) -> bool:
    """Whether both may be nodes of one cluster: known not to be if one is none, or if they know others."""
    if Known(False) in (q.left.facts.clustered, q.right.facts.clustered):
        return False
    match both(q.left.facts.nodes, q.right.facts.nodes):
        case Known((a, b)):
            return not (a and b) or bool(set(a) & set(b))
        case Unknown():
            return True


def contradiction(q: Ask, seen: tuple[Evidence, ...]) -> Judgement | None:
    """Why ids that differ prove nothing here; None if they do.

    Whatever could speak against a difference must be known not to.
    """
    match likeness(q):
        case Unknown() as unknown:
            return unproven(unknown.reason, seen, unknown.remedy or REACH)
        case Known(alike) if alike.of_server == "same":
            return unproven(_TWO_AT_ONE, seen, _SETTLE)
        case Known() if (steady := both(q.left.facts.steady, q.right.facts.steady)) != Known((True, True)):
            return _passing(steady, seen)
        case Known() if _may_be_nodes(q):
            return unproven("both may be nodes of one cluster, whose ids differ", seen, _NODES)
        case Known():
            return None


def _passing(steady: Fact[tuple[bool, bool]], seen: tuple[Evidence, ...]) -> Judgement:
    match steady:
        case Unknown(reason, remedy):
            return unproven(
                f"whether one server answers at each address is not known: {reason}", seen, remedy or _SETTLE
            )
        case Known():
            return unproven(_TURNS, seen, _SETTLE)


_TURNS = "asked twice, one address answered as two servers: a balancer, or a restart"
_TWO_AT_ONE = "one address, and two servers answered at it: a restart, a failover or a load balancer"
_SETTLE = "ask again; if it stays so, declare the servers behind the address one by one"


def by_text(q: Ask, unknown: Unknown, seen: tuple[Evidence, ...]) -> Judgement:
    """Where a server did not say who it is, its address may still prove *same*; never *different*."""
    match likeness(q):
        case Known(alike) if alike.of_server == "same":
            return shared(Grade.DECLARED, f"one server by its address: {alike.why}", seen, OWN_SERVER)
        case Known(alike) if alike.of_server == "different":
            return isolated(
                Grade.DECLARED, f"two addresses: {alike.why}", seen, f"not asked: {unknown.reason}"
            )
        case _:
            return unproven(unknown.reason, seen, unknown.remedy or REACH)


def likeness(q: Ask) -> Fact[Likeness]:
    """What the addresses alone say."""
    match both(q.production.facts.address, q.staging.facts.address):
        case Known((a, b)) if a.fault or b.fault:
            return Unknown(a.fault or b.fault, "mend the address")
        case Known((a, b)):
            return Known(compare(a, b))
        case Unknown() as unknown:
            return unknown


def one_server(q: Ask) -> str:
    """One logical database told from two of one server."""
    match both(q.production.facts.database, q.staging.facts.database):
        case Known((a, b)) if a == b:
            return f"one server, and one logical database of it (db {a})"
        case Known((a, b)):
            apart = f"only the logical database differs (db {a}, db {b})"
            return f"one server; {apart}: one memory, one FLUSHALL, one pub/sub"
        case Unknown():
            return "one server behind both"


def evidence(q: Ask) -> tuple[Evidence, ...]:
    """What both sides say of themselves."""
    nodes = q.saw("cluster nodes", lambda f: mapped(f.nodes, ", ".join), "CLUSTER NODES")
    clustered = Known(True) in (q.left.facts.clustered, q.right.facts.clustered)
    return (
        *q.saw("address", lambda f: mapped(f.address, lambda a: a.shown), "configuration"),
        *q.saw("run_id", lambda f: f.run_id, "INFO server"),
        *q.saw("server", lambda f: f.server, "INFO server"),
        *q.saw("transport", lambda f: f.transport, "the connection itself"),
        *(nodes if clustered else ()),
    )
