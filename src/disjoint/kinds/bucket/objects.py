"""Do production's objects stand in staging? Pure."""

from __future__ import annotations

from disjoint.model.finding import Judgement
from disjoint.model.kind import Question, Rule
from disjoint.model.overlapping import Words, judged

from .facts import BucketDeclared, BucketFacts

Ask = Question[BucketFacts, BucketDeclared]


def production_objects(q: Ask) -> Judgement:
    """Placeholder."""
    return judged(q, _WORDS)


_WORDS = Words(
    one="object",
    grant="run where both can be reached",
    purge="stop staging, find out where the objects came from, and delete them there",
    unseen="placeholder{case}",
)

RULES: tuple[Rule[BucketFacts, BucketDeclared], ...] = (
    Rule(
        "bucket/production-objects",
        production_objects,
        applies=lambda declared: declared.rows is not None,
        needs="census",
    ),
)
