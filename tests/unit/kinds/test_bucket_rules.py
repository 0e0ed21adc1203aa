"""What the bucket rules conclude, case by case."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from disjoint.kinds.bucket.address import parse
from disjoint.kinds.bucket.facts import BucketDeclared, BucketFacts
from disjoint.kinds.bucket.rules import LINTS, RULES, BucketQuestion, contents, same_bucket
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.finding import Grade, Outcome
from disjoint.model.kind import Question, Side

AT = datetime(2026, 1, 10, tzinfo=UTC)
DENIED = Unknown("the keys may not list (403)", "allow s3:ListBucket")
STORE = "https://s3.example.com"


def facts(
    name: str,
    endpoint: str | None = None,
    marks: tuple[str, ...] | None = (),
    *,
    place: str = "hmac:place",
    owner: str | None = None,
    objects: int = 1,
) -> BucketFacts:
    """A bucket that was listed; `marks` None is one whose listing was denied."""
    seen: Fact[str] = DENIED if marks is None else Known(f"hmac:{marks}")
    return BucketFacts(
        address=Known(parse(name, endpoint)),
        place=Known(place),
        reached=Known("DNS"),
        tls=Known(True),
        listed=seen,
        marks=DENIED if marks is None else Known(marks),
        owner=Unknown("an empty bucket names none") if owner is None else Known(owner),
        region=Known("us-east-1"),
        versioning=Known("never"),
        objects=Known(max(objects, len(marks or ()))),
        stored=Known(len(marks or ())),
        whole=Known(True),
        strays=Known(0),
        copies=Known(()),
        announces=Known(()),
    )


def question(
    production: BucketFacts, staging: BucketFacts, objects: int | tuple[str, ...] | None = None
) -> BucketQuestion:
    declared = BucketDeclared(name="$STORAGE_BUCKET_NAME", objects=objects)
    return Question(Side("production", True, AT, production), Side("staging", False, AT, staging), declared)


ISOLATED, SHARED, UNPROVEN = Outcome.ISOLATED, Outcome.SHARED, Outcome.UNPROVEN
DECLARED, IDENTITY = Grade.DECLARED, Grade.IDENTITY


@pytest.mark.parametrize(
    ("production", "staging", "outcome", "grade"),
    [
        # one namespace, two names, each listed by its own keys
        (facts("reps", STORE), facts("staging-reps", STORE), ISOLATED, IDENTITY),
        (facts("reps"), facts("staging-reps"), ISOLATED, IDENTITY),
        # a name that nobody listed proves nothing
        (facts("reps", STORE, None), facts("staging-reps", STORE), UNPROVEN, DECLARED),
        # equal text: shared even where staging may not list it, by identity where both list the same
        (facts("reps", STORE), facts("s3://reps/x", STORE, None), SHARED, DECLARED),
        (facts("reps", STORE, ("m",)), facts("reps", STORE, ("m",)), SHARED, IDENTITY),
        # equal text, contradicted by what the servers list
        (facts("reps", STORE, ("m",)), facts("reps", STORE, ("n",)), UNPROVEN, DECLARED),
        (facts("reps", STORE, owner="a"), facts("reps", STORE, owner="b"), UNPROVEN, DECLARED),
        # some and none: where names are each account's own, two buckets may have one name
        (facts("reps", STORE, ("m",)), facts("reps", STORE, objects=0), UNPROVEN, DECLARED),
        (facts("reps", STORE, objects=0), facts("reps", STORE, objects=0), SHARED, DECLARED),
        # two names for one bucket would show the same objects, if it held any
        (facts("reps", STORE, objects=0), facts("staging-reps", STORE, objects=0), UNPROVEN, DECLARED),
        (facts("reps", STORE, ("m",)), facts("staging-reps", STORE, objects=0), ISOLATED, IDENTITY),
        (facts("reps", objects=0), facts("staging-reps", objects=0), ISOLATED, IDENTITY),
        # two endpoints
        (facts("reps", STORE, ("m", "n")), facts("reps", "http://other.example", ("n",)), SHARED, IDENTITY),
        (facts("reps", STORE), facts("reps", "http://other.example"), UNPROVEN, DECLARED),
        (facts("reps", STORE), facts("staging", "http://other.example"), UNPROVEN, DECLARED),
        # an alias, a replica, or one upload into both
        (facts("reps", STORE, ("m",)), facts("staging", STORE, ("m",)), UNPROVEN, DECLARED),
        (facts("reps", STORE, ("version m",)), facts("staging", STORE, ("version m",)), SHARED, IDENTITY),
        # an endpoint that means another machine in each network: only one socket makes one namespace
        (facts("reps", "http://localhost:9000"), facts("st1", "http://localhost:9000"), ISOLATED, IDENTITY),
        (
            facts("reps", "http://localhost:9000"),
            facts("st1", "http://localhost:9000", place="hmac:elsewhere"),
            UNPROVEN,
            DECLARED,
        ),
        # providers whose namespaces are surely two
        (facts("reps"), facts("reps", "https://abc1.r2.cloudflarestorage.com"), UNPROVEN, DECLARED),
        (
            facts("reps", "https://abc1.r2.cloudflarestorage.com"),
            facts("reps", "https://abc2.r2.cloudflarestorage.com"),
            ISOLATED,
            IDENTITY,
        ),
        (facts("N_O"), facts("staging-reps"), UNPROVEN, DECLARED),
        (facts("arn:aws:s3:us-east-1:123456789012:accesspoint/x"), facts("reps"), UNPROVEN, DECLARED),
    ],
)
def test_two_buckets_are_told_apart(
    production: BucketFacts, staging: BucketFacts, outcome: Outcome, grade: Grade
) -> None:
    """Names count where they are unique, listings where they overlap, and nothing else."""
    found = same_bucket(question(production, staging))
    assert (found.outcome, found.grade) == (outcome, grade), found.summary
    assert found.remedy or outcome is ISOLATED


def test_two_providers_over_clear_text_are_not_told_apart() -> None:
    """Who answers for a provider's name is known only by its certificate."""
    one = facts("reps", "https://abc1.r2.cloudflarestorage.com")
    two = replace(facts("reps", "http://abc2.r2.cloudflarestorage.com"), tls=Known(False))
    assert same_bucket(question(one, two)).outcome is UNPROVEN


