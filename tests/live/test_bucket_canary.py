"""Objects of staging's looked up in production's bucket: seen, not seen, or nothing that counts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import pytest
from bucket_world import Both, Place, both, held, recording
from peer import answering, page

from disjoint.demo.servers.objects import ObjectStore
from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.bucket import canary, grants
from disjoint.kinds.bucket.listing import Entry
from disjoint.kinds.bucket.rules import RULES
from disjoint.kinds.bucket.sameness import same_bucket
from disjoint.model.experiment import Sightings, saw
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.finding import Grade, Judgement, Outcome
from disjoint.model.probe import ProbeError

pytestmark = pytest.mark.live
STAGING = {"staging/a.txt": b"staging", "staging/b.txt": b"staging too"}
PRODUCTION = {"production/a.txt": b"production", "production/b c+d%.txt": b"production too"}
RULE = next(rule for rule in RULES if rule.id == "bucket/canary")


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectStore]:
    """Two buckets; production stored last."""
    with Supervisor() as supervisor:
        started = ObjectStore.start(supervisor, "storage")
        started.create("staging-reps", STAGING)
        started.create("reps", PRODUCTION)
        yield started


@pytest.fixture
def production(store: ObjectStore) -> Place:
    return Place("reps", store.root, store.port)


@pytest.fixture
def staging(store: ObjectStore) -> Place:
    return Place("staging-reps", store.root, store.port)


def fresh(store: ObjectStore, bucket: str, objects: dict[str, bytes]) -> Place:
    """A bucket of a test's own."""
    store.create(bucket, objects)
    return Place(bucket, store.root, store.port)


def judged(production: Place, staging: Place) -> tuple[Judgement, Judgement]:
    """What same-bucket and canary conclude."""
    with both(production, staging) as sides:
        asked = sides.question("canary")
    return same_bucket(asked), RULE.judge(asked)


def test_an_object_that_is_not_there_proves_two_buckets(production: Place, staging: Place) -> None:
    """Grade canary, with both controls in the evidence, and no key of an object in it."""
    with both(production, staging) as sides:
        asked = sides.question("canary")
    found = same_bucket(asked)
    assert (found.outcome, found.grade) == (Outcome.ISOLATED, Grade.CANARY)
    shown = [
        e for e in asked.sighted() if e.what.endswith("staging's mark") and e.environment == "production"
    ]
    assert {e.value for e in shown} == {"no"}
    assert {e.value for e in asked.sighted() if e.what.endswith(": own mark")} == {"yes"}
    assert not any(key in repr(asked) for key in (*STAGING, *PRODUCTION))


def test_two_endpoints_of_one_store_are_told_apart_by_it_alone(production: Place, staging: Place) -> None:
    """Names say nothing there; the same bucket under both is SHARED."""
    there = {"other.test:9000": f"127.0.0.1:{staging.port}"}
    elsewhere = Place("staging-reps", staging.keys, staging.port, there, "http://other.test:9000")
    assert [(f.outcome, f.grade) for f in judged(production, elsewhere)] == [
        (Outcome.ISOLATED, Grade.CANARY)
    ] * 2
    one = Place("reps", staging.keys, staging.port, there, "http://other.test:9000")
    assert [(f.outcome, f.grade) for f in judged(production, one)] == [(Outcome.SHARED, Grade.CANARY)] * 2


def test_production_is_sent_four_reads_and_holds_what_it_held(
    store: ObjectStore, production: Place, staging: Place
) -> None:
    """One page, one key of its own, two of staging's: GET, on its own bucket, and nothing else."""
    before = held(store, "reps")
    with recording(store.port) as (port, lines):
        with both(Place("reps", production.keys, port), staging) as sides:
            assert isinstance(sides.tried("canary"), Known)
            assert dict(sides.tallies["production"].footprint().commands) == {"GET ListObjectsV2": 4}
            assert sides.tallies["staging"].footprint().writes == 0
        assert len(lines) == 4
        assert all(line.startswith(b"GET /reps?list-type=2&") for line in lines)
        assert [b"prefix=" in line for line in lines] == [False, True, True, True]
    assert held(store, "reps") == before


