"""Who computes signatures for a verification: OpenSSL for machines, OpenSSH for people."""

from __future__ import annotations

from datetime import datetime

from .asking import agrees, found
from .spki import rewritten
from .ssh import ssh_names
from .trust import Person


def machine(pem: bytes, sig: bytes, octets: bytes) -> bool:
    """Whether the owner of a public key signed exactly these octets.

    The program starts faster than the library loads, and is the same OpenSSL. Where it is missing, is
    older than 3.0, or says no, the library decides.
    """
    try:
        key = rewritten(pem)
    except ValueError:
        return False
    return _by_program(key, sig, octets) or _by_library(key, sig, octets)


def _by_program(pem: bytes, sig: bytes, octets: bytes) -> bool:
    program = found("openssl")
    if program is None:
        return False
    words: list[str | bytes] = ["pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", pem]
    words += ["-in", octets, "-sigfile", sig]
    try:
        return agrees(program, words, b"")
    except (TimeoutError, OSError):
        return False


def _by_library(pem: bytes, sig: bytes, octets: bytes) -> bool:
    from .public import verifies  # noqa: PLC0415  (cryptography is slow to load)

    return verifies(pem, sig, octets)


def people(allowed: str) -> Person:
    """Who signed, as a file of allowed signers says."""

    def person(armoured: bytes, octets: bytes, at: datetime) -> tuple[str, ...]:
        return ssh_names(armoured, octets, allowed, at)

    return person
