"""What a line of a listing tells, and what it says that two buckets tell the same."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest

from disjoint.kinds.bucket.facts import (
    ASSETS,
    CONTENTS,
    DOUBTFUL,
    NAMES,
    BucketDeclared,
    BucketFacts,
)
from disjoint.kinds.bucket.objects import production_objects
from disjoint.kinds.bucket.telling import is_blind, told_by
from disjoint.model.census import Overlap, Read, Strength
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.finding import Judgement, Outcome
from disjoint.model.kind import Question, Side
from disjoint.model.shared import Shared

AT = datetime(2026, 1, 10, tzinfo=UTC)
READ = Read(4, 10, 20, "one listing", 0.1, 160)
MD5 = "9e107d9d372bb6826bd81d3542a419d6"
ID = "7f9c24e8-3b12-4e0a-9c55-d2f0a1b7c6e3"


def places(key: str, etag: str = MD5, size: str = "1000") -> list[str]:
    return [value.place for value in told_by(key, etag, size)]


def name_of(key: str) -> bytes:
    return next(value.octets for value in told_by(key, MD5, "10"))


def test_a_content_is_told_whatever_its_key() -> None:
    """Copied under another prefix it is still found."""
    one = [value.octets for value in told_by("reports/a.csv", MD5, "1000")]
    assert one == [value.octets for value in told_by("staging/copy/b.csv", MD5, "1000")]
    assert places("reports/a.csv") == [CONTENTS]


def test_two_contents_differ_by_size_and_by_etag() -> None:
    """Each of them is a part of the value."""
    told = [(MD5, "1000"), (MD5, "1001"), (MD5 + "-2", "1000"), ("0" + MD5[1:], "1000")]
    values = {value.octets for etag, size in told for value in told_by("a", etag, size)}
    assert len(values) == len(told)


@pytest.mark.parametrize("size", ["0", "63", ""])
def test_small_objects_and_delete_markers_have_no_content_of_their_own(size: str) -> None:
    """Empty files and markers are alike everywhere."""
    assert places("a.csv", MD5, size) == []
    assert not is_blind("opaque", size)


def test_an_etag_of_another_making_tells_no_content() -> None:
    """And it is said, so that nobody takes it for a zero."""
    assert places("a.csv", "CJ2Ol6+wzY0DEAE=") == []
    assert is_blind("CJ2Ol6+wzY0DEAE=", "64")
    assert not is_blind(MD5, "64")
    assert not is_blind(f"{MD5}-12", "64")


def test_a_name_is_told_from_the_last_part_that_is_its_own() -> None:
    """The prefix before it may be another on each side, what follows is the object's."""
    assert name_of(f"uploads/{ID}/avatar.png") == name_of(f"staging/old/{ID}/avatar.png")
    assert name_of(f"uploads/{ID}/avatar.png") != name_of(f"uploads/{ID}/cover.png")
    assert places(f"uploads/{ID}.json") == [CONTENTS, NAMES]


def test_an_id_above_a_hash_is_the_name() -> None:
    """The hash of a default avatar stands in every environment."""
    other = "018f4e9c-7a2b-7c3d-8e4f-5a6b7c8d9e0f"
    assert name_of(f"users/{ID}/{MD5}.png") != name_of(f"users/{other}/{MD5}.png")
    assert places(f"media/{MD5}.png") == [CONTENTS, DOUBTFUL]


def test_plain_names_are_no_value() -> None:
    """Every month has its report, in every environment."""
    assert places("reports/2026-01.csv", MD5, "10") == []


def test_what_is_deployed_everywhere_is_nobodys() -> None:
    """Scripts, styles and fonts; and their names with hashes in them."""
    assert places(f"static/app.{MD5}.js") == [ASSETS]
    assert places("static/Inter.WOFF2") == [ASSETS]


def judged(found: Fact[Overlap]) -> Judgement:
    rest: dict[str, Any] = {field.name: Unknown("not asked") for field in fields(BucketFacts)}
    facts = BucketFacts(**rest)
    sides = Side("production", True, AT, facts), Side("staging", False, AT, facts)
    declared = BucketDeclared(name="$STORAGE_BUCKET_NAME", rows="exact")
    return production_objects(Question(*sides, declared, {"census": found}))


def overlap(*shared: Shared) -> Overlap:
    return Overlap(Strength.EXACT, 1, 0.999, 1, False, READ, READ, shared, 0, (), (), ())


@pytest.mark.parametrize(
    ("place", "identifying", "outcome"),
    [
        (CONTENTS, True, Outcome.SHARED),
        (NAMES, True, Outcome.SHARED),
        (ASSETS, False, Outcome.ISOLATED),
        (DOUBTFUL, False, Outcome.UNPROVEN),
    ],
)
def test_what_is_found_says_what_its_place_says(place: str, identifying: bool, outcome: Outcome) -> None:
    """A content is a leak, a script is none, and a name that may be a hash is neither."""
    assert judged(Known(overlap(Shared(place, place, 2, 2, identifying)))).outcome is outcome


def test_nothing_found_is_isolated_and_nothing_read_is_not() -> None:
    """A zero has its limits, a refusal its remedy."""
    assert "resized" in judged(Known(overlap())).limits
    refused = judged(Unknown("refused"))
    assert refused.outcome is Outcome.UNPROVEN
    assert "s3:ListBucketVersions" in refused.remedy
