"""People's sign-offs about one proof: whose they are, whether they count, how many people that is. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from disjoint.errors import TamperedError, UnprovenError

from .claims import Proof, SignOff, Waiver, sign_off_in
from .lines import Line
from .people import is_among, nobody, person
from .sshsig import fingerprint, parts_of
from .trust import LONGEST, SKEW, Approval, Person


class Seen(NamedTuple):
    """The approvals that count, and why others do not."""

    approvals: tuple[Approval, ...]
    reasons: tuple[str, ...]


def approved(
    lines: Iterable[Line], proof: Proof, waivers: tuple[Waiver, ...], who: Person, now: datetime
) -> Seen:
    """Every sign-off, weighed; what people without trust say is heard and does not count.

    Raises:
        TamperedError: one was changed, is about another proof, rejects it, or is the requester's own.
    """
    counted: dict[str, Approval] = {}
    reasons: list[str] = []
    for line in lines:
        try:
            approval = _approval(line, proof, waivers, who, now)
            _count(approval, counted)
        except UnprovenError as error:
            reasons.append(f"line {line.number}: {error}")
    return Seen(tuple(counted.values()), tuple(reasons))


def _count(approval: Approval, counted: dict[str, Approval]) -> None:
    who = person(approval.principal)
    if who in counted:
        raise UnprovenError(f"{approval.principal} signed twice: people are counted, not keys")
    counted[who] = approval


def _approval(line: Line, proof: Proof, waivers: tuple[Waiver, ...], who: Person, now: datetime) -> Approval:
    said, names = _said(line, who, now)
    principal = names[0]
    if said.about != proof.digest:
        raise TamperedError(f"line {line.number}: the sign-off is about another proof")
    if said.decision == "REJECTED":
        raise TamperedError(f"{principal} rejected this proof")
    if nobody(proof.requested_by):
        raise UnprovenError("the proof does not say who asked for it: anybody could be signing their own")
    if any(is_among(name, proof.requested_by) for name in names):
        raise TamperedError(f"{principal} asked for this proof, and so cannot approve it")
    _expect_in_time(said, proof, now)
    missing = [waiver.name for waiver in waivers if waiver.name not in said.accepted]
    if missing:
        raise UnprovenError(f"{principal} did not accept the waiver of {missing[0]}")
    return Approval(principal, said.name, said.role, said.signed_at, said.valid_until, said.reviewed)


def _said(line: Line, who: Person, now: datetime) -> tuple[SignOff, tuple[str, ...]]:
    """What is said, once it is known by whom."""
    if line.signature.keyid != _keyid(line):
        raise TamperedError(f"line {line.number}: the key id is not that of the key that signed")
    names = who(line.signature.sig, line.octets, now)
    said = sign_off_in(line)
    if said.principal.casefold() != names[0].casefold():
        raise TamperedError(f"line {line.number}: {names[0]}'s key signed in another person's name")
    return said, names


def _keyid(line: Line) -> str:
    """Read before anybody is believed: a key that was changed must not pass for a stranger's."""
    try:
        return fingerprint(parts_of(line.signature.sig).key)
    except ValueError as error:
        raise TamperedError(f"line {line.number}: a sign-off is not signed: {error}") from None


def _expect_in_time(said: SignOff, proof: Proof, now: datetime) -> None:
    if said.signed_at > now + SKEW:
        raise UnprovenError("the sign-off is from the future: one of the clocks is wrong")
    if said.signed_at < proof.finished_at - SKEW:
        raise UnprovenError("the sign-off was made before the proof was finished")
    if said.valid_until - said.signed_at > LONGEST:
        raise UnprovenError(f"the sign-off's validity is longer than the {LONGEST.days} days allowed")
    if said.valid_until <= now:
        raise UnprovenError(f"the sign-off expired on {said.valid_until:%Y-%m-%d}")


def expect_enough(seen: Seen, wanted: int) -> None:
    """Whether as many people approve as are wanted.

    Raises:
        UnprovenError: too few do; the first reason that kept another from counting is told.
    """
    if len(seen.approvals) >= wanted:
        return
    why = seen.reasons[0] if seen.reasons else "have somebody run `disjoint sign-off`"
    raise UnprovenError(f"missing sign-off: {len(seen.approvals)} of {wanted}: {why}")
