"""What two PostgreSQL databases say about each other: one, two, or one a copy of the other.

Text is asked only where it proves *same*. Where servers said who they are, a name that
differs adds nothing, and a name that agrees with servers that differ is a riddle: UNPROVEN.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator

from disjoint.model.experiment import Blind, Seen, Unseen
from disjoint.model.fact import Fact, Known, Unknown, both, mapped
from disjoint.model.finding import Evidence, Grade, Judgement, isolated, shared, unproven
from disjoint.model.kind import Question, Rule, Side
from disjoint.model.words import told

from .address import compare
from .doors import RULES as DOORS
from .expectations import LINTS as EXPECTATION_LINTS
from .expectations import RULES as EXPECTATIONS
from .facts import PostgresDeclared, PostgresFacts
from .rows import RULES as ROWS

PostgresQuestion = Question[PostgresFacts, PostgresDeclared]


class Servers(enum.Enum):
    """What identity says of two servers."""

    ONE = "one process answers for both"
    COPIES = "one initdb, two processes"
    KIN = "one initdb; a start time is unread"
    APART = "two initdbs"
    UNREAD = "an identity is unread"


def servers(q: PostgresQuestion) -> Servers:
    """Identity alone. A start time counts only beside equal identifiers: two may start at once."""
    left, right = q.left.facts, q.right.facts
    match both(left.system_identifier, right.system_identifier):
        case Unknown():
            return Servers.UNREAD
        case Known((one, other)) if one != other:
            return Servers.APART
        case Known(_):
            pass
    match both(left.started_at, right.started_at):
        case Unknown():
            return Servers.KIN
        case Known((one, other)):
            return Servers.ONE if one == other else Servers.COPIES


def same_server(q: PostgresQuestion) -> Judgement:
    """Two names, two ports, a pooler or a tunnel may lead to one server, and one name to two.

    One identifier (minted by initdb) with one start time to the microsecond is one server.
    Different identifiers are two servers. Equal identifiers with different start times are
    two servers as well, of which one is a physical copy: `replica-or-copy` speaks of that.
    """
    seen = _seen(q)
    text = _text_says_same(q, server=True)
    match servers(q), q.sight():
        case stand, Seen(channel):
            return shared(Grade.CANARY, _one_mark(stand, channel, q), seen, _OWN_SERVER)
        case Servers.ONE, _:
            return shared(Grade.IDENTITY, f"one server answers for both sides{_which(q)}", seen, _OWN_SERVER)
        case Servers.COPIES, _ if text:
            return shared(
                Grade.DECLARED,
                "both addresses name one server, which started anew between",
                seen,
                _OWN_SERVER,
            )
        case Servers.APART, _ if text:
            return unproven(f"one address, two servers: {text}", seen, _RIDDLE)
        case _ if text:
            return shared(Grade.DECLARED, f"both addresses name one server: {text}", seen, _OWN_SERVER)
        case _, Unseen(channel) if _settled(q):
            summary = f"two servers: staging's mark ({channel}) is not to be seen in production"
            return isolated(Grade.CANARY, summary, seen, _MARKED)
        case ((Servers.COPIES | Servers.APART), Blind() as why) if _settled(q):
            summary = "two servers, by what they say of themselves"
            return isolated(Grade.IDENTITY, summary, seen, _no_canary(why))
        case _:
            return _unread(q, seen)


def _one_mark(stand: Servers, channel: str, q: PostgresQuestion) -> str:
    if stand is Servers.APART:
        return (
            f"staging's mark ({channel}) stands in production, though the two call themselves two servers: "
            "a proxy, or one data directory in two hands; stop"
        )
    return f"one server: staging's mark ({channel}) stands in production{_which(q)}"


def _no_canary(why: Blind) -> str:
    return f"{_NO_CANARY} ({why.reason})"


def same_database(q: PostgresQuestion) -> Judgement:
    """A pooler's alias gives one database two names, and two servers often use one name for two.

    On one server the database's oid tells; on two servers a database cannot be the same.
    A copy of it can: `replica-or-copy` and `production-rows` speak of copies.
    """
    seen = _seen(q, database=True)
    text = _text_says_same(q, server=False)
    match servers(q), q.sight():
        case (Servers.ONE, _) | (_, Seen()):
            return _on_one_server(q, seen)
        case Servers.COPIES, _ if text:
            return shared(Grade.DECLARED, f"both addresses name one database: {text}", seen, _OWN_DATABASE)
        case Servers.APART, _ if text:
            return unproven(f"one address, two databases: {text}", seen, _RIDDLE)
        case _ if text:
            return shared(Grade.DECLARED, f"both addresses name one database: {text}", seen, _OWN_DATABASE)
        case _, Unseen() if _settled(q) and not _text_says_same(q, server=True):
            return isolated(Grade.CANARY, "two databases, on two servers", seen, _MARKED)
        case ((Servers.COPIES | Servers.APART), Blind() as why) if _settled(q):
            return isolated(Grade.IDENTITY, "two databases, on two servers", seen, _no_canary(why))
        case _:
            return _unread(q, seen)


def _on_one_server(q: PostgresQuestion, seen: tuple[Evidence, ...]) -> Judgement:
    match both(q.left.facts.database_oid, q.right.facts.database_oid):
        case Known((one, other)) if one == other:
            return shared(
                Grade.IDENTITY, "one database of one server answers for both sides", seen, _OWN_DATABASE
            )
        case Known(_):
            return isolated(Grade.IDENTITY, "two databases, though of one server", seen, _ONE_SERVER)
        case Unknown(reason):
            return unproven(f"which database of the one server is not known: {reason}", seen, _OWN_DATABASE)


def replica_or_copy(q: PostgresQuestion) -> Judgement:
    """A replica or a restored snapshot is another server with production's rows in it.

    Every physical copy keeps the system identifier: equal ones on two servers mean that one's
    data came from the other's. Different ones exclude a physical copy, not a dump restored.
    """
    seen = _seen(q, recovery=True)
    match servers(q):
        case Servers.ONE:
            return unproven(_NO_SECOND, seen, _OWN_SERVER)
        case Servers.APART | Servers.UNREAD if isinstance(q.sight(), Seen):
            return unproven(_NO_SECOND, seen, _OWN_SERVER)
        case Servers.COPIES:
            return shared(Grade.IDENTITY, _copied(q), seen, _parting(q))
        case Servers.KIN:
            return shared(
                Grade.IDENTITY, "one system identifier: one server, or a physical copy of it", seen, _NEW
            )
        case Servers.APART if _settled(q):
            return isolated(
                Grade.IDENTITY, "two system identifiers: no physical copy", seen, _NO_LOGICAL_COPY
            )
        case _:
            return _unread(q, seen)


def _copied(q: PostgresQuestion) -> str:
    for side in (q.staging, q.production):
        if side.facts.in_recovery == Known(True):
            other = q.production if side is q.staging else q.staging
            return (
                f"{side.environment} is a replica: in recovery, with {other.environment}'s system identifier"
            )
    kinds = both(q.left.facts.in_recovery, q.right.facts.in_recovery)
    what = "a replica or a physical copy" if isinstance(kinds, Unknown) else "a physical copy"
    return f"{q.staging.environment} and {q.production.environment} are two servers, one {what} of the other"


def _parting(q: PostgresQuestion) -> str:
    """How to part them: the copy is only staging's to drop where production is no replica itself."""
    return f"{_NEW}; then drop the copy" if q.production.facts.in_recovery == Known(False) else _NEW


