"""People's signatures, by ssh-keygen: with the keys that they sign commits with."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from disjoint.errors import TamperedError, UnprovenError, UsageError, WriteError
from disjoint.files import read_text

from . import sshsig
from .asking import agrees, found
from .names import NAMESPACE
from .sshsig import Entry, Parts

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

MISSING = "ssh-keygen is not here: install OpenSSH's client (Debian: apt install openssh-client)"
BY_HAND_SECONDS = 120.0
"""For a passphrase to be typed, or a token to be touched."""
_ASKING = (
    "SSH_AUTH_SOCK",
    "SSH_ASKPASS",
    "SSH_ASKPASS_REQUIRE",
    "SSH_SK_PROVIDER",
    "DISPLAY",
    "WAYLAND_DISPLAY",
)


def ssh_signed(octets: bytes, key: Path) -> bytes:
    """These octets, signed as a sign-off with a private key, or with an agent's, named by its public half.

    Raises:
        UsageError: there is no such key.
        WriteError: ssh-keygen is missing, or did not sign.
    """
    import subprocess  # noqa: PLC0415  (a verification needs none)

    read_text(key, str(key), UsageError)
    program = found("ssh-keygen")
    if program is None:
        raise WriteError(MISSING)
    asked = [program, "-q", "-Y", "sign", "-n", NAMESPACE, "-f", str(key.absolute())]
    variables = {name: os.environ[name] for name in (*_ASKING, "HOME") if name in os.environ}
    try:
        ran = _run(asked, octets, variables, BY_HAND_SECONDS)
    except subprocess.TimeoutExpired:
        raise WriteError(f"nobody unlocked {key} within {BY_HAND_SECONDS:g} s") from None
    if ran.returncode != 0:
        raise WriteError(f"ssh-keygen did not sign with {key}: {_last(ran.stderr)}")
    expect_signature(ran.stdout, octets)
    return ran.stdout


def expect_signature(armoured: bytes, octets: bytes) -> Parts:
    """What a signature says of itself, if it is a sign-off's, over exactly these octets; of anybody.

    Raises:
        TamperedError: it is not.
        UnprovenError: ssh-keygen is missing, or gave no answer.
    """
    parts = _parts(armoured)
    if not _asked("check-novalidate", [], armoured, octets):
        raise TamperedError("the SSH signature is over something else")
    return parts


def ssh_verified(armoured: bytes, octets: bytes, allowed: Path | str, at: datetime) -> str:
    """As `ssh_names`, the first of them: what the person is called."""
    return ssh_names(armoured, octets, allowed, at)[0]


def ssh_names(armoured: bytes, octets: bytes, allowed: Path | str, at: datetime) -> tuple[str, ...]:
    """Who signed these octets as a sign-off: every name of theirs in an allowed_signers file, as it has them.

    Raises:
        UsageError: the file cannot be read.
        TamperedError: nobody signed exactly this as a sign-off.
        UnprovenError: whoever signed is not allowed to, or was not at that time.
    """
    parts = _parts(armoured)
    trusted = _of_key(parts.key, allowed)
    principal, *others = _names(trusted, allowed)
    when = f"-Overify-time={at.astimezone(UTC):%Y%m%d%H%M%S}"
    if not _asked("verify", [when, "-I", principal], armoured, octets, trusted):
        expect_signature(armoured, octets)
        raise UnprovenError(
            f"{allowed}:{trusted[0].number}: {principal}'s key may not sign {NAMESPACE} at {at:%Y-%m-%d}"
        )
    return principal, *others


def _parts(armoured: bytes) -> Parts:
    try:
        parts = sshsig.parts_of(armoured)
    except ValueError as error:
        raise TamperedError(f"a sign-off is not signed: {error}") from None
    if parts.namespace != NAMESPACE:
        raise TamperedError(f"a signature was made for another purpose than {NAMESPACE}")
    return parts


def _of_key(key: bytes, allowed: Path | str) -> list[Entry]:
    text = read_text(allowed, str(allowed), UsageError).text
    known = [entry for entry in sshsig.entries(text) if entry.key == key]
    if not known:
        raise UnprovenError(f"{allowed} does not know the key {sshsig.fingerprint(key)}")
    for entry in known:
        if entry.authority or not entry.namespaced:
            why = "names an authority" if entry.authority else "does not say what the key is for"
            raise UnprovenError(f'{allowed}:{entry.number}: {why}; write namespaces="git,{NAMESPACE}"')
    return known


def _names(trusted: list[Entry], allowed: Path | str) -> tuple[str, ...]:
    """The one person whose key it is: the first name of the entry, then by what else they are known."""
    people = {entry.principals[0] for entry in trusted}
    [principal, *others] = sorted(people)
    where = f"{allowed}:{trusted[0].number}"
    if others:
        raise UnprovenError(f"{where}: one key stands for several people")
    names = dict.fromkeys(name for entry in trusted for name in entry.principals)
    if not all(names) or any(set(name) & set("*?!") for name in names):
        raise UnprovenError(f"{where}: a pattern is no person; name one")
    return principal, *(name for name in names if name != principal)


def _asked(
    what: str, options: list[str], armoured: bytes, octets: bytes, trusted: list[Entry] | None = None
) -> bool:
    program = found("ssh-keygen")
    if program is None:
        raise UnprovenError(MISSING)
    words: list[str | bytes] = ["-q", "-Y", what, *options, "-n", NAMESPACE, "-s", armoured]
    if trusted is not None:  # the entries that were judged above, and no other
        words += ["-f", "".join(f"{entry.text}\n" for entry in trusted).encode()]
    try:
        return agrees(program, words, octets)
    except TimeoutError:
        raise UnprovenError("ssh-keygen gave no answer") from None
    except OSError:
        raise UnprovenError(MISSING) from None


def _run(
    asked: list[str], octets: bytes, variables: dict[str, str], seconds: float
) -> subprocess.CompletedProcess[bytes]:
    """In the time zone of our own times; OpenSSH before 9.1 knows none other than the machine's."""
    import subprocess  # noqa: PLC0415  (a verification needs none)

    own = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
    return subprocess.run(  # noqa: S603  (no shell; a found program and our own words)
        asked, input=octets, capture_output=True, env={**own, **variables}, timeout=seconds, check=False
    )


def _last(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip() if lines else "it says nothing"
