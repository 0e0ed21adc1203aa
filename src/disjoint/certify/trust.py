"""What a verifier brings along: whom to trust, what is wanted, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from .claims import Proof, Waiver

Machine = Callable[[bytes, bytes, bytes], bool]
"""Did the owner of this public key (PEM) make this signature over these octets?"""
Person = Callable[[bytes, bytes, datetime], tuple[str, ...]]
"""Who made this armoured signature over these octets: a principal, trusted at that time, then their aliases.

Raises TamperedError where nobody did, UnprovenError where whoever did is not trusted.
"""

LONGEST = timedelta(days=30)
"""A proof tells of one moment: no signature makes it good for longer."""

SKEW = timedelta(minutes=1)
"""By how much a prover's or a person's clock may be ahead of the verifier's, or behind the prover's."""


class Trust(NamedTuple):
    """Whom to believe."""

    keys: tuple[bytes, ...]
    """Public keys of machines (PEM)."""
    machine: Machine
    person: Person | None
    """None: nobody's sign-off can be told from anybody's."""


class Wanted(NamedTuple):
    """What a certificate must be about. What is None is not asked."""

    environment: str | None = None
    reference: str | None = None
    policy: str | None = None
    """Digests, in hexadecimal: of what the manifest declares, of the stable parts."""
    staging: str | None = None
    production: str | None = None
    challenge: str | None = None
    max_age: timedelta | None = None
    approvals: int = 1
    """By how many people it must be signed off."""
    evidence: Mapping[str, str] | None = None
    """SHA-256 of each file that came with it."""


class Approval(NamedTuple):
    """One person's word for a proof."""

    principal: str
    name: str
    role: str
    signed_at: datetime
    valid_until: datetime
    reviewed: tuple[tuple[str, str], ...]
    """Name and digest of each file that was read."""


class Verified(NamedTuple):
    """A certificate that holds now."""

    proof: Proof
    keyid: str
    """Of the machine's key."""
    approvals: tuple[Approval, ...]
    waivers: tuple[Waiver, ...]
    until: datetime
    """When the first of the things ends that it rests on."""
