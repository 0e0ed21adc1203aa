"""What a person sees before they sign, and what they need not say because git knows it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from disjoint.errors import UsageError
from disjoint.report.inert import inert

if TYPE_CHECKING:
    from disjoint.certify.sign_off import Answer, Asked


def configured(name: str) -> str:
    """A setting of git's; empty where there is none, or no git."""
    program = shutil.which("git")
    if program is None:
        return ""
    try:
        ran = subprocess.run(  # noqa: S603  (no shell; a found program and our own words)
            [program, "config", "--get", name], capture_output=True, text=True, timeout=5, check=False
        )
    except (subprocess.TimeoutExpired, UnicodeDecodeError):
        return ""
    return ran.stdout.strip()


def own_key() -> Path:
    """The key this person signs commits with.

    Raises:
        UsageError: there is none, or git has it as text.
    """
    stated = configured("user.signingkey") if configured("gpg.format") == "ssh" else ""
    if stated.startswith(("key::", "ssh-", "ecdsa-", "sk-")):
        raise UsageError(
            "git's user.signingkey holds the key itself: put it in a file, and name that with --key"
        )
    found = Path(stated).expanduser() if stated else Path.home() / ".ssh" / "id_ed25519"
    if not stated and not found.exists():
        raise UsageError("there is no key to sign with: name it with --key, a private one or an agent's .pub")
    return found


def own_principal() -> str:
    """How this person is called in allowed_signers files.

    Raises:
        UsageError: git does not know.
    """
    if stated := configured("user.email"):
        return stated
    raise UsageError("who signs? name yourself as allowed_signers does: --as you@example.com")


def summary(asked: Asked, said: Answer, where: str, key: Path) -> str:
    """What is signed, on a screen: all that the signature will be taken to mean."""
    return "\n".join([*_proof(asked, where), "", *_said(said, key)])


def _proof(asked: Asked, where: str) -> Iterator[str]:
    proof = asked.proof
    sides = f"{inert(proof.environment)} apart from {inert(proof.reference)}"
    yield f"{inert(where)}: {sides}, found on {_when(proof.finished_at)}"
    yield f"proof       {proof.digest}"
    yield f"verdict     {proof.verdict}"
    names = [inert(row.resource) for row in proof.matrix]
    for name, row in zip(names, proof.matrix, strict=True):
        yield f"            {name:{max(map(len, names))}}  {inert(row.status):16} {row.grade or ''}".rstrip()
    for waiver in proof.waivers:
        yield f"waiver      {inert(waiver.name)}, by {inert(waiver.approver)} until {_when(waiver.expires)}"
        yield f"            {inert(waiver.reason)}"
    yield from (f"not tried   {inert(rule)}" for rule in asked.not_tried)
    yield from (f"unclaimed   {inert(variable)}" for variable in asked.unclaimed)
    yield f"asked by    {', '.join(map(inert, proof.requested_by)) or 'nobody is named'}"
    yield f"valid until {_when(proof.valid_until)}"
    yield from (f"signed by   {inert(who)}: {decision}" for who, decision in asked.signed)


def _said(said: Answer, key: Path) -> Iterator[str]:
    who = f"{inert(said.principal)} ({inert(said.role)})"
    yield f"{who} says {said.decision}, until {_when(said.valid_until)}"
    yield f"statement   {inert(said.statement)}"
    yield from (f"has read    {inert(name)}, SHA-256 {digest}" for name, digest in said.reviewed)
    yield from (f"accepts     {inert(name)}" for name in said.accepted)
    yield f"key         {inert(str(key))}"


def _when(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
