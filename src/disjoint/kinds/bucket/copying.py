"""Whether either bucket copies or announces what it stores to where the other's is. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from disjoint.model.fact import Fact, Known, Unknown, both, mapped
from disjoint.model.finding import Evidence, Grade, Judgement, Outcome, isolated, shared, unproven

from .address import BucketAddress
from .sameness import BucketQuestion, one_store, same_bucket


def replication(q: BucketQuestion) -> Judgement:
    """Two buckets, and a rule of the store that carries objects from one to the other.

    Both configurations are read, each with its own side's keys: either direction is a link, and so
    is a third bucket, a queue, a topic or a function that both lead to.
    """
    match both(q.production.facts.address, q.staging.facts.address):
        case Unknown(reason, remedy):
            return unproven(f"a bucket is not known: {reason}", _seen(q), remedy or _READ)
        case Known((production, staging)):
            return _linked(q, production, staging) or _unlinked(q)


_READ = "allow each side's keys s3:GetReplicationConfiguration and s3:GetBucketNotification on its own bucket"
_CUT = "remove the rule, and what it has carried over already"
_ALIKE = (
    "a queue, topic or function of one name hears of both buckets; servers of one's own give such names each "
    "for itself, and whether these are two is not known"
)
_TELL_APART = (
    "name the targets of two servers apart (MinIO: the identifier in MINIO_NOTIFY_...), or declare one "
    f"endpoint for one server; where it is one target, {_CUT}"
)
_STORE_ONLY = (
    "what the store itself carries: programs that copy, inventories, batch jobs and EventBridge are not seen"
)


def _linked(q: BucketQuestion, production: BucketAddress, staging: BucketAddress) -> Judgement | None:
    heard = _common(q.production.facts.announces, q.staging.facts.announces)
    if heard and (one_store(q, production, staging) or not (production.own and staging.own)):
        return shared(Grade.IDENTITY, "one queue, topic or function hears of both buckets", _seen(q), _CUT)
    if heard:
        return unproven(_ALIKE, _seen(q), _TELL_APART)
    if named := next(_named(q, production, staging), ""):
        if one_store(q, production, staging):
            return shared(Grade.IDENTITY, named, _seen(q), _CUT)
        why = "names are unique in one store only"
        return unproven(f"{named}, or another of that name: {why}", _seen(q), _CUT)
    return None


def _named(q: BucketQuestion, production: BucketAddress, staging: BucketAddress) -> Iterator[str]:
    ours, theirs = q.staging.facts.copies, q.production.facts.copies
    if isinstance(theirs, Known) and staging.name in theirs.value:
        yield "production's bucket is replicated to staging's"
    if isinstance(ours, Known) and production.name in ours.value:
        yield "staging's bucket is replicated to production's"
    if _common(ours, theirs):
        yield "both buckets are replicated to one third"


def _unlinked(q: BucketQuestion) -> Judgement:
    ours, theirs, seen = q.staging.facts, q.production.facts, _seen(q)
    match both(both(theirs.copies, theirs.announces), both(ours.copies, ours.announces)):
        case Unknown(reason, remedy):
            return unproven(f"replication was not read on both sides: {reason}", seen, remedy or _READ)
        case Known():
            pass
    if (found := same_bucket(q)).outcome is not Outcome.ISOLATED:
        return unproven(f"between which buckets is not known: {found.summary}", seen, found.remedy)
    return isolated(Grade.IDENTITY, "neither bucket leads to the other's", seen, _STORE_ONLY)


def _common(ours: Fact[tuple[str, ...]], theirs: Fact[tuple[str, ...]]) -> bool:
    pair = both(ours, theirs)
    return isinstance(pair, Known) and bool(set(pair.value[0]) & set(pair.value[1]))


def _seen(q: BucketQuestion) -> tuple[Evidence, ...]:
    def joined(fact: Fact[tuple[str, ...]]) -> Fact[str]:
        return mapped(fact, lambda names: ", ".join(names) or "none")

    seen = q.saw("bucket", lambda f: mapped(f.address, lambda a: a.shown), "read from the variables")
    seen += q.saw("replicated to", lambda f: joined(f.copies), "GetBucketReplication")
    return seen + q.saw("announced to", lambda f: joined(f.announces), "GetBucketNotification")
