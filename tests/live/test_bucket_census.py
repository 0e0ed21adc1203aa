"""A census of two buckets on a real S3 server: what it finds, what it sends, and what it must not prove."""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from bucket_world import DECLARED, Both, Place, both

from disjoint.demo.servers.objects import KeyPair, ObjectStore
from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.bucket import census as bucket_census
from disjoint.kinds.bucket import listing
from disjoint.kinds.bucket.facts import CONTENTS, DOUBTFUL, NAMES
from disjoint.kinds.bucket.grants import RECIPES
from disjoint.kinds.bucket.observe import observe
from disjoint.model.census import Detection, Overlap, Strength, Terms
from disjoint.model.experiment import Party
from disjoint.overlap.engine import Sides, census

pytestmark = pytest.mark.live
TERMS = Terms(Strength.SAMPLED, Detection(1000, 0.999), 60.0)
RIGHTS = tuple(json.loads(RECIPES["rows, each side's keys"])["Action"])


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectStore]:
    with Supervisor() as supervisor:
        yield ObjectStore.start(supervisor, "storage")


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two buckets of their own for one test, and keys that may do what the recipe says."""

    store: ObjectStore
    production: str
    staging: str
    theirs: KeyPair
    ours: KeyPair

    def compared(self, terms: Terms = TERMS, **declared: Any) -> Overlap:
        places = (
            Place(self.production, self.theirs, self.store.port),
            Place(self.staging, self.ours, self.store.port),
        )
        with both(*places) as run:
            return compared(run, terms, **declared)


def compared(run: Both, terms: Terms, **declared: Any) -> Overlap:
    stated = dataclasses.replace(DECLARED, **{"rows": "sampled", **declared})
    there, here = (party_of(party, stated) for party in (run.pair.production, run.pair.staging))
    with (
        bucket_census.reading(there, careful=True) as theirs,
        bucket_census.reading(here, careful=False) as ours,
    ):
        return census(Sides(theirs, ours, ("production", "staging")), terms)


def party_of(party: Party[Any], stated: Any) -> Party[Any]:
    target = dataclasses.replace(party.target, declared=stated)
    return Party(target, party.probe, observe(target, party.probe))


@pytest.fixture
def pair(store: ObjectStore) -> Pair:
    names = f"reps-{uuid.uuid4().hex[:8]}", f"staging-{uuid.uuid4().hex[:8]}"
    keys = [store.user(name, [name], RIGHTS) for name in names]
    for name in names:
        store.create(name, {f"reports/{n}.csv": body(f"{name} {n}") for n in range(3)})
    return Pair(store, *names, *keys)


def body(text: str) -> bytes:
    return f"{text} ".encode() * 40


def hits(found: Overlap) -> Mapping[tuple[str, str], int]:
    return {(hit.production, hit.staging): hit.confirmed for hit in found.shared}


def test_two_buckets_have_nothing_in_common(pair: Pair) -> None:
    """Equal keys with contents of their own are no copies; every place saw the planted value."""
    found = pair.compared()
    assert (found.shared, found.gaps, found.blind) == ((), (), ())
    assert found.production.rows == found.staging.rows == 3


def test_objects_copied_under_another_prefix_are_found_by_content(pair: Pair) -> None:
    """By the store's own copy, as a sync makes it."""
    root = pair.store.client("s3", pair.store.root)
    source = {"Bucket": pair.production, "Key": "reports/1.csv"}
    root.copy_object(Bucket=pair.staging, Key="restored/elsewhere.bin", CopySource=source)
    found = pair.compared()
    assert hits(found) == {(CONTENTS, CONTENTS): 1}
    assert not [key for key in ("reports/1.csv", "elsewhere") if key in repr(found)]


def test_a_name_of_productions_own_is_found_under_another_prefix(pair: Pair) -> None:
    """Its content was changed without a change of its size."""
    name = f"{uuid.uuid4()}/avatar.png"
    pair.store.put(pair.production, {f"users/{name}": body("a")})
    pair.store.put(pair.staging, {f"staging/users/{name}": body("b")})
    assert hits(pair.compared()) == {(NAMES, NAMES): 1}


def test_a_deleted_copy_is_found_among_the_old_versions(pair: Pair) -> None:
    """What was overwritten or deleted is kept, and can be read."""
    pair.store.keep_versions(pair.staging)
    pair.store.put(pair.staging, {"copy.csv": body(f"{pair.production} 1")})
    pair.store.client("s3", pair.store.root).delete_object(Bucket=pair.staging, Key="copy.csv")
    assert hits(pair.compared()) == {(CONTENTS, CONTENTS): 1}


@pytest.mark.long
def test_old_versions_that_may_not_be_listed_are_a_gap_in_staging_alone(pair: Pair) -> None:
    """In production they are left out, and that is said."""
    rights = [right for right in RIGHTS if right != "s3:ListBucketVersions"]
    less = [pair.store.user(f"less-{name}", [name], rights) for name in (pair.production, pair.staging)]
    for name in (pair.production, pair.staging):
        pair.store.keep_versions(name)
    found = dataclasses.replace(pair, ours=less[1], theirs=less[0]).compared()
    assert [gap.place for gap in found.gaps] == ["staging: old versions"]
    assert "s3:ListBucketVersions" in found.gaps[0].remedy
    assert [left.place for left in found.left] == ["production: old versions"]


