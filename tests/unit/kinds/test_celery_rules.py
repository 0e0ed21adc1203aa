"""The celery rules: servers, logical databases, prefixes, queues and workers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from disjoint.kinds.celery.address import parse
from disjoint.kinds.celery.facts import (
    CLEAN_UP,
    CeleryDeclared,
    CeleryFacts,
    Entry,
    Knock,
    Knocks,
    Nameless,
    Queue,
    Server,
)
from disjoint.kinds.celery.rules import RULES
from disjoint.model.experiment import Sighting, Sightings
from disjoint.model.fact import Known, Unknown
from disjoint.model.finding import Grade, Judgement, Outcome
from disjoint.model.kind import Question, Side

TAKEN_AT = datetime(2026, 1, 10, 12, tzinfo=UTC)
ISOLATED, SHARED, UNPROVEN = Outcome.ISOLATED, Outcome.SHARED, Outcome.UNPROVEN
DENIED = Unknown("this user may not run SMEMBERS", "ACL SETUSER <that user> (+smembers)")
PRODUCTION = "redis://broker.production.test:6379/0"
STAGING = "redis://broker.staging.test:6379/0"
ONE = Server("run-1", ("id-1",), False, "valkey 9.1.2")
TWO = Server("run-2", ("id-2",), False, "valkey 9.1.2")
COPY = Server("run-3", ("id-1", "id-3"), False, "valkey 9.1.2")


def facts(url: str, **known: Any) -> CeleryFacts:
    """A broker with one worker and one queue and, over it, what the test names."""
    stated: dict[str, Any] = {
        "broker": parse(url), "broker_server": ONE, "broker_database": 0, "broker_transport": "no TLS",
        "pidbox": "box", "workers": ("celery@production",), "queues": (Queue("key", "celery"),), "bound": 1,
        "backend": parse(url), "backend_server": ONE, "backend_database": 1, "backend_transport": "no TLS",
        "result_prefix": "none", "schedule": Unknown("not stated"), **known,
    }  # fmt: skip
    return CeleryFacts(**{n: v if isinstance(v, Unknown) else Known(v) for n, v in stated.items()})


def staging(url: str = STAGING, **known: Any) -> CeleryFacts:
    apart = {"broker_server": TWO, "backend_server": TWO, "workers": ("celery@staging",)}
    return facts(url, **{**apart, **known})


DECLARED = CeleryDeclared(broker="$B", result_backend="$R", queues=("celery",), schedules=("nightly",))


def ask(rule: str, left: CeleryFacts, right: CeleryFacts, **experiments: Any) -> Judgement:
    judge = next(r.judge for r in RULES if r.id == f"celery/{rule}")
    sides = Side("production", True, TAKEN_AT, left), Side("staging", False, TAKEN_AT, right)
    came_of = {name.replace("_", ":"): found for name, found in experiments.items()}
    return judge(Question(*sides, DECLARED, came_of))


OTHER_PREFIX: dict[str, Any] = {
    "broker_server": ONE,
    "pidbox": "stg box",
    "queues": (Queue("stg key", "celery"),),
}
UNREAD: dict[str, Any] = {"workers": DENIED, "queues": DENIED}
ON_DB_7: dict[str, Any] = {"broker_server": ONE, "broker_database": 7}
TABLE = [
    ("two servers", {}, ISOLATED, ISOLATED, ISOLATED),
    ("one namespace", {"broker_server": ONE, "workers": ("celery@production",)}, SHARED, SHARED, SHARED),
    ("one namespace, no worker", {"broker_server": ONE, "workers": ()}, SHARED, SHARED, UNPROVEN),
    ("another database", ON_DB_7, SHARED, ISOLATED, ISOLATED),
    ("another database, no worker", {**ON_DB_7, "workers": ()}, SHARED, ISOLATED, UNPROVEN),
    ("another prefix", {**OTHER_PREFIX}, SHARED, ISOLATED, ISOLATED),
    ("a prefix that nobody uses", {**OTHER_PREFIX, "bound": 0}, SHARED, UNPROVEN, ISOLATED),
    ("a replica or copy", {"broker_server": COPY}, SHARED, UNPROVEN, UNPROVEN),
    ("two servers, one worker name", {"workers": ("celery@production",)}, ISOLATED, ISOLATED, UNPROVEN),
    ("two servers, no worker", {"workers": ()}, ISOLATED, ISOLATED, ISOLATED),
    ("two servers, workers unread", UNREAD, ISOLATED, ISOLATED, UNPROVEN),
    ("one server, names unread", {"broker_server": ONE, **UNREAD}, SHARED, UNPROVEN, UNPROVEN),
    ("no identity", {"broker_server": DENIED}, UNPROVEN, UNPROVEN, UNPROVEN),
]  # fmt: skip


@pytest.mark.parametrize(("what", "known", "broker", "queue", "worker"), TABLE, ids=[row[0] for row in TABLE])
def test_the_table_of_brokers(
    what: str, known: dict[str, Any], broker: Outcome, queue: Outcome, worker: Outcome
) -> None:
    """Each layout of two brokers has its own outcome for server, queues and workers."""
    left, right = facts(PRODUCTION), staging(**known)
    assert ask("same-broker", left, right).outcome is broker, what
    assert ask("queue-names", left, right).outcome is queue, what
    assert ask("foreign-worker", left, right).outcome is worker, what


def test_the_result_backend_is_judged_apart_from_the_broker() -> None:
    """A broker of its own does not help while results go to production's server."""
    left, right = facts(PRODUCTION), staging(backend_server=ONE, backend_database=3)
    assert ask("same-broker", left, right).outcome is ISOLATED
    found = ask("same-result-backend", left, right)
    assert found.outcome is SHARED
    assert "db 1, db 3" in found.summary


