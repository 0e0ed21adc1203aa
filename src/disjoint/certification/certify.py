"""Certify: what was proven, as a signed statement with its place in the project's history.

No log, no action: the journal's entry is on the disk before the first file is.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from disjoint.canonical import canonical, digest_of
from disjoint.certify.dsse import STATEMENT, line_of
from disjoint.certify.half import key_name
from disjoint.certify.keys import ProjectKey
from disjoint.certify.names import CERTIFICATE, PRODUCTION, PROOF, REPORT, STAGING, SUMMARY
from disjoint.certify.sign import Signer, sealed_line
from disjoint.certify.statement import (
    Circumstances,
    Stated,
    proof_id,
    proof_statement,
    summary_statement,
    written,
)
from disjoint.journal import Journal
from disjoint.kinds.registry import BY_NAME
from disjoint.model.finding import Outcome, Waiver
from disjoint.model.manifest import Manifest
from disjoint.model.plain import Plain
from disjoint.model.proof import Proof
from disjoint.model.stable import marks
from disjoint.report import render
from disjoint.report.inert import inert
from disjoint.split import digest_of as policy_of
from disjoint.writing import write_together

from .circumstances import circumstances
from .history import CERTIFIED, PROVEN, about
from .parts import stable_parts

LONGEST = timedelta(days=30)
"""A certificate proves a moment: what is older is proven anew, not believed longer."""
PROOF_REPORT = "proof.report.json"
"""Beside a proof that is no certificate: an older certificate keeps the report that it names."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the one who certifies asks for."""

    valid_for: timedelta = LONGEST
    challenge: str = ""
    """A verifier's nonce: only a proof made after it was given out can bear it."""


@dataclass(frozen=True, slots=True)
class Certified:
    """What came of it."""

    proof: Proof
    digest: str
    """Of the proof's payload: what people sign off."""
    valid_until: datetime
    files: tuple[Path, ...]
    """What was written, in that order."""
    older: bool
    """True where no certificate was made, and one of an earlier run stands in the folder."""

    @property
    def holds(self) -> bool:
        """Whether there is a certificate."""
        return self.proof.verdict is Outcome.ISOLATED


def certify(
    manifest: Manifest,
    proof: Proof,
    project: ProjectKey,
    signer: Signer,
    journal: Journal,
    asked: Asked,
    folder: Path,
) -> Certified:
    """Sign a proof, write it down in the journal, and put the files where they are wanted.

    Args:
        manifest: what was proven.
        proof: made under `stable_key(project)`.
        project: whose history it belongs to.
        signer: the machine's, or a key store's.
        journal: open and writable.
        asked: how long, and for whom.
        folder: where the files go.

    Raises:
        WriteError: it cannot be signed, written down or written; an older certificate stands as it was.
        TamperedError: the journal is not as it was.
    """
    parts = stable_parts(manifest, proof, project)
    name = REPORT if proof.verdict is Outcome.ISOLATED else PROOF_REPORT
    report = render(proof, "json").encode()
    stated = _stated(manifest, proof, project, journal, asked, (name, digest_of(report)), parts)
    shown = json.loads(report)
    payload = canonical(proof_statement(shown, stated))
    line = _line(signer, payload)
    summary = _line(signer, canonical(summary_statement(shown, stated)))
    event = CERTIFIED if proof.verdict is Outcome.ISOLATED else PROVEN
    journal.append(event, stated.by.requested_by[0], _body(digest_of(payload), signer, stated, shown, parts))
    certificate = {name: report, STAGING: parts[0], PRODUCTION: parts[1], SUMMARY: summary, CERTIFICATE: line}
    contents = certificate if event == CERTIFIED else {name: report, PROOF: line}
    files = {folder / each: content for each, content in contents.items()}
    older = event != CERTIFIED and (folder / CERTIFICATE).exists()
    write_together(files)
    return Certified(proof, digest_of(payload), stated.valid_until, tuple(files), older)


def _line(signer: Signer, payload: bytes) -> bytes:
    return line_of(sealed_line(signer, STATEMENT, payload)).encode() + b"\n"


def _stated(
    manifest: Manifest,
    proof: Proof,
    project: ProjectKey,
    journal: Journal,
    asked: Asked,
    report: tuple[str, str],
    parts: tuple[bytes, bytes],
) -> Stated:
    head, before = journal.head(), _before(journal, proof)
    return Stated(
        proof_id=proof_id(proof.finished_at, secrets.token_bytes(10)),
        by=_by(manifest),
        policy=(inert(Path(manifest.source).name), policy_of(manifest).removeprefix("sha256:")),
        project=key_name(project),
        subjects=(digest_of(parts[0]), digest_of(parts[1])),
        identified=sorted(marks(BY_NAME, proof.staging)),
        marks=marks(BY_NAME, proof.production),
        minimums={inert(resource.name): resource.minimum.word for resource in manifest.resources},
        waivers=[_waiver(each) for each in manifest.waivers],
        valid_until=_until(manifest, proof, asked),
        challenge=asked.challenge,
        previous=before,
        head=None if head is None else (head.seq, head.digest),
        report=report,
    )


def _by(manifest: Manifest) -> Circumstances:
    by = circumstances(os.environ, Path(manifest.directory or "."))
    return by if by.requested_by else by._replace(requested_by=("unknown",))


def _before(journal: Journal, proof: Proof) -> str | None:
    """The digest of the last proof about these two environments, whatever it said."""
    sides = about(proof.staging.environment, proof.production.environment)
    found = [journal.last(event, **sides) for event in (CERTIFIED, PROVEN)]
    newest = max((each for each in found if each), key=lambda each: each.seq, default=None)
    stated = None if newest is None else newest.body.get("proof")
    return stated if isinstance(stated, str) else None


def _until(manifest: Manifest, proof: Proof, asked: Asked) -> datetime:
    """No longer than anything that it leans on."""
    due = (proof.finished_at + min(asked.valid_for, LONGEST), *(each.expires for each in manifest.waivers))
    due = due if proof.until is None else (*due, proof.until)
    return min(due).astimezone(UTC)


def _waiver(waiver: Waiver) -> Mapping[str, str]:
    return {
        "rule": inert(waiver.rule),
        "resource": inert(waiver.resource),
        "reason": inert(waiver.reason),
        "owner": inert(waiver.owner),
        "approver": inert(waiver.approver),
        "expires": written(waiver.expires),
    }


def _body(
    digest: str, signer: Signer, stated: Stated, report: Mapping[str, Any], parts: tuple[bytes, bytes]
) -> Mapping[str, Plain]:
    """What the journal keeps: enough to say later what has changed since."""
    staging, production = (json.loads(part) for part in parts)
    return {
        "proof": digest,
        "keyid": signer.keyid,
        "environment": report["staging"],
        "reference": report["production"],
        "policy": stated.policy[1],
        "verdict": report["verdict"],
        "validUntil": written(stated.valid_until),
        "challenge": stated.challenge,
        "subjects": list(stated.subjects),
        "grades": {row["resource"]: row["grade"] for row in report["matrix"]},
        "waivers": [f"{each['rule']}:{each['resource']}" for each in stated.waivers],
        "staging": staging,
        "production": production,
    }
