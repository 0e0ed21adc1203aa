"""Let a person sign a proof: their key first, then the journal, and only then the certificate."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from disjoint.certify import ssh
from disjoint.certify.dsse import STATEMENT, Envelope, Signed, line_of, pae
from disjoint.certify.lines import OCTETS
from disjoint.certify.public import bears_out, public_key_of
from disjoint.certify.sign_off import Answer, Asked, asked_in, expect_may_sign, payload_of
from disjoint.certify.sshsig import fingerprint, parts_of
from disjoint.errors import TamperedError, UnprovenError, UsageError, WriteError
from disjoint.files import read_octets, read_text
from disjoint.journal import Journal
from disjoint.writing import expect_room, write_whole


class Certificate(NamedTuple):
    """A certificate as a person was shown it."""

    path: Path
    content: bytes
    asked: Asked


def read(path: Path) -> Certificate:
    """The certificate in a file.

    Raises:
        UsageError, TamperedError, UnprovenError: there is none, or not as it was written.
    """
    content = _content(path)
    return Certificate(path, content, _asked(path, content))


def _asked(path: Path, content: bytes) -> Asked:
    try:
        return asked_in(content)
    except (UsageError, TamperedError, UnprovenError) as error:
        raise type(error)(f"{path}: {error}") from None


def expect_prover(shown: Certificate, public: Path) -> None:
    """Whether the owner of a public key signed the proof.

    Raises:
        UsageError: the file holds no public key.
        TamperedError: somebody else did, or nobody.
    """
    pem = read_text(public, str(public), UsageError).text.encode()
    try:
        key = public_key_of(pem)
    except ValueError as error:
        raise UsageError(f"{public}: {error}") from None
    line = shown.asked.line
    if not bears_out(key, line.signature.sig, line.octets):
        raise TamperedError(f"{shown.path}: the proof was not signed with the key of {public}")


def _content(path: Path) -> bytes:
    return read_octets(path, str(path), UsageError, OCTETS)


def sign_off(shown: Certificate, said: Answer, key: Path, allowed: Path | None, journal: Journal) -> str:
    """Append what a person says to the certificate they were shown; the fingerprint of their key.

    Raises:
        UsageError: they may not say it, the certificate was changed meanwhile, or their key is another's.
        UnprovenError: it is over, or the allowed signers do not know their key.
        WriteError: the key, the journal or the file cannot be used: then nothing was appended.
    """
    expect_may_sign(shown.asked, said)
    payload = payload_of(shown.asked, said)
    octets = pae(STATEMENT, payload)
    armoured = ssh.ssh_signed(octets, key)
    keyid = fingerprint(parts_of(armoured).key)
    if allowed is not None:
        _expect_known(said, ssh.ssh_verified(armoured, octets, allowed, said.signed_at))
    line = line_of(Envelope(STATEMENT, payload, (Signed(keyid, armoured),))).encode() + b"\n"
    with _alone(shown.path):
        content = _lengthened(shown, said) + line
        expect_room(shown.path, len(content))  # or the journal would tell of what was never appended
        journal.append("signed-off", said.principal, _body(shown.asked, said, keyid))
        write_whole(shown.path, content)
    return keyid


def _expect_known(said: Answer, principal: str) -> None:
    if principal.casefold() != said.principal.casefold():
        raise UsageError(f"the key is {principal}'s, and not {said.principal}'s")


def _lengthened(shown: Certificate, said: Answer) -> bytes:
    """What stands in the file now: what was shown, and perhaps others' lines behind it."""
    content = _content(shown.path)
    if not content.startswith(shown.content):
        raise UsageError(f"{shown.path} was changed meanwhile: look at it again, then sign")
    expect_may_sign(_asked(shown.path, content), said)
    return content


def _body(asked: Asked, said: Answer, keyid: str) -> dict[str, str | list[str]]:
    return {
        "proof": asked.proof.digest,
        "decision": said.decision,
        "role": said.role,
        "key": keyid,
        "acceptedWaivers": sorted(said.accepted),
    }


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One at a time appends: each replaces the file, so who waited for the old one waits for the new one."""
    while True:
        with _locked(path) as descriptor:
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                yield
                return


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[int]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise WriteError(f"cannot open {path}: {error.strerror}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    except FileNotFoundError:
        raise WriteError(f"cannot write {path}: somebody took it away") from None
    finally:
        os.close(descriptor)
