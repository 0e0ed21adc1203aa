"""What two buckets' names, listings and marks say about each other. Pure."""

from __future__ import annotations

from disjoint.model.experiment import Blind, Seen, Unseen
from disjoint.model.fact import Known, Unknown, both, mapped
from disjoint.model.finding import Evidence, Grade, Judgement, Outcome, isolated, shared, unproven
from disjoint.model.kind import Question
from disjoint.model.words import transport

from .address import BucketAddress, compare, namespaces
from .facts import STANDING, BucketDeclared, BucketFacts

BucketQuestion = Question[BucketFacts, BucketDeclared]


def same_bucket(q: BucketQuestion) -> Judgement:
    """One bucket has many spellings, and two equal names on two servers are two buckets.

    Proof of two is that each side lists its own under its own name, where names are unique. Equal objects
    (key, ETag, time and size) under equal names are one bucket, or a replica kept in step with it.
    """
    match both(q.production.facts.address, q.staging.facts.address):
        case Unknown(reason, remedy):
            return unproven(f"a bucket is not known: {reason}", _seen(q), remedy or _DECLARE)
        case Known((production, staging)):
            return _judged(q, production, staging)


_DECLARE = "declare the bucket's name and endpoint in both environments"
_OWN = "give staging a bucket and keys of its own; then remove staging's keys from production's bucket"
_CANARY = "an object of its own in staging's bucket, and one in production's, would tell: bucket/canary"
_UNSEEN = "replication, policies and what else the keys may reach are not examined here"
_MARKED = (
    "one moment, one object; a copy or a replica is another object, and a gateway that shows each side its "
    "own part of one bucket, or fetches from the other on demand, looks like two"
)
LIST = "let each side's keys list its bucket and the versions in it"


def canary(q: BucketQuestion) -> Judgement:
    """Does what stands in staging's bucket stay out of production's?

    Asked of objects that are there anyway, by their exact keys; or of an upload that is begun there.
    """
    found, seen = same_bucket(q), q.sighted()
    match q.sight():
        case Seen(channel) if found.outcome is Outcome.SHARED:
            return shared(Grade.CANARY, f"staging's {channel} stands in production's bucket", seen, _OWN)
        case Unseen(channel) if found.outcome is Outcome.ISOLATED:
            summary = f"staging's {channel} is not in production's bucket, and both controls held"
            return isolated(Grade.CANARY, summary, seen, _MARKED)
        case Seen() | Unseen():
            return unproven(f"a mark alone does not tell: {found.summary}", seen, found.remedy or _OWN)
        case Blind(reason, remedy):
            return unproven(f"no mark counts: {reason}", seen, remedy or _CANARY)


def _judged(q: BucketQuestion, production: BucketAddress, staging: BucketAddress) -> Judgement:
    like, common, sight = compare(production, staging), _common(q), q.sight()
    if like.verdict == "invalid":
        return unproven(f"a bucket's address is not valid: {like.why}", _seen(q), _DECLARE)
    one = like.verdict == "same" or production.name == staging.name
    if isinstance(sight, Seen) and (one or sight.channel not in STANDING):
        summary = f"one bucket, {staging.shown}: staging's {sight.channel} stands in production's"
        return shared(Grade.CANARY, summary, _seen(q), _OWN, _REPLICA)
    if common or isinstance(sight, Seen):
        return _overlapping(q, staging, common, one=one)
    match like.verdict:
        case "same":
            return _same_text(q, staging, like.why)
        case "different":
            return _two(q, production, staging, like.why)
        case "unknown" if _may_be_two(q, production, staging):
            return _marked(q, f"the names do not tell: {like.why}")
        case "unknown":
            return unproven(f"the names do not tell: {like.why}", _seen(q), _telling(q))


def _may_be_two(q: BucketQuestion, production: BucketAddress, staging: BucketAddress) -> bool:
    """Whether a mark could tell: both were listed, by a name, and not one name at one door."""
    facts = (q.production.facts, q.staging.facts)
    named = bool(production.name and staging.name and not production.doubt and not staging.doubt)
    listed = all(isinstance(fact, Known) for side in facts for fact in (side.listed, side.marks))
    places = both(facts[0].place, facts[1].place)
    elsewhere = isinstance(places, Known) and places.value[0] != places.value[1]
    one_name = (production.name, production.namespace) == (staging.name, staging.namespace)
    return named and listed and (elsewhere or not one_name)


def _marked(q: BucketQuestion, why: str) -> Judgement:
    """Where names do not tell, an object that is here and not there does."""
    match q.sight():
        case Unseen(channel):
            summary = f"two buckets: staging's {channel} is not in production's ({why})"
            return isolated(Grade.CANARY, summary, _seen(q), _MARKED)
        case Blind(reason, remedy) if q.experiments:
            return unproven(f"{why}, and no mark counts: {reason}", _seen(q), remedy or _telling(q))
        case _:
            return unproven(why, _seen(q), _telling(q))


def _overlapping(
    q: BucketQuestion, staging: BucketAddress, common: frozenset[str], *, one: bool
) -> Judgement:
    """Both listings show the same objects. Version ids are random: two stores never mint one twice."""
    seen = _seen(q)
    if one:
        summary = f"one bucket, {staging.shown}: both sides list the same objects in it"
        return shared(Grade.IDENTITY, summary, seen, _OWN, _REPLICA)
    if any(mark.startswith("version ") for mark in common):
        return shared(Grade.IDENTITY, "both buckets hold the same versions of objects", seen, _OWN, _REPLICA)
    why = "the two buckets list the same objects: an alias, a replica, or one upload into both"
    return unproven(why, seen, f"allow both keys s3:ListBucketVersions; {_CANARY}")