def _text_says_same(q: PostgresQuestion, *, server: bool) -> str:
    """Why the addresses alone are one thing; empty if they do not say so."""
    match both(q.production.facts.address, q.staging.facts.address):
        case Unknown():
            return ""
        case Known((production, staging)):
            likeness = compare(production, staging)
            verdict = likeness.of_server if server else likeness.verdict
            return (likeness.why or "equal") if verdict == "same" else ""


def _settled(q: PostgresQuestion) -> bool:
    """Who answered is all there is: an unknown address, or a server not asked, might be the other's."""
    sides = (q.left.facts, q.right.facts)
    whole = all(isinstance(f.address, Known) and f.alternatives == Known(0) for f in sides)
    return whole and _of_nodes(q) == Known(False)


def _of_nodes(q: PostgresQuestion) -> Fact[bool]:
    """Do both call themselves a product whose every node has an initdb of its own before one common store?"""
    match both(q.left.facts.version, q.right.facts.version):
        case Known((one, other)):
            return Known(_NODES in one and _NODES in other)
        case Unknown() as why:
            return why


def _which(q: PostgresQuestion) -> str:
    match both(q.left.facts.database_oid, q.right.facts.database_oid):
        case Known((one, other)):
            return ", in one database" if one == other else ", in two of its databases"
        case Unknown():
            return ""


