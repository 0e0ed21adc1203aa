"""Certificates made to order: fresh keys, fixed times, and every way in which one can be wrong."""

from __future__ import annotations

import copy
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from disjoint.canonical import canonical, digest_of
from disjoint.certify.dsse import STATEMENT, Envelope, Signed, line_of, pae, read_line
from disjoint.certify.names import (
    HOME,
    NAMESPACE,
    PRODUCTION,
    PROOF_TYPE,
    SIGN_OFF_TYPE,
    STAGING,
    STATEMENT_TYPE,
)
from disjoint.certify.public import keyid_of, pem_of
from disjoint.certify.sshsig import fingerprint, parts_of

FINISHED, NOW = "2026-11-22T21:00:09Z", "2026-11-22T22:00:00Z"
AT = datetime(2026, 11, 22, 22, tzinfo=UTC)
STAGING_PART = canonical({"environment": "staging", "resources": {"cache": {"run": "hmac:1a"}}})
PRODUCTION_PART = canonical({"environment": "production", "resources": {"cache": {"run": "hmac:2b"}}})
REPORT = b'{"schema": "disjoint.report/v1", "verdict": "ISOLATED"}\n'
POLICY = digest_of(b"what the manifest declares")
CHALLENGE = "c0ffee0123456789"
OPTIONS = f'namespaces="git,{NAMESPACE}"'

Edit = Callable[[dict[str, Any]], None]
"""Changes a statement in place, before it is signed."""


def same(_statement: dict[str, Any]) -> None:
    """Change nothing."""


class Machine:
    """A prover with a key of its own."""

    def __init__(self, type_: str = "ed25519") -> None:
        self._key = Ed25519PrivateKey.generate() if type_ == "ed25519" else generate_private_key(SECP256R1())
        self.pem = pem_of(self._key.public_key())
        self.keyid = keyid_of(self._key.public_key())

    def sign(self, octets: bytes) -> bytes:
        if isinstance(self._key, EllipticCurvePrivateKey):
            return self._key.sign(octets, ECDSA(SHA256()))
        return self._key.sign(octets)


@dataclass(frozen=True)
class Person:
    """Somebody with an SSH key."""

    principal: str
    key: Path

    @property
    def public(self) -> str:
        return " ".join(self.key.with_name(f"{self.key.name}.pub").read_text().split()[:2])

    def line(self, options: str = OPTIONS, principal: str = "") -> str:
        """Their line of an allowed_signers file."""
        return f"{principal or self.principal} {options} {self.public}\n"

    def sign(self, octets: bytes, namespace: str = NAMESPACE) -> bytes:
        asked = ["ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", str(self.key)]
        return subprocess.run(asked, input=octets, capture_output=True, check=True).stdout


@dataclass(frozen=True)
class World:
    """A machine and some people, none of whom anybody else knows."""

    folder: Path
    machine: Machine = field(default_factory=Machine)

    def person(self, principal: str, type_: str = "ed25519", file: str = "") -> Person:
        """Somebody, whose key is made when it is first asked for."""
        key = self.folder / (file or f"{principal.partition('@')[0].encode().hex()}.{type_}")
        if not key.exists():
            asked = ["ssh-keygen", "-q", "-t", type_, "-N", "", "-C", "", "-f", str(key)]
            subprocess.run(asked, check=True)
        return Person(principal, key)

    @property
    def bob(self) -> Person:
        return self.person("bob@example.com")

    @property
    def carol(self) -> Person:
        return self.person("carol@example.com")

    def proof(self, edit: Edit = same, machine: Machine | None = None) -> bytes:
        """A machine's line."""
        statement = proof_statement()
        edit(statement)
        return self.line(canonical(statement), machine)

    def line(self, payload: bytes, machine: Machine | None = None, type_: str = STATEMENT) -> bytes:
        """Any payload, signed by a machine."""
        by = machine or self.machine
        return _line(type_, payload, by.keyid, by.sign(pae(type_, payload)))

    def sign_off(
        self, about: bytes, person: Person | None = None, edit: Edit = same, namespace: str = NAMESPACE
    ) -> bytes:
        """A person's line about the proof in a line."""
        by = person or self.bob
        statement = sign_off_statement(read_line(about).payload, by.principal)
        edit(statement)
        payload = canonical(statement)
        armoured = by.sign(pae(STATEMENT, payload), namespace)
        return _line(STATEMENT, payload, fingerprint(parts_of(armoured).key), armoured)

    def certificate(self, edit: Edit = same) -> bytes:
        """A proof, and Bob's word for it."""
        proof = self.proof(edit)
        return proof + self.sign_off(proof)

    def allowed(self, *lines: str) -> str:
        """An allowed_signers file: Bob, Carol, and more."""
        return "".join(("# who may sign off\n", self.bob.line(), self.carol.line(), *lines))


