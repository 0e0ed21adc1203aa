"""Does a certificate hold, of what is wanted, now? Numbered steps, each refusal with its own reason. Pure.

Octets are verified before anything in them is believed, and what is believed are those octets. Nothing
rests on a key id, on the order of lines, or on a name that no signature binds.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from disjoint.errors import TamperedError, UnprovenError

from .approvals import Seen, approved, expect_enough
from .claims import Proof, Waiver, proof_in
from .lines import Line, lines_of
from .names import HOME, PROOF_TYPE, SIGN_OFF_TYPE
from .refold import expect_isolated, expect_waivers
from .spki import keyid_of
from .trust import LONGEST, SKEW, Trust, Verified, Wanted

SSH = b"-----BEGIN SSH SIGNATURE-----"


def verified(content: bytes, trust: Trust, wanted: Wanted, now: datetime) -> Verified:
    """A certificate that holds.

    Args:
        content: the file, octet for octet.
        trust: whom to believe.
        wanted: what it must be about, and how many people must have signed it off.
        now: the time at which it must hold.

    Raises:
        TamperedError: it is proven bad: changed, signed by nobody trusted, rejected, at odds with itself.
        UnprovenError: it says nothing about what is wanted, or does so no longer, or not yet.
    """
    # 1. Every line is an envelope around one canonical statement, as it was written.
    lines = lines_of(content)

    # 2. One of them is a proof; each other is a sign-off, or none of ours.
    line = _proof_line(lines)
    sign_offs = _sign_off_lines(lines)

    # 3. A trusted machine signed exactly these octets, and the key id is that key's.
    keyid = _signed_by(line, trust)

    # 4. The proof is of the form that this version knows.
    proof = proof_in(line)

    # 5. Its verdict follows from its findings, row by row.
    expect_isolated(proof)

    # 6. It is about the environments, the manifest and the servers that are wanted.
    _expect_subject(proof, wanted)

    # 7. It holds now: neither from the future, nor over, nor too old.
    _expect_now(proof, wanted, now)

    # 8. It answers the challenge that was given.
    _expect_challenge(proof, wanted)

    # 9. The waivers that it rests on may be, and are not over.
    waivers = expect_waivers(proof, now)

    # 10. Nobody who is trusted rejects it, and as many people as are wanted approve it.
    seen = _approvals(sign_offs, proof, waivers, trust, wanted, now)

    # 11. What came with it is what was proven, and what was reviewed.
    _expect_evidence(proof, seen, wanted.evidence)

    ends = (proof.valid_until, *(w.expires for w in waivers), *_ends(seen, wanted.approvals))
    return Verified(proof, keyid, seen.approvals, waivers, min(ends))


def _proof_line(lines: list[Line]) -> Line:
    proofs = [line for line in lines if line.type == PROOF_TYPE]
    if len(proofs) > 1:
        raise TamperedError(f"two proofs: lines {proofs[0].number} and {proofs[1].number}")
    for line in lines:
        ours = line.type in {PROOF_TYPE, SIGN_OFF_TYPE}
        if not ours and (line.type.startswith(HOME) or line.signature.sig.startswith(SSH)):
            raise UnprovenError(f"line {line.number}: unknown predicate type: verify it with a newer version")
    if not proofs:
        raise UnprovenError("no proof: no line states one")
    return proofs[0]


def _sign_off_lines(lines: list[Line]) -> list[Line]:
    return [line for line in lines if line.type == SIGN_OFF_TYPE]


def _signed_by(line: Line, trust: Trust) -> str:
    for pem in trust.keys:
        if trust.machine(pem, line.signature.sig, line.octets):
            if line.signature.keyid != keyid_of(pem):
                raise TamperedError(f"line {line.number}: the key id is not that of the key that signed")
            return line.signature.keyid
    raise TamperedError("the proof was changed, or no trusted key signed it")


def _expect_subject(proof: Proof, wanted: Wanted) -> None:
    if proof.environment == proof.reference:
        raise TamperedError("the proof is about one environment, and itself")
    asked = (
        (wanted.environment, proof.environment, "about another environment"),
        (wanted.reference, proof.reference, "about another reference environment"),
        (wanted.policy, proof.policy, "made for another manifest: certify anew"),
        (wanted.staging, proof.staging, "about what staging was; re-pointed since: certify anew"),
        (
            wanted.production,
            proof.production,
            "about what production was; changed since: certify anew",
        ),
    )
    for want, found, why in asked:
        if want is not None and want != found:
            raise UnprovenError(f"the certificate is {why}")


def _expect_now(proof: Proof, wanted: Wanted, now: datetime) -> None:
    if not proof.started_at <= proof.finished_at < proof.valid_until:
        raise TamperedError("the proof ends before it begins")
    if proof.finished_at > now + SKEW:
        raise UnprovenError("the proof is from the future: one of the clocks is wrong")
    if proof.valid_until - proof.finished_at > LONGEST:
        raise UnprovenError(f"the proof's validity is longer than the {LONGEST.days} days allowed")
    if proof.valid_until <= now:
        raise UnprovenError(f"the certificate expired on {proof.valid_until:%Y-%m-%d}: certify anew")
    if wanted.max_age is not None and now - proof.finished_at > wanted.max_age:
        raise UnprovenError(f"the certificate is stale: proven on {proof.finished_at:%Y-%m-%d}: certify anew")


def _expect_challenge(proof: Proof, wanted: Wanted) -> None:
    if wanted.challenge is None or proof.challenge == wanted.challenge:
        return
    if not proof.challenge:
        raise UnprovenError("the proof answers no challenge: certify with this one")
    raise UnprovenError("the proof answers another challenge: it is replayed; certify with this one")


def _approvals(
    lines: list[Line], proof: Proof, waivers: tuple[Waiver, ...], trust: Trust, wanted: Wanted, now: datetime
) -> Seen:
    if trust.person is None:
        _expect_none_wanted(wanted)
        return Seen((), ())
    seen = approved(lines, proof, waivers, trust.person, now)
    expect_enough(seen, wanted.approvals)
    return seen


def _expect_none_wanted(wanted: Wanted) -> None:
    if wanted.approvals:
        raise UnprovenError(
            "no sign-off can be trusted without allowed signers: name them with --allowed-signers, "
            "or ask for the machine's word alone with --approvals 0"
        )


def _ends(seen: Seen, wanted: int) -> tuple[datetime, ...]:
    """When too few people's words are left; of more than are wanted, the shortest do not matter."""
    longest = sorted((each.valid_until for each in seen.approvals), reverse=True)
    return tuple(longest[:wanted])


def _expect_evidence(proof: Proof, seen: Seen, evidence: Mapping[str, str] | None) -> None:
    if evidence is None:
        return
    name, digest = proof.report
    if name not in evidence:
        raise UnprovenError(f"the evidence lacks {_shown(name)}")
    if evidence[name] != digest:
        raise TamperedError(f"the evidence is not what was proven: {_shown(name)} was changed")
    for each in seen.approvals:
        for read, as_it_was in each.reviewed:
            if evidence.get(read, as_it_was) != as_it_was:
                raise TamperedError(f"{_shown(read)} is not what {each.principal} reviewed")


def _shown(name: str) -> str:
    return name if name.isascii() and name.isprintable() else "a file"
