"""What the bucket's rules conclude: its own content here, all others beside. Pure."""

from __future__ import annotations

from disjoint.model.fact import Known, Unknown, both
from disjoint.model.finding import Evidence, Grade, Judgement, isolated, shared, unproven
from disjoint.model.kind import Asks, Lint, Rule, Side

from .copying import replication
from .crossing import cross_access
from .facts import BucketDeclared, BucketFacts
from .objects import RULES as OBJECTS
from .sameness import LIST, BucketQuestion, canary, same_bucket

__all__ = ["LINTS", "RULES", "BucketQuestion", "contents", "same_bucket"]


def contents(q: BucketQuestion) -> Judgement:
    """An empty listing may hide thousands of old versions, and a denied one looks empty.

    The count is of everything stored, and holds only if the listing came to its end.
    """
    facts = q.staging.facts
    match both(both(facts.stored, facts.whole), facts.objects):
        case Unknown(reason, remedy):
            return unproven(f"staging's content was not read: {reason}", _held(q.staging), remedy or LIST)
        case Known(((stored, whole), _objects)):
            return (
                _prefixed(q, whole) if isinstance(q.declared.objects, tuple) else _counted(q, stored, whole)
            )


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
            return unproven(f"staging's keys were not read: {reason}", seen, remedy or LIST)
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
    Rule("bucket/canary", canary, applies=lambda declared: declared.canary, needs="canary"),
    Rule("bucket/cross-access", cross_access, applies=lambda declared: declared.reach, needs="reach"),
    Rule("bucket/replication", replication, applies=lambda declared: declared.replication),
    Rule(
        "bucket/contents",
        contents,
        asks=Asks.EXPECTATION,
        applies=lambda declared: declared.objects is not None,
    ),
    *OBJECTS,
)
LINTS: tuple[Lint[BucketFacts, BucketDeclared], ...] = (Lint("bucket/contents", count_objects),)
