"""Who computes signatures for a verification: OpenSSL for machines, OpenSSH for people."""

from __future__ import annotations

from datetime import datetime

from .trust import Person


def machine(pem: bytes, sig: bytes, octets: bytes) -> bool:
    """Whether the owner of a public key signed exactly these octets."""
    from .public import verifies  # noqa: PLC0415  (cryptography is slow to load)

    return verifies(pem, sig, octets)


def people(allowed: str) -> Person:
    """Who signed, as a file of allowed signers says."""
    from pathlib import Path  # noqa: PLC0415  (as below)

    from .ssh import ssh_verified  # noqa: PLC0415  (a verification of the machine alone needs none)

    def person(armoured: bytes, octets: bytes, at: datetime) -> str:
        return ssh_verified(armoured, octets, Path(allowed), at)

    return person
