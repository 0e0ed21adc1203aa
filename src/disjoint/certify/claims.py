"""What a certificate claims: the machine's proof and people's sign-offs, read and not yet believed. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from .lines import Line
from .names import PRODUCTION, STAGING, STATEMENT_TYPE
from .part import Part

OUTCOMES = ("ISOLATED", "SHARED", "UNPROVEN")
GRADES = ("declared", "identity", "canary", "refused")
"""Weakest first."""


class Row(NamedTuple):
    """One line of the matrix."""

    resource: str
    outcome: str
    grade: str | None
    minimum: str
    status: str


class Finding(NamedTuple):
    """One rule's judgement about one resource."""

    rule: str
    resource: str
    outcome: str
    grade: str
    waived: bool


class Waiver(NamedTuple):
    """A person's dated acceptance of one finding."""

    rule: str
    resource: str
    reason: str
    owner: str
    approver: str
    expires: datetime

    @property
    def name(self) -> str:
        """As a sign-off accepts it."""
        return f"{self.rule}:{self.resource}"


class Coverage(NamedTuple):
    """How many rows there are, and of which outcome."""

    declared: int
    isolated: int
    shared: int
    unproven: int


class Proof(NamedTuple):
    """What the machine says."""

    digest: str
    """SHA-256 of its payload: what a sign-off is about."""
    proof_id: str
    prover: str
    environment: str
    reference: str
    staging: str
    """Digest of staging's stable part."""
    production: str
    policy: str
    requested_by: tuple[str, ...]
    started_at: datetime
    finished_at: datetime
    valid_until: datetime
    challenge: str
    project: str
    """The project key's public name."""
    identified: tuple[str, ...]
    """The resources of staging whose servers said who they are."""
    marks: frozenset[str]
    """Digests by which production's servers would be known again."""
    verdict: str
    matrix: tuple[Row, ...]
    findings: tuple[Finding, ...]
    waivers: tuple[Waiver, ...]
    coverage: Coverage
    report: tuple[str, str]
    """Its file's name and digest."""


class SignOff(NamedTuple):
    """What a person says about a proof."""

    about: str
    decision: str
    principal: str
    name: str
    role: str
    reviewed: tuple[tuple[str, str], ...]
    accepted: tuple[str, ...]
    signed_at: datetime
    valid_until: datetime


def proof_in(line: Line) -> Proof:
    """A proof, of the form that this version knows.

    Raises:
        TamperedError: it is of another form.
    """
    said = _predicate(line)
    staging, production = _subjects(line.statement)
    report = said.part("report")
    return Proof(
        line.digest,
        said.text("proofId"),
        said.part("prover").text("id"),
        said.part("environment").text("name"),
        said.part("reference").text("name"),
        staging,
        production,
        said.part("policy").digest("digest"),
        said.texts("requestedBy"),
        said.moment("startedAt"),
        said.moment("finishedAt"),
        said.moment("validUntil"),
        said.text("challenge"),
        said.text("projectKey"),
        said.part("environment").texts("identified"),
        _marks(said.part("reference").part("marks")),
        said.among("verdict", OUTCOMES),
        tuple(map(_row, said.parts("matrix"))),
        tuple(map(_finding, said.parts("findings"))),
        tuple(map(_waiver, said.parts("waivers"))),
        _coverage(said.part("coverage")),
        (report.text("name"), report.digest("digest")),
    )


def sign_off_in(line: Line) -> SignOff:
    """A sign-off, of the form that this version knows.

    Raises:
        TamperedError: it is of another form.
    """
    said = _predicate(line)
    signer = said.part("signer")
    subjects = line.statement.parts("subject")
    if len(subjects) != 1:
        line.statement.refuse("subject", "is not one proof")
    return SignOff(
        subjects[0].digest("digest"),
        said.among("decision", ("APPROVED", "REJECTED")),
        signer.text("principal"),
        signer.text("name"),
        signer.text("role"),
        tuple((each.text("name"), each.digest("digest")) for each in said.parts("reviewed")),
        said.texts("acceptedWaivers"),
        said.moment("signedAt"),
        said.moment("validUntil"),
    )


def _predicate(line: Line) -> Part:
    line.statement.among("_type", (STATEMENT_TYPE,))
    return line.statement.part("predicate")


def _subjects(statement: Part) -> tuple[str, str]:
    found = {each.text("name"): each.digest("digest") for each in statement.parts("subject")}
    if found.keys() != {STAGING, PRODUCTION} or len(statement.parts("subject")) != 2:
        statement.refuse("subject", f"is not {STAGING} and {PRODUCTION}")
    return found[STAGING], found[PRODUCTION]


def _marks(part: Part) -> frozenset[str]:
    return frozenset(mark for name in part.names() for mark in part.texts(name))


def _row(part: Part) -> Row:
    return Row(
        part.text("resource"),
        part.among("outcome", OUTCOMES),
        None if part.is_null("grade") else part.among("grade", GRADES),
        part.among("minimum", GRADES),
        part.text("status"),
    )


def _finding(part: Part) -> Finding:
    return Finding(
        part.text("rule"),
        part.text("resource"),
        part.among("outcome", OUTCOMES),
        part.among("grade", GRADES),
        part.truth("waived"),
    )


def _waiver(part: Part) -> Waiver:
    rule, resource, reason, owner, approver = (part.text(name) for name in Waiver._fields[:5])
    return Waiver(rule, resource, reason, owner, approver, part.moment("expires"))


def _coverage(part: Part) -> Coverage:
    return Coverage(*(part.count(name) for name in Coverage._fields))