def _line(type_: str, payload: bytes, keyid: str, sig: bytes) -> bytes:
    return line_of(Envelope(type_, payload, (Signed(keyid, sig),))).encode() + b"\n"


def proof_statement() -> dict[str, Any]:
    """What a machine says of an isolated world."""
    return copy.deepcopy(_PROOF)


def sign_off_statement(payload: bytes, principal: str) -> dict[str, Any]:
    """What a person says about a proof."""
    predicate = {
        "decision": "APPROVED",
        "signer": {"principal": principal, "name": principal.partition("@")[0].title(), "role": "reviewer"},
        "statement": "I reviewed the report.",
        "reviewed": [{"name": "report.json", "digest": {"sha256": digest_of(REPORT)}}],
        "acceptedWaivers": [],
        "signedAt": "2026-11-22T21:40:00Z",
        "validUntil": "2026-12-20T21:40:00Z",
    }
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": "proof", "digest": {"sha256": digest_of(payload)}}],
        "predicateType": SIGN_OFF_TYPE,
        "predicate": predicate,
    }


def row(
    resource: str, outcome: str = "ISOLATED", grade: str | None = "identity", **more: str
) -> dict[str, Any]:
    """A line of the matrix."""
    status = {"ISOLATED": "VERIFIED", "SHARED": "FAILED", "UNPROVEN": "PENDING"}[outcome]
    kind = {"database": "postgres", "cache": "redis"}.get(resource, resource)
    stated = {"resource": resource, "kind": kind, "outcome": outcome, "grade": grade}
    return {**stated, "minimum": "identity", "status": status, **more}


def finding(
    rule: str, resource: str, outcome: str = "ISOLATED", grade: str = "identity", **more: Any
) -> dict[str, Any]:
    """A rule's judgement."""
    stated = {"rule": rule, "resource": resource, "outcome": outcome, "grade": grade}
    return {**stated, "summary": "told apart", "limits": "", "waived": False, **more}


def waiver(**more: str) -> dict[str, Any]:
    """Two people's word that a reused secret is accepted."""
    stated = {"rule": "variables/secret-reused", "resource": "variables", "reason": "rotated next week"}
    return {**stated, "owner": "dave", "approver": "erin", "expires": "2026-12-01T00:00:00Z", **more}


WAIVED = "variables/secret-reused:variables"


def with_waiver(statement: dict[str, Any], **more: str) -> None:
    """A finding that people accepted, and all that follows."""
    said = statement["predicate"]
    shared = finding("variables/secret-reused", "variables", "SHARED", "declared", waived=True)
    said["findings"].append(shared)
    said["matrix"][2] = row("variables", "SHARED", "declared", minimum="declared", status="WAIVED (FAILED)")
    said["coverage"] |= {"isolated": 2, "shared": 1}
    said["waivers"] = [waiver(**more)]


_PROOF: dict[str, Any] = {
    "_type": STATEMENT_TYPE,
    "subject": [
        {"name": STAGING, "digest": {"sha256": digest_of(STAGING_PART)}},
        {"name": PRODUCTION, "digest": {"sha256": digest_of(PRODUCTION_PART)}},
    ],
    "predicateType": PROOF_TYPE,
    "predicate": {
        "proofId": "0198c0de-0000-7000-8000-000000000001",
        "prover": {"id": HOME, "version": "0.1.0", "run": "https://ci.example/runs/42", "host": "ci"},
        "policy": {"name": "disjoint.toml", "digest": {"sha256": POLICY}},
        "environment": {"identified": ["cache"], "name": "staging"},
        "reference": {"name": "production", "marks": {"cache": ["hmac:0123456789abcdef0123456789abcdef"]}},
        "projectKey": "0123456789abcdef",
        "requestedBy": ["alice", "alice@example.com"],
        "startedAt": "2026-11-22T21:00:00Z",
        "finishedAt": FINISHED,
        "validUntil": "2026-12-20T21:00:09Z",
        "challenge": "",
        "previousProof": None,
        "journalHead": {"seq": 7, "sha256": "0f" * 32},
        "verdict": "ISOLATED",
        "matrix": [
            row("database"),
            row("cache", grade="canary"),
            row("variables", grade="declared", minimum="declared"),
        ],
        "coverage": {
            "declared": 3,
            "isolated": 3,
            "shared": 0,
            "unproven": 0,
            "notTried": ["postgres/production-rows"],
            "unclaimed": [],
        },
        "findings": [
            finding("postgres/same-server", "database"),
            finding("postgres/replica-or-copy", "database"),
            finding("redis/same-server", "cache", grade="canary"),
            finding("variables/environment-name", "variables", grade="declared"),
        ],
        "waivers": [],
        "footprint": {"reads": 14, "writes": 0, "seconds": 0.08},
        "report": {"name": "report.json", "digest": {"sha256": digest_of(REPORT)}},
    },
}
