"""What a row says of itself: the grade that its isolated findings have, and the words of what decides."""

from __future__ import annotations

import pytest

from disjoint.judge.verdict import _method, _status, grade_of, outcome_of
from disjoint.model.finding import Finding, Grade, Judgement, Outcome, isolated, shared, unproven

DECLARED = isolated(Grade.DECLARED, "names differ")
IDENTITY = isolated(Grade.IDENTITY, "servers differ")
SAME = shared(Grade.REFUSED, "one server", remedy="part them")
OPEN = unproven("nobody looked", remedy="look")


def found(*judgements: Judgement) -> tuple[Finding, ...]:
    return tuple(Finding(f"kind/rule-{number}", "cache", each) for number, each in enumerate(judgements))


def test_a_row_has_the_grade_of_what_is_isolated_in_it() -> None:
    """However well it is known that something is shared."""
    assert grade_of(found(DECLARED, SAME, IDENTITY, OPEN)) is Grade.IDENTITY
    assert grade_of(found(SAME, OPEN)) is None


@pytest.mark.parametrize(
    ("findings", "outcome", "said"),
    [
        (found(DECLARED, IDENTITY), Outcome.ISOLATED, "servers differ"),
        (found(IDENTITY, SAME), Outcome.SHARED, "one server"),
        (found(IDENTITY, OPEN), Outcome.UNPROVEN, "nobody looked"),
        (found(DECLARED), Outcome.UNPROVEN, "proven at grade declared; this row asks for identity"),
        ((), Outcome.UNPROVEN, "proven at grade nothing; this row asks for identity"),
    ],
)
def test_a_row_says_what_decides_it(findings: tuple[Finding, ...], outcome: Outcome, said: str) -> None:
    """The strongest of those that have its outcome; where none has, how far it fell short."""
    assert _method(findings, outcome, Grade.IDENTITY) == said


def test_a_row_is_as_well_known_as_it_asks_for() -> None:
    """At its minimum it is isolated; below it, nothing is proven."""
    assert outcome_of(found(IDENTITY), Grade.IDENTITY) is Outcome.ISOLATED
    assert outcome_of(found(IDENTITY), Grade.CANARY) is Outcome.UNPROVEN


@pytest.mark.parametrize(
    ("outcome", "counted", "word"),
    [
        (Outcome.ISOLATED, Outcome.ISOLATED, "VERIFIED"),
        (Outcome.SHARED, Outcome.ISOLATED, "WAIVED (FAILED)"),
        (Outcome.UNPROVEN, Outcome.ISOLATED, "WAIVED (PENDING)"),
        (Outcome.SHARED, Outcome.SHARED, "FAILED"),
    ],
)
def test_a_waived_row_keeps_what_it_is(outcome: Outcome, counted: Outcome, word: str) -> None:
    """For ever: only what is not isolated can be waived."""
    assert _status(outcome, counted) == word
