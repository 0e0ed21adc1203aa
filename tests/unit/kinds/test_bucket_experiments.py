"""What the bucket rules conclude from live tests, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_bucket_rules import STORE, facts, question

from disjoint.kinds.bucket.copying import replication
from disjoint.kinds.bucket.crossing import cross_access
from disjoint.kinds.bucket.facts import BEGUN, STANDING, Access, Answer, BucketFacts, Policy
from disjoint.kinds.bucket.kind import KIND
from disjoint.kinds.bucket.sameness import BucketQuestion, canary, same_bucket
from disjoint.model.experiment import Sighting, Sightings
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.finding import Grade, Outcome

OTHER = "http://other.example"
YES, NO, NOBODY = Known(True), Known(False), Unknown("nobody saw", "look again")
ISOLATED, SHARED, UNPROVEN = Outcome.ISOLATED, Outcome.SHARED, Outcome.UNPROVEN
DECLARED, IDENTITY, CANARY = Grade.DECLARED, Grade.IDENTITY, Grade.CANARY


def tried(asked: BucketQuestion, name: str, result: Fact[object]) -> BucketQuestion:
    return replace(asked, experiments={**asked.experiments, name: result})


def sighting(
    seen: Fact[bool], held: Fact[bool] = YES, control: Fact[bool] = YES, channel: str = STANDING[0]
) -> Known[Sightings]:
    return Known(Sightings((Sighting(channel, held, control, seen),)))


TWO = (facts("reps", STORE, ("m",)), facts("staging-reps", STORE, ("n",)))
FRONTS = (facts("reps", STORE, ("m",)), facts("staging-reps", OTHER, ("n",)))
NAMESAKES = (facts("reps", STORE, ("m",)), facts("reps", OTHER, ("n",)))
SAME = (facts("reps", STORE, ("m",)), facts("reps", STORE, ("m",)))
DENIED = (facts("reps", STORE, None), facts("staging-reps", OTHER, ("n",)))
LOCAL = "http://localhost:9000"
ONE_DOOR = (facts("reps", LOCAL), facts("reps", LOCAL))
TWO_DOORS = (facts("reps", LOCAL, ("m",)), facts("reps", LOCAL, ("n",), place="hmac:elsewhere"))


@pytest.mark.parametrize(
    ("sides", "found", "outcome", "grade"),
    [
        # not there, both controls held: lifts what names prove, and proves where they do not tell
        (TWO, sighting(NO), ISOLATED, CANARY),
        (FRONTS, sighting(NO), ISOLATED, CANARY),
        (NAMESAKES, sighting(NO), ISOLATED, CANARY),
        (TWO_DOORS, sighting(NO), ISOLATED, CANARY),
        # a control that failed, or nothing tried: as if there were no canary
        (TWO, sighting(NO, held=NO), ISOLATED, IDENTITY),
        (TWO, sighting(NO, control=NOBODY), ISOLATED, IDENTITY),
        (TWO, sighting(NOBODY), ISOLATED, IDENTITY),
        (TWO, NOBODY, ISOLATED, IDENTITY),
        (FRONTS, sighting(NO, control=NO), UNPROVEN, DECLARED),
        (FRONTS, sighting(NO, held=NOBODY), UNPROVEN, DECLARED),
        (FRONTS, NOBODY, UNPROVEN, DECLARED),
        # there: one bucket where one name is; a nonce says so whatever the names are
        (NAMESAKES, sighting(YES), SHARED, CANARY),
        (SAME, sighting(YES), SHARED, CANARY),
        (FRONTS, sighting(YES, channel=BEGUN), SHARED, CANARY),
        (TWO, sighting(YES, channel=BEGUN), SHARED, CANARY),
        (TWO, sighting(YES, held=NO, control=NO, channel=BEGUN), SHARED, CANARY),
        # one object in two buckets of two names: a replica, or one upload into both
        (TWO, sighting(YES), UNPROVEN, DECLARED),
        (FRONTS, sighting(YES), UNPROVEN, DECLARED),
        # nothing unseen proves an environment apart from itself, or what nobody listed
        (SAME, sighting(NO), SHARED, IDENTITY),
        (ONE_DOOR, sighting(NO), UNPROVEN, DECLARED),
        (DENIED, sighting(NO), UNPROVEN, DECLARED),
    ],
)
def test_a_mark_is_weighed_beside_names_and_listings(
    sides: tuple[BucketFacts, BucketFacts], found: Fact[object], outcome: Outcome, grade: Grade
) -> None:
    """The table, row by row; what a canary alone would say never outweighs a contradiction."""
    judged = same_bucket(tried(question(*sides), "canary", found))
    assert (judged.outcome, judged.grade) == (outcome, grade), judged.summary
    assert judged.remedy or outcome is ISOLATED


@pytest.mark.parametrize(
    ("sides", "found", "outcome"),
    [
        (TWO, sighting(NO), ISOLATED),
        (FRONTS, sighting(NO), ISOLATED),
        (NAMESAKES, sighting(YES), SHARED),
        (TWO, sighting(YES), UNPROVEN),
        (TWO, sighting(NO, control=NO), UNPROVEN),
        (TWO, NOBODY, UNPROVEN),
        (ONE_DOOR, sighting(NO), UNPROVEN),
    ],
)
def test_the_canary_that_was_asked_for_must_count(
    sides: tuple[BucketFacts, BucketFacts], found: Fact[object], outcome: Outcome
) -> None:
    """Identity does not stand in for it."""
    judged = canary(tried(question(*sides), "canary", found))
    assert judged.outcome is outcome
    assert judged.grade is (DECLARED if outcome is UNPROVEN else CANARY)
    assert judged.remedy or outcome is ISOLATED


def test_a_control_that_failed_is_named() -> None:
    """In the limits of what stands without it, with why."""
    asked = tried(question(*TWO), "canary", sighting(NO, control=Unknown("the bucket is empty")))
    assert "oldest object: the bucket is empty" in same_bucket(asked).limits


def test_one_channel_with_both_controls_is_enough_and_one_that_saw_outweighs_it() -> None:
    """The newest object may be too new; the oldest then tells by itself."""
    blind, clear = sighting(NOBODY, channel=STANDING[1]).value, sighting(NO).value
    both = Known(Sightings((*blind.channels, *clear.channels)))
    assert same_bucket(tried(question(*FRONTS), "canary", both)).grade is CANARY
    seen = tried(tried(question(*NAMESAKES), "canary", both), "canary:upload", sighting(YES, channel=BEGUN))
    assert same_bucket(seen).outcome is SHARED


def test_marks_are_stored_only_where_identity_holds_alone() -> None:
    """The rule that permits them is asked without any canary, and must be of this kind."""
    assert KIND.apart == ("bucket/same-bucket",)
    stored = {test.name: test.stored for test in KIND.experiments}
    assert stored == {"canary": False, "canary:upload": True, "reach": False, "census": False}


REFUSED, ALLOWED = Answer("refused", "403 AccessDenied"), Answer("allowed", "200")
UNCLEAR = Answer("unclear", "404 NoSuchBucket")
NONE: Fact[Policy] = Known(Policy((), (), 0, 0))


@pytest.mark.parametrize(
    ("access", "outcome", "grade"),
    [
        (Access(YES, REFUSED, REFUSED, NONE), ISOLATED, Grade.REFUSED),
        (Access(YES, REFUSED, REFUSED, NOBODY), ISOLATED, Grade.REFUSED),
        (Access(YES, REFUSED, REFUSED, Known(Policy(("s3:GetObject",), (), 0, 2))), ISOLATED, Grade.REFUSED),
        (Access(YES, REFUSED, REFUSED, Known(Policy((), ("s3:GetObject",), 0, 0))), ISOLATED, Grade.REFUSED),
        (Access(YES, REFUSED, REFUSED, Known(Policy((), ("s3:PutObject",), 0, 0))), UNPROVEN, DECLARED),
        (Access(YES, REFUSED, REFUSED, Known(Policy(("s3:PutObject",), (), 0, 0))), SHARED, IDENTITY),
        (Access(YES, REFUSED, REFUSED, Known(Policy((), (), 1, 0))), UNPROVEN, DECLARED),
        (Access(NO, REFUSED, REFUSED, NONE), UNPROVEN, DECLARED),
        (Access(NOBODY, REFUSED, REFUSED, NONE), UNPROVEN, DECLARED),
        (Access(YES, REFUSED, UNCLEAR, NONE), UNPROVEN, DECLARED),
        (Access(YES, UNCLEAR, REFUSED, NONE), UNPROVEN, DECLARED),
        (Access(YES, UNCLEAR, UNCLEAR, NONE), UNPROVEN, DECLARED),
        (Access(YES, ALLOWED, REFUSED, NONE), SHARED, IDENTITY),
        (Access(YES, REFUSED, ALLOWED, NONE), SHARED, IDENTITY),
        (Access(NOBODY, ALLOWED, ALLOWED, NOBODY), SHARED, IDENTITY),
    ],
)
def test_only_two_refusals_beside_productions_own_listing_are_proof(
    access: Access, outcome: Outcome, grade: Grade
) -> None:
    """One unclear answer leaves it open; one door that opens settles it."""
    judged = cross_access(tried(question(*TWO), "reach", Known(access)))
    assert (judged.outcome, judged.grade) == (outcome, grade), judged.summary
    assert judged.remedy or outcome is ISOLATED


def test_keys_that_were_not_tried_prove_nothing() -> None:
    """Left out, failed, or of another sort."""
    for found in (NOBODY, sighting(NO)):
        judged = cross_access(tried(question(*TWO), "reach", found))
        assert (judged.outcome, bool(judged.remedy)) == (UNPROVEN, True)
    assert cross_access(question(*TWO)).outcome is UNPROVEN


def linked(side: BucketFacts, copies: Fact[tuple[str, ...]], announces: Fact[tuple[str, ...]]) -> BucketFacts:
    return replace(side, copies=copies, announces=announces)


EMPTY: Fact[tuple[str, ...]] = Known(())
UNREAD: Fact[tuple[str, ...]] = Unknown("403", "allow it")


@pytest.mark.parametrize(
    ("production", "staging", "outcome"),
    [
        ((EMPTY, EMPTY), (EMPTY, EMPTY), ISOLATED),
        ((Known(("backup",)), Known(("q",))), (EMPTY, Known(("r",))), ISOLATED),
        ((Known(("staging-reps",)), EMPTY), (EMPTY, EMPTY), SHARED),
        ((Known(("staging-reps",)), UNREAD), (UNREAD, UNREAD), SHARED),
        ((EMPTY, EMPTY), (Known(("a", "reps")), EMPTY), SHARED),
        ((Known(("backup",)), EMPTY), (Known(("backup",)), EMPTY), SHARED),
        ((EMPTY, Known(("q",))), (EMPTY, Known(("p", "q"))), SHARED),
        ((UNREAD, EMPTY), (EMPTY, EMPTY), UNPROVEN),
        ((EMPTY, EMPTY), (EMPTY, UNREAD), UNPROVEN),
    ],
)
def test_a_link_in_either_direction_is_shared(
    production: tuple[Fact[tuple[str, ...]], Fact[tuple[str, ...]]],
    staging: tuple[Fact[tuple[str, ...]], Fact[tuple[str, ...]]],
    outcome: Outcome,
) -> None:
    """One known link settles it; isolation takes both sides' whole configuration."""
    judged = replication(question(linked(TWO[0], *production), linked(TWO[1], *staging)))
    assert judged.outcome is outcome, judged.summary
    assert judged.grade is (DECLARED if outcome is UNPROVEN else IDENTITY)
    assert judged.remedy or outcome is ISOLATED


def test_a_name_in_another_store_is_no_link() -> None:
    """Names are unique in one store only; and no links between one bucket prove two."""
    sides = (linked(FRONTS[0], Known(("staging-reps",)), EMPTY), linked(FRONTS[1], EMPTY, EMPTY))
    assert replication(question(*sides)).outcome is UNPROVEN
    assert (
        replication(question(linked(SAME[0], EMPTY, EMPTY), linked(SAME[1], EMPTY, EMPTY))).outcome
        is UNPROVEN
    )


def test_targets_of_two_servers_may_bear_one_name() -> None:
    """MinIO calls each server's webhook ``arn:minio:sqs::1:webhook``; a provider's ARN is one target."""
    heard = Known(("q",))
    own = replication(question(linked(FRONTS[0], EMPTY, heard), linked(FRONTS[1], EMPTY, heard)))
    assert (own.outcome, bool(own.remedy)) == (UNPROVEN, True)
    amazon = (linked(facts("reps"), EMPTY, heard), linked(facts("staging", OTHER), EMPTY, heard))
    assert replication(question(*amazon)).outcome is SHARED