def test_the_right_to_list_is_all_it_needs(store: ObjectStore) -> None:
    """Both sides look with the rights that are stated, each on its own bucket."""
    ours = Place("reps", store.user("looking", ["reps"], grants.LOOK), store.port)
    theirs = Place("staging-reps", store.user("holding", ["staging-reps"], grants.LOOK), store.port)
    with both(ours, theirs) as sides:
        found = sides.tried("canary")
    assert isinstance(found, Known)
    assert all(channel.seen == Known(False) for channel in found.value.channels)


def test_what_may_not_be_listed_is_not_absent(store: ObjectStore, staging: Place) -> None:
    """403 proves nothing, and names the right that would."""
    keys = store.user("reading", ["reps"], ("s3:GetObject",))
    with both(Place("reps", keys, store.port), staging) as sides:
        found = sides.tried("canary")
    assert isinstance(found, Unknown)
    assert "403" in found.reason
    assert "s3:ListBucket" in found.remedy


def test_an_empty_bucket_of_productions_has_no_control(store: ObjectStore, staging: Place) -> None:
    """Two buckets by identity; the canary is named as what did not count."""
    same, own = judged(fresh(store, "empty-reps", {}), staging)
    assert (same.outcome, same.grade) == (Outcome.ISOLATED, Grade.IDENTITY)
    assert "no object of its own that could be the control" in same.limits
    assert own.outcome is Outcome.UNPROVEN


def test_an_object_that_is_younger_than_all_of_productions_is_no_mark(
    store: ObjectStore, production: Place
) -> None:
    """A listing that lags would not show it either."""
    same, own = judged(production, fresh(store, "young", {"staging/new.txt": b"new"}))
    assert (same.outcome, same.grade) == (Outcome.ISOLATED, Grade.IDENTITY)
    assert "may be behind" in own.summary
    assert own.outcome is Outcome.UNPROVEN


@pytest.mark.parametrize(
    ("name", "body", "seen"),
    [("same", b"x", Unknown), ("other", b"y", Known(False)), ("longer", b"xy", Known(False))],
)
def test_one_key_in_both_buckets_counts_by_its_content(
    store: ObjectStore, name: str, body: bytes, seen: Fact[bool] | type[Unknown]
) -> None:
    """Equal content may be the same object through another gateway: nothing follows from it."""
    theirs = fresh(store, f"staging-{name}", {"index.html": b"x"})
    ours = fresh(store, f"production-{name}", {"index.html": body, "z.html": b"z"})
    with both(ours, theirs) as sides:
        found = sides.tried("canary")
    assert isinstance(found, Known)
    (channel,) = found.value.channels
    assert channel.control == Known(True)
    assert isinstance(channel.seen, Unknown) if seen is Unknown else channel.seen == seen


def _meanwhile(sides: Both, change: Callable[[], object]) -> Sightings:
    """A canary during which staging's objects change, after the first look."""
    with canary.hold(sides.pair.staging, 5.0) as mark:
        before = mark.alive()
        change()
        return saw(before, canary.look(sides.pair.production, mark.token), mark.alive())


@pytest.mark.parametrize("change", ["deleted", "replaced"])
def test_an_object_that_does_not_stay_is_no_mark(store: ObjectStore, production: Place, change: str) -> None:
    """Its own side must see the very same object afterwards."""
    theirs = fresh(store, f"moving-{change}", {"staging/a.txt": b"a"})
    store.put("reps", {"production/later.txt": b"later"})
    client = store.client("s3", store.root)
    changes: dict[str, Callable[[], object]] = {
        "deleted": lambda: client.delete_object(Bucket=theirs.bucket, Key="staging/a.txt"),
        "replaced": lambda: client.put_object(Bucket=theirs.bucket, Key="staging/a.txt", Body=b"a"),
    }
    with both(production, theirs) as sides:
        time.sleep(0.01)
        (channel,) = _meanwhile(sides, changes[change]).channels
    assert (channel.held, channel.seen) == (Known(False), Known(False))


