"""What it says that key names stand in both environments."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from disjoint.kinds.redis.facts import DOUBTFUL, OWN, PLAIN, RedisDeclared, RedisFacts, places_of
from disjoint.kinds.redis.keys import MANY, production_keys
from disjoint.model.census import Gap, Overlap, Read, Strength
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.finding import Judgement, Outcome
from disjoint.model.kind import Question, Side
from disjoint.model.shared import Shared

AT = datetime(2026, 1, 10, tzinfo=UTC)
YES, NO = Known(True), Known(False)
READ = Read(3, 1000, 1000, "one walk by SCAN", 0.1, 8000)


def overlap(*shared: Shared, one_in: int = 1, gaps: tuple[Gap, ...] = ()) -> Overlap:
    return Overlap(Strength.EXACT, one_in, 0.999, 1, False, READ, READ, shared, 0, (), gaps, ())


def hit(place: str, values: int, confirmed: int | None = None) -> Shared:
    return Shared(place, place, values, values if confirmed is None else confirmed, place == OWN)


def judged(
    found: Fact[Overlap], steady: Fact[bool] = YES, clustered: Fact[bool] = NO, *, one: bool = False
) -> Judgement:
    rest: dict[str, Any] = {field.name: Unknown("not asked") for field in fields(RedisFacts)}
    facts = RedisFacts(**{**rest, "steady": steady, "clustered": clustered, "database": Known(3)})
    theirs, ours = (replace(facts, run_id=Known(run_id)) for run_id in ("a" * 40, "a" * 40 if one else "b"))
    sides = Side("production", True, AT, theirs), Side("staging", False, AT, ours)
    declared = RedisDeclared(url="$REDIS_URL", rows="exact")
    return production_keys(Question(*sides, declared, {"census": found}))


def test_no_name_of_productions_is_isolated_and_says_what_it_cannot_see() -> None:
    """A zero over names that tell is a proof, with its limits."""
    found = judged(Known(overlap()))
    assert found.outcome is Outcome.ISOLATED
    assert "renamed" in found.limits


def test_one_name_of_its_own_is_a_leak() -> None:
    """A random id in both places was not drawn twice."""
    assert judged(Known(overlap(hit(OWN, 1)))).outcome is Outcome.SHARED


def test_a_leak_is_one_on_whatever_it_was_read() -> None:
    """What was found was found, on one node of a cluster and behind a balancer, too."""
    assert judged(Known(overlap(hit(OWN, 1))), Unknown("no"), Known(True)).outcome is Outcome.SHARED


def test_plain_names_alone_say_nothing() -> None:
    """Both environments have a user 1."""
    assert judged(Known(overlap(hit(PLAIN, MANY - 1)))).outcome is Outcome.ISOLATED


@pytest.mark.parametrize(("values", "one_in"), [(501, 1), (8, 64)])
def test_most_of_all_names_may_be_a_whole_copy(values: int, one_in: int) -> None:
    """More than half of production's names, plain or not, is what a copy looks like."""
    found = judged(Known(overlap(hit(PLAIN, values), one_in=one_in)))
    assert found.outcome is Outcome.UNPROVEN
    assert "may_share" in found.remedy


@pytest.mark.parametrize(("values", "outcome"), [(400, Outcome.ISOLATED), (501, Outcome.UNPROVEN)])
def test_a_whole_copy_stands_in_one_logical_database(values: int, outcome: Outcome) -> None:
    """Names that two of staging's own databases give alike add up to no copy."""
    hits = (hit(PLAIN, values)._replace(staging=places_of(number)[2]) for number in (0, 1))
    found = judged(Known(overlap(*hits)))
    assert found.outcome is outcome
    if outcome is Outcome.UNPROVEN:
        assert "(logical database 0, plain key names)" in found.summary


@pytest.mark.parametrize(
    ("database", "outcome"), [(3, Outcome.SHARED), (0, Outcome.UNPROVEN), (30, Outcome.UNPROVEN)]
)
def test_what_stands_elsewhere_on_one_server_is_not_called_a_copy(database: int, outcome: Outcome) -> None:
    """It may be production's own: nobody is told to empty anything. In staging's own database it is one."""
    leak = hit(OWN, 5)._replace(staging=places_of(database)[0])
    found = judged(Known(overlap(leak)), one=True)
    assert found.outcome is outcome
    assert "and empty the" not in found.remedy
    assert "server of its own" in found.remedy
    apart = judged(Known(overlap(leak)))
    assert apart.outcome is Outcome.SHARED
    assert "empty the logical databases that are named here" in apart.remedy


def test_a_number_tells_no_copy_on_one_server() -> None:
    """A private intersection pools all logical databases, production's own among them."""
    pooled = Shared("production (places pooled)", "staging (places pooled)", 5, 5, True)
    assert judged(Known(overlap(pooled)), one=True).outcome is Outcome.UNPROVEN
    assert judged(Known(overlap(pooled))).outcome is Outcome.SHARED


def test_what_may_be_a_hash_is_neither() -> None:
    """The MD5 of a template's name is the same everywhere; so is a copied token."""
    found = judged(Known(overlap(hit(DOUBTFUL, 1))))
    assert found.outcome is Outcome.UNPROVEN
    assert "hash" in found.summary


@pytest.mark.parametrize(
    ("steady", "clustered"),
    [
        (Known(False), Known(False)),
        (Unknown("not told"), Known(False)),
        (Known(True), Known(True)),
        (Known(True), Unknown("not told")),
    ],
)
def test_a_part_of_the_keys_proves_nothing(steady: Fact[bool], clustered: Fact[bool]) -> None:
    """A cluster's node holds some keys; behind a balancer nobody knows whose were read."""
    found = judged(Known(overlap()), steady, clustered)
    assert found.outcome is Outcome.UNPROVEN
    assert found.remedy


def test_a_gap_and_no_census_are_unproven() -> None:
    """What was not looked through is not clean."""
    assert judged(Unknown("refused")).outcome is Outcome.UNPROVEN
    gap = Gap("production: keys of database 0", "none of its names is its own", "leave rows out")
    assert judged(Known(overlap(gaps=(gap,)))).remedy == "leave rows out"