_REPLICA = "a replica that is kept in step looks the same: production's objects in either case"


def _same_text(q: BucketQuestion, staging: BucketAddress, why: str) -> Judgement:
    """The texts name one bucket; the servers may still contradict them (reach_at, private DNS)."""
    owners = both(q.production.facts.owner, q.staging.facts.owner)
    if (isinstance(owners, Known) and owners.value[0] != owners.value[1]) or _list_other_objects(q):
        summary = f"both name {staging.shown}, yet list other objects or another owner"
        return unproven(summary, _seen(q), f"check reach_at and the endpoint's DNS; {_OWN}")
    return shared(Grade.DECLARED, f"staging's bucket is production's, {staging.shown}: {why}", _seen(q), _OWN)


def _list_other_objects(q: BucketQuestion) -> bool:
    """Whether one bucket could not list both: other objects, or some and none.

    Where names are each account's own, two buckets of one server may have one name.
    """
    sides = (q.production.facts, q.staging.facts)
    shown = [isinstance(side.marks, Known) and bool(side.marks.value) for side in sides]
    empty = [side.objects == Known(0) for side in sides]
    return all(one or none for one, none in zip(shown, empty, strict=True)) and any(shown)


def _two(q: BucketQuestion, production: BucketAddress, staging: BucketAddress, why: str) -> Judgement:
    facts = (q.production.facts, q.staging.facts)
    match both(both(facts[0].listed, facts[1].listed), both(facts[0].marks, facts[1].marks)):
        case Unknown(reason, remedy):
            # two names say two buckets only while nobody has seen the same objects in both
            return unproven(f"{why}, but {reason}", _seen(q), remedy or LIST)
        case Known() if _apart(q, production, staging):
            return _owned(q, f"each side lists its own bucket: {why}")
        case Known() if one_store(q, production, staging):
            return _marked(
                q, f"{why}, but both are empty, and a server of one's own may have two for one bucket"
            )
        case Known():
            return _marked(q, f"{why}, but that may be two ways to one store")


def _owned(q: BucketQuestion, summary: str) -> Judgement:
    match q.sight():
        case Unseen(channel):
            told = f"{summary}; staging's {channel} is not in production's"
            return isolated(Grade.CANARY, told, _seen(q), _MARKED)
        case Seen(channel):
            return unproven(f"{summary}, yet staging's {channel} stands in production's", _seen(q), _OWN)
        case Blind(reason, _):
            return isolated(Grade.IDENTITY, summary, _seen(q), f"{_UNSEEN}; no mark counts: {reason}")


def _apart(q: BucketQuestion, production: BucketAddress, staging: BucketAddress) -> bool:
    """Whether other names are surely other buckets: in one store, or in two that are surely two."""
    if namespaces(production, staging) == "different":
        return both(q.production.facts.tls, q.staging.facts.tls) == Known((True, True))
    return one_store(q, production, staging) and (not production.own or _holds_something(q))


def _holds_something(q: BucketQuestion) -> bool:
    """Whether the listings would have shown one bucket under two names, which some servers let it have."""
    counts = both(q.production.facts.objects, q.staging.facts.objects)
    return isinstance(counts, Known) and any(counts.value)


def one_store(q: BucketQuestion, production: BucketAddress, staging: BucketAddress) -> bool:
    """Whether both names live where names are unique: one namespace, and where it is relative, one socket."""
    if namespaces(production, staging) == "same":
        return True
    ours, theirs = q.production.facts.place, q.staging.facts.place
    one_socket = isinstance(ours, Known) and ours == theirs
    return one_socket and production.namespace == staging.namespace


def _common(q: BucketQuestion) -> frozenset[str]:
    """Objects that both listings show; empty where either is unknown."""
    match both(q.production.facts.marks, q.staging.facts.marks):
        case Known((ours, theirs)):
            return frozenset(ours) & frozenset(theirs)
        case Unknown():
            return frozenset()


def _telling(q: BucketQuestion) -> str:
    """What would tell, given what is not known yet."""
    match both(q.production.facts.listed, q.staging.facts.listed):
        case Unknown(_, remedy) if remedy:
            return f"{remedy}; {_CANARY}"
        case _:
            return f"declare both under one endpoint if they are in one store; {_CANARY}"


def _seen(q: BucketQuestion) -> tuple[Evidence, ...]:
    seen = q.saw("bucket", lambda f: mapped(f.address, lambda a: a.shown), "read from the variables")
    seen += q.saw("first page", lambda f: f.listed, "ListObjectsV2 with its own keys")
    seen += q.saw("owner", lambda f: f.owner, "ListObjectsV2, FetchOwner")
    seen += q.saw("region", lambda f: f.region, "GetBucketLocation")
    seen += q.saw("place", lambda f: f.place, "resolver or reach_at")
    seen += q.saw("reached by", lambda f: f.reached, "this run")
    seen += q.saw("transport", lambda f: mapped(f.tls, transport), "this run")
    return seen + q.sighted()
