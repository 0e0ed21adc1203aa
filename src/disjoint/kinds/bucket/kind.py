"""The `bucket` kind, wired."""

from __future__ import annotations

from disjoint.model.address import Address, Likeness
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.kind import Kind, Observer

from .address import BucketAddress, compare, compare_text, parse
from .facts import BucketDeclared, BucketFacts, beside, from_text
from .rules import LINTS, RULES


def _load() -> Observer[BucketDeclared, BucketFacts]:
    from .observe import observe  # noqa: PLC0415  (an observer loads when it is first asked)

    return observe


def _address(facts: BucketFacts) -> Fact[Address]:
    match facts.address:
        case Known(address):
            return Known(address)
        case Unknown() as unknown:
            return unknown


def _compare(a: Address, b: Address) -> Likeness:
    if isinstance(a, BucketAddress) and isinstance(b, BucketAddress):
        return compare(a, b)
    return Likeness("invalid", "the two are not both buckets")


KIND = Kind(
    name="bucket",
    declared=BucketDeclared,
    facts=BucketFacts,
    rules=RULES,
    lints=LINTS,
    from_text=from_text,
    load_observer=_load,
    read=parse,
    compare=_compare,
    compare_text=compare_text,
    address_of=_address,
    schemes=("s3", "s3a", "s3n", "gs"),
    beside=beside,
    beyond=("bucket/canary", "bucket/cross-access", "bucket/production-objects", "bucket/replication"),
)
