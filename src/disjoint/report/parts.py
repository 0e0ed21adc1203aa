"""The parts of a report: the single source of the JSON encoder, its strict decoder and its schema."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec

from disjoint.model.finding import Outcome

SCHEMA: Final = "disjoint.report/v1"

Time = Annotated[datetime, msgspec.Meta(tz=True)]


class GradeWord(enum.Enum):
    """A grade as it is written."""

    DECLARED = "declared"
    IDENTITY = "identity"
    CANARY = "canary"
    REFUSED = "refused"


class Status(enum.Enum):
    """An outcome in the words of the specification's matrix."""

    VERIFIED = "VERIFIED"
    FAILED = "FAILED"
    PENDING = "PENDING"
    WAIVED_FAILED = "WAIVED (FAILED)"
    WAIVED_PENDING = "WAIVED (PENDING)"

    @property
    def waived(self) -> bool:
        """True where a person accepted what was found."""
        return self in {Status.WAIVED_FAILED, Status.WAIVED_PENDING}


class _Part(msgspec.Struct, frozen=True, rename="camel"):
    """A JSON object with camelCase names. Open: fields may be added in later versions, never changed."""


class EvidencePart(_Part, frozen=True):
    """One answer of one environment."""

    environment: str
    what: str
    value: str
    how: str
    at: Time


class WaiverPart(_Part, frozen=True):
    """A person's dated acceptance of one finding."""

    rule: str
    resource: str
    reason: str
    owner: str
    approver: str
    expires: Time


class WherePart(_Part, frozen=True):
    """Where each environment and the manifest write the resource down; null where they do not name it."""

    production: str | None
    staging: str | None
    manifest: str | None = None


class RowPart(_Part, frozen=True):
    """One resource: a line of the matrix."""

    resource: str
    kind: str
    production: str
    staging: str
    method: str
    outcome: Outcome
    grade: GradeWord | None
    status: Status
    where: WherePart
    seconds: float


class FindingPart(_Part, frozen=True):
    """What one proof rule says about one resource."""

    rule: str
    resource: str
    outcome: Outcome
    grade: GradeWord
    summary: str
    evidence: tuple[EvidencePart, ...]
    remedy: str
    limits: str
    waiver: WaiverPart | None


class NotePart(_Part, frozen=True):
    """What a lint has to say; never part of the verdict."""

    rule: str
    resource: str
    summary: str


class CoveragePart(_Part, frozen=True):
    """What was and what was not looked at."""

    declared: int
    isolated: int
    shared: int
    unproven: int
    not_tried: tuple[str, ...]
    unclaimed: tuple[str, ...]


class FootprintPart(_Part, frozen=True):
    """What one environment was asked, counted where it was sent."""

    reads: int
    writes: int
    seconds: float
    commands: dict[str, int]


class FootprintsPart(_Part, frozen=True):
    """Production's footprint: staging may be asked freely."""

    production: FootprintPart


class Report(_Part, frozen=True):
    """One verification, whole."""

    schema: Literal["disjoint.report/v1"]
    verdict: Outcome
    staging: str
    production: str
    started_at: Time
    finished_at: Time
    matrix: tuple[RowPart, ...]
    findings: tuple[FindingPart, ...]
    notes: tuple[NotePart, ...]
    coverage: CoveragePart
    footprint: FootprintsPart
    run: str
    source: str
    budget: float
    inferred: tuple[str, ...]
    unplaced: tuple[str, ...]
    warnings: tuple[str, ...]
