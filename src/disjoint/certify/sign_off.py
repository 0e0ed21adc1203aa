"""A person's own statement about a proof: what they are asked, whether they may, and what they say."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from disjoint.canonical import canonical, digest_of, strict
from disjoint.errors import UnprovenError, UsageError

from .dsse import STATEMENT, read_line
from .names import PROOF_TYPE, SIGN_OFF_TYPE, STATEMENT_TYPE

APPROVED, REJECTED = "APPROVED", "REJECTED"
LONGEST = 4 << 20
"""Octets of a certificate; ten thousand findings are fewer."""


class Waived(NamedTuple):
    """A finding that somebody accepted, and that each who signs accepts by name."""

    rule: str
    resource: str
    reason: str
    approver: str
    expires: datetime

    @property
    def name(self) -> str:
        """As it is accepted: rule and resource."""
        return f"{self.rule}:{self.resource}"


class Asked(NamedTuple):
    """A proof, as far as a person must see it before they sign."""

    digest: str
    """SHA-256 of the payload: what their statement is about."""
    predicate: Mapping[str, Any]
    finished_at: datetime
    valid_until: datetime
    rows: tuple[tuple[str, str, str], ...]
    """Resource, outcome in the matrix's words, grade."""
    waivers: tuple[Waived, ...]
    requested_by: tuple[str, ...]
    signed: Mapping[str, str]
    """Who says to have signed already, in lower case, and their decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOff:
    """What a person says."""

    decision: str
    principal: str
    name: str
    role: str
    statement: str
    reviewed: tuple[tuple[str, str], ...]
    """Name and SHA-256 of each file that was read."""
    accepted: tuple[str, ...]
    signed_at: datetime
    valid_until: datetime


def asked_in(content: bytes, where: str) -> Asked:
    """The one proof in a certificate.

    Raises:
        UsageError: there is none or several, or what is there is no certificate.
    """
    statements = list(filter(None, map(_statement, content.split(b"\n"))))
    proofs = [each for each in statements if each[0]["predicateType"] == PROOF_TYPE]
    if len(proofs) != 1:
        raise UsageError(f"{where} is no certificate: it holds {len(proofs) or 'no'} proofs, not one")
    [(statement, payload)] = proofs
    try:
        asked = _asked(digest_of(payload), statement["predicate"], [each for each, _ in statements])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UsageError(
            f"{where} is no certificate: its proof is not of the form that this version knows"
        ) from None
    if asked.predicate["verdict"] != "ISOLATED":
        raise UsageError(f"{where} is no certificate: its verdict is not ISOLATED")
    return asked


def _statement(line: bytes) -> tuple[dict[str, Any], bytes] | None:
    """The statement of a line, and its octets; None for a line of something else."""
    try:
        envelope = read_line(line)
        statement = strict(envelope.payload)
        ours = (envelope.payload_type, statement["_type"]) == (STATEMENT, STATEMENT_TYPE)
        return (statement, envelope.payload) if ours and statement["predicateType"] else None
    except (ValueError, TypeError, KeyError):
        return None


def _asked(digest: str, predicate: Mapping[str, Any], statements: list[dict[str, Any]]) -> Asked:
    return Asked(
        digest,
        predicate,
        _time(predicate["finishedAt"]),
        _time(predicate["validUntil"]),
        tuple((str(r["resource"]), str(r["status"]), str(r["grade"] or "")) for r in predicate["matrix"]),
        tuple(map(_waived, predicate["waivers"])),
        tuple(map(str, predicate["requestedBy"])),
        dict(filter(None, (_signer(each, digest) for each in statements))),
    )


def _waived(waiver: Mapping[str, Any]) -> Waived:
    rule, resource, reason, approver = (str(waiver[name]) for name in Waived._fields[:4])
    return Waived(rule, resource, reason, approver, _time(waiver["expires"]))


def _signer(statement: Mapping[str, Any], digest: str) -> tuple[str, str] | None:
    try:
        about = [subject["digest"]["sha256"] for subject in statement["subject"]]
        signer = statement["predicate"]["signer"]["principal"]
        ours = statement["predicateType"] == SIGN_OFF_TYPE and about == [digest]
        return (str(signer).casefold(), str(statement["predicate"]["decision"])) if ours else None
    except (KeyError, TypeError):
        return None


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a time without its zone")
    return found


def expect_may_sign(asked: Asked, said: SignOff) -> None:
    """Whether this person may say this of that proof.

    Raises:
        UsageError: they may not, or have to say more; the text says why.
        UnprovenError: the proof is over, or something that it rests on is.
    """
    if asked.signed.get(said.principal.casefold()) in {said.decision, REJECTED}:
        raise UsageError(f"{said.principal} has signed this proof already")
    if said.valid_until <= said.signed_at or asked.valid_until <= said.signed_at:
        raise UnprovenError(f"the proof was valid until {asked.valid_until:%Y-%m-%d %H:%M} UTC: certify anew")
    if said.decision == APPROVED:
        _expect_may_approve(asked, said)


def _expect_may_approve(asked: Asked, said: SignOff) -> None:
    if is_one_of(said.principal, asked.requested_by):
        raise UsageError(
            f"{said.principal} asked for this proof, and so cannot approve it: somebody else must"
        )
    for waiver in asked.waivers:
        if waiver.expires <= said.signed_at:
            raise UnprovenError(
                f"the waiver of {waiver.name} is over since {waiver.expires:%Y-%m-%d %H:%M} UTC"
            )
    names = [waiver.name for waiver in asked.waivers]
    if missing := [name for name in names if name not in said.accepted]:
        raise UsageError(
            f"the proof rests on waivers: accept each by name, --accept {' --accept '.join(missing)}"
        )
    if unknown := [name for name in said.accepted if name not in names]:
        raise UsageError(f"--accept {unknown[0]}: the proof has no such waiver")


def is_one_of(principal: str, people: Collection[str]) -> bool:
    """Whether a person is among others, by whatever name: in either case, whole or without the domain."""
    own = {principal.casefold(), _local(principal)}
    return any(own & {name.casefold(), _local(name)} for name in people)


def _local(name: str) -> str:
    """What stands before the domain, and before a ``+`` that sorts mail."""
    return name.casefold().partition("@")[0].partition("+")[0]


def payload_of(asked: Asked, said: SignOff) -> bytes:
    """A person's statement about a proof, as it is signed."""
    return canonical(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": "proof", "digest": {"sha256": asked.digest}}],
            "predicateType": SIGN_OFF_TYPE,
            "predicate": {
                "decision": said.decision,
                "signer": {"principal": said.principal, "name": said.name, "role": said.role},
                "statement": said.statement,
                "reviewed": [{"name": name, "digest": {"sha256": digest}} for name, digest in said.reviewed],
                "acceptedWaivers": sorted(said.accepted),
                "signedAt": _written(said.signed_at),
                "validUntil": _written(said.valid_until),
            },
        }
    )


def _written(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
