"""The `bucket` kind, wired."""

from __future__ import annotations

from disjoint.model.kind import Kind, Observer

from .address import compare, compare_text, parse
from .facts import BucketDeclared, BucketFacts, beside, from_text
from .rules import LINTS, RULES


def _load() -> Observer[BucketDeclared, BucketFacts]:
    from .observe import observe  # noqa: PLC0415  (an observer loads when it is first asked)

    return observe


KIND = Kind(
    name="bucket",
    declared=BucketDeclared,
    facts=BucketFacts,
    rules=RULES,
    lints=LINTS,
    from_text=from_text,
    load_observer=_load,
    read=parse,
    compare=compare,
    compare_text=compare_text,
    address_of=lambda facts: facts.address,
    schemes=("s3", "s3a", "s3n", "gs"),
    beside=beside,
    beyond=("bucket/canary", "bucket/cross-access", "bucket/production-objects", "bucket/replication"),
)