def test_equal_addresses_are_shared_where_no_server_answered() -> None:
    """Text gives SHARED at grade declared, for queues only where database and prefix agree."""
    left, right = facts(PRODUCTION, broker_server=DENIED), staging(PRODUCTION, broker_server=DENIED)
    for rule in ("same-broker", "queue-names"):
        found = ask(rule, left, right)
        assert (found.outcome, found.grade) == (SHARED, Grade.DECLARED)
    assert ask("foreign-worker", left, right).outcome is UNPROVEN
    elsewhere = staging("redis://broker.production.test:6379/4", broker_server=DENIED)
    assert ask("same-broker", left, elsewhere).outcome is SHARED
    assert ask("queue-names", left, elsewhere).outcome is UNPROVEN


def test_one_address_with_two_servers_behind_it_is_unproven() -> None:
    """Ids that differ at one address are a contradiction, and prove nothing."""
    left, right = facts(PRODUCTION), staging(PRODUCTION)
    assert {ask(rule, left, right).outcome for rule in ("same-broker", "queue-names", "foreign-worker")} == {
        UNPROVEN
    }


def test_two_nodes_may_be_of_one_cluster() -> None:
    """Cluster nodes differ in every id, so two nodes prove nothing; a node and a server are two."""
    node = TWO._replace(clustered=True)
    left = facts(PRODUCTION, broker_server=ONE._replace(clustered=True))
    assert ask("same-broker", left, staging(broker_server=node)).outcome is UNPROVEN
    assert ask("same-broker", facts(PRODUCTION), staging(broker_server=node)).outcome is ISOLATED


def test_another_kind_of_broker_is_unproven() -> None:
    """RabbitMQ is asked nothing here, and its address alone proves no difference."""
    not_asked = Unknown("this version asks only Redis", "rabbitmqctl cluster_status")
    left, right = facts(PRODUCTION), staging("amqp://mq.staging.test/app", broker_server=not_asked)
    assert ask("same-broker", left, right).outcome is UNPROVEN


def test_what_was_not_stated_is_not_asked() -> None:
    """Without a result backend or stated queues their rules do not apply."""
    applies = {rule.id: rule.applies(CeleryDeclared(broker="$B")) for rule in RULES}
    assert applies == {
        "celery/same-broker": True,
        "celery/same-result-backend": False,
        "celery/queue-names": False,
        "celery/foreign-worker": True,
        "celery/cross-login": False,
        "celery/schedule": False,
    }


def test_an_address_that_answers_as_two_servers_tells_none_apart() -> None:
    """Behind a balancer ids differ from one connection to the next; equal ones are one server still."""
    turning: dict[str, Any] = {"broker_server": TWO._replace(steady=False), "workers": ()}
    for rule in ("same-broker", "queue-names", "foreign-worker"):
        assert ask(rule, facts(PRODUCTION), staging(**turning)).outcome is UNPROVEN
    one = staging(broker_server=ONE._replace(steady=False))
    assert ask("same-broker", facts(PRODUCTION), one).outcome is SHARED