def test_a_denied_listing_keeps_its_remedy() -> None:
    """What would prove the row is the grant that the observer named."""
    found = same_bucket(question(facts("reps", STORE, None), facts("staging-reps", STORE)))
    assert "s3:ListBucket" in found.remedy


@pytest.mark.parametrize(
    ("objects", "stored", "whole", "outcome"),
    [
        (0, 0, True, ISOLATED),
        (0, 3, True, SHARED),
        (3, 3, True, ISOLATED),
        (3, 2, True, SHARED),
        (0, 1000, False, SHARED),
        (1000, 1000, False, UNPROVEN),
        (5000, 1000, False, UNPROVEN),
    ],
)
def test_a_stated_count_is_of_everything_stored(
    objects: int, stored: int, whole: bool, outcome: Outcome
) -> None:
    """Old versions count, and a listing cut short proves only excess."""
    staging = replace(facts("staging-reps"), stored=Known(stored), whole=Known(whole))
    found = contents(question(facts("reps"), staging, objects))
    assert found.outcome is outcome
    assert found.remedy or outcome is ISOLATED


@pytest.mark.parametrize(
    ("strays", "whole", "outcome"),
    [(0, True, ISOLATED), (2, True, SHARED), (0, False, UNPROVEN), (2, False, SHARED)],
)
def test_stated_prefixes_admit_no_other_key(strays: int, whole: bool, outcome: Outcome) -> None:
    """A single other key is SHARED; none in a listing cut short proves nothing."""
    staging = replace(facts("staging-reps"), strays=Known(strays), whole=Known(whole))
    assert contents(question(facts("reps"), staging, ("staging/",))).outcome is outcome


def test_contents_never_lift_a_row() -> None:
    """What a bucket holds does not say that it is another bucket: the grade stays declared."""
    assert contents(question(facts("reps", marks=None), facts("staging-reps"), 0)).grade is DECLARED


def test_unread_versions_are_unproven() -> None:
    """An empty listing over versions that nobody may list is not empty."""
    staging = replace(facts("staging-reps"), stored=DENIED)
    found = contents(question(facts("reps"), staging, 0))
    assert found.outcome is UNPROVEN
    assert "s3:ListBucket" in found.remedy


def test_contents_are_asked_only_where_they_are_stated() -> None:
    """Without an expectation the counts are a note and no finding."""
    (rule,) = (r for r in RULES if r.id == "bucket/contents")
    assert not rule.applies(BucketDeclared(name="$B"))
    assert rule.applies(BucketDeclared(name="$B", objects=0))
    staging = replace(facts("staging-reps"), objects=Known(1000), whole=Known(False))
    notes = LINTS[0].look(question(facts("reps"), staging))
    assert notes == ("production lists 1 objects", "staging lists at least 1000 objects")
    assert LINTS[0].look(question(facts("reps"), staging, 0)) == ()