def _unread(q: PostgresQuestion, seen: tuple[Evidence, ...]) -> Judgement:
    """Name the side whose identity is missing, and the grant that would give it."""
    gaps = [(side.environment, *gap) for side in (q.production, q.staging) for gap in _gaps(side)]
    summary = _once(tuple((name, reason) for name, reason, _ in gaps)) or "the identities leave it open"
    remedy = next((remedy for _, _, remedy in gaps if remedy), _GRANT)
    return unproven(f"not known to be two: {summary}", seen, remedy, _NO_CANARY)


def _once(gaps: tuple[tuple[str, str], ...]) -> str:
    """What both sides give for a reason goes without their names."""
    both_give = len(gaps) > 1 and len({reason for _, reason in gaps}) == 1
    return gaps[0][1] if both_give else told(gaps)


def _gaps(side: Side[PostgresFacts]) -> Iterator[tuple[str, str]]:
    """The first thing that was not read of a side, and servers of its address that were not asked."""
    facts = side.facts
    for fact in (
        facts.address, facts.system_identifier, facts.started_at, facts.version, facts.alternatives,
    ):  # fmt: skip
        if isinstance(fact, Unknown):
            yield fact.reason, fact.remedy
            return
    if facts.alternatives != Known(0):
        yield "its address lists servers that were not asked", _ONE_HOST
    if isinstance(facts.version, Known) and _NODES in facts.version.value:
        yield "each node of a YugabyteDB has an identifier of its own", _UNIVERSE


def _seen(q: PostgresQuestion, *, database: bool = False, recovery: bool = False) -> tuple[Evidence, ...]:
    seen = q.saw("address", lambda f: mapped(f.address, lambda a: a.shown), "the declared address")
    seen += q.saw("found by", lambda f: f.reached, "reach_at, DNS or the literal address")
    seen += q.saw("system identifier", lambda f: f.system_identifier, "pg_control_system()")
    seen += q.saw("started at", lambda f: f.started_at, "pg_postmaster_start_time()")
    seen += q.saw("TLS", lambda f: f.tls, "the connection that was asked")
    seen += q.sighted()
    if database:
        seen += q.saw("database", lambda f: f.database, "current_database()")
        seen += q.saw("database oid", lambda f: f.database_oid, "pg_database")
    if recovery:
        seen += q.saw("in recovery", lambda f: f.in_recovery, "pg_is_in_recovery()")
        seen += q.saw("timeline", lambda f: f.timeline, "pg_control_checkpoint()")
    return seen


_NO_SECOND = "one server answers for both sides: there is no second to be a copy"
_OWN_SERVER = "give staging a PostgreSQL server of its own (its own initdb) and point its URL there"
_OWN_DATABASE = "give staging a database on a server of its own and point its URL there"
_NEW = "make staging a server of its own with initdb, and load it with data made for staging"
_RIDDLE = "find out what stands behind the address (a balancer, a private name) and give each side its own"
_GRANT = "GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_system() TO role; -- in each side's database"
_ONE_HOST = "declare each server of the list as a resource of its own, with one host in its URL"
_NODES = "-YB-"
"""YugabyteDB's mark in server_version: it runs initdb on every node, before one common store."""
_UNIVERSE = "compare the universe_uuid of both by hand (yb-admin get_universe_config)"
_NO_CANARY = "no canary counts: a proxy that answers as two servers while storing in one would pass"
_MARKED = "one moment; a replica or a copy is another server: see replica-or-copy"
_ONE_SERVER = "one server carries both: same-server says so; a superuser or a full disk reaches both"
_NO_LOGICAL_COPY = (
    "a logical copy (dump and restore, pg_upgrade), or a replica that pg_createsubscriber made a subscriber, "
    "keeps no identifier: only the rows would tell"
)

RULES: tuple[Rule[PostgresFacts, PostgresDeclared], ...] = (
    Rule("postgres/same-server", same_server),
    Rule("postgres/same-database", same_database),
    Rule("postgres/replica-or-copy", replica_or_copy),
    *DOORS,
    *EXPECTATIONS,
    *ROWS,
)
LINTS = EXPECTATION_LINTS
