"""Do production's objects stand in staging? Pure."""

from __future__ import annotations

from collections.abc import Iterator

from disjoint.model.census import Overlap
from disjoint.model.fact import Known, Unknown
from disjoint.model.finding import Judgement, Outcome, unproven
from disjoint.model.kind import Question, Rule
from disjoint.model.overlapping import Words, judged
from disjoint.model.words import counted

from .facts import DOUBTFUL, BucketDeclared, BucketFacts
from .grants import CENSUS, statement

Ask = Question[BucketFacts, BucketDeclared]


def production_objects(q: Ask) -> Judgement:
    """No object of production's stands in staging, under whatever key: by content, and by names of its own.

    Names that may be hashes of what both environments know prove neither.
    """
    found = judged(q, _WORDS)
    if found.outcome is Outcome.ISOLATED and (why := next(_doubtful(q), None)) is not None:
        return unproven(why, found.evidence, _EXCUSE, found.limits)
    return found


def _doubtful(q: Ask) -> Iterator[str]:
    match q.tried("census", Overlap):
        case Known(overlap):
            for hit in overlap.shared:
                if hit.production == DOUBTFUL:
                    text = f"{counted(hit.values, 'object name')} of production's in staging may be copied"
                    yield f"{text}, or a hash of what both know"
        case Unknown():
            pass


_WORDS = Words(
    one="object",
    grant=f"let both sides' keys list their own bucket: {statement(CENSUS)}",
    purge=(
        "stop staging, find out where the objects came from (a sync, a replication rule, a restored "
        "backup), and delete them there, old versions included; what both may hold, state as may_share or in "
        "a baseline"
    ),
    unseen=(
        "objects that were changed on the way: compressed, resized, encrypted by the client, by KMS or a key "
        "of one's own where their uploader asked for it, or uploaded again in other parts; objects of fewer "
        "than 64 octets but by their names"
    ),
)
_EXCUSE = (
    "find out where these objects came from; what the same code names alike in both, state as "
    'may_share = ["PREFIX"] or in a baseline'
)

RULES: tuple[Rule[BucketFacts, BucketDeclared], ...] = (
    Rule(
        "bucket/production-objects",
        production_objects,
        applies=lambda declared: declared.rows is not None,
        needs="census",
    ),
)
