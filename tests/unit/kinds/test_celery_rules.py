"""The celery rules: servers, logical databases, prefixes, queues and workers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from disjoint.kinds.celery.address import parse
from disjoint.kinds.celery.facts import CeleryDeclared, CeleryFacts, Queue, Server
from disjoint.kinds.celery.rules import RULES
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


def ask(rule: str, left: CeleryFacts, right: CeleryFacts) -> Judgement:
    judge = next(r.judge for r in RULES if r.id == f"celery/{rule}")
    sides = Side("production", True, TAKEN_AT, left), Side("staging", False, TAKEN_AT, right)
    return judge(Question(*sides, CeleryDeclared(broker="$B", result_backend="$R", queues=("celery",))))


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
