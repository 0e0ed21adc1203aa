"""A person's own statement about a proof: what they are asked, whether they may, and what they say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from disjoint.canonical import canonical
from disjoint.errors import TamperedError, UnprovenError, UsageError

from .claims import Proof, Waiver, proof_in, sign_off_in
from .lines import Line, lines_of
from .names import PROOF_TYPE, SIGN_OFF_TYPE, STATEMENT_TYPE
from .people import is_among, nobody, person
from .trust import LONGEST

APPROVED, REJECTED = "APPROVED", "REJECTED"


class Asked(NamedTuple):
    """What a person is asked to sign."""

    proof: Proof
    line: Line
    project_key: str
    not_tried: tuple[str, ...]
    unclaimed: tuple[str, ...]
    signed: tuple[tuple[str, str], ...]
    """Who says to have signed already, and their decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
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


def asked_in(content: bytes) -> Asked:
    """The one proof in a certificate, and who has signed it.

    Raises:
        UsageError: it holds no proof or several, or one of less than isolation.
        TamperedError: something in it is not as it was written.
        UnprovenError: it is empty.
    """
    lines = lines_of(content)
    proofs = [line for line in lines if line.type == PROOF_TYPE]
    if len(proofs) != 1:
        raise UsageError(f"no certificate: it holds {len(proofs) or 'no'} proofs, not one")
    proof, said = proof_in(proofs[0]), proofs[0].statement.part("predicate")
    if proof.verdict != "ISOLATED":
        raise UsageError(f"no certificate: its verdict is {proof.verdict}")
    coverage = said.part("coverage")
    return Asked(
        proof,
        proofs[0],
        said.text("projectKey"),
        coverage.texts("notTried"),
        coverage.texts("unclaimed"),
        tuple(_signed(line, proof) for line in lines if line.type == SIGN_OFF_TYPE),
    )


def _signed(line: Line, proof: Proof) -> tuple[str, str]:
    said = sign_off_in(line)
    if said.about != proof.digest:
        raise TamperedError(f"line {line.number}: the sign-off is about another proof")
    return said.principal, said.decision


def until(asked: Asked, now: datetime, wanted: timedelta) -> datetime:
    """How long a signature of now is good for: as was wanted, never longer than the proof or than may be."""
    return min(now + min(wanted, LONGEST), asked.proof.valid_until)


def expect_may_sign(asked: Asked, said: Answer) -> None:
    """Whether this person may say this of that proof.

    Raises:
        UsageError: they may not, or have to say more; the text says why.
        UnprovenError: the proof is over, or something that it rests on is.
    """
    _expect_first(asked, said)
    if said.valid_until <= said.signed_at:
        raise UnprovenError(f"the proof was valid until {_shown(asked.proof.valid_until)}: certify anew")
    if said.decision == APPROVED:
        _expect_another(asked.proof, said)
        _expect_accepted(asked.proof.waivers, said)


def _expect_first(asked: Asked, said: Answer) -> None:
    """Nobody signs twice; but whoever approved may still find a reason to reject."""
    own = {decision for who, decision in asked.signed if person(who) == person(said.principal)}
    if own & {said.decision, REJECTED}:
        raise UsageError(f"{said.principal} has signed this proof already")


def _expect_another(proof: Proof, said: Answer) -> None:
    if nobody(proof.requested_by):
        raise UnprovenError(
            "the proof does not say who asked for it: anybody could be signing their own; certify anew where "
            "git's user.email is set"
        )
    if is_among(said.principal, proof.requested_by):
        raise UsageError(
            f"{said.principal} asked for this proof, and so cannot approve it: somebody else must"
        )


def _expect_accepted(waivers: tuple[Waiver, ...], said: Answer) -> None:
    for waiver in waivers:
        if waiver.expires <= said.signed_at:
            raise UnprovenError(f"the waiver of {waiver.name} is over since {_shown(waiver.expires)}")
    names = [waiver.name for waiver in waivers]
    if missing := [name for name in names if name not in said.accepted]:
        raise UsageError(
            f"the proof rests on waivers: accept each by name, --accept {' --accept '.join(missing)}"
        )
    if unknown := [name for name in said.accepted if name not in names]:
        raise UsageError(f"--accept {unknown[0]}: the proof has no such waiver")


def _shown(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def payload_of(asked: Asked, said: Answer) -> bytes:
    """A person's statement about a proof, as it is signed."""
    return canonical(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": "proof", "digest": {"sha256": asked.proof.digest}}],
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
