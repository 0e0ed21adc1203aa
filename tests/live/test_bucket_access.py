"""Staging's keys at production's bucket, its policy, and where either bucket is replicated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from bucket_world import Place, both, held, recording
from peer import answering, page

from disjoint.demo.servers.objects import ACCOUNT, KeyPair, ObjectStore
from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.bucket import grants, links, reach
from disjoint.kinds.bucket.facts import Access, BucketDeclared, BucketFacts, Policy
from disjoint.kinds.bucket.rules import RULES
from disjoint.kinds.bucket.session import Keys, Store
from disjoint.model.environment import Environment
from disjoint.model.fact import Known, Unknown
from disjoint.model.finding import Grade, Judgement, Outcome
from disjoint.model.kind import Rule
from disjoint.model.secret import Secret
from disjoint.runner.visit import Visit

pytestmark = pytest.mark.live
BY_ID = {rule.id: rule for rule in RULES}
CROSS: Rule[BucketFacts, BucketDeclared] = BY_ID["bucket/cross-access"]
REPLICATION: Rule[BucketFacts, BucketDeclared] = BY_ID["bucket/replication"]
NOBODY = KeyPair("AKIANOBODY", "not-a-secret-of-anybody")


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectStore]:
    """One account; each environment's user may use its own bucket."""
    with Supervisor() as supervisor:
        started = ObjectStore.start(supervisor, "storage")
        started.create("reps", {"production/1.txt": b"production"})
        started.create("staging-reps", {"staging/1.txt": b"staging"})
        yield started


@pytest.fixture(scope="module")
def production(store: ObjectStore) -> Place:
    return Place("reps", store.user("production", ["reps"]), store.port)


@pytest.fixture(scope="module")
def staging(store: ObjectStore) -> Place:
    return Place("staging-reps", store.user("shop-staging", ["staging-reps"]), store.port)


def crossed(production: Place, staging: Place) -> tuple[Judgement, Access]:
    """The rule's judgement, and what it was judged from."""
    with both(production, staging) as sides:
        asked = sides.question("reach")
    found = asked.tried("reach", Access)
    assert isinstance(found, Known), found
    return CROSS.judge(asked), found.value


def test_refused_keys_are_proof_of_the_highest_grade(
    store: ObjectStore, production: Place, staging: Place
) -> None:
    """Two attempts, GET and HEAD, beside production's own; nothing of production's changes."""
    before = held(store, "reps")
    with recording(store.port) as (port, lines), both(Place("reps", production.keys, port), staging) as sides:
        assert isinstance(sides.tried("reach"), Known)
        sent = dict(sides.tallies["production"].footprint().commands)
        assert sent == {"GET ListObjectsV2": 2, "HEAD HeadBucket": 1, "GET GetBucketPolicy": 1}
        assert sides.tallies["staging"].footprint().commands == ()
    assert [line.split(b" ")[:2] for line in lines] == [
        [b"GET", b"/reps?list-type=2&max-keys=1&encoding-type=url"],
        [b"HEAD", b"/reps"],
        [b"GET", b"/reps?list-type=2&max-keys=1&encoding-type=url"],
        [b"GET", b"/reps?policy"],
    ]
    assert held(store, "reps") == before
    found, access = crossed(production, staging)
    assert (found.outcome, found.grade) == (Outcome.ISOLATED, Grade.REFUSED)
    assert (access.head.told, access.listing.told) == ("403", "403 AccessDenied")
    assert not any(secret in repr(found) + repr(access) for secret in (*production.keys, *staging.keys))


@pytest.mark.parametrize(
    ("keys", "told"),
    [(NOBODY, "403 InvalidAccessKeyId"), (None, "403 SignatureDoesNotMatch")],
)
def test_a_store_that_knows_no_such_keys_refuses_them(
    production: Place, staging: Place, keys: KeyPair | None, told: str
) -> None:
    """Unknown keys, and a secret that is not theirs."""
    pair = keys or KeyPair(staging.keys.access, "x" * 40)
    found, access = crossed(production, Place("staging-reps", pair, staging.port))
    assert found.grade is Grade.REFUSED
    assert access.listing.told == told


