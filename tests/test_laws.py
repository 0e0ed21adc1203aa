"""The laws of proof, over every rule of every kind."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from disjoint.kinds.registry import KINDS
from disjoint.model.experiment import CANARY, Sightings, Unseen, sight
from disjoint.model.fact import Known, Unknown
from disjoint.model.finding import Judgement, Outcome
from disjoint.model.kind import Asks, Kind, Question, Rule
from samples import NOTHING, Samples, question

EACH_KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
WORLDS = 600
"""Pairs of facts drawn for each law and kind."""

Asked = tuple[int, Rule[Any, Any], Question[Any, Any]]


def questions(kind: Kind[Any, Any], worlds: int = WORLDS) -> Iterator[Asked]:
    """Every rule that applies, over pairs of sides that are unrelated or nearly one."""
    for seed in range(worlds):
        samples = Samples(kind, seed)
        production, declared = samples.facts(), samples.declared()
        staging = samples.near(production) if seed % 2 else samples.facts("staging")
        experiments = samples.experiments()
        for rule in kind.rules:
            asked = question(production, staging, declared, experiments)
            if rule.applies(declared) and possible(kind, asked):
                yield seed, rule, asked


def possible(kind: Kind[Any, Any], asked: Question[Any, Any]) -> bool:
    """False for what no two servers can show: one process by its own word, and a mark of it that it hides."""
    ours, theirs = (kind.identities(side.facts) for side in (asked.left, asked.right))
    pairs = [(a.marks, b.marks) for a, b in zip(ours, theirs, strict=True)]
    one = any(isinstance(a, Known) and isinstance(b, Known) and a.value & b.value for a, b in pairs)
    canaries = [found for name, found in asked.experiments.items() if name.startswith(CANARY)]
    return not (one and any(isinstance(sight(iter([found])), Unseen) for found in canaries))


@EACH_KIND
def test_the_order_of_sides_does_not_matter(kind: Kind[Any, Any]) -> None:
    """Swapping left and right changes neither outcome nor grade."""
    for seed, rule, asked in questions(kind):
        one, other = (
            rule.judge(asked),
            rule.judge(dataclasses.replace(asked, left=asked.right, right=asked.left)),
        )
        assert (one.outcome, one.grade) == (other.outcome, other.grade), (rule.id, seed, one, other)


@EACH_KIND
def test_an_environment_is_never_disjoint_from_itself(kind: Kind[Any, Any]) -> None:
    """A rule about a relation never finds one environment isolated from itself."""
    for seed, rule, asked in questions(kind):
        if rule.asks is Asks.RELATION:
            itself = rule.judge(question(asked.left.facts, asked.left.facts, asked.declared))
            assert itself.outcome is not Outcome.ISOLATED, (rule.id, seed, itself)


@EACH_KIND
def test_knowing_nothing_is_unproven(kind: Kind[Any, Any]) -> None:
    """Without a single known fact every rule is UNPROVEN, and says what would prove it."""
    blank = kind.facts(**{f.name: NOTHING for f in dataclasses.fields(kind.facts)})
    for seed, rule, asked in questions(kind, 40):
        judgement = rule.judge(question(blank, blank, asked.declared))
        assert judgement.outcome is Outcome.UNPROVEN, (rule.id, seed, judgement)
        assert judgement.remedy, (rule.id, seed)


@EACH_KIND
def test_losing_a_fact_never_proves_anything(kind: Kind[Any, Any]) -> None:
    """Replacing a known fact by an unknown one never turns SHARED or UNPROVEN into ISOLATED."""
    for seed, rule, asked in questions(kind, WORLDS // 2):
        before = rule.judge(asked)
        if before.outcome is not Outcome.ISOLATED:
            for poorer in blinded(asked):
                after = rule.judge(poorer)
                assert after.outcome is not Outcome.ISOLATED, (rule.id, seed, before, after)


def blinded(asked: Question[Any, Any]) -> Iterator[Question[Any, Any]]:
    """Every way of losing one known fact on one side."""
    for field in dataclasses.fields(asked.left.facts):
        for name in ("left", "right"):
            side = getattr(asked, name)
            if isinstance(getattr(side.facts, field.name), Known):
                poorer = dataclasses.replace(side.facts, **{field.name: NOTHING})
                yield dataclasses.replace(asked, **{name: dataclasses.replace(side, facts=poorer)})


@EACH_KIND
def test_losing_an_experiment_may_only_lower_a_grade(kind: Kind[Any, Any]) -> None:
    """Without what came of a live test nothing becomes ISOLATED, unless that test had seen a mark across."""
    for seed, rule, asked in questions(kind):
        before = rule.judge(asked)
        for name in asked.experiments:
            left = {key: found for key, found in asked.experiments.items() if key != name}
            after = rule.judge(dataclasses.replace(asked, experiments=left))
            if after.outcome is Outcome.ISOLATED and before.outcome is not Outcome.ISOLATED:
                assert crossed(asked.experiments[name]), (rule.id, seed, before, after)
            if after.outcome is before.outcome is Outcome.ISOLATED:
                assert after.grade <= before.grade, (rule.id, seed, before, after)


def crossed(found: Any) -> bool:
    """Whether a live test found a way across: the one case in which less knowledge looks better."""
    sightings = found.value if isinstance(found, Known) else None
    return isinstance(sightings, Sightings) and any(s.seen == Known(True) for s in sightings.channels)


@EACH_KIND
def test_whatever_is_not_isolated_says_what_to_do(kind: Kind[Any, Any]) -> None:
    """SHARED and UNPROVEN always carry a remedy; every judgement has a summary."""
    for seed, rule, asked in questions(kind):
        judgement = rule.judge(asked)
        assert judgement.summary, (rule.id, seed)
        assert judgement.outcome is Outcome.ISOLATED or judgement.remedy, (rule.id, seed, judgement)


@EACH_KIND
def test_every_rule_can_say_yes_and_can_say_no(kind: Kind[Any, Any]) -> None:
    """Over the same worlds every rule finds some isolated and some not: no law holds by never speaking."""
    outcomes: dict[str, set[Outcome]] = {rule.id: set() for rule in kind.rules}
    for _, rule, asked in questions(kind, WORLDS * 5):
        outcomes[rule.id].add(rule.judge(asked).outcome)
    for rule_id, seen in outcomes.items():
        assert {Outcome.ISOLATED, Outcome.UNPROVEN} <= seen, (rule_id, seen)


@EACH_KIND
def test_every_field_is_a_fact(kind: Kind[Any, Any]) -> None:
    """Nothing in a kind's facts can be silently absent, and every kind has proof rules."""
    assert kind.rules
    blank = kind.facts(**{f.name: Unknown("x") for f in dataclasses.fields(kind.facts)})
    assert all(isinstance(getattr(blank, f.name), Unknown) for f in dataclasses.fields(blank))


def naive(asked: Question[Any, Any]) -> Judgement:
    """What people write: different is good."""
    rule = next(rule for kind in KINDS for rule in kind.rules if rule.id == "redis/same-server")
    judgement = rule.judge(asked)
    differ = asked.left.facts.run_id != asked.right.facts.run_id
    return dataclasses.replace(judgement, outcome=Outcome.ISOLATED) if differ else judgement


def test_the_laws_catch_the_classic_mistake() -> None:
    """`a != b` takes a lost fact for a proof, and the law about losing facts sees it."""
    (kind,) = [kind for kind in KINDS if kind.name == "redis"]
    broken = Kind(**{**{f.name: getattr(kind, f.name) for f in dataclasses.fields(kind)}, "rules": ()})
    broken = dataclasses.replace(broken, rules=(Rule("redis/naive", naive),))
    with pytest.raises(AssertionError):
        test_losing_a_fact_never_proves_anything(broken)
