"""The bucket observer against a real S3 server with two users, and against peers that are none."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from peer import answering, page

from disjoint.demo.servers.certificates import Authority
from disjoint.demo.servers.forward import Forward
from disjoint.demo.servers.objects import KeyPair, ObjectStore
from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.bucket import listing, session
from disjoint.kinds.bucket.facts import BucketDeclared, BucketFacts
from disjoint.kinds.bucket.observe import observe
from disjoint.kinds.bucket.rules import contents, same_bucket
from disjoint.kinds.bucket.session import Keys, Store
from disjoint.model.environment import Environment, Variable
from disjoint.model.fact import Known, Unknown
from disjoint.model.finding import Grade, Judgement, Outcome
from disjoint.model.kind import Question, Side
from disjoint.model.manifest import Resource, target
from disjoint.model.probe import ProbeError
from disjoint.model.secret import RunKey, Secret
from disjoint.runner.deadline import Deadline
from disjoint.runner.tally import Tally
from disjoint.runner.visit import Seats, Visit

pytestmark = pytest.mark.live
AT = datetime(2026, 1, 10, tzinfo=UTC)
KEY = RunKey()
LISTING = ("s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketLocation", "s3:GetBucketVersioning")
DECLARED = BucketDeclared(name="$STORAGE_BUCKET_NAME", endpoint="$STORAGE_ENDPOINT_URL")
AMAZON = BucketDeclared(name="$STORAGE_BUCKET_NAME")
NOBODY = KeyPair("AKIANOBODY", "not-a-secret-of-anybody")


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectStore]:
    """One account with two buckets and two users, each of whom may list its own."""
    with Supervisor() as supervisor:
        started = ObjectStore.start(supervisor, "storage")
        started.create("reps", {"rep-1.json": b"production", "rep-2.json": b"production"})
        started.create("staging-reps", {"staging/rep-1.json": b"staging"})
        yield started


@pytest.fixture(scope="module")
def production(store: ObjectStore) -> KeyPair:
    return store.user("production", ["reps"], LISTING)


@pytest.fixture(scope="module")
def staging(store: ObjectStore) -> KeyPair:
    return store.user("staging", ["staging-reps"], LISTING)


def seen(
    name: str,
    endpoint: int | str,
    keys: KeyPair | None,
    declared: BucketDeclared = DECLARED,
    *,
    protected: bool = False,
    budget: float = 8.0,
    reach_at: Mapping[str, str] | None = None,
) -> tuple[BucketFacts, Tally]:
    """Observe one bucket, as the runner would."""
    url = f"http://127.0.0.1:{endpoint}" if isinstance(endpoint, int) else endpoint
    values = {"STORAGE_BUCKET_NAME": name, "STORAGE_ENDPOINT_URL": url}
    if keys:
        values |= {"AWS_ACCESS_KEY_ID": keys.access, "AWS_SECRET_ACCESS_KEY": keys.secret}
    variables = {n: Variable(n, Known(Secret(v)), ".env:1") for n, v in values.items()}
    called = "production" if protected else "staging"
    where = Environment(called, protected, variables, f".env.{called}", reach_at or {})
    tally = Tally(protected=protected)
    with Deadline(budget) as deadline:
        visit = Visit(where, deadline, Seats(), tally, KEY)
        return observe(target(Resource("storage", "bucket", declared), where), visit), tally


def judged(production: BucketFacts, staging: BucketFacts, rule: Any = same_bucket) -> Judgement:
    sides = Side("production", True, AT, production), Side("staging", False, AT, staging)
    found: Judgement = rule(Question(*sides, DECLARED))
    return found


def test_two_buckets_of_one_store_are_isolated_by_their_own_listings(
    store: ObjectStore, production: KeyPair, staging: KeyPair
) -> None:
    """Each side lists its own with its own keys: identity, with at most four reads on production."""
    endpoint, there = "http://s3.example.test:9000", {"s3.example.test:9000": f"127.0.0.1:{store.port}"}
    ours, tally = seen("reps", endpoint, production, protected=True, reach_at=there)
    theirs, _ = seen("staging-reps", endpoint, staging, reach_at=there)
    assert (ours.objects, ours.whole, ours.reached) == (Known(2), Known(True), Known("reach_at"))
    assert isinstance(ours.owner, Known)
    found = judged(ours, theirs)
    assert (found.outcome, found.grade) == (Outcome.ISOLATED, Grade.IDENTITY), found
    footprint = tally.footprint()
    assert footprint.writes == 0
    assert {command.split(" ")[0] for command, _ in footprint.commands} == {"GET"}
    assert footprint.reads <= 4


def test_one_bucket_under_two_endpoints_is_shared(store: ObjectStore, production: KeyPair) -> None:
    """Another name of the server changes nothing in what it lists."""
    name = "objects.staging.test:80"
    ours, _ = seen("reps", store.port, production, protected=True)
    theirs, _ = seen("reps", f"http://{name}", production, reach_at={name: f"127.0.0.1:{store.port}"})
    found = judged(ours, theirs)
    assert (found.outcome, found.grade) == (Outcome.SHARED, Grade.IDENTITY), found


def test_a_denied_listing_is_unknown_and_names_the_policy(store: ObjectStore, staging: KeyPair) -> None:
    """403 is never absence: the statement that would prove it is the remedy."""
    facts, _ = seen("reps", store.port, staging)
    assert isinstance(facts.listed, Unknown)
    assert "403" in facts.listed.reason
    assert '"s3:ListBucket"' in facts.listed.remedy
    assert "arn:aws:s3:::reps" in facts.listed.remedy
    assert isinstance(facts.place, Known)


@pytest.mark.parametrize(
    ("name", "keys", "why"),
    [
        ("no-such-bucket", "root", "no bucket no-such-bucket"),
        ("staging-reps", "wrong secret", "secret key does not belong"),
        ("staging-reps", "nobody", "does not know"),
        ("staging-reps", None, "no key pair"),
        ("Not_A_Bucket", "staging", "S3 names"),
        ("", "staging", "is empty"),
    ],
)
def test_each_refusal_is_told_in_our_own_words(
    store: ObjectStore, staging: KeyPair, name: str, keys: str | None, why: str
) -> None:
    """A missing bucket, wrong keys and no keys are told apart, and nothing secret is repeated."""
    pairs = {
        "root": store.root,
        "staging": staging,
        "wrong secret": KeyPair(staging.access, "x" * 40),
        "nobody": NOBODY,
    }
    pair = pairs[keys] if keys else None
    facts, tally = seen(name, "" if name == "Not_A_Bucket" else store.port, pair)
    assert isinstance(facts.listed, Unknown)
    assert why in facts.listed.reason
    assert facts.listed.remedy or not name
    for secret in (pair or NOBODY), staging:
        assert secret.secret not in repr(facts)
        assert secret.access not in repr(facts)
    assert tally.footprint().reads <= 1


def test_amazon_is_asked_by_its_own_names_over_verified_tls(
    store: ObjectStore, production: KeyPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an endpoint: the bucket's own host in its region, found by one HEAD if none is declared."""
    region = "s3.us-east-1.amazonaws.com"  # GetBucketLocation is asked of the region itself
    authority = Authority.found(store.supervisor)
    front = Forward.start(
        store.supervisor, "amazon", store.port, certificate=authority.issue(region, f"*.{region}")
    )
    there = {f"{host}:443": f"127.0.0.1:{front.port}" for host in (region, f"reps.{region}")}
    strange, _ = seen("reps", "", production, AMAZON, reach_at=there)
    assert isinstance(strange.listed, Unknown)
    assert "certificate" in strange.listed.reason
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.root))
    facts, tally = seen("s3://reps", "", production, AMAZON, protected=True, reach_at=there)
    assert (facts.objects, facts.tls, facts.region) == (Known(2), Known(True), Known("us-east-1"))
    assert dict(tally.footprint().commands) == {"HEAD HeadBucket": 1, **ASKED}
    named = BucketDeclared(name="$STORAGE_BUCKET_NAME", region="us-east-1")
    _, tally = seen("reps", "", production, named, protected=True, reach_at=there)
    assert dict(tally.footprint().commands) == ASKED


