"""The redis rules, row by row; and the allow-list of the session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from disjoint.kinds.redis.address import parse
from disjoint.kinds.redis.commands import ACL, LOOK_ACL, marks
from disjoint.kinds.redis.facts import Knock, RedisDeclared, RedisFacts, Scan
from disjoint.kinds.redis.rules import LINTS, RULES
from disjoint.kinds.redis.session import allowed, grant, name_of
from disjoint.model.experiment import Sighting, Sightings
from disjoint.model.fact import Known, Unknown
from disjoint.model.finding import Grade, Judgement, Outcome
from disjoint.model.kind import Question, Side
from disjoint.runner.tally import is_read

TAKEN_AT = datetime(2026, 1, 10, 12, tzinfo=UTC)
ISOLATED, SHARED, UNPROVEN = Outcome.ISOLATED, Outcome.SHARED, Outcome.UNPROVEN
DENIED = Unknown("this user may not run INFO server", "ACL SETUSER <that user> +info")
PRODUCTION = "redis://cache.production.test:6379/0"
STAGING = "redis://cache.staging.test:6379/0"


def facts(url: str, **known: Any) -> RedisFacts:
    """An ordinary primary and, over it, what the test names."""
    stated: dict[str, Any] = {
        "address": parse(url), "transport": "no TLS", "run_id": "run-1", "replication_ids": ("id-1",),
        "role": "primary", "linked": True, "clustered": False, "nodes": (),
        "server": "valkey 9.1.2", "database": 0,
        "databases": ((0, 3),), "namespace": Unknown("not asked"), "steady": True, **known,
    }  # fmt: skip
    return RedisFacts(**{n: v if isinstance(v, Unknown) else Known(v) for n, v in stated.items()})


def staging(url: str = STAGING, **known: Any) -> RedisFacts:
    return facts(url, **{"run_id": "run-2", "replication_ids": ("id-2",), **known})


def question(left: RedisFacts, right: RedisFacts, keys: tuple[str, ...] | None = None) -> Question[Any, Any]:
    sides = Side("production", True, TAKEN_AT, left), Side("staging", False, TAKEN_AT, right)
    return Question(*sides, RedisDeclared(url="$REDIS_URL", keys=keys))


def ask(rule: str, left: RedisFacts, right: RedisFacts, keys: tuple[str, ...] | None = None) -> Judgement:
    return judge(rule)(question(left, right, keys))


def judge(rule: str) -> Callable[[Question[Any, Any]], Judgement]:
    return next(r.judge for r in RULES if r.id == f"redis/{rule}")


TABLE = [
    ("two servers", {}, ISOLATED, ISOLATED),
    ("one server", {"run_id": "run-1", "replication_ids": ("id-1",)}, SHARED, SHARED),
    ("another database", {"run_id": "run-1", "replication_ids": ("id-1",), "database": 5}, SHARED, SHARED),
    ("a replica", {"replication_ids": ("id-1",), "role": "replica"}, ISOLATED, SHARED),
    ("a copy that kept its id", {"replication_ids": ("id-1", "id-2")}, ISOLATED, SHARED),
    ("a replica without its primary", {"role": "replica", "linked": False}, ISOLATED, UNPROVEN),
    ("a cluster node beside a server", {"clustered": True}, ISOLATED, ISOLATED),
    ("no run id", {"run_id": DENIED}, UNPROVEN, UNPROVEN),
    ("no replication ids", {"replication_ids": DENIED}, ISOLATED, UNPROVEN),
    ("nothing read", {"run_id": DENIED, "replication_ids": DENIED}, UNPROVEN, UNPROVEN),
]  # fmt: skip


@pytest.mark.parametrize(("what", "known", "server", "kin"), TABLE, ids=[row[0] for row in TABLE])
def test_the_table_of_identity(what: str, known: dict[str, Any], server: Outcome, kin: Outcome) -> None:
    """Each way two servers may stand to each other has its own pair of outcomes."""
    left, right = facts(PRODUCTION), staging(**known)
    assert ask("same-server", left, right).outcome is server, what
    assert ask("replica-or-copy", left, right).outcome is kin, what


@pytest.mark.parametrize(
    ("production", "staged", "emptied"),
    [
        ({}, {"replication_ids": ("id-1",), "role": "replica"}, True),
        ({}, {"run_id": "run-1", "replication_ids": ("id-1",)}, False),
        ({"role": "replica"}, {"replication_ids": ("id-1",)}, False),
        ({"run_id": DENIED}, {"replication_ids": ("id-1",)}, False),
    ],
)
def test_nothing_that_production_holds_or_follows_is_to_be_emptied(
    production: dict[str, Any], staged: dict[str, Any], emptied: bool
) -> None:
    """One server, a production that is the replica, a server unknown: emptying would destroy production."""
    remedy = ask("replica-or-copy", facts(PRODUCTION, **production), staging(**staged)).remedy
    assert ("then empty it" in remedy) is emptied


def test_two_nodes_may_be_of_one_cluster() -> None:
    """Nodes of one cluster differ in every id, so two nodes prove nothing."""
    left, right = facts(PRODUCTION, clustered=True), staging(clustered=True)
    assert ask("same-server", left, right).outcome is UNPROVEN
    assert ask("replica-or-copy", left, right).outcome is UNPROVEN


def test_one_logical_database_is_told_from_another() -> None:
    """A shared server is SHARED either way, and the summary says which."""
    left = facts(PRODUCTION)
    same = ask("same-server", left, staging(run_id="run-1"))
    other = ask("same-server", left, staging(run_id="run-1", database=5))
    assert "one logical database of it (db 0)" in same.summary
    assert "db 0, db 5" in other.summary


def test_an_address_proves_same_where_no_server_answered() -> None:
    """Equal addresses are SHARED at grade declared; a name that differs proves nothing."""
    blind: dict[str, Any] = {"run_id": DENIED, "replication_ids": DENIED}
    same = ask("same-server", facts(PRODUCTION, **blind), staging(PRODUCTION, **blind))
    assert (same.outcome, same.grade) == (SHARED, Grade.DECLARED)
    other = ask("same-server", facts(PRODUCTION, **blind), staging(**blind))
    assert other.outcome is UNPROVEN
    assert other.remedy == DENIED.remedy


def test_one_address_with_two_servers_behind_it_is_unproven() -> None:
    """A load balancer or a restart may show two run ids at one address: not isolation."""
    assert ask("same-server", facts(PRODUCTION), staging(PRODUCTION)).outcome is UNPROVEN
    assert ask("replica-or-copy", facts(PRODUCTION), staging(PRODUCTION)).outcome is UNPROVEN


def test_an_invalid_address_is_unproven_with_its_reason() -> None:
    """An address that no client accepts is no proof, whatever else is known."""
    assert ask("same-server", facts(PRODUCTION), staging("redis://h:x/0")).outcome is UNPROVEN


def test_only_keys_beyond_the_stated_prefixes_count() -> None:
    """The namespace holds, is broken, or was not read; other databases are named, not judged."""
    whole = staging(namespace=Scan(3, 0, ()), databases=((0, 3), (4, 9)))
    broken = staging(namespace=Scan(3, 1, ("hmac:1",)))
    denied = staging(namespace=Unknown("this user may not run SCAN", "+scan"))
    found = ask("namespace", facts(PRODUCTION), whole, ("staging:",))
    assert found.outcome is ISOLATED
    assert "db4: 9 keys" in found.limits
    assert ask("namespace", facts(PRODUCTION), broken, ("staging:",)).outcome is SHARED
    assert ask("namespace", facts(PRODUCTION), denied, ("staging:",)).outcome is UNPROVEN


def test_the_namespace_is_a_note_until_it_is_stated() -> None:
    """Without `keys` the counts are a note and no finding; with it there is no note."""
    (namespace,) = [rule for rule in RULES if rule.id == "redis/namespace"]
    assert not namespace.applies(RedisDeclared(url="$REDIS_URL"))
    (note,) = LINTS[0].look(question(facts(PRODUCTION), staging()))
    assert "db0: 3 keys" in note
    assert LINTS[0].look(question(facts(PRODUCTION), staging(), ())) == ()


@pytest.mark.parametrize(
    "command",
    [
        "GET k", "KEYS *", "DEL k", "EVAL x 0", "CONFIG GET dir", "MONITOR", "CLIENT NO-EVICT on",
        "CLIENT KILL id 1", "FLUSHALL", "PUBLISH disjoint:x y", "SUBSCRIBE orders", "SUBSCRIBE", "MULTI",
        "SMEMBERS users", "SCARD users", "HELLO 3 AUTH u p", "HELLO", "RESET", "EXEC", "CLIENT SETNAME app",
        "ZRANGE board 0 -1", "CLUSTER FORGET x", "SADD disjoint.x y",
        "AUTH x", "ACL SETUSER x", "OBJECT FREQ k",
        "LLEN celery", "PUBSUB CHANNELS", "CLIENT SETINFO lib-name x", "CLIENT MAINT_NOTIFICATIONS ON",
        "INFO\r\nFLUSHALL", "client",
    ],
)  # fmt: skip
def test_nothing_but_the_allow_list_is_sent(command: str) -> None:
    """Writes, content reads and every command nobody listed are refused before they are packed."""
    assert not allowed(*command.split(" "))


@pytest.mark.parametrize(
    ("command", "name", "rule"),
    [
        ("INFO server", "INFO server", "+info"),
        ("scan 0 COUNT 500", "SCAN", "+scan"),
        ("OBJECT ENCODING k", "OBJECT ENCODING", "+object|encoding"),
        ("PUBSUB NUMSUB disjoint:x", "PUBSUB NUMSUB", "+pubsub|numsub"),
        ("SUBSCRIBE disjoint:x", "SUBSCRIBE", "+subscribe +pubsub|numsub &disjoint:*"),
        ("HELLO 3", "HELLO", "+hello"),
        ("CLIENT LIST", "CLIENT LIST", "+client|list"),
        ("CLIENT SETNAME disjoint-x", "CLIENT SETNAME", "+client|setname"),
        ("CLUSTER NODES", "CLUSTER NODES", "+cluster|nodes"),
        ("ZRANGE redbeat::schedule 0 -1", "ZRANGE", "(+zcard +zrange %R~*:schedule)"),
        ("SMEMBERS stg:_kombu.binding.celery", "SMEMBERS", "(+smembers +scard %R~*_kombu.binding.*)"),
    ],
)
def test_an_allowed_command_is_counted_by_its_constant_text(command: str, name: str, rule: str) -> None:
    """Arguments never reach the footprint, and each command has the ACL rule that allows it."""
    words = command.split(" ")
    assert allowed(*words)
    assert name_of(*words) == name
    assert grant(name) == rule


@pytest.mark.parametrize("steady", [False, Unknown("asked once")])
@pytest.mark.parametrize("rule", ["same-server", "replica-or-copy"])
def test_an_address_that_answers_as_two_servers_tells_none_apart(rule: str, steady: Any) -> None:
    """Behind a balancer ids differ from one connection to the next; equal ones are one server still."""
    turning = staging(steady=steady)
    assert ask(rule, facts(PRODUCTION), turning).outcome is UNPROVEN
    one = staging(steady=steady, run_id="run-1", replication_ids=("id-1",))
    assert ask(rule, facts(PRODUCTION), one).outcome is SHARED


HELD = Known(True)
NODES: dict[str, Any] = {"clustered": True, "nodes": ("n-1", "n-2")}


def came_of(seen: bool, *, control: Any = True, channel: str = "subscription") -> Known[Sightings]:
    """What came of a canary, in one channel."""
    fact = control if isinstance(control, Unknown) else Known(control)
    return Known(Sightings((Sighting(channel, HELD, fact, Known(seen)),)))


CANARIES = [
    ("unseen", {}, came_of(False), (ISOLATED, Grade.CANARY)),
    ("no control", {}, came_of(False, control=False), (ISOLATED, Grade.IDENTITY)),
    ("denied", {}, Unknown("this user may not run SUBSCRIBE", "+subscribe"), (ISOLATED, Grade.IDENTITY)),
    ("seen, ids differ", {}, came_of(True), (SHARED, Grade.CANARY)),
    ("seen, ids unread", {"run_id": DENIED}, came_of(True), (SHARED, Grade.CANARY)),
    ("seen without controls", {"run_id": DENIED}, came_of(True, control=False), (SHARED, Grade.CANARY)),
    ("one process that hides its mark", {"run_id": "run-1"}, came_of(False), (SHARED, Grade.IDENTITY)),
    ("ids unread, unseen", {"run_id": DENIED}, came_of(False), (ISOLATED, Grade.CANARY)),
    ("ids unread, no control", {"run_id": DENIED}, came_of(False, control=False), (UNPROVEN, Grade.DECLARED)),
    ("ids unread, balancer", {"run_id": DENIED, "steady": False}, came_of(False), (UNPROVEN, Grade.DECLARED)),
    ("ids unread, once", {"run_id": DENIED, "steady": DENIED}, came_of(False), (UNPROVEN, Grade.DECLARED)),
]  # fmt: skip


@pytest.mark.parametrize(("what", "known", "canary", "found"), CANARIES, ids=[row[0] for row in CANARIES])
def test_the_table_of_the_canary(what: str, known: dict[str, Any], canary: Any, found: Any) -> None:
    """Identity and canary together: each row of the table has its outcome and its grade."""
    asked = replace(question(facts(PRODUCTION), staging(**known)), experiments={"canary": canary})
    judged = judge("same-server")(asked)
    assert (judged.outcome, judged.grade) == found, what


def test_a_control_that_failed_is_named() -> None:
    """ISOLATED by identity says which control was missing, in its limits and in its evidence."""
    canary = came_of(False, control=Unknown("this user may not run PUBSUB NUMSUB"))
    judged = judge("same-server")(
        replace(question(facts(PRODUCTION), staging()), experiments={"canary": canary})
    )
    assert "subscription: this user may not run PUBSUB NUMSUB" in judged.limits
    assert any("own mark" in e.what and "NUMSUB" in e.value for e in judged.evidence)


@pytest.mark.parametrize(
    ("ours", "found"),
    [
        ({"clustered": True, "nodes": ("n-2", "n-3")}, SHARED),
        ({"clustered": True, "nodes": ("n-8", "n-9")}, ISOLATED),
        ({"clustered": True, "nodes": DENIED}, UNPROVEN),
        ({"clustered": DENIED, "nodes": DENIED}, UNPROVEN),
        ({}, ISOLATED),
    ],
)
@pytest.mark.parametrize("run_id", ["run-2", DENIED])
def test_nodes_of_one_cluster_and_of_two(ours: dict[str, Any], found: Outcome, run_id: Any) -> None:
    """No mark and no id tells two nodes of one cluster apart: what they know of each other does."""
    asked = question(facts(PRODUCTION, **NODES), staging(run_id=run_id, **ours))
    assert judge("same-server")(replace(asked, experiments={"canary": came_of(False)})).outcome is found


def test_a_message_that_arrives_is_a_replica_and_no_more() -> None:
    """Heard in production: it follows staging. It says nothing of the process, and silence proves nothing."""
    asked = question(facts(PRODUCTION), staging())
    heard = replace(asked, experiments={"canary:message": came_of(True, channel="message")})
    silent = replace(asked, experiments={"canary:message": came_of(False, channel="message")})
    found = judge("replica-or-copy")(heard)
    assert (found.outcome, found.grade) == (SHARED, Grade.CANARY)
    assert "empty nothing" in found.remedy
    assert (judge("same-server")(heard).outcome, judge("same-server")(heard).grade) == (
        ISOLATED,
        Grade.IDENTITY,
    )
    assert judge("replica-or-copy")(silent).grade is Grade.IDENTITY
    unread = replace(silent, right=replace(silent.right, facts=staging(replication_ids=DENIED)))
    assert judge("replica-or-copy")(unread).outcome is UNPROVEN


@pytest.mark.parametrize(
    ("knock", "known", "found"),
    [
        (Known(Knock(False, "refused")), {}, (ISOLATED, Grade.REFUSED)),
        (Known(Knock(False, "refused")), {"transport": DENIED}, (UNPROVEN, Grade.DECLARED)),
        (Known(Knock(False, "refused")), {"steady": False}, (UNPROVEN, Grade.DECLARED)),
        (Known(Knock(False, "refused")), {"steady": DENIED}, (UNPROVEN, Grade.DECLARED)),
        (Known(Knock(True, "accepted")), {}, (SHARED, Grade.IDENTITY)),
        (Known(Knock(True, "accepted")), {"transport": DENIED}, (SHARED, Grade.IDENTITY)),
        (Unknown("connection refused at cache:6379"), {}, (UNPROVEN, Grade.DECLARED)),
        (None, {}, (UNPROVEN, Grade.DECLARED)),
    ],
)
def test_only_productions_own_refusal_counts(knock: Any, known: dict[str, Any], found: Any) -> None:
    """A refusal beside production's own login; an acceptance by itself; silence never."""
    asked = question(facts(PRODUCTION, **known), staging())
    judged = judge("cross-login")(replace(asked, experiments={"reach": knock} if knock else {}))
    assert (judged.outcome, judged.grade) == found


def test_the_recipes_allow_what_is_sent() -> None:
    """Every command of the look user's line is one that may be sent to production, and there are four."""
    words = [word[1:].replace("|", " ") for word in LOOK_ACL.split() if word.startswith("+")]
    assert words == ["info", "select", "subscribe", "pubsub numsub"]
    assert set(LOOK_ACL.split()[4:]) - set(ACL.split()) <= {"resetkeys"}


@pytest.mark.parametrize("command", ["PUBLISH disjoint:x y", "MULTI", "SADD _kombu.binding.disjoint.x y"])
def test_what_marks_staging_is_no_read(command: str) -> None:
    """Marks that are told or stored have a list of their own, which production's probe never sees."""
    words = command.split(" ")
    assert marks(*words)
    assert not allowed(*words)
    assert not is_read(name_of(*words))


@pytest.mark.parametrize(
    "command", ["PUBLISH orders y", "SADD users x", "DEL orders", "SET disjoint.x y", "FLUSHALL"]
)
def test_a_mark_touches_nothing_of_an_application(command: str) -> None:
    """Only channels and keys that bear our name."""
    assert not marks(*command.split(" "))