@pytest.mark.parametrize("action", ["s3:ListBucket", "s3:*"])
def test_keys_that_are_let_in_are_shared(store: ObjectStore, production: Place, action: str) -> None:
    """Whatever bucket staging names: its keys open production's."""
    name = "both-" + action.removeprefix("s3:").replace("*", "all").lower()
    keys = store.user(name, ["staging-reps", "reps"], (action,))
    found, access = crossed(production, Place("staging-reps", keys, store.port))
    assert (found.outcome, found.grade) == (Outcome.SHARED, Grade.IDENTITY)
    assert access.listing.word == "allowed"


def _with_policy(store: ObjectStore, bucket: str, **statement: object) -> Place:
    store.create(bucket, {"production/1.txt": b"production"})
    store.unblock(bucket)
    store.allow(bucket, statement)
    return Place(bucket, store.user(f"owner-of-{bucket}", [bucket]), store.port)


def test_a_policy_that_names_staging_leaves_writing_open(store: ObjectStore, staging: Place) -> None:
    """It is refused to list, and may write: reading cannot tell."""
    user = f"arn:aws:iam::{ACCOUNT}:user/shop-staging"
    place = _with_policy(store, "inbox", Principal={"AWS": user}, Action="s3:PutObject")
    found, _ = crossed(place, staging)
    assert found.outcome is Outcome.UNPROVEN
    assert found.remedy


def test_a_policy_for_anyone_counts_by_what_it_allows(store: ObjectStore, staging: Place) -> None:
    """Public files may be read by all; a bucket that anyone may write to is staging's as well."""
    files = _with_policy(store, "files", Principal="*", Action=["s3:GetObject"])
    found, access = crossed(files, staging)
    assert (found.outcome, access.policy) == (Outcome.ISOLATED, Known(Policy(("s3:GetObject",), (), 0, 0)))
    assert "anyone may read objects" in found.limits
    drop = _with_policy(store, "drop", Principal={"AWS": "*"}, Action=["s3:PutObject"])
    found, _ = crossed(drop, staging)
    assert (found.outcome, found.grade) == (Outcome.SHARED, Grade.IDENTITY)
    assert "s3:PutObject" in found.summary


def test_a_policy_that_may_not_be_read_is_named(store: ObjectStore, staging: Place) -> None:
    """The refusal stands, and its limits say what would tell more."""
    keys = store.user("least", ["reps"], grants.VERIFY)
    found, _ = crossed(Place("reps", keys, store.port), staging)
    assert found.grade is Grade.REFUSED
    assert "s3:GetBucketPolicy" in found.limits
    may = store.user("least-and-policy", ["reps"], (*grants.VERIFY, *grants.POLICY))
    _, access = crossed(Place("reps", may, store.port), staging)
    assert access.policy == Known(Policy((), (), 0, 0))


def _error(code: bytes, status: str) -> bytes:
    return page(b"<?xml version='1.0'?><Error><Code>%b</Code></Error>" % code, status)


LISTED = page(
    b"<?xml version='1.0'?><ListBucketResult><Name>reps</Name><KeyCount>0</KeyCount></ListBucketResult>"
)


@pytest.mark.parametrize(
    "answer",
    [
        _error(b"NoSuchBucket", "404 Not Found"),
        _error(b"AccessDenied", "404 Not Found"),
        _error(b"ExpiredToken", "400 Bad Request"),
        _error(b"RequestTimeTooSkewed", "403 Forbidden"),
        _error(b"SlowDown", "503 Slow Down"),
        page(b"<html>blocked</html>", "403 Forbidden"),
        page(b"", "403 Forbidden"),
        page(b"", "301 Moved Permanently", "Location: http://127.0.0.1:9/"),
        page(b"<html>welcome</html>"),
        b"",
    ],
)
def test_what_is_no_refusal_by_the_store_is_none(staging: Place, answer: bytes) -> None:
    """Production's own keys are let in; what staging's meet is a wall, a loss, or an absence."""
    with (
        answering([LISTED], later=[answer]) as peer,
        both(Place("reps", NOBODY, peer.port), staging) as sides,
    ):
        found = sides.tried("reach")
    assert isinstance(found, Known)
    assert found.value.control == Known(True)
    assert found.value.listing.word == "unclear"
    assert peer.methods == {b"GET", b"HEAD"}
    assert len(peer.asked) == 4


