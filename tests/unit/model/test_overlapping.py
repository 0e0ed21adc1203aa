"""What a census amounts to, and in which words."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from disjoint.model.census import Gap, Left, Overlap, Place, Read, Strength
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.finding import Grade, Judgement, Outcome
from disjoint.model.kind import Question, Side
from disjoint.model.overlapping import Words, interval, judged
from disjoint.model.plain import built, plain
from disjoint.model.shared import Shared, Types
from disjoint.model.terms import detection

WORDS = Words("row", "GRANT it", "purge it", "altered values{case}")
CLEAN = Overlap(
    strength=Strength.SAMPLED,
    one_in=64,
    confidence=0.999,
    missed=439,
    fold=False,
    production=Read(2, 1000, 2000, "one scan", 0.5, 300),
    staging=Read(3, 900, 2700, "ranges", 0.4, 400),
    shared=(),
    excused=0,
    blind=(),
    gaps=(),
    left=(),
)
HIT = Shared("public.users.email", "public.people.mail", 16, 16, True)


@dataclass(frozen=True)
class Nothing:
    """A side that says nothing."""


def judge(found: Fact[Overlap]) -> Judgement:
    now = datetime(2026, 1, 10, tzinfo=UTC)
    production, staging = (Side(n, n == "production", now, Nothing()) for n in ("production", "staging"))
    question: Question[Any, Any] = Question(production, staging, None, {"census": found})
    return judged(question, WORDS)


def came(**changed: Any) -> Judgement:
    return judge(Known(dataclasses.replace(CLEAN, **changed)))


def test_a_zero_says_what_it_proves() -> None:
    """Isolated by identity, with the guarantee in words and what may be missed in the limits."""
    found = came()
    assert (found.outcome, found.grade) == (Outcome.ISOLATED, Grade.IDENTITY)
    assert "any 439 or more copied rows would have been found with 99.9%" in found.summary
    assert "fewer than 439 copied rows may be missed" in found.limits
    assert "changed in case" in found.limits
    assert "changed in case" not in came(fold=True).limits
    assert "every value was compared" in came(one_in=1, missed=1).summary


def test_a_hit_says_where_and_how_many_never_which() -> None:
    """Shared, with both places and an estimate with its interval."""
    found = came(shared=(HIT,))
    assert found.outcome is Outcome.SHARED
    assert (
        "public.people.mail holds, of public.users.email, 16 values of the sample: 584 to 1,664 in all"
        in (found.summary)
    )
    assert "holds 16 values" in came(one_in=1, shared=(HIT._replace(staging="public.users.email"),)).summary


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (
            {"gaps": (Gap("staging: public.users", "no right to read it", "GRANT SELECT"),)},
            "no right to read it",
        ),
        ({"blind": ("staging: public.users.email",)}, "a planted value was not found"),
        ({"production": Read(0, 0, 0, "one scan", 0.1, 0)}, "no row to look for"),
        ({"shared": (HIT._replace(confirmed=0),)}, "before they were compared in full"),
    ],
)
def test_whatever_is_open_is_unproven(changed: dict[str, Any], says: str) -> None:
    """A gap, a blind place, nothing to look for, an unsettled hit: never isolated, and with a remedy."""
    found = came(**changed)
    assert found.outcome is Outcome.UNPROVEN
    assert says in found.summary
    assert found.remedy


def test_a_confirmed_hit_outweighs_every_gap() -> None:
    """What was found was found, whatever else could not be read."""
    assert came(shared=(HIT,), gaps=(Gap("x", "y", "z"),), blind=("x",)).outcome is Outcome.SHARED


def test_a_common_value_is_told_and_proves_nothing() -> None:
    """That both sides know an Anna is evidence, and no leak."""
    found = came(shared=(HIT._replace(identifying=False),), weak=("public.users.email",))
    assert found.outcome is Outcome.ISOLATED
    assert any("no one row's own" in each.value for each in found.evidence)
    assert "one value alone says nothing in public.users.email" in found.limits


STRINGS = (("string", 12), ("hash", 4))


@pytest.mark.parametrize(
    ("types", "says"),
    [
        (None, "16 values of public.users.email"),
        (
            Types(STRINGS, STRINGS, 0),
            "16 values of public.users.email; types: 12 string, 4 hash, the same in production",
        ),
        (
            Types(STRINGS, (("string", 16),), 4),
            "16 values of public.users.email; types: 12 string, 4 hash, 4 of another type in production",
        ),
        (
            Types((("string", 10),), (), 0),
            "16 values of public.users.email; types of 10 of them: 10 string",
        ),
        (Types((), STRINGS, 0), "16 values of public.users.email; types in production: 12 string, 4 hash"),
    ],
)
def test_types_are_told_as_far_as_they_were_asked_for(types: Types | None, says: str) -> None:
    """Staging's, and whether production's are others; never which key has which."""
    hit = HIT._replace(types=types)
    assert [each.value for each in came(shared=(hit,)).evidence if each.what == hit.staging] == [says]
    assert built(Shared, plain(hit)) == hit


def test_common_values_of_a_table_that_nothing_else_tells_of_are_an_open_question() -> None:
    """One may be chance; several are unproven, with the ways to settle it."""
    weak = HIT._replace(identifying=False, alone=True)
    found = came(shared=(weak,))
    assert found.outcome is Outcome.UNPROVEN
    assert "`may_share`" in found.remedy
    one = weak._replace(values=1, confirmed=1)
    assert came(shared=(one,)).outcome is Outcome.ISOLATED
    together = one._replace(production="public.people (born, first, last)")
    assert came(shared=(together,)).outcome is Outcome.UNPROVEN


def test_what_was_left_out_is_named() -> None:
    """Places that are not looked through stand in the limits, a few of many."""
    found = came(left=(*(Left(f"t{n}", "a view") for n in range(9)), Left("b", "a foreign table")))
    assert "t5 (and 3 more) (a view)" in found.limits
    assert "b (a foreign table)" in found.limits  # no reason is lost behind another


def test_what_was_looked_for_is_named_with_its_reason() -> None:
    """Each column of production's, or a few of many, by why it was chosen."""
    places = [Place(f"public.t.c{n}", 9, True, "one value of it is one row's") for n in range(8)]
    found = came(looked=(*places, Place("public.t.city", 9, False, "many different values")))
    (seen,) = [each for each in found.evidence if each.what == "looked for"]
    assert seen.environment == "production"
    assert "public.t.c5 (and 2 more) (one value of it is one row's)" in seen.value
    assert "public.t.city (many different values)" in seen.value