LISTING = (
    b"<?xml version='1.0'?><ListBucketResult><Name>reps</Name><KeyCount>1</KeyCount><IsTruncated>false"
    b"</IsTruncated>%b<Contents><Key>production/a.txt</Key><ETag>x</ETag><Size>1</Size>"
    b"<LastModified>2030-01-01T00:00:00.000Z</LastModified></Contents></ListBucketResult>"
)
NOTHING = (
    b"<?xml version='1.0'?><ListBucketResult><Name>reps</Name><KeyCount>0</KeyCount>%b</ListBucketResult>"
)


@pytest.mark.parametrize(
    ("later", "why"),
    [
        (LISTING % b"", "another key first"),
        (LISTING % b"<Prefix></Prefix>", "another key first"),
        (NOTHING % b"<Prefix>elsewhere</Prefix>", "another key first"),
        (NOTHING % b"<IsTruncated>true</IsTruncated>", "there is more"),
        (NOTHING.replace(b"reps", b"other") % b"", "no bucket listing"),
        (b"<html>", "does not speak S3"),
    ],
)
def test_a_store_that_looks_up_otherwise_proves_nothing(staging: Place, later: bytes, why: str) -> None:
    """Prefixes that are ignored, another order, another bucket, a page: neither control nor absence."""
    with (
        answering([page(LISTING % b"")], later=[page(later)]) as peer,
        both(Place("reps", staging.keys, peer.port), staging) as sides,
    ):
        found = sides.tried("canary")
    assert isinstance(found, Known)
    for channel in found.value.channels:
        assert isinstance(channel.seen, Unknown)
        assert why in channel.seen.reason


def test_keys_that_gateways_read_otherwise_are_not_chosen() -> None:
    """Neither a slash at an end nor two in a row, nor dots, nor what does not print or has two spellings."""
    odd = ("", "/a", "a/", "a//b", "a/../b", "./a", "a\n", "a\x00", "k" * 600, "\xe4", "a\u0308")
    assert not [key for key in odd if canary.is_plain(key)]
    assert all(canary.is_plain(key) for key in ("a", "a b+c%20.txt", "a/b.c/.d"))
    times = ("2026-01-02T00:00:00+00:00", "2026-01-01T00:00:00+00:00", "2026-01-03T00:00:00+00:00", "")
    entries = [Entry(f"k{n}", "", "e", time, "1") for n, time in enumerate(times)]
    assert [entry.key for entry in canary.chosen(entries)] == ["k1", "k2"]
    assert len(canary.chosen(entries[:1])) == 1


@pytest.mark.parametrize("token", ["", "[]", "[1]", '[["a/","","","",""]]', '[["a"]]', "{}", "[[1,2,3]]"])
def test_a_hold_that_cannot_be_read_is_refused(production: Place, staging: Place, token: str) -> None:
    """Before anything is asked."""
    with both(production, staging) as sides:
        with pytest.raises(ProbeError, match="cannot be read"):
            canary.look(sides.pair.production, token)
        assert sides.tallies["production"].footprint().reads == 0


def test_keys_that_may_list_one_folder_only_prove_nothing(store: ObjectStore, staging: Place) -> None:
    """Production's keys see their own prefix and no other: staging's objects would be hidden from them."""
    keys = store.user("folder", ["reps"], grants.LOOK)
    statement = {
        "Effect": "Deny",
        "Action": "s3:ListBucket",
        "Resource": "*",
        "Condition": {"StringNotLike": {"s3:prefix": "production/*"}},
    }
    store.client("iam", store.root).put_user_policy(
        UserName="folder",
        PolicyName="one-folder",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    own = store.client("s3", keys)
    assert own.list_objects_v2(Bucket="reps", Prefix="production/")["KeyCount"] >= 1
    with both(Place("reps", keys, store.port), staging) as sides:
        found = sides.tried("canary")
    assert isinstance(found, Unknown)
    assert "403" in found.reason
