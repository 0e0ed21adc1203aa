"""The laws of proof, over every rule of every kind."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from disjoint.kinds.registry import KINDS
from disjoint.model.fact import Known, Unknown
from disjoint.model.finding import Outcome
from disjoint.model.kind import Asks, Kind, Question, Rule
from strategies import NOTHING, declared, facts, question

CASES = [pytest.param(kind, rule, id=rule.id) for kind in KINDS for rule in kind.rules]
EXAMPLES = settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


def asked(rule: Rule[Any, Any], kind: Kind[Any, Any], data: st.DataObject) -> Any:
    """A declaration for which the rule applies."""
    return data.draw(declared(kind).filter(rule.applies))


@pytest.mark.parametrize(("kind", "rule"), CASES)
@EXAMPLES
@given(data=st.data())
def test_the_order_of_sides_does_not_matter(
    kind: Kind[Any, Any], rule: Rule[Any, Any], data: st.DataObject
) -> None:
    """Swapping left and right changes neither outcome nor grade."""
    one = question(data.draw(facts(kind)), data.draw(facts(kind)), asked(rule, kind, data))
    other = Question(one.right, one.left, one.declared)
    first, second = rule.judge(one), rule.judge(other)
    assert (first.outcome, first.grade) == (second.outcome, second.grade)


@pytest.mark.parametrize(
    ("kind", "rule"),
    [c for c in CASES if c.values[1].asks is Asks.RELATION],  # type: ignore[union-attr]
)
@EXAMPLES
@given(data=st.data())
def test_an_environment_is_never_disjoint_from_itself(
    kind: Kind[Any, Any], rule: Rule[Any, Any], data: st.DataObject
) -> None:
    """A rule about a relation never finds one environment isolated from itself."""
    same = data.draw(facts(kind))
    judgement = rule.judge(question(same, same, asked(rule, kind, data)))
    assert judgement.outcome is not Outcome.ISOLATED


@pytest.mark.parametrize(("kind", "rule"), CASES)
@EXAMPLES
@given(data=st.data())
def test_knowing_nothing_is_unproven(kind: Kind[Any, Any], rule: Rule[Any, Any], data: st.DataObject) -> None:
    """Without a single known fact every rule is UNPROVEN, and says what would prove it."""
    blank = kind.facts(**{f.name: NOTHING for f in dataclasses.fields(kind.facts)})
    judgement = rule.judge(question(blank, blank, asked(rule, kind, data)))
    assert judgement.outcome is Outcome.UNPROVEN
    assert judgement.remedy


@pytest.mark.parametrize(("kind", "rule"), CASES)
@EXAMPLES
@given(data=st.data())
def test_losing_a_fact_never_proves_anything(
    kind: Kind[Any, Any], rule: Rule[Any, Any], data: st.DataObject
) -> None:
    """Replacing a known fact by an unknown one never turns SHARED or UNPROVEN into ISOLATED."""
    production, staging = data.draw(facts(kind)), data.draw(facts(kind))
    wanted = asked(rule, kind, data)
    before = rule.judge(question(production, staging, wanted))
    if before.outcome is Outcome.ISOLATED:
        return
    for poorer in (*blinded(production, staging),):
        after = rule.judge(question(*poorer, wanted))
        assert after.outcome is not Outcome.ISOLATED, (before, after)


def blinded(production: Any, staging: Any) -> list[tuple[Any, Any]]:
    """Every way of losing one known fact on one side."""
    lost = []
    for field in dataclasses.fields(production):
        if isinstance(getattr(production, field.name), Known):
            lost.append((dataclasses.replace(production, **{field.name: NOTHING}), staging))
        if isinstance(getattr(staging, field.name), Known):
            lost.append((production, dataclasses.replace(staging, **{field.name: NOTHING})))
    return lost


@pytest.mark.parametrize(("kind", "rule"), CASES)
@EXAMPLES
@given(data=st.data())
def test_whatever_is_not_isolated_says_what_to_do(
    kind: Kind[Any, Any], rule: Rule[Any, Any], data: st.DataObject
) -> None:
    """SHARED and UNPROVEN always carry a remedy; every judgement has a summary."""
    judgement = rule.judge(question(data.draw(facts(kind)), data.draw(facts(kind)), asked(rule, kind, data)))
    assert judgement.summary
    assert judgement.outcome is Outcome.ISOLATED or judgement.remedy


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_no_kind_is_skipped_and_every_field_is_a_fact(kind: Kind[Any, Any]) -> None:
    """Every kind has proof rules, and nothing in its facts can be silently absent."""
    assert kind.rules
    blank = kind.facts(**{f.name: Unknown("x") for f in dataclasses.fields(kind.facts)})
    assert dataclasses.is_dataclass(blank)
