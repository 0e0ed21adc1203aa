"""The verdict's algebra: nothing found is nothing proven, and no order of findings matters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from disjoint.judge.verdict import accepted, fold, grade_of, outcome_of
from disjoint.judge.waive import idle, waivable, waived
from disjoint.model.finding import Finding, Grade, Judgement, Outcome, Waiver

NOW = datetime(2026, 1, 10, tzinfo=UTC)
OUTCOMES = st.lists(st.sampled_from(Outcome))
FINDINGS = st.lists(
    st.builds(
        Finding,
        rule=st.sampled_from(["postgres/same-server", "variables/live-key", "absent-in-production"]),
        resource=st.just("database"),
        judgement=st.builds(
            Judgement,
            outcome=st.sampled_from(Outcome),
            grade=st.sampled_from(Grade),
            summary=st.just("s"),
            evidence=st.just(()),
        ),
    )
).map(tuple)


def finding(outcome: Outcome, grade: Grade = Grade.IDENTITY, rule: str = "variables/live-key") -> Finding:
    return Finding(rule, "database", Judgement(outcome, grade, "s"))


def waiver(rule: str = "variables/live-key", expires: datetime = NOW + timedelta(days=1)) -> Waiver:
    return Waiver(rule, "database", "accepted", "ann", "bob", expires)


def test_nothing_found_is_nothing_proven() -> None:
    """An empty run folds to UNPROVEN."""
    assert fold(()) is Outcome.UNPROVEN
    assert accepted((), Grade.DECLARED) is Outcome.UNPROVEN


@given(OUTCOMES)
def test_a_fold_has_no_order_and_no_memory(outcomes: list[Outcome]) -> None:
    """Reversing and repeating outcomes changes nothing."""
    assert fold(outcomes) is fold(outcomes[::-1]) is fold(outcomes * 2)


@given(OUTCOMES, st.sampled_from([Outcome.SHARED, Outcome.UNPROVEN]))
def test_one_bad_outcome_is_never_outvoted(outcomes: list[Outcome], bad: Outcome) -> None:
    """No number of ISOLATED findings hides one that is not."""
    assert fold([*outcomes, bad]) is not Outcome.ISOLATED


@given(OUTCOMES)
def test_shared_wins(outcomes: list[Outcome]) -> None:
    """SHARED is the verdict wherever it stands."""
    assert fold([*outcomes, Outcome.SHARED]) is Outcome.SHARED


@given(FINDINGS, st.sampled_from(Grade))
def test_a_row_below_its_minimum_is_not_isolated(findings: tuple[Finding, ...], minimum: Grade) -> None:
    """A row is ISOLATED only if its strongest ISOLATED finding reaches the minimum."""
    if outcome_of(findings, minimum) is Outcome.ISOLATED:
        grade = grade_of(findings)
        assert grade is not None
        assert grade >= minimum


@given(FINDINGS)
def test_raising_the_minimum_never_proves_more(findings: tuple[Finding, ...]) -> None:
    """What is isolated under a high minimum is isolated under a lower one."""
    proven = [outcome_of(findings, minimum) is Outcome.ISOLATED for minimum in sorted(Grade)]
    assert proven == sorted(proven, reverse=True)


def test_a_waiver_leaves_the_outcome_and_lifts_the_weight() -> None:
    """A waived finding stays SHARED in its row and counts no more in the verdict."""
    found = waived((finding(Outcome.SHARED), finding(Outcome.ISOLATED)), (waiver(),), NOW)
    assert outcome_of(found, Grade.DECLARED) is Outcome.SHARED
    assert accepted(found, Grade.DECLARED) is Outcome.ISOLATED


def test_a_waiver_raises_no_grade() -> None:
    """With its SHARED finding waived, a weak row still misses its minimum."""
    weak = finding(Outcome.ISOLATED, Grade.DECLARED)
    found = waived((finding(Outcome.SHARED), weak), (waiver(),), NOW)
    assert accepted(found, Grade.IDENTITY) is Outcome.UNPROVEN


def test_an_expired_waiver_counts_for_nothing() -> None:
    """From its expiry on, to the second, a waiver covers no finding."""
    found = waived((finding(Outcome.SHARED),), (waiver(expires=NOW),), NOW)
    assert found[0].waiver is None


def test_a_waiver_that_covers_nothing_is_shown_all_the_same() -> None:
    """Whatever people accepted stands in the report: beside its finding, or as a note."""
    found = waived((finding(Outcome.SHARED),), (waiver(),), NOW)
    assert list(idle(found, (waiver(),))) == []
    (note,) = idle((finding(Outcome.ISOLATED),), (waiver(),))
    assert (note.rule, note.resource) == ("variables/live-key", "database")
    assert "accepted by bob for ann until" in note.summary
    (other,) = idle(found, (waiver("variables/override"), waiver()))
    assert other.rule == "variables/override"


def test_sameness_is_never_waivable() -> None:
    """A waiver for a server, a copy or a link attaches to nothing."""
    rule = "postgres/same-server"
    assert not waivable(rule)
    found = waived((finding(Outcome.SHARED, rule=rule),), (waiver(rule),), NOW)
    assert found[0].waiver is None
