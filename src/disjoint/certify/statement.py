"""A proof as an in-toto statement, and its summary for policy engines. Pure.

https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
https://github.com/in-toto/attestation/blob/main/spec/predicates/svr.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from disjoint.model.plain import Plain

from .names import HOME, PRODUCTION, PROOF_TYPE, STAGING, STATEMENT_TYPE, SUMMARY_TYPE

VERIFIER = f"{HOME}/verifier/v1"
"""Counts up when the same properties come to mean something else."""
ISOLATED, UNWAIVED = "DISJOINT_ISOLATED", "DISJOINT_ISOLATED_WITHOUT_WAIVER"
_ROW = ("resource", "kind", "outcome", "grade", "status")
_FINDING = ("rule", "resource", "outcome", "grade", "summary", "limits")
_COVERAGE = ("declared", "isolated", "shared", "unproven", "notTried", "unclaimed")


class Circumstances(NamedTuple):
    """Where a proof was made, and for whom."""

    version: str
    run: str
    """Where the log of the run stands; empty off a CI."""
    host: str
    """``github-actions``, ``gitlab-ci`` ..., ``local``."""
    requested_by: tuple[str, ...]
    """Every name by which the one who asked for it is known here: none of them may approve it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What a statement says beside the report. Digests are SHA-256, in hexadecimal."""

    proof_id: str
    by: Circumstances
    policy: tuple[str, str]
    """The manifest's name, and the digest of what it declares."""
    project: str
    """The project key's public name."""
    subjects: tuple[str, str]
    """The stable parts of staging and production."""
    identified: Sequence[str]
    """The resources of staging whose servers said who they are."""
    marks: Mapping[str, list[str]]
    """By resource: the digests by which production's servers would be known again."""
    minimums: Mapping[str, str]
    """By resource: the grade that its row must have."""
    waivers: Sequence[Mapping[str, str]]
    valid_until: datetime
    challenge: str
    previous: str | None
    """The last proof's payload."""
    head: tuple[int, str] | None
    """Where the journal ended."""
    report: tuple[str, str]
    """Its file's name, and that file's digest."""


def proof_statement(report: Mapping[str, Any], stated: Stated) -> Plain:
    """What the machine signs.

    Args:
        report: the JSON report, whose texts are inert and whose digests are of one report alone.
        stated: everything else.
    """
    name, digest = stated.report
    predicate: Plain = {
        "proofId": stated.proof_id,
        "prover": {
            "id": HOME,
            "version": stated.by.version,
            "run": stated.by.run,
            "host": stated.by.host,
        },
        "policy": _policy(stated),
        "environment": {"name": report["staging"], "identified": list(stated.identified)},
        "reference": {"name": report["production"], "marks": dict(stated.marks)},
        "projectKey": stated.project,
        "requestedBy": list(stated.by.requested_by),
        "startedAt": report["startedAt"],
        "finishedAt": report["finishedAt"],
        "validUntil": written(stated.valid_until),
        "challenge": stated.challenge,
        "previousProof": stated.previous and _sha256(stated.previous),
        "journalHead": stated.head and {"seq": stated.head[0], **_sha256(stated.head[1])},
        "verdict": report["verdict"],
        "matrix": [_row(row, stated.minimums) for row in report["matrix"]],
        "coverage": _only(report["coverage"], _COVERAGE),
        "findings": [_finding(each) for each in report["findings"]],
        "waivers": [dict(each) for each in stated.waivers],
        "footprint": _only(report["footprint"]["production"], ("reads", "writes", "seconds")),
        "report": {"name": name, "digest": _sha256(digest)},
    }
    return _statement(PROOF_TYPE, stated, predicate)


def summary_statement(report: Mapping[str, Any], stated: Stated) -> Plain:
    """A Simple Verification Result: the properties that hold, for engines that know no other words."""
    predicate: Plain = {
        "verifier": {"id": VERIFIER, "policies": [_policy(stated)]},
        "timeCreated": report["finishedAt"],
        "properties": properties(report),
    }
    return _statement(SUMMARY_TYPE, stated, predicate)


def properties(report: Mapping[str, Any]) -> list[Plain]:
    """What holds of an isolated world: of the whole, and of each kind all of whose rows are isolated."""
    if report["verdict"] != "ISOLATED":
        return []
    rows = report["matrix"]
    waived = any(each["waiver"] for each in report["findings"])
    kinds = {row["kind"] for row in rows} - {row["kind"] for row in rows if row["outcome"] != "ISOLATED"}
    of_kinds = [f"{ISOLATED}_{kind.upper()}" for kind in sorted(kinds)]
    return [ISOLATED, *([] if waived else [UNWAIVED]), *of_kinds]


def written(moment: datetime) -> str:
    """A moment as statements have it: RFC 3339 in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def proof_id(now: datetime, random: bytes) -> str:
    """A UUID of version 7 (RFC 9562): proofs sort by the time they were made.

    Args:
        now: the moment it bears, to the millisecond.
        random: ten octets.
    """
    number = (int(now.timestamp() * 1000) << 80) | int.from_bytes(random[:10], "big")
    number = number & ~(0xF << 76) | 7 << 76
    digits = f"{number & ~(0b11 << 62) | 0b10 << 62:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _statement(predicate_type: str, stated: Stated, predicate: Plain) -> Plain:
    subjects = zip((STAGING, PRODUCTION), stated.subjects, strict=True)
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": _sha256(digest)} for name, digest in subjects],
        "predicateType": predicate_type,
        "predicate": predicate,
    }


def _policy(stated: Stated) -> Plain:
    return {"name": stated.policy[0], "digest": _sha256(stated.policy[1])}


def _row(row: Mapping[str, Any], minimums: Mapping[str, str]) -> Plain:
    return {**_only(row, _ROW), "minimum": minimums[row["resource"]]}


def _finding(finding: Mapping[str, Any]) -> Plain:
    return {**_only(finding, _FINDING), "waived": finding["waiver"] is not None}


def _only(part: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """An allow-list: what a later report adds is not signed unseen."""
    return {name: part[name] for name in names}


def _sha256(digest: str) -> dict[str, str]:
    return {"sha256": digest}