ASKED = {"GET ListObjectsV2": 1, "GET GetBucketVersioning": 1, "GET GetBucketLocation": 1}


def test_nothing_of_this_process_or_machine_is_used(
    store: ObjectStore, staging: KeyPair, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Profiles, files, keys, endpoints and proxies of the caller change nothing."""
    (tmp_path / ".aws").mkdir()
    for file in ("config", "credentials"):
        (tmp_path / ".aws" / file).write_text("no = section\n")
    session._session.cache_clear()
    for name, value in {
        "AWS_ACCESS_KEY_ID": store.root.access,
        "AWS_SECRET_ACCESS_KEY": store.root.secret,
        "AWS_PROFILE": "nobody",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
        "AWS_CA_BUNDLE": "/nowhere",
        "AWS_REGION": "mars-1",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "HOME": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    assert seen("staging-reps", store.port, staging)[0].objects == Known(1)
    assert isinstance(seen("staging-reps", store.port, None)[0].objects, Unknown)


def test_old_versions_count_as_content(store: ObjectStore) -> None:
    """A bucket that lists nothing may still hold versions; a stated zero is not met then."""
    store.create("versioned")
    client = store.client("s3", store.root)
    client.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    client.put_object(Bucket="versioned", Key="prod/user.json", Body=b"x")
    client.delete_object(Bucket="versioned", Key="prod/user.json")
    declared = BucketDeclared(name="$STORAGE_BUCKET_NAME", endpoint="$STORAGE_ENDPOINT_URL", objects=0)
    facts, _ = seen("versioned", store.port, store.root, declared)
    assert (facts.objects, facts.stored, facts.versioning) == (Known(0), Known(2), Known("Enabled"))
    sides = Side("production", True, AT, facts), Side("staging", False, AT, facts)
    assert contents(Question(*sides, declared)).outcome is Outcome.SHARED


def test_versions_prove_a_bucket_behind_two_names(store: ObjectStore) -> None:
    """Version ids are minted once: equal ones mark one store even where names differ."""
    store.create("minted")
    client = store.client("s3", store.root)
    client.put_bucket_versioning(Bucket="minted", VersioningConfiguration={"Status": "Enabled"})
    client.put_object(Bucket="minted", Key="a", Body=b"x")
    facts, _ = seen("minted", store.port, store.root)
    assert isinstance(facts.marks, Known)
    assert [mark.split(" ")[0] for mark in facts.marks.value].count("version") == 1


def test_keys_outside_the_stated_prefixes_are_counted(store: ObjectStore, staging: KeyPair) -> None:
    """Only keys below the stated prefixes are staging's own."""
    for prefixes, strays in ((("staging/",), 0), (("other/",), 1), ((), 1)):
        declared = BucketDeclared(
            name="$STORAGE_BUCKET_NAME", endpoint="$STORAGE_ENDPOINT_URL", objects=prefixes
        )
        assert seen("staging-reps", store.port, staging, declared)[0].strays == Known(strays)


def test_a_long_listing_is_cut_on_production_and_read_on_staging(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Production answers one page; staging's stated content is read to its end."""
    monkeypatch.setattr(listing, "PAGE", 5)
    store.create("many", {f"k {n:02}": b"" for n in range(13)})
    declared = BucketDeclared(name="$STORAGE_BUCKET_NAME", endpoint="$STORAGE_ENDPOINT_URL", objects=13)
    ours, tally = seen("many", store.port, store.root, declared, protected=True)
    assert (ours.objects, ours.whole) == (Known(5), Known(False))
    assert tally.footprint().reads <= 4
    theirs, _ = seen("many", store.port, store.root, declared)
    assert (theirs.objects, theirs.whole) == (Known(13), Known(True))
    assert judged(ours, theirs).outcome is Outcome.SHARED


MOVED = b"<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>"
XML = b"<?xml version='1.0'?>"
BOMB = (
    XML
    + b"<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>"
    + b"".join(b"<!ENTITY %c '%s'>" % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><ListBucketResult><Name>&j;</Name></ListBucketResult>"
)


@pytest.mark.parametrize(
    "chunks",
    [
        [page(b"<html><body>Please sign in</body></html>")],
        [page(b"<p>unclosed")],
        [page(b"")],
        [page(XML + b"<ListBucketResult><Name>other</Name><KeyCount>0</KeyCount></ListBucketResult>")],
        [page(XML + b"<ListBucketResult><Name>reps</Name></ListBucketResult>")],
        [page(XML + b"<ListBucketResult><Name>reps</Name><KeyCount>many</KeyCount></ListBucketResult>")],
        [page(BOMB)],
        [page(b"", "302 Found", "Location: http://127.0.0.1:9/")],
        [page(b"", "307 Temporary Redirect", "Location: /reps", "x-amz-bucket-region: eu-west-1")],
        [page(XML + b"<Error><Code>hunter2-hunter2</Code></Error>", "403 Forbidden")],
        [
            page(
                XML + b"<Error><Code>AuthorizationHeaderMalformed</Code><Region>x.evil/</Region></Error>",
                "400 Bad Request",
            )
        ],
        [page(b"\x1f\x8b" + b"\0" * 500, "200 OK", "Content-Encoding: gzip")],
        [page(b"<a>" * 200_000)],
        [b"HTTP/1.1 200 OK\r\n\r\n", *[b"<x>" * 300_000] * 12],
        [page(b"", "503 Slow Down")],
    ],
)
def test_what_is_no_listing_proves_nothing(chunks: list[bytes]) -> None:
    """Portals, other buckets' listings, bombs, redirects and foreign errors are Unknown after few reads."""
    with answering(chunks) as peer:
        facts, _ = seen("reps", peer.port, NOBODY)
    assert all(isinstance(getattr(facts, name), Unknown) for name in ("listed", "marks", "objects", "stored"))
    assert isinstance(facts.listed, Unknown)
    assert facts.listed.reason
    assert "hunter2" not in repr(facts)
    assert peer.methods <= {b"GET", b"HEAD"}
    assert len(peer.asked) <= 4


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (page(b"", "302 Found", "Location: http://127.0.0.1:9/"), "redirects (302)"),
        (page(MOVED, "400 Bad Request"), "elsewhere"),
        (page(MOVED, "301 Moved Permanently", "x-amz-bucket-region: eu-west-1"), "redirects (301)"),
    ],
)
def test_no_answer_sends_the_client_anywhere(answer: bytes, why: str) -> None:
    """A redirect, or botocore's own wish to ask another region, ends the visit after one request."""
    with answering([answer]) as peer:
        facts, _ = seen("reps", peer.port, NOBODY)
    assert isinstance(facts.listed, Unknown)
    assert why in facts.listed.reason
    assert "region" in facts.listed.remedy
    assert len(peer.asked) == 1


def test_a_listing_that_never_moves_on_ends() -> None:
    """One token twice is one round too many."""
    body = (
        XML + b"<ListBucketResult><Name>reps</Name><KeyCount>1</KeyCount><IsTruncated>true</IsTruncated>"
        b"<NextContinuationToken>again</NextContinuationToken><Contents><Key>a</Key></Contents></ListBucketResult>"
    )
    declared = BucketDeclared(name="$STORAGE_BUCKET_NAME", endpoint="$STORAGE_ENDPOINT_URL", objects=0)
    with answering([page(body)]) as peer:
        facts, _ = seen("reps", peer.port, NOBODY, declared)
    assert isinstance(facts.listed, Unknown)
    assert len(peer.asked) <= 3


def test_a_dripping_store_ends_with_the_budget() -> None:
    """One octet now and then holds nobody, and botocore does not try again."""
    started = time.monotonic()
    with answering([b"HTTP/1.1 200 OK\r\n", *[b"x"] * 100], pause=0.1) as peer:
        facts, _ = seen("reps", peer.port, NOBODY, budget=1.0)
    assert time.monotonic() - started < 2.0
    assert isinstance(facts.listed, Unknown)
    assert len(peer.asked) == 1


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("PutObject", {"Key": "k", "Body": b""}),
        ("GetObject", {"Key": "k"}),
        ("HeadObject", {"Key": "k"}),
        ("DeleteObject", {"Key": "k"}),
        ("CreateMultipartUpload", {"Key": "k"}),
        ("AbortMultipartUpload", {"Key": "k", "UploadId": "u"}),
        ("CopyObject", {"Key": "k", "CopySource": "staging-reps/k"}),
        ("PutBucketPolicy", {"Policy": "{}"}),
        ("DeleteBucketReplication", {}),
        ("CreateBucket", {}),
    ],
)
def test_production_is_asked_nothing_but_reads(operation: str, parameters: dict[str, Any]) -> None:
    """Everything else is refused before anything is sent."""
    with answering([page(b"")]) as peer, Visit.alone(Environment("production", True, {}, "here")) as visit:
        keys = Keys(Secret("a"), Secret("b"), None)
        client = Store(visit, keys, f"http://127.0.0.1:{peer.port}", "us-east-1")
        with pytest.raises(ProbeError, match="no read"):
            client.ask(operation, Bucket="reps", **parameters)
    assert peer.asked == []


def test_facts_hold_no_key(store: ObjectStore, production: KeyPair) -> None:
    """Neither half of the pair, nor an object's name, is in any fact."""
    facts, _ = seen("reps", store.port, production)
    shown = repr([getattr(facts, f.name) for f in fields(facts)])
    assert not any(text in shown for text in (*production, "rep-1.json"))
