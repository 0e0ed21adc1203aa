"""`disjoint certify`: a proof that others can hold on to."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from disjoint.errors import WriteError

from .declared import PATH, declared, detecting, sources
from .declared import budget as budget_of
from .exits import code_of
from .proving import Limits, limits, proven
from .spans import span
from .splitting import key as project_key
from .spoken import show, spoken

if TYPE_CHECKING:
    from disjoint.certification.certify import Certified
    from disjoint.certify.sign import Signer

_CHALLENGE = re.compile(r"[!-~]{1,256}")


def _nonce(_context: click.Context, _option: click.Parameter, text: str | None) -> str:
    if text is None or _CHALLENGE.fullmatch(text):
        return text or ""
    raise click.BadParameter("a challenge is 1 to 256 printable characters of ASCII without blanks")


@click.command(
    epilog="Exit codes: 0 certified, 1 shared, 2 usage or manifest, 3 unproven, "
    "4 could not sign, write or write down."
)
@sources
@budget_of(30.0)
@limits
@click.option(
    "--output",
    type=PATH,
    default=Path(),
    show_default="this directory",
    help="The directory that the files go to; it is made if it is not there.",
)
@click.option(
    "--key",
    metavar="PATH|URI",
    help="What to sign with: a private key (PEM), or a key store's URI. [default: this machine's own]",
)
@click.option("--public-key", type=PATH, help="The public key (PEM) of a key in a store.")
@click.option(
    "--valid-for",
    default="30d",
    show_default=True,
    metavar="SPAN",
    callback=span(timedelta(days=30)),
    help="How long it may be relied on: 90m, 12h, 7d; 30d at most, and no longer than any waiver.",
)
@click.option(
    "--challenge",
    callback=_nonce,
    help="A nonce that the verifier gave out: no older proof can bear it.",
)
def command(
    manifest: Path | None,
    staging: Path | None,
    production: Path | None,
    budget: float,
    no_reach: bool,
    no_census: bool,
    detect: str | None,
    dask: str,
    overlap: Path | None,
    output: Path,
    key: str | None,
    public_key: Path | None,
    valid_for: timedelta,
    challenge: str,
) -> int:
    """Prove, and sign what was proven.

    Makes the same proof as `disjoint verify`, with the same options. Only ISOLATED is certified; whatever
    else is found is signed as what it is, in proof.intoto.jsonl, which no verifier accepts. Each proof stands
    in the project's journal before any file is written; where that cannot be, no server is asked.

    \b
    certificate.intoto.jsonl        the certificate: the machine's line, then people's sign-offs
    staging.stable.json             what staging is, digested: a subject, as is production.stable.json
    report.json                     the report that people read before they sign
    certificate.svr.intoto.jsonl    the summary for policy engines

    \b
    disjoint certify                                      what disjoint.toml declares, into this directory
    disjoint certify --output proof --valid-for 7d
    disjoint certify --key prover.pem --challenge "$NONCE"
    disjoint certify --key awskms:alias/prover --public-key prover.pub.pem

    Who asked for it is taken from the CI's variables, from git and from the system, never from an option:
    none of them may approve it. All machines of a project need one key in DISJOINT_SEAL_KEY.
    """
    from disjoint import pipeline  # noqa: PLC0415  (parsing and checking need none of it)
    from disjoint.certification.certify import Asked, certify  # noqa: PLC0415  (as above)
    from disjoint.certification.history import open_journal  # noqa: PLC0415  (as above)
    from disjoint.certification.overridden import overrides_noted  # noqa: PLC0415  (as above)
    from disjoint.certify.keys import stable_key  # noqa: PLC0415  (as above)
    from disjoint.sealed.elsewhere import expect_elsewhere  # noqa: PLC0415  (as above)

    stated = detecting(declared(manifest, staging, production), detect)
    project = project_key()
    expect_elsewhere(stated)
    journal = open_journal(project)
    journal.expect_writable()
    signer = _signer(key, public_key)
    _expect_folder(output)
    proof = proven(stated, Limits(budget, no_reach, no_census, dask, overlap), stable_key(project))
    proof = replace(proof, notes=(*proof.notes, *overrides_noted()))
    certified = certify(stated, proof, project, signer, journal, Asked(valid_for, challenge), output)
    show(pipeline.render(proof, "text").rstrip("\n"))
    for line in _told(certified):
        click.echo(spoken(line), err=True)
    return code_of(proof)


def _signer(key: str | None, public: Path | None) -> Signer:
    """Opened before the process forgets its clouds' variables."""
    from disjoint.certify.sign import machine_key_exists, machine_signer, signer_of  # noqa: PLC0415

    if key is not None:
        return signer_of(key, public)
    there = machine_key_exists()
    signer = machine_signer()
    if not there:
        click.echo(
            f"made this machine's key, {signer.keyid}: `disjoint keygen` shows its public key", err=True
        )
    return signer


def _expect_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(f"cannot write into {folder}: {error.strerror}") from None
    if not os.access(folder, os.W_OK):
        raise WriteError(f"cannot write into {folder}: this user may write no file in it")


def _told(certified: Certified) -> list[str]:
    proof, where = certified.proof, certified.files[-1]
    sides = f"{proof.staging.environment} vs {proof.production.environment}"
    until = f"{certified.valid_until:%Y-%m-%d %H:%M} UTC"
    if certified.holds:
        return [
            f"certified: {sides} ISOLATED, until {until}",
            f"proof: sha256:{certified.digest}",
            f"written: {', '.join(map(str, certified.files))}",
            f"next: disjoint sign-off {where} --role ROLE, by somebody who did not ask for it",
        ]
    older = [f"kept: {where.parent / 'certificate.intoto.jsonl'} is an older one, as it was"]
    return [
        f"not certified: {sides} {proof.verdict.value}",
        f"proof: sha256:{certified.digest}",
        f"written: {', '.join(map(str, certified.files))}, which no verifier accepts",
        *(older if certified.older else []),
    ]
