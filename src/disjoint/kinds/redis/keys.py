"""Do production's keys stand in staging? Pure."""

from __future__ import annotations

from disjoint.model.finding import Judgement
from disjoint.model.kind import Question, Rule
from disjoint.model.overlapping import Words, judged

from .facts import RedisDeclared, RedisFacts

Ask = Question[RedisFacts, RedisDeclared]


def production_keys(q: Ask) -> Judgement:
    """Placeholder."""
    return judged(q, _WORDS)


_WORDS = Words(
    one="key",
    grant="run where both can be reached",
    purge="stop staging, find out where the keys came from, and delete them there",
    unseen="placeholder{case}",
)

RULES: tuple[Rule[RedisFacts, RedisDeclared], ...] = (
    Rule(
        "redis/production-keys",
        production_keys,
        applies=lambda declared: declared.rows is not None,
        needs="census",
    ),
)
