"""What two Redis servers' own accounts prove about each other. Pure."""

from __future__ import annotations

from disjoint.model.experiment import Seen
from disjoint.model.fact import Fact, Known, Unknown, both, mapped
from disjoint.model.finding import Evidence, Grade, Judgement, isolated, shared, unproven
from disjoint.model.kind import Asks, Lint, Rule, Side

from .doors import cross_login
from .facts import RedisDeclared, RedisFacts, Scan
from .keys import RULES as KEYS
from .servers import OWN_SERVER, REACH, Ask, contradiction, evidence, marked, of, one_server, two, unnamed

_NO_COPY = (
    "no replica, no copy that kept its id; a dump of a primary that never had a replica carries none, "
    "and a logical copy none either"
)
_ONE_WAY = "nothing is ever published in production, so that a message is tried from staging only"


def same_server(q: Ask) -> Judgement:
    """Two addresses, two passwords, two database numbers, and one process behind them.

    Equal run_id: one process, whatever the names say, for it is drawn at every start and
    never copied. Different run_id: two processes, unless one of them restarted in between;
    nodes of one cluster differ too, and are told by the nodes they know. A mark that staging
    holds and that is not in production tells two servers apart that do not say who they are.
    """
    canary = of(q, "canary")
    sight, seen = canary.sight(), (*evidence(q), *canary.sighted())
    if (found := marked(q, sight, seen)) is not None:
        return found
    match both(q.left.facts.run_id, q.right.facts.run_id):
        case Known((a, b)) if a == b:
            return shared(Grade.IDENTITY, one_server(q), seen, OWN_SERVER)
        case Known():
            return two(q, sight, seen)
        case Unknown() as unknown:
            return unnamed(q, sight, unknown, seen)


def replica_or_copy(q: Ask) -> Judgement:
    """Two servers, and one of them holds what the other holds: a replica, or a restored dump.

    A replica carries its primary's replication id, and so does a server started from the
    dump of a primary that has had a replica. Ids that meet prove common data. Ids that
    differ prove no replication, but not that nothing was copied. A message that was
    published in staging and arrives in production proves that production follows it.
    """
    message = of(q, "canary:message")
    seen = (*evidence(q), *_replication(q), *message.sighted())
    ids = both(q.left.facts.replication_ids, q.right.facts.replication_ids)
    match ids:
        case Known((a, b)) if set(a) & set(b):
            return shared(Grade.IDENTITY, _kinship(q), seen, _parting(q))
        case _ if isinstance(message.sight(), Seen):
            return shared(Grade.CANARY, _HEARD, seen, _EMPTY_NOTHING)
        case Known((a, b)) if a and b:
            return _no_kin(q, seen)
        case Known():
            return unproven("a server gave no replication id", seen, REACH)
        case Unknown() as unknown:
            return unproven(unknown.reason, seen, unknown.remedy or REACH)


_HEARD = (
    "a message published in staging arrives in production: production's server follows staging's, or both "
    "are nodes of one cluster"
)
_EMPTY_NOTHING = (
    "give staging a server that was started empty; empty nothing before INFO replication of both "
    "shows that production follows no server of staging's"
)


def _parting(q: Ask) -> str:
    """How to part them. Nothing is to be emptied that may be production's, or that production follows."""
    match both(q.left.facts.run_id, q.right.facts.run_id), q.production.facts.role:
        case Known((a, b)), Known("primary") if a != b:
            return (
                "detach staging's server (REPLICAOF NO ONE on it alone), then empty it; better, give staging "
                "a server that was started empty"
            )
        case Known((a, b)), _ if a == b:
            return OWN_SERVER
        case _:
            return _EMPTY_NOTHING


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
            return unproven(unknown.reason, seen, unknown.remedy or REACH)


_STRANGERS = (
    "find out who wrote them (redis-cli --scan), purge what is production's, or state their prefix in `keys`"
)


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
            return unproven(unknown.reason, seen, unknown.remedy or REACH)
    if linked != Known((True, True)):
        return unproven("a replica without a link to its primary may not carry its id", seen, _LINK)
    if isinstance(ids, Known) and ids.value[0] == ids.value[1]:
        return unproven("one server gave two replication ids: it changed during the visit", seen, "ask again")
    summary = "no replica of one another, and no copy that kept its id: their replication ids differ"
    return contradiction(q, seen) or isolated(Grade.IDENTITY, summary, seen, f"{_NO_COPY}; {_ONE_WAY}")


_LINK = "mend or end the replication (INFO replication shows master_link_status), then ask again"


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
    Rule("redis/cross-login", cross_login, applies=lambda declared: declared.reach, needs="reach"),
    Rule("redis/namespace", namespace, Asks.EXPECTATION, applies=lambda declared: declared.keys is not None),
    *KEYS,
)
LINTS: tuple[Lint[RedisFacts, RedisDeclared], ...] = (Lint("redis/namespace", key_counts),)