def test_what_both_may_hold_is_left_out_and_said(pair: Pair) -> None:
    """By prefix, on both sides."""
    for name in (pair.production, pair.staging):
        pair.store.put(name, {"static/logo.png": body("logo")})
    assert hits(pair.compared()) == {(CONTENTS, CONTENTS): 1}
    found = pair.compared(may_share=("static/",))
    assert found.shared == ()
    assert {left.place for left in found.left} == {
        "production: objects under static/", "staging: objects under static/",
    }  # fmt: skip


@pytest.mark.long
def test_how_many_lines_tell_nothing_is_said(pair: Pair) -> None:
    """A zero over three of four objects is not one over four."""
    pair.store.put(pair.production, {"mark": b"x"})
    found = pair.compared()
    assert [left.place for left in found.left] == ["production: 1 of 4 lines"]


def test_small_objects_alone_prove_nothing(pair: Pair) -> None:
    """Nothing of production's could be told from staging's own."""
    tiny = f"tiny-{uuid.uuid4().hex[:8]}"
    pair.store.create(tiny, {"a": b"x", "b": b"y"})
    keys = pair.store.user(tiny, [tiny], RIGHTS)
    found = dataclasses.replace(pair, production=tiny, theirs=keys).compared()
    assert ["production's 2 objects" in gap.reason for gap in found.gaps] == [True]


def test_contents_under_kms_are_a_gap(pair: Pair) -> None:
    """Their ETags are not made from the content alone."""
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    pair.store.client("s3", pair.store.root).put_bucket_encryption(
        Bucket=pair.production, ServerSideEncryptionConfiguration={"Rules": [rule]}
    )
    gaps = pair.compared().gaps
    assert "production: contents of objects" in {gap.place for gap in gaps}
    assert any("KMS" in gap.reason for gap in gaps)


@pytest.mark.long
def test_encryption_that_may_not_be_asked_for_is_a_gap(pair: Pair) -> None:
    """With the right that would tell."""
    rights = [right for right in RIGHTS if right != "s3:GetEncryptionConfiguration"]
    less = pair.store.user(f"plain-{pair.staging}", [pair.staging], rights)
    found = dataclasses.replace(pair, ours=less).compared()
    assert ["s3:GetEncryptionConfiguration" in gap.remedy for gap in found.gaps] == [True]


def test_a_name_that_may_be_a_hash_is_a_place_of_its_own(pair: Pair) -> None:
    """Small objects with equal names."""
    for name in (pair.production, pair.staging):
        pair.store.put(name, {"media/9e107d9d372bb6826bd81d3542a419d6.png": b"x"})
    assert hits(pair.compared()) == {(DOUBTFUL, DOUBTFUL): 1}


@pytest.mark.long
def test_a_name_that_may_be_a_hash_has_no_private_answer(pair: Pair) -> None:
    """A number of shared values says nothing of which they are."""
    pair.store.put(pair.production, {"media/9e107d9d372bb6826bd81d3542a419d6.png": b"x"})
    assert [gap.remedy for gap in pair.compared(rows="private").gaps] == ['rows = "sampled"']


@pytest.mark.long
def test_many_pages_are_read_to_their_end(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not one more than may be."""
    monkeypatch.setattr(listing, "PAGE", 2)
    pair.store.put(pair.production, {f"more/{n}.csv": body(f"more {n}") for n in range(5)})
    pair.store.put(pair.staging, {"copy.csv": body("more 4")})
    found = pair.compared()
    assert (found.production.rows, hits(found)) == (8, {(CONTENTS, CONTENTS): 1})
    assert [gap.remedy for gap in pair.compared(rows_at_most=5).gaps] == ["raise rows_at_most"]


def test_a_listing_that_lacks_what_the_bucket_shows_is_a_gap(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An object that is shown by another query must be among the lines."""
    pages = listing.object_pages
    monkeypatch.setattr(
        bucket_census,
        "object_pages",
        lambda *asked: (page._replace(entries=page.entries[1:]) for page in pages(*asked)),
    )
    assert {"whole listing" in gap.reason for gap in pair.compared().gaps} == {True}


def test_no_object_is_opened_and_nothing_is_written(pair: Pair) -> None:
    """Listings, and the questions of the observer."""
    places = (
        Place(pair.production, pair.theirs, pair.store.port),
        Place(pair.staging, pair.ours, pair.store.port),
    )
    with both(*places) as run:
        compared(run, TERMS)
        for tally in run.tallies.values():
            assert tally.footprint().writes == 0
            sent = dict(tally.footprint().commands)
            assert set(sent) <= {
                "GET ListObjectsV2", "GET ListObjectVersions", "GET GetBucketVersioning",
                "GET GetBucketLocation", "GET GetBucketEncryption", "HEAD HeadBucket",
                "GET GetBucketReplication", "GET GetBucketNotificationConfiguration",
            }, sent  # fmt: skip
