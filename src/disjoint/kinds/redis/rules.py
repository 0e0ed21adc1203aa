"""What two Redis servers' own accounts prove about each other. Pure."""

from __future__ import annotations

from disjoint.model.address import Likeness
from disjoint.model.fact import Fact, Known, Unknown, both, mapped
from disjoint.model.finding import Evidence, Grade, Judgement, isolated, shared, unproven
from disjoint.model.kind import Asks, Lint, Question, Rule, Side

from .address import compare
from .facts import RedisDeclared, RedisFacts, Scan

Ask = Question[RedisFacts, RedisDeclared]

_OWN_SERVER = (
    "give staging a server of its own and put its address into staging's variables; "
    "another logical database or key prefix isolates nothing"
)
_REACH = (
    "run where both servers can be reached, as users that may run INFO (ACL SETUSER <user> +info +select), "
    "past any proxy that answers for them"
)
_NODES = "give staging a server that is no cluster node, or compare CLUSTER MYSHARDID of every node by hand"
_RESTART = "a restart between the two readings, and a logical copy of the data"
_NO_COPY = (
    "no replica, no copy that kept its id; a dump of a primary that never had a replica carries none, "
    "and a logical copy none either"
)


def same_server(q: Ask) -> Judgement:
    """Two addresses, two passwords, two database numbers, and one process behind them.

    Equal run_id: one process, whatever the names say, for it is drawn at every start and
    never copied. Different run_id: two processes, unless one of them restarted in between;
    nodes of one cluster differ too, so two nodes prove nothing.
    """
    seen = _evidence(q)
    match both(q.left.facts.run_id, q.right.facts.run_id):
        case Known((a, b)) if a == b:
            return shared(Grade.IDENTITY, _one_server(q), seen, _OWN_SERVER)
        case Known():
            return _contradiction(q, seen) or isolated(
                Grade.IDENTITY, "two servers: their run ids differ", seen, limits=f"not seen: {_RESTART}"
            )
        case Unknown() as unknown:
            return _by_text(q, unknown, seen)


def replica_or_copy(q: Ask) -> Judgement:
    """Two servers, and one of them holds what the other holds: a replica, or a restored dump.

    A replica carries its primary's replication id, and so does a server started from the
    dump of a primary that has had a replica. Ids that meet prove common data. Ids that
    differ prove no replication, but not that nothing was copied.
    """
    seen = (*_evidence(q), *_replication(q))
    match both(q.left.facts.replication_ids, q.right.facts.replication_ids):
        case Known((a, b)) if set(a) & set(b):
            return shared(Grade.IDENTITY, _kinship(q), seen, _parting(q))
        case Known((a, b)) if a and b:
            return _no_kin(q, seen)
        case Known():
            return unproven("a server gave no replication id", seen, _REACH)
        case Unknown() as unknown:
            return unproven(unknown.reason, seen, unknown.remedy or _REACH)


def _parting(q: Ask) -> str:
    """How to part them. Nothing is to be emptied that may be production's, or that production follows."""
    match both(q.left.facts.run_id, q.right.facts.run_id), q.production.facts.role:
        case Known((a, b)), Known("primary") if a != b:
            return (
                "detach staging's server (REPLICAOF NO ONE on it alone), then empty it; better, give staging "
                "a server that was started empty"
            )
        case Known((a, b)), _ if a == b:
            return _OWN_SERVER
        case _:
            return (
                "give staging a server that was started empty; empty nothing before INFO replication of both "
                "shows that production follows no server of staging's"
            )


def namespace(q: Ask) -> Judgement:
    """`KEYS *` shows staging's keys, in the one logical database one happens to look at.

    A whole walk over staging's declared database finds no key beyond the stated prefixes.
    The walk is believed only if one process answered throughout and showed at least every
    key that the server counts as lasting. Names prove nothing about who wrote them.
    """
    staging = q.staging
    seen = (
        staging.saw("keys", mapped(staging.facts.namespace, _counts), "SCAN"),
        staging.saw("logical databases", _spread(staging.facts.databases), "INFO keyspace"),
    )
    match staging.facts.namespace:
        case Known(scan) if scan.foreign:
            return shared(Grade.IDENTITY, _strangers(scan), seen, _STRANGERS, _elsewhere(staging))
        case Known(scan):
            summary = (
                f"all {scan.seen} keys begin as declared" if scan.seen else "the logical database is empty"
            )
            return isolated(Grade.IDENTITY, summary, seen, _elsewhere(staging))
        case Unknown() as unknown:
            return unproven(unknown.reason, seen, unknown.remedy or _REACH)


_STRANGERS = (
    "find out who wrote them (redis-cli --scan), purge what is production's, or state their prefix in `keys`"
)


def _contradiction(q: Ask, seen: tuple[Evidence, ...]) -> Judgement | None:
    """Why ids that differ prove nothing here; None if they do.

    Whatever could speak against a difference must be known not to.
    """
    match _likeness(q):
        case Unknown() as unknown:
            return unproven(unknown.reason, seen, unknown.remedy or _REACH)
        case Known(likeness) if likeness.of_server == "same":
            return unproven(_TWO_AT_ONE, seen, _SETTLE)
        case Known() if (steady := both(q.left.facts.steady, q.right.facts.steady)) != Known((True, True)):
            return _passing(steady, seen)
        case Known() if Known(False) not in (q.left.facts.clustered, q.right.facts.clustered):
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