def test_another_bucket_of_that_name_is_not_productions(staging: Place) -> None:
    """Where each account has names of its own, staging's keys open staging's bucket."""
    one, other = (page(ONE_OBJECT % key) for key in (b"production/1.txt", b"staging/1.txt"))
    place = Place("reps", NOBODY, 0)
    for later, word in ((other, "unclear"), (one, "allowed"), (LISTED, "unclear")):
        with (
            answering([one], later=[later]) as peer,
            both(replace(place, port=peer.port), staging) as sides,
        ):
            found = sides.tried("reach")
        assert isinstance(found, Known)
        assert (found.value.head.word, found.value.listing.word) == (word, word)


ONE_OBJECT = (
    b"<?xml version='1.0'?><ListBucketResult><Name>reps</Name><KeyCount>1</KeyCount><Contents>"
    b"<Key>%b</Key></Contents></ListBucketResult>"
)


def test_a_refusal_beside_a_refusal_of_productions_own_is_none(store: ObjectStore, staging: Place) -> None:
    """Without the control nobody knows who refused."""
    keys = store.user("closed", ["reps"], ("s3:GetObject",))
    found, access = crossed(Place("reps", keys, store.port), staging)
    assert access.listing.word == "refused"
    assert found.outcome is Outcome.UNPROVEN
    assert "s3:ListBucket" in found.remedy


ANYONE = {"Effect": "Allow", "Principal": "*", "Action": "s3:*"}
TLS_ONLY = {"Effect": "Deny", "Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}


@pytest.mark.parametrize(
    ("statements", "policy"),
    [
        (ANYONE, Policy(("s3:*",), (), 0, 0)),
        ([ANYONE, TLS_ONLY], Policy(("s3:*",), (), 0, 0)),
        ([ANYONE, {"Effect": "Deny", "Principal": "*"}], Policy((), ("s3:*",), 0, 0)),
        ([{**ANYONE, "Condition": {"a": 1}}], Policy((), ("s3:*",), 0, 0)),
        ([{"Effect": "Deny", "Principal": "*", "Action": "s3:*"}], Policy((), (), 0, 0)),
        ({"Effect": "Allow", "NotPrincipal": {"AWS": "x"}}, Policy(("*",), (), 0, 0)),
        ({"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::1:role/a-stg", "2"]}}, Policy((), (), 1, 1)),
        ({"Effect": "Allow", "Principal": {"Service": "x"}}, Policy((), (), 0, 0)),
        ({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:user/nonstaging"}}, Policy((), (), 0, 1)),
    ],
)
def test_a_policy_is_read_by_whom_it_lets_in(statements: object, policy: Policy) -> None:
    """Denials and conditions leave doubt; a service is nobody's login; names count by whole words."""
    assert reach.read_policy(json.dumps({"Statement": statements}), "staging") == policy


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"Statement": []}', "<html>", '"x"', '{"Statement": 1}'])
def test_what_is_no_policy_is_not_read_as_an_empty_one(text: str) -> None:
    """Nothing would follow from it."""
    with pytest.raises(ValueError):  # noqa: PT011  (its text is nobody's)
        reach.read_policy(text, "staging")


def replicated(production: Place, staging: Place) -> Judgement:
    """What the rule says of two buckets."""
    with both(production, staging) as sides:
        return REPLICATION.judge(sides.question())


def _versioned(store: ObjectStore, *names: str) -> list[Place]:
    for name in names:
        store.create(name, {"a.txt": name.encode()})
        store.keep_versions(name)
    return [Place(name, store.user(f"of-{name}", [name]), store.port) for name in names]