QUIET = Nameless(steady=True, clustered=False, why="this user may not run INFO", remedy="+info")


def came_of(seen: bool, *, control: bool = True) -> Known[Sightings]:
    """What came of a canary, in one channel."""
    return Known(Sightings((Sighting("subscription", Known(True), Known(control), Known(seen)),)))


CANARIES = [
    ("unseen", {}, came_of(False), (ISOLATED, Grade.CANARY)),
    ("no control", {}, came_of(False, control=False), (ISOLATED, Grade.IDENTITY)),
    ("failed", {}, DENIED, (ISOLATED, Grade.IDENTITY)),
    ("seen, ids differ", {}, came_of(True), (SHARED, Grade.CANARY)),
    ("one server that hides its mark", {"broker_server": ONE}, came_of(False), (SHARED, Grade.IDENTITY)),
    ("a copy, unseen", {"broker_server": COPY}, came_of(False), (SHARED, Grade.IDENTITY)),
    ("nameless, unseen: a copy?", {"broker_server": QUIET}, came_of(False), (UNPROVEN, Grade.DECLARED)),
    ("nameless, seen", {"broker_server": QUIET}, came_of(True), (SHARED, Grade.CANARY)),
    (
        "nameless, no control",
        {"broker_server": QUIET},
        came_of(False, control=False),
        (UNPROVEN, Grade.DECLARED),
    ),
    ("nameless, not tried", {"broker_server": QUIET}, None, (UNPROVEN, Grade.DECLARED)),
    (
        "nameless, balanced",
        {"broker_server": QUIET._replace(steady=False)},
        came_of(False),
        (UNPROVEN, Grade.DECLARED),
    ),
    ("nothing known, unseen", {"broker_server": DENIED}, came_of(False), (UNPROVEN, Grade.DECLARED)),
]


@pytest.mark.parametrize(("what", "known", "canary", "found"), CANARIES, ids=[row[0] for row in CANARIES])
def test_the_table_of_the_canary(what: str, known: dict[str, Any], canary: Any, found: Any) -> None:
    """Identity and canary together: each row of the table has its outcome and its grade."""
    tried = {} if canary is None else {"canary_broker": canary}
    judged = ask("same-broker", facts(PRODUCTION), staging(**known), **tried)
    assert (judged.outcome, judged.grade) == found, what


def test_two_nameless_nodes_may_be_of_one_cluster() -> None:
    """Nodes count no subscriber of each other, so that a mark tells them apart that are one."""
    node = QUIET._replace(clustered=True)
    for theirs, found in ((node, UNPROVEN), (QUIET, ISOLATED), (ONE._replace(clustered=True), UNPROVEN)):
        left, right = facts(PRODUCTION, broker_server=theirs), staging(broker_server=node)
        assert ask("queue-names", left, right, canary_broker=came_of(False)).outcome is found


def test_what_a_nameless_server_follows_is_not_known() -> None:
    """A mark tells two processes apart, and so their queues; a copy holds the other's tasks all the same."""
    for left, right in (
        (facts(PRODUCTION), staging(broker_server=QUIET)),
        (facts(PRODUCTION, broker_server=QUIET), staging()),
    ):
        found = ask("same-broker", left, right, canary_broker=came_of(False))
        assert (found.outcome, found.remedy) == (UNPROVEN, QUIET.remedy)
        assert ask("queue-names", left, right, canary_broker=came_of(False)).outcome is ISOLATED


def test_a_mark_on_the_broker_says_nothing_of_the_result_backend() -> None:
    """Each server has its own canary."""
    left, right = facts(PRODUCTION), staging()
    assert ask("same-result-backend", left, right, canary_broker=came_of(True)).outcome is ISOLATED
    assert ask("same-broker", left, right, canary_broker=came_of(True)).outcome is SHARED


