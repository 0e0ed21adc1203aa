"""A sealed production: by all of its facts, and by those that last."""

from __future__ import annotations

import dataclasses
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from disjoint.judge.worse import worse
from disjoint.kinds.celery.facts import CeleryFacts, Server
from disjoint.kinds.registry import BY_NAME
from disjoint.model.fact import Known, Unknown
from disjoint.model.finding import Finding, Grade, Judgement, Outcome, isolated, shared, unproven
from disjoint.model.kind import Question, Side
from samples import Samples

SEALED_AT = datetime(2026, 11, 26, 12, tzinfo=UTC)
OLD, YOUNG = (SEALED_AT + timedelta(seconds=s) for s in (-60, 60))
RANK = {Outcome.ISOLATED: 0, Outcome.UNPROVEN: 1, Outcome.SHARED: 2}


def finding(outcome: Outcome, rule: str = "redis/same-server") -> Finding:
    made: dict[Outcome, Judgement] = {
        Outcome.ISOLATED: isolated(Grade.IDENTITY, "two"),
        Outcome.UNPROVEN: unproven("unread"),
        Outcome.SHARED: shared(Grade.IDENTITY, "one"),
    }
    return Finding(rule, "cache", made[outcome])


@pytest.mark.parametrize(("whole", "lasting"), [*itertools.product(Outcome, Outcome)])
def test_the_worse_of_both_stands(whole: Outcome, lasting: Outcome) -> None:
    """ISOLATED needs both."""
    (found,) = worse((finding(whole),), (finding(lasting),))
    assert RANK[found.outcome] == max(RANK[whole], RANK[lasting])


def test_a_finding_of_one_judgement_alone_is_kept() -> None:
    """What is met across resources is a finding only where it is shared."""
    one, other = finding(Outcome.SHARED, "a/b"), finding(Outcome.ISOLATED, "c/d")
    assert worse((one, other), (other,)) == (one, other)
    assert worse((other,), (one, other)) == (other, one)


def outcome(kind: str, rule: str, theirs: object, ours: object, declared: object) -> Outcome:
    sides = Side("production", True, SEALED_AT, theirs), Side("staging", False, SEALED_AT, ours)
    judge = {r.id: r.judge for r in BY_NAME[kind].rules}[rule]
    return judge(Question(*sides, declared)).outcome


@pytest.mark.parametrize("kind", [*BY_NAME])
def test_what_ages_never_turns_a_doubt_into_proof(kind: str) -> None:
    """Of every rule, over drawn facts: isolated by what lasts is isolated by all of it, too."""
    aged, asked = BY_NAME[kind].aged, 0
    for seed in range(300):
        samples = Samples(BY_NAME[kind], seed)
        theirs = samples.facts()
        ours = samples.near(theirs) if seed % 2 else samples.facts("staging")
        declared = samples.declared()
        for rule in BY_NAME[kind].rules:
            if rule.applies(declared):
                asked += 1
                left = outcome(kind, rule.id, aged(theirs, ours, SEALED_AT), ours, declared)
                if left is Outcome.ISOLATED:
                    assert outcome(kind, rule.id, theirs, ours, declared) is Outcome.ISOLATED, (seed, rule.id)
    assert asked


def redis(**known: Any) -> Any:
    facts = Samples(BY_NAME["redis"], 0).facts()
    base = {
        "run_id": Known("hmac:1"), "replication_ids": Known(("hmac:a",)), "role": Known("primary"),
        "linked": Known(True), "clustered": Known(False), "nodes": Known(()), "steady": Known(True),
        "since": Known(OLD.timestamp()), "address": Known(BY_NAME["redis"].read("redis://p.example/0")),
    }  # fmt: skip
    return dataclasses.replace(facts, **{**base, **known})


