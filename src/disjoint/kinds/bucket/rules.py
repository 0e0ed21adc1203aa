"""What two buckets' names and listings say about each other. Pure."""

from __future__ import annotations

from disjoint.model.fact import Known, Unknown, both, mapped
from disjoint.model.finding import Evidence, Grade, Judgement, isolated, shared, unproven
from disjoint.model.kind import Asks, Lint, Question, Rule, Side
from disjoint.model.words import transport

from .address import BucketAddress, compare, namespaces
from .facts import BucketDeclared, BucketFacts

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
_CANARY = "a mark in staging's bucket, looked for in production's, would tell: bucket/canary"
_UNSEEN = "replication, policies and what else the keys may reach are not examined; no mark was placed"


def _judged(q: BucketQuestion, production: BucketAddress, staging: BucketAddress) -> Judgement:
    seen, like = _seen(q), compare(production, staging)
    if like.verdict == "invalid":
        return unproven(f"a bucket's address is not valid: {like.why}", seen, _DECLARE)
    if common := _common(q):
        one = like.verdict == "same" or production.name == staging.name
        return _overlapping(q, staging, common, one=one)
    match like.verdict:
        case "same":
            return _same_text(q, staging, like.why)
        case "different":
            return _two(q, production, staging, like.why)
        case "unknown":
            return unproven(f"the names do not tell: {like.why}", seen, _telling(q))


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
    pages = both(q.production.facts.marks, q.staging.facts.marks)
    contradicted = (isinstance(owners, Known) and owners.value[0] != owners.value[1]) or (
        isinstance(pages, Known) and all(pages.value)
    )
    if contradicted:
        summary = f"both name {staging.shown}, yet list other objects or another owner"
        return unproven(summary, _seen(q), f"check reach_at and the endpoint's DNS; {_OWN}")
    return shared(Grade.DECLARED, f"staging's bucket is production's, {staging.shown}: {why}", _seen(q), _OWN)


def _two(q: BucketQuestion, production: BucketAddress, staging: BucketAddress, why: str) -> Judgement:
    facts = (q.production.facts, q.staging.facts)
    match both(both(facts[0].listed, facts[1].listed), both(facts[0].marks, facts[1].marks)):
        case Unknown(reason, remedy):
            # two names say two buckets only while nobody has seen the same objects in both
            return unproven(f"{why}, but {reason}", _seen(q), remedy or _LIST)
        case Known() if _apart(q, production, staging):
            return isolated(Grade.IDENTITY, f"each side lists its own bucket: {why}", _seen(q), _UNSEEN)
        case Known():
            return unproven(f"{why}, but that may be two ways to one store", _seen(q), _telling(q))


def _apart(q: BucketQuestion, production: BucketAddress, staging: BucketAddress) -> bool:
    """Whether other names are surely other buckets: one namespace, or two that are surely two."""
    ours, theirs = q.production.facts, q.staging.facts
    match namespaces(production, staging):
        case "same":
            return True
        case "different":
            return both(ours.tls, theirs.tls) == Known((True, True))
        case _:
            one_socket = isinstance(ours.place, Known) and ours.place == theirs.place
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


def contents(q: BucketQuestion) -> Judgement:
    """An empty listing may hide thousands of old versions, and a denied one looks empty.

    The count is of everything stored, and holds only if the listing came to its end.
    """
    facts = q.staging.facts
    match both(both(facts.stored, facts.whole), facts.objects):
        case Unknown(reason, remedy):
            return unproven(f"staging's content was not read: {reason}", _held(q.staging), remedy or _LIST)
        case Known(((stored, whole), _objects)):
            return (
                _prefixed(q, whole) if isinstance(q.declared.objects, tuple) else _counted(q, stored, whole)
            )


_LIST = "let each side's keys list its bucket and the versions in it"
_LOOK = "find out where they came from; remove what is production's, old versions included"
_PARTS = "uploads that were begun and not completed are in no listing"


def _counted(q: BucketQuestion, stored: int, whole: bool) -> Judgement:
    seen, expected = _held(q.staging), q.declared.objects
    if stored == expected and whole:
        return isolated(Grade.DECLARED, f"staging holds {stored} stored objects, as stated", seen, _PARTS)
    if isinstance(expected, int) and (whole or stored > expected):
        more = "" if whole else "at least "
        summary = f"staging holds {more}{stored} stored objects where {expected} are stated"
        return shared(Grade.DECLARED, summary, seen, _LOOK)
    return unproven(f"staging's listing has more than the {stored} entries read", seen, _SMALLER)


_SMALLER = "state prefixes of a smaller bucket, or leave `objects` out: 20 pages are read at most"


def _prefixed(q: BucketQuestion, whole: bool) -> Judgement:
    seen, allowed = _held(q.staging), ", ".join(map(str, _prefixes(q)))
    match q.staging.facts.strays:
        case Unknown(reason, remedy):
            return unproven(f"staging's keys were not read: {reason}", seen, remedy or _LIST)
        case Known(0) if whole:
            return isolated(Grade.DECLARED, f"every key in staging begins with {allowed}", seen, _PARTS)
        case Known(0):
            return unproven("staging's listing has more keys than were read", seen, _SMALLER)
        case Known(count):
            return shared(
                Grade.DECLARED, f"{count} keys in staging begin with none of {allowed}", seen, _LOOK
            )


def _prefixes(q: BucketQuestion) -> tuple[str, ...]:
    return q.declared.objects if isinstance(q.declared.objects, tuple) else ()


def _held(side: Side[BucketFacts]) -> tuple[Evidence, ...]:
    facts = side.facts
    return (
        side.saw("objects", facts.objects, "ListObjectsV2"),
        side.saw("versions and delete markers", facts.stored, "ListObjectVersions"),
        side.saw("listed to the end", facts.whole, "IsTruncated"),
        side.saw("versioning", facts.versioning, "GetBucketVersioning"),
    )


def _seen(q: BucketQuestion) -> tuple[Evidence, ...]:
    seen = q.saw("bucket", lambda f: mapped(f.address, lambda a: a.shown), "read from the variables")
    seen += q.saw("first page", lambda f: f.listed, "ListObjectsV2 with its own keys")
    seen += q.saw("owner", lambda f: f.owner, "ListObjectsV2, FetchOwner")
    seen += q.saw("region", lambda f: f.region, "GetBucketLocation")
    seen += q.saw("place", lambda f: f.place, "resolver or reach_at")
    seen += q.saw("reached by", lambda f: f.reached, "this run")
    return seen + q.saw("transport", lambda f: mapped(f.tls, transport), "this run")


def count_objects(q: BucketQuestion) -> tuple[str, ...]:
    """How many objects each side lists, where the manifest states no expectation."""
    if q.declared.objects is not None:
        return ()
    return tuple(note for side in (q.production, q.staging) for note in _count(side))


def _count(side: Side[BucketFacts]) -> tuple[str, ...]:
    match both(side.facts.objects, side.facts.whole):
        case Known((count, whole)):
            return (f"{side.environment} lists {'' if whole else 'at least '}{count} objects",)
        case Unknown():
            return ()


RULES: tuple[Rule[BucketFacts, BucketDeclared], ...] = (
    Rule("bucket/same-bucket", same_bucket),
    Rule(
        "bucket/contents",
        contents,
        asks=Asks.EXPECTATION,
        applies=lambda declared: declared.objects is not None,
    ),
)
LINTS: tuple[Lint[BucketFacts, BucketDeclared], ...] = (Lint("bucket/contents", count_objects),)