@pytest.mark.long
def test_a_replica_in_either_direction_or_a_common_one_is_shared(store: ObjectStore) -> None:
    """As the store itself states it, on either side."""
    ours, theirs, third = _versioned(store, "archive", "archive-staging", "archive-all")
    assert replicated(ours, theirs).outcome is Outcome.ISOLATED
    for source, target in (("archive", "archive-staging"), ("archive-staging", "archive")):
        store.replicate(source, target)
        found = replicated(ours, theirs)
        assert (found.outcome, found.grade) == (Outcome.SHARED, Grade.IDENTITY)
        store.client("s3", store.root).delete_bucket_replication(Bucket=source)
    for source in ("archive", "archive-staging"):
        store.replicate(source, third.bucket)
    assert "third" in replicated(ours, theirs).summary


def test_replication_takes_two_rights_more(store: ObjectStore, production: Place) -> None:
    """Without them UNPROVEN, and the remedy names both; with them it is read."""
    keys = store.user("listing", ["staging-reps"], grants.VERIFY)
    found = replicated(production, Place("staging-reps", keys, store.port))
    assert found.outcome is Outcome.UNPROVEN
    assert all(action in found.remedy for action in grants.REPLICATION)
    more = store.user("linking", ["staging-reps"], (*grants.VERIFY, *grants.REPLICATION))
    assert replicated(production, Place("staging-reps", more, store.port)).outcome is Outcome.ISOLATED


RULES_XML = b"""<?xml version='1.0'?><ReplicationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
<Role>arn:aws:iam::1:role/r</Role><Rule><ID>a</ID><Status>Disabled</Status><Priority>1</Priority><Filter/>
<Destination><Bucket>arn:aws:s3:::other-reps</Bucket><Account>1</Account></Destination></Rule>
<Rule><ID>b</ID><Status>Enabled</Status><Prefix/><Destination><Bucket>arn:minio:replication::7:far</Bucket>
</Destination></Rule></ReplicationConfiguration>"""
HEARING_XML = b"""<?xml version='1.0'?><NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
<TopicConfiguration><Id>1</Id><Topic>arn:aws:sns:us-east-1:1:t</Topic><Event>s3:ObjectCreated:*</Event>
</TopicConfiguration><QueueConfiguration><Id>2</Id><Queue>arn:aws:sqs:us-east-1:1:q</Queue>
<Event>s3:ObjectCreated:*</Event></QueueConfiguration><CloudFunctionConfiguration><Id>3</Id>
<CloudFunction>arn:aws:lambda:us-east-1:1:function:f</CloudFunction><Event>s3:ObjectRemoved:*</Event>
</CloudFunctionConfiguration></NotificationConfiguration>"""


def _read(what: Any, answer: bytes) -> Any:
    with answering([answer]) as peer, Visit.alone(Environment("production", True, {}, "here")) as visit:
        keys = Keys(Secret("a"), Secret("b"), None)
        return what(Store(visit, keys, f"http://127.0.0.1:{peer.port}", "us-east-1"), "reps")


def test_amazons_own_answers_are_read() -> None:
    """Rules that are switched off count; queues, topics and functions alike."""
    assert _read(links.copies, page(RULES_XML)) == ("far", "other-reps")
    assert _read(links.announces, page(HEARING_XML)) == (
        "arn:aws:lambda:us-east-1:1:function:f",
        "arn:aws:sns:us-east-1:1:t",
        "arn:aws:sqs:us-east-1:1:q",
    )
    none = _error(b"ReplicationConfigurationNotFoundError", "404 Not Found")
    assert _read(links.copies, none) == ()


@pytest.mark.parametrize("answer", [_error(b"NotImplemented", "501 Not Implemented"), page(b"<html>")])
def test_a_store_that_does_not_say_is_unknown(answer: bytes, staging: Place) -> None:
    """Some replicate by what a console keeps: not offered is not none."""
    with both(staging, staging) as sides:
        asked = sides.question()
    assert isinstance(asked.production.facts.copies, Known)
    with (
        answering([LISTED], later=[answer]) as peer,
        both(Place("reps", NOBODY, peer.port), staging) as sides,
    ):
        facts = sides.question().production.facts
    assert isinstance(facts.copies, Unknown)
    assert isinstance(facts.announces, Unknown)
