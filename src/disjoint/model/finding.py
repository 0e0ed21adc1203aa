"""What a rule says, and how strongly it knows."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime


class Outcome(enum.Enum):
    """What was found. UNPROVEN is no success and no fault: it is a question left open."""

    ISOLATED = "ISOLATED"
    SHARED = "SHARED"
    UNPROVEN = "UNPROVEN"


class Grade(enum.IntEnum):
    """How an outcome is known, weakest first."""

    DECLARED = 1
    """Configuration says so."""
    IDENTITY = 2
    """The servers say who they are."""
    CANARY = 3
    """A mark placed here was looked for there, and both controls held."""
    REFUSED = 4
    """Production itself refused staging's credentials."""

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Evidence:
    """One answer of one environment: what was asked, how, when, and a digest or a plain fact."""

    environment: str
    what: str
    value: str
    how: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a rule concludes from the facts; pure, without time or place."""

    outcome: Outcome
    grade: Grade
    summary: str
    evidence: tuple[Evidence, ...] = ()
    remedy: str = ""
    """What to do, as a command, grant or setting; empty only where ISOLATED."""
    limits: str = ""
    """What this judgement cannot see."""
    about: tuple[str, ...] = ()
    """The variables of staging that are at fault, where single ones are, and what production calls the
    same of its own: a waiver that names variables must name all of them."""


def isolated(grade: Grade, summary: str, evidence: tuple[Evidence, ...] = (), limits: str = "") -> Judgement:
    """Nothing in common, as far as `limits` says."""
    return Judgement(Outcome.ISOLATED, grade, summary, evidence, "", limits)


def shared(
    grade: Grade, summary: str, evidence: tuple[Evidence, ...] = (), remedy: str = "", limits: str = ""
) -> Judgement:
    """Something is an element of both environments."""
    return Judgement(Outcome.SHARED, grade, summary, evidence, remedy, limits)


def unproven(
    summary: str, evidence: tuple[Evidence, ...] = (), remedy: str = "", limits: str = ""
) -> Judgement:
    """Nothing may be concluded; `remedy` says what would prove it."""
    return Judgement(Outcome.UNPROVEN, Grade.DECLARED, summary, evidence, remedy, limits)


@dataclass(frozen=True, slots=True)
class Waiver:
    """A person's dated acceptance of one finding. It raises a verdict, never a grade."""

    rule: str
    resource: str
    reason: str
    owner: str
    approver: str
    expires: datetime
    """UTC; from this moment on the waiver counts for nothing."""
    variables: tuple[str, ...] = field(default=(), metadata={"added": True})
    """What is accepted of these names alone, staging's and production's; empty: of all, be they to come."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A proof rule's judgement about one resource, as it stands in the report for ever."""

    rule: str
    resource: str
    judgement: Judgement
    waiver: Waiver | None = None

    @property
    def outcome(self) -> Outcome:
        return self.judgement.outcome


@dataclass(frozen=True, slots=True)
class Note:
    """What a lint or an unasked content rule has to say; never part of a verdict."""

    rule: str
    resource: str
    summary: str
