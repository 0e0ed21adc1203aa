"""What a proof says of a world that is broken by construction. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from disjoint.model.fact import Unknown
from disjoint.model.finding import Finding, Grade, Outcome
from disjoint.model.kind import Asks, Kind
from disjoint.model.proof import Footprint, Proof

from .mutation import POINTED, Mutation, Skipped

_OF_ONE_THING = ("same-", "replica-or-copy", "foreign-worker", "canary")
"""Rules that ask whether two names lead to one thing; others ask what a name says."""


class Answer(enum.Enum):
    """What became of one mutation."""

    CAUGHT = "caught"
    BLIND = "BLIND"
    OPEN = "cannot say"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Line:
    """One mutation of one resource, and who saw it."""

    resource: str
    kind: str
    mutation: str
    answer: Answer
    said: str
    rule: str = ""
    """The rule that caught it, or the rule that is blind."""
    grade: Grade | None = None
    remedy: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class SelfTest:
    """Every mutation's answer, and what production was asked for all of them."""

    lines: tuple[Line, ...]
    footprint: Footprint

    @property
    def outcome(self) -> Answer:
        """One blind row is blind, one open question an open one; nothing caught is nothing shown."""
        answers = {line.answer for line in self.lines}
        if Answer.BLIND in answers:
            return Answer.BLIND
        return Answer.CAUGHT if Answer.CAUGHT in answers and Answer.OPEN not in answers else Answer.OPEN


def skipped(skip: Skipped) -> Line:
    """A mutation that was not made."""
    return Line(skip.resource.name, skip.resource.kind, skip.name, Answer.SKIPPED, skip.reason)


def late(mutation: Mutation) -> Line:
    """A mutation for which no time was left."""
    return _line(mutation, Answer.OPEN, "no time was left", remedy="raise --budget")


def judged(
    kind: Kind[Any, Any],
    mutation: Mutation,
    proof: Proof,
    unanswered: tuple[Unknown | None, Unknown | None],
) -> Line:
    """The answer of one mutation; `unanswered` is why production, or its other name, was not reached.

    Equal addresses of a server that nobody reached would be caught by their text alone: that shows nothing.
    """
    own, other = unanswered
    if own is not None:
        return _line(mutation, Answer.OPEN, f"production was not reached: {own.reason}", remedy=own.remedy)
    if other is not None and mutation.name != POINTED:
        return _line(mutation, Answer.SKIPPED, f"under another name nobody answers: {other.reason}")
    return _seen(kind, mutation, proof)


def _seen(kind: Kind[Any, Any], mutation: Mutation, proof: Proof) -> Line:
    found = [f for f in proof.findings if f.resource == mutation.resource.name]
    if blind := [f for f in found if _is_blind(kind, mutation, f)]:
        return _of(mutation, Answer.BLIND, _strongest(blind), proof)
    if row := [f for f in found if f.outcome is Outcome.ISOLATED and _row(proof) is Outcome.ISOLATED]:
        return _of(mutation, Answer.BLIND, _strongest(row), proof)
    if caught := [f for f in found if f.outcome is Outcome.SHARED]:
        return _of(mutation, Answer.CAUGHT, _strongest(caught), proof)
    remedy = next((f.judgement.remedy for f in found if f.judgement.remedy), "")
    method = proof.matrix[0].method
    return _line(mutation, Answer.OPEN, method, remedy=remedy, seconds=proof.matrix[0].seconds)


def _is_blind(kind: Kind[Any, Any], mutation: Mutation, finding: Finding) -> bool:
    """A rule that finds production isolated from itself, whatever the others of the row say."""
    relations = {rule.id for rule in kind.rules if rule.asks is Asks.RELATION}
    if finding.outcome is not Outcome.ISOLATED or finding.rule not in relations:
        return False
    of_things = finding.rule.partition("/")[2].startswith(_OF_ONE_THING)
    # names that differ are declared evidence, and the names do differ there
    return mutation.name == POINTED or (of_things and finding.judgement.grade >= Grade.IDENTITY)


def _row(proof: Proof) -> Outcome:
    return proof.matrix[0].outcome


def _strongest(found: Iterable[Finding]) -> Finding:
    def weight(finding: Finding) -> tuple[int, bool]:
        return finding.judgement.grade, finding.rule.partition("/")[2].startswith(_OF_ONE_THING)

    return max(found, key=weight)


def _of(mutation: Mutation, answer: Answer, finding: Finding, proof: Proof) -> Line:
    judgement = finding.judgement
    return _line(
        mutation, answer, judgement.summary, finding.rule, judgement.grade, seconds=proof.matrix[0].seconds
    )


def _line(
    mutation: Mutation,
    answer: Answer,
    said: str,
    rule: str = "",
    grade: Grade | None = None,
    *,
    remedy: str = "",
    seconds: float = 0.0,
) -> Line:
    resource = mutation.resource
    return Line(
        resource.name, resource.kind, mutation.name, answer, said, rule, grade, remedy, round(seconds, 3)
    )
