"""`disjoint sign-off`: a person beside the machine."""

from __future__ import annotations

import hashlib
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from disjoint.errors import UsageError

from .exits import Exit
from .output import expect_writable
from .signing import configured, own_key, own_principal, summary
from .spans import span
from .splitting import key as project_key
from .spoken import show, spoken

if TYPE_CHECKING:
    from disjoint.certify.keys import ProjectKey
    from disjoint.certify.sign_off import Answer, Asked

PATH = click.Path(path_type=Path, readable=False)
APPROVAL = "I have read this proof and accept what it says of these environments."
REJECTION = "I do not accept this proof."


@click.command(
    epilog="Exit codes: 0 signed, 1 the journal was changed, 2 usage, or not yours to sign, 3 over, "
    "4 could not sign or write: then nothing was appended."
)
@click.argument("certificate", type=PATH, default="certificate.intoto.jsonl")
@click.option(
    "--as", "principal", metavar="PRINCIPAL", help="Who you are in allowed_signers. [git's user.email]"
)
@click.option("--role", required=True, help="What you sign as: security-reviewer, release-manager.")
@click.option(
    "--key",
    type=PATH,
    help="Your SSH key; with a .pub, the agent signs. [git's user.signingkey, then ~/.ssh/id_ed25519]",
)
@click.option("--reject", is_flag=True, help="Say no: the certificate then passes no verification.")
@click.option(
    "--accept", multiple=True, metavar="RULE:RESOURCE", help="A waiver that you accept; one option each."
)
@click.option(
    "--reviewed", multiple=True, type=PATH, metavar="FILE", help="What you read; its digest is signed."
)
@click.option("--statement", help="In your own words.")
@click.option(
    "--valid-for",
    default="30d",
    show_default=True,
    callback=span(timedelta(days=30)),
    help="30m, 24h, 7d; no longer than the proof.",
)
@click.option("--name", help="Your name. [git's user.name]")
@click.option("--prover-key", type=PATH, help="Refuse a proof that this public key (PEM) did not sign.")
@click.option("--allowed-signers", type=PATH, help="Refuse to append what this file would not let you sign.")
@click.option("--yes", is_flag=True, allow_from_autoenv=False, help="Ask nothing: I have read it.")
def command(
    certificate: Path,
    principal: str | None,
    role: str,
    key: Path | None,
    reject: bool,
    accept: tuple[str, ...],
    reviewed: tuple[Path, ...],
    statement: str | None,
    valid_for: timedelta,
    name: str | None,
    prover_key: Path | None,
    allowed_signers: Path | None,
    yes: bool,
) -> int:
    """Sign a certificate, with the SSH key that you sign commits with.

    Shows what you are about to sign, asks, and appends one line to the file: your own statement about the
    digest of the proof, signed by ssh-keygen. Nothing else in the file changes. Every waiver that the proof
    rests on is accepted by name, or you cannot approve. Whoever asked for a proof cannot approve it.

    What is appended stands in the journal first; where that cannot be written, nothing is signed.

    \b
    disjoint sign-off --role security-reviewer
    disjoint sign-off --role owner --key ~/.ssh/id_ed25519.pub --reviewed report.json
    disjoint sign-off --role owner --prover-key prover.pub.pem
    disjoint sign-off --role owner --accept variables/secret-reused:variables --yes
    disjoint sign-off --role owner --reject --statement "The pooler in front of both was not looked at."
    """
    from disjoint.certification import sign_off  # noqa: PLC0415  (--help needs none of it)
    from disjoint.certification.history import open_journal  # noqa: PLC0415
    from disjoint.certify.sign_off import expect_may_sign  # noqa: PLC0415

    shown = sign_off.read(certificate)
    if prover_key is not None:
        sign_off.expect_prover(shown, prover_key)
    expect_writable(certificate)
    said = _said(
        shown.asked,
        decision=not reject,
        principal=(principal or own_principal()).strip(),
        name=(configured("user.name") if name is None else name).strip(),
        role=role.strip(),
        statement=statement or (REJECTION if reject else APPROVAL),
        reviewed=tuple((path.name, _digest(path)) for path in reviewed),
        accepted=tuple(dict.fromkeys(accept)),
        valid_for=valid_for,
    )
    expect_may_sign(shown.asked, said)
    own = key or own_key()
    journal = open_journal(_project(shown.asked))
    journal.expect_writable()
    show(summary(shown.asked, said, str(certificate), own))
    _expect_consent(yes)
    keyid = sign_off.sign_off(shown, said, own, allowed_signers, journal)
    click.echo(
        spoken(f"{said.decision} by {said.principal} with {keyid}: appended to {certificate}"), err=True
    )
    return Exit.HOLDS


def _said(
    asked: Asked,
    *,
    decision: bool,
    principal: str,
    name: str,
    role: str,
    statement: str,
    reviewed: tuple[tuple[str, str], ...],
    accepted: tuple[str, ...],
    valid_for: timedelta,
) -> Answer:
    from disjoint.certify.sign_off import APPROVED, REJECTED, Answer, until  # noqa: PLC0415

    now = datetime.now(UTC).replace(microsecond=0)
    stated = {"--as": principal, "--role": role, "--name": name, "--statement": statement}
    for option, text in (*stated.items(), *(("--reviewed", each) for each, _ in reviewed)):
        _expect_text(option, text)
    if not principal or not role:
        raise UsageError("a sign-off bears a name and a role: --as you@example.com --role reviewer")
    return Answer(
        decision=APPROVED if decision else REJECTED,
        principal=principal,
        name=name,
        role=role,
        statement=statement,
        reviewed=reviewed,
        accepted=accepted,
        signed_at=now,
        valid_until=until(asked, now, valid_for),
    )


def _expect_text(option: str, text: str) -> None:
    """What cannot be written in UTF-8 cannot be signed."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{option}: is no text") from None


def _project(asked: Asked) -> ProjectKey:
    """This project's key; said where the proof is of another one, for then its journal is, too."""
    from disjoint.certify.half import key_name  # noqa: PLC0415

    key = project_key()
    if key_name(key) != asked.project_key:
        click.echo("journal: this machine's own; the proof was made under another project key", err=True)
    return key


def _digest(path: Path) -> str:
    if path.exists() and not path.is_file():
        raise UsageError(f"--reviewed {path}: is not a regular file")
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"--reviewed {path}: {error.strerror}") from None


def _expect_consent(yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("nobody is here to be asked: read the above, then say --yes")
    if not click.confirm("Sign this?", err=True):
        raise UsageError("nothing was signed: you said no")
