"""The redis rules, row by row; and the allow-list of the session."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from disjoint.kinds.redis.address import parse
from disjoint.kinds.redis.facts import RedisDeclared, RedisFacts, Scan
from disjoint.kinds.redis.rules import LINTS, RULES
from disjoint.kinds.redis.session import allowed, grant, name_of
from disjoint.model.fact import Known, Unknown
from disjoint.model.finding import Grade, Judgement, Outcome
from disjoint.model.kind import Question, Side

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
    judge = next(r.judge for r in RULES if r.id == f"redis/{rule}")
    return judge(question(left, right, keys))


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