def test_not_tried_is_unproven() -> None:
    """Asked for and not made."""
    found = judge(Unknown("left out", "run it"))
    assert (found.outcome, found.remedy) == (Outcome.UNPROVEN, "run it")


@pytest.mark.parametrize("hits", [1, 5, 16, 100, 1000])
def test_the_interval_holds_the_truth(hits: int) -> None:
    """Both ends are where the exact Poisson tails are 2.5 %, to a tenth of it."""
    low, high = (bound / 4096 for bound in interval(hits, 4096))
    below = sum(math.exp(k * math.log(high) - high - math.lgamma(k + 1)) for k in range(hits + 1))
    assert below == pytest.approx(0.025, rel=0.1)
    if hits > 1:
        above = 1 - sum(math.exp(k * math.log(low) - low - math.lgamma(k + 1)) for k in range(hits))
        assert above == pytest.approx(0.025, rel=0.1)


def test_what_came_of_it_can_be_written_down() -> None:
    """Plain and back, as for every fact."""
    found = dataclasses.replace(CLEAN, shared=(HIT,), gaps=(Gap("a", "b", "c"),), left=(Left("a", "b"),))
    assert built(Overlap, plain(found)) == found


@pytest.mark.parametrize(
    "text", ["", "1000", "0@99%", "1000@100%", "10@49%", "1e3@99%", "1000@99.9", "-1@99%"]
)
def test_a_wrong_wish_is_refused(text: str) -> None:
    """One sentence that shows how it is written."""
    with pytest.raises(ValueError, match="write how many"):
        detection(text)