@pytest.mark.parametrize(
    ("call", "found"),
    [
        (came_of(False), (ISOLATED, Grade.CANARY)),
        (came_of(True), (UNPROVEN, Grade.DECLARED)),
        (came_of(False, control=False), (ISOLATED, Grade.IDENTITY)),
        (DENIED, (ISOLATED, Grade.IDENTITY)),
    ],
)
def test_who_answers_a_call(call: Any, found: Any) -> None:
    """Only staging's: ISOLATED by canary; one that production lists: left open, as one name on both is."""
    judged = ask("foreign-worker", facts(PRODUCTION), staging(), canary_workers=call)
    assert (judged.outcome, judged.grade) == found


@pytest.mark.parametrize(
    ("theirs", "ours", "outcome"),
    [
        (("staging@worker-1",), ("staging@worker-2",), UNPROVEN),
        (("celery@p1", "celery@shop-stg-7f9c"), ("celery@s1",), UNPROVEN),
        (("celery@p1",), ("celery@prod-1.example",), UNPROVEN),
        (("celery@p1",), ("reports@staging-for-production",), ISOLATED),
        (("production@staging-area",), ("celery@s1",), ISOLATED),
        (("celery@data-stage-1",), ("celery@live-shop-1",), ISOLATED),
        (("celery@upstaging",), ("celery@productions",), ISOLATED),
    ],
)
def test_a_worker_that_bears_the_other_environments_name_is_left_open(
    theirs: tuple[str, ...], ours: tuple[str, ...], outcome: Outcome
) -> None:
    """It was started with the wrong variables, or is called so by chance: a call tells neither."""
    found = ask(
        "foreign-worker",
        facts(PRODUCTION, workers=theirs),
        staging(workers=ours),
        canary_workers=came_of(False),
    )
    assert found.outcome is outcome, found.summary
    assert found.remedy or outcome is ISOLATED


TURNING = Server("another", (), False, "valkey", steady=False)
REFUSED, LET_IN = Known(Knock(False, "refused")), Known(Knock(True, "accepted"))


@pytest.mark.parametrize(
    ("knocks", "known", "found"),
    [
        (Knocks(REFUSED, REFUSED), {}, (ISOLATED, Grade.REFUSED)),
        (Knocks(REFUSED, LET_IN), {}, (SHARED, Grade.IDENTITY)),
        (Knocks(LET_IN, DENIED), {}, (SHARED, Grade.IDENTITY)),
        (Knocks(REFUSED, DENIED), {}, (UNPROVEN, Grade.DECLARED)),
        (Knocks(REFUSED, REFUSED), {"backend_transport": DENIED}, (UNPROVEN, Grade.DECLARED)),
        (Knocks(REFUSED, REFUSED), {"broker_server": TURNING}, (UNPROVEN, Grade.DECLARED)),
        (Knocks(REFUSED, REFUSED), {"backend_server": DENIED}, (UNPROVEN, Grade.DECLARED)),
        (Knocks(REFUSED, REFUSED), {"broker_transport": DENIED}, (UNPROVEN, Grade.DECLARED)),
    ],
)
def test_both_doors_must_refuse(knocks: Knocks, known: dict[str, Any], found: Any) -> None:
    """One that lets staging in is enough for SHARED; ISOLATED needs both refusals, and both controls."""
    judged = ask("cross-login", facts(PRODUCTION, **known), staging(), reach=Known(knocks))
    assert (judged.outcome, judged.grade) == found
    assert ask("cross-login", facts(PRODUCTION), staging()).outcome is UNPROVEN


def entries(*names: str) -> tuple[Entry, ...]:
    return tuple(Entry(f"key of {name}", name) for name in names)


@pytest.mark.parametrize(
    ("theirs", "ours", "found"),
    [
        (entries("invoices"), entries("invoices"), SHARED),
        (entries("invoices", "nightly"), entries("nightly"), ISOLATED),
        (entries(CLEAN_UP), entries(CLEAN_UP), ISOLATED),
        (entries("invoices"), (), ISOLATED),
        ((), entries("invoices"), UNPROVEN),
        ((), (), UNPROVEN),
        (DENIED, entries("invoices"), UNPROVEN),
        (entries("invoices"), DENIED, UNPROVEN),
    ],
)
def test_what_both_beats_would_run(theirs: Any, ours: Any, found: Outcome) -> None:
    """Production's schedule is the control; what both have and nobody allowed runs twice."""
    assert ask("schedule", facts(PRODUCTION, schedule=theirs), staging(schedule=ours)).outcome is found
