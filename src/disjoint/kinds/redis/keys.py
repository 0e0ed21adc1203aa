"""Do production's keys stand in staging? Pure."""

from __future__ import annotations

from collections.abc import Iterator

from disjoint.model.census import Overlap
from disjoint.model.fact import Fact, Known, Unknown, both
from disjoint.model.finding import Judgement, Outcome, unproven
from disjoint.model.kind import Question, Rule
from disjoint.model.overlapping import Words, is_leak, judged
from disjoint.model.shared import Shared
from disjoint.model.words import counted

from .facts import DOUBTFUL, PLAIN, RedisDeclared, RedisFacts, places_of
from .servers import OWN_SERVER

Ask = Question[RedisFacts, RedisDeclared]

MANY = 100
"""Plain names that two environments share before their share of all names says anything."""


def production_keys(q: Ask) -> Judgement:
    """No key of production's stands in staging: by names that nobody else gives.

    Names that both may have come to alone prove no copy, and prove none absent either. On one server
    the other logical databases may be production's own: what stands in them is no copy.
    """
    one = _is_one_server(q)
    found = judged(q, _ON_ONE if one else _WORDS)
    if one and found.outcome is Outcome.SHARED and not _in_its_own(q):
        return unproven(_ITS_OWN, found.evidence, OWN_SERVER, found.limits)
    if found.outcome is not Outcome.ISOLATED:
        return found
    if (why := next(_open(q), None)) is not None:
        return unproven(why[0], found.evidence, why[1], found.limits)
    return found


def _is_one_server(q: Ask) -> bool:
    match both(q.left.facts.run_id, q.right.facts.run_id):
        case Known((one, other)):
            return one == other
        case _:
            return False


def _in_its_own(q: Ask) -> bool:
    """Whether a leak stands in the logical database that staging's address names."""
    match q.tried("census", Overlap), q.staging.facts.database:
        case Known(overlap), Known(own):
            return any(is_leak(hit) and hit.staging in places_of(own) for hit in overlap.shared)
        case _:
            return False


def _open(q: Ask) -> Iterator[tuple[str, str]]:
    """What stands between a zero and a proof, beside what every census must rule out."""
    yield from _held_against(both(q.left.facts.clustered, q.right.facts.clustered), False, _A_NODE, _NODE)
    yield from _held_against(both(q.left.facts.steady, q.right.facts.steady), True, _TURNS, _SETTLE)
    match q.tried("census", Overlap):
        case Known(overlap):
            yield from _doubtful(overlap)
            yield from _a_whole_copy(overlap)
        case Unknown():
            pass


def _held_against(
    fact: Fact[tuple[bool, bool]], wanted: bool, otherwise: str, mend: str
) -> Iterator[tuple[str, str]]:
    match fact:
        case Unknown(reason, remedy):
            yield f"whether all keys of one server were read is not known: {reason}", remedy or mend
        case Known(told) if told != (wanted, wanted):
            yield otherwise, mend
        case Known():
            pass


def _doubtful(overlap: Overlap) -> Iterator[tuple[str, str]]:
    for hit in overlap.shared:
        if hit.production == DOUBTFUL:
            text = f"{counted(hit.values, 'key name')} of production's in staging may be copied"
            yield f"{text}, or a hash of what both know ({hit.staging})", _EXCUSE


def _a_whole_copy(overlap: Overlap) -> Iterator[tuple[str, str]]:
    """More than half of all names in one place: two that count alike look so, and so does a copy."""
    for hit in overlap.shared:
        alike = _in_all(overlap, hit)
        if hit.production == PLAIN and alike >= MANY and 2 * alike > overlap.production.values:
            text = f"{alike:,} of production's {overlap.production.values:,} key names stand in staging"
            yield f"{text}: names that anybody gives, but a copy looks so, too ({hit.staging})", _EXCUSE


def _in_all(overlap: Overlap, hit: Shared) -> int:
    return hit.values * overlap.one_in


_WORDS = Words(
    one="key",
    grant="let both users walk over the keys (ACL SETUSER <user> %R~* +scan +dbsize +info +type +select)",
    purge=(
        "stop staging, find out where the keys came from (a restored dump, a copied volume, MIGRATE), and "
        "empty the logical databases that are named here, once redis/same-server and redis/replica-or-copy "
        "are ISOLATED; one that the address does not name may be another resource's of staging's; what both "
        "may hold, state as may_share or in a baseline"
    ),
    unseen=(
        "keys that were renamed, keys that expired before they were looked for, a copy with plain names "
        f"alone of fewer than {MANY} keys or less than half of production's, and what stands in any key: "
        "names are compared, not contents"
    ),
)
_ON_ONE = _WORDS._replace(purge=f"{OWN_SERVER}; until then empty nothing: it may be production's")
_ITS_OWN = (
    "both sides are one server: production's keys stand there, and whether some are copies cannot be told"
)
_A_NODE = "a node of a cluster was read, which holds a part of the keys"
_NODE = "a cluster's keys are not compared: give staging a cluster of its own, and read its dumps if in doubt"
_TURNS = "asked twice, one address answered as two servers: not all keys of either were read"
_SETTLE = "ask again; if it stays so, declare the servers behind the address one by one"
_EXCUSE = (
    "find out where these keys came from; what the same code names alike in both, state as "
    'may_share = ["PREFIX"] or in a baseline'
)

RULES: tuple[Rule[RedisFacts, RedisDeclared], ...] = (
    Rule(
        "redis/production-keys",
        production_keys,
        applies=lambda declared: declared.rows is not None,
        needs="census",
    ),
)