def _by_text(q: Ask, unknown: Unknown, seen: tuple[Evidence, ...]) -> Judgement:
    """Where a server did not say who it is, its address may still prove *same*; never *different*."""
    match _likeness(q):
        case Known(likeness) if likeness.of_server == "same":
            return shared(Grade.DECLARED, f"one server by its address: {likeness.why}", seen, _OWN_SERVER)
        case Known(likeness) if likeness.of_server == "different":
            return isolated(
                Grade.DECLARED, f"two addresses: {likeness.why}", seen, f"not asked: {unknown.reason}"
            )
        case _:
            return unproven(unknown.reason, seen, unknown.remedy or _REACH)


def _likeness(q: Ask) -> Fact[Likeness]:
    match both(q.production.facts.address, q.staging.facts.address):
        case Known((a, b)) if a.fault or b.fault:
            return Unknown(a.fault or b.fault, "mend the address")
        case Known((a, b)):
            return Known(compare(a, b))
        case Unknown() as unknown:
            return unknown


def _one_server(q: Ask) -> str:
    match both(q.production.facts.database, q.staging.facts.database):
        case Known((a, b)) if a == b:
            return f"one server, and one logical database of it (db {a})"
        case Known((a, b)):
            apart = f"only the logical database differs (db {a}, db {b})"
            return f"one server; {apart}: one memory, one FLUSHALL, one pub/sub"
        case Unknown():
            return "one server: both sides give its run id"


def _kinship(q: Ask) -> str:
    ids, roles = (
        both(q.left.facts.run_id, q.right.facts.run_id),
        [s.facts.role for s in (q.production, q.staging)],
    )
    if isinstance(ids, Known) and ids.value[0] == ids.value[1]:
        return "the data is one: both sides are one server"
    match roles:
        case [_, Known("replica")]:
            return "staging's server is a replica of production's, or of its primary"
        case [Known("replica"), _]:
            return "production's server is a replica of staging's"
        case _:
            return "a copy: both servers carry one replication id, so one began with the other's data"


def _no_kin(q: Ask, seen: tuple[Evidence, ...]) -> Judgement:
    """Replication ids that differ count only between two known servers with live links."""
    linked = both(q.left.facts.linked, q.right.facts.linked)
    ids = both(q.left.facts.run_id, q.right.facts.run_id)
    for unknown in (linked, ids):
        if isinstance(unknown, Unknown):
            return unproven(unknown.reason, seen, unknown.remedy or _REACH)
    if linked != Known((True, True)):
        return unproven("a replica without a link to its primary may not carry its id", seen, _LINK)
    if isinstance(ids, Known) and ids.value[0] == ids.value[1]:
        return unproven("one server gave two replication ids: it changed during the visit", seen, "ask again")
    summary = "no replica of one another, and no copy that kept its id: their replication ids differ"
    return _contradiction(q, seen) or isolated(Grade.IDENTITY, summary, seen, _NO_COPY)


_LINK = "mend or end the replication (INFO replication shows master_link_status), then ask again"


def _evidence(q: Ask) -> tuple[Evidence, ...]:
    return (
        *q.saw("address", lambda f: mapped(f.address, lambda a: a.shown), "configuration"),
        *q.saw("run_id", lambda f: f.run_id, "INFO server"),
        *q.saw("server", lambda f: f.server, "INFO server"),
        *q.saw("transport", lambda f: f.transport, "the connection itself"),
    )


def _replication(q: Ask) -> tuple[Evidence, ...]:
    return (
        *q.saw("replication ids", lambda f: mapped(f.replication_ids, ", ".join), "INFO replication"),
        *q.saw("role", lambda f: f.role, "INFO replication"),
    )


def _counts(scan: Scan) -> str:
    return f"{scan.seen} seen, {scan.foreign} foreign"


def _spread(fact: Fact[tuple[tuple[int, int], ...]]) -> Fact[str]:
    if isinstance(fact, Unknown):
        return fact
    return Known(", ".join(f"db{index}: {keys} keys" for index, keys in fact.value) or "none holds a key")


def _strangers(scan: Scan) -> str:
    return (
        f"{scan.foreign} of {scan.seen} keys in staging begin with none of the declared prefixes "
        f"(digests: {', '.join(scan.sample)})"
    )


def _elsewhere(side: Side[RedisFacts]) -> str:
    """The other logical databases that hold keys: they were counted, not walked over."""
    match both(side.facts.databases, side.facts.database):
        case Known((databases, own)):
            others = tuple((index, keys) for index, keys in databases if index != own)
            said = _spread(Known(others))
            return f"not walked over: {said.value}" if others and isinstance(said, Known) else ""
        case Unknown() as unknown:
            return f"other logical databases: {unknown.reason}"


def key_counts(q: Ask) -> tuple[str, ...]:
    """How many keys each logical database of staging holds, where no expectation is stated."""
    if q.declared.keys is not None:
        return ()
    match _spread(q.staging.facts.databases):
        case Known(said):
            return (f"staging's logical databases: {said}; state `keys` to have their names judged",)
        case Unknown():
            return ()


RULES: tuple[Rule[RedisFacts, RedisDeclared], ...] = (
    Rule("redis/same-server", same_server),
    Rule("redis/replica-or-copy", replica_or_copy),
    Rule("redis/namespace", namespace, Asks.EXPECTATION, applies=lambda declared: declared.keys is not None),
)
LINTS: tuple[Lint[RedisFacts, RedisDeclared], ...] = (Lint("redis/namespace", key_counts),)