def test_a_redis_that_is_older_than_the_seal_is_told_by_its_ids() -> None:
    """Drawn anew at every start: production's next process has others, and staging might be pointed there."""
    kind, declared, theirs = BY_NAME["redis"], Samples(BY_NAME["redis"], 0).declared(), redis()
    other = {"run_id": Known("hmac:2"), "replication_ids": Known(("hmac:b",))}
    address = Known(kind.read("redis://s.example/0"))
    for since, expected in ((OLD, Outcome.ISOLATED), (YOUNG, Outcome.UNPROVEN)):
        ours = redis(**other, since=Known(since.timestamp()), address=address)
        aged = kind.aged(theirs, ours, SEALED_AT)
        for rule in ("redis/same-server", "redis/replica-or-copy"):
            assert outcome("redis", rule, theirs, ours, declared) is Outcome.ISOLATED
            assert outcome("redis", rule, aged, ours, declared) is expected, (rule, since)
    replica = redis(**other, role=Known("replica"), address=address)
    aged = kind.aged(theirs, replica, SEALED_AT)
    assert outcome("redis", "redis/replica-or-copy", aged, replica, declared) is Outcome.UNPROVEN


def test_a_redis_that_was_promoted_may_lead_production_since() -> None:
    """It ran as production's replica when that was sealed; two failovers later it shares no id with it."""
    kind, declared, theirs = BY_NAME["redis"], Samples(BY_NAME["redis"], 0).declared(), redis()
    address = Known(kind.read("redis://s.example/0"))
    ours = redis(run_id=Known("hmac:2"), replication_ids=Known(("hmac:b", "hmac:c")), address=address)
    aged = kind.aged(theirs, ours, SEALED_AT)
    for rule in ("redis/same-server", "redis/replica-or-copy"):
        assert outcome("redis", rule, theirs, ours, declared) is Outcome.ISOLATED
        assert outcome("redis", rule, aged, ours, declared) is Outcome.UNPROVEN
    facts: CeleryFacts = Samples(BY_NAME["celery"], 0).facts()
    broker = dataclasses.replace(facts, broker_server=Known(Server("1", ("a",), False, "x")))
    promoted = Known(Server("2", ("b", "c"), False, "x", since=OLD.timestamp()))
    after = BY_NAME["celery"].aged(broker, dataclasses.replace(facts, broker_server=promoted), SEALED_AT)
    assert isinstance(after.broker_server, Unknown)


def test_a_broker_ages_as_a_redis_does() -> None:
    """Its server and the result backend's, each by its own start."""
    facts: CeleryFacts = Samples(BY_NAME["celery"], 0).facts()
    one = Known(Server("1", ("a",), False, "x"))
    theirs = dataclasses.replace(facts, broker_server=one, backend_server=one)
    ours = dataclasses.replace(
        facts,
        broker_server=Known(Server("2", ("b",), False, "x", since=OLD.timestamp())),
        backend_server=Known(Server("3", ("c",), False, "x", since=YOUNG.timestamp())),
    )
    aged = BY_NAME["celery"].aged(theirs, ours, SEALED_AT)
    assert aged.broker_server == theirs.broker_server
    assert isinstance(aged.backend_server, Unknown)


def test_another_deployment_may_be_the_next_of_one_service() -> None:
    """A deployment's identity tells two apart at one time only; its own word for its environment lasts."""
    kind = BY_NAME["web"]
    facts = dataclasses.replace(Samples(kind, 0).facts(), named=Unknown("it names none"))
    theirs, ours = (
        dataclasses.replace(
            facts, deployment=Known(name), address=Known(kind.read(f"https://{name}.example"))
        )
        for name in "ab"
    )
    declared = dataclasses.replace(Samples(kind, 0).declared(), canary=None)
    aged = kind.aged(theirs, ours, SEALED_AT)
    assert outcome("web", "web/same-deployment", theirs, ours, declared) is Outcome.ISOLATED
    assert outcome("web", "web/same-deployment", aged, ours, declared) is Outcome.UNPROVEN
    old, new = (dataclasses.replace(f, named=Known(e)) for f, e in ((aged, "production"), (ours, "staging")))
    assert outcome("web", "web/same-deployment", old, new, declared) is Outcome.ISOLATED


def test_one_initdb_with_another_start_is_no_second_server() -> None:
    """Production's own server after a restart has the same identifier and another start."""
    kind = BY_NAME["postgres"]
    facts = Samples(kind, 0).facts()
    theirs, ours = (
        dataclasses.replace(facts, system_identifier=Known("1"), started_at=Known(s)) for s in ("then", "now")
    )
    assert isinstance(kind.aged(theirs, ours, SEALED_AT).started_at, Unknown)
    other = dataclasses.replace(ours, system_identifier=Known("2"))
    assert kind.aged(theirs, other, SEALED_AT) == theirs
