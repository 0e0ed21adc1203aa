"""`disjoint seal`: production as a file that staging may have."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from .declared import budget as budget_of
from .exits import Exit
from .output import expect_writable, quiet_process
from .spans import span
from .splitting import MANIFEST, key, side

FILE = click.Path(path_type=Path, readable=False)


@click.command(
    epilog="Exit codes: 0 sealed, 2 usage or manifest, 3 production was not reached or the clocks disagree, "
    "4 could not write, sign or log: then there is no seal."
)
@MANIFEST
@click.option("--environment", required=True, help="The protected environment, by its name.")
@click.option("--output", type=FILE, required=True, help="The seal: production.sealed.json.")
@click.option(
    "--key", "signing", metavar="FILE|URI", help="What it is signed with. [default: this machine's own key]"
)
@click.option("--public-key", type=FILE, help="The public key of --key, where that is in a key store.")
@click.option(
    "--valid-for",
    default="7d",
    show_default=True,
    callback=span(timedelta(days=30)),
    help="30m, 24h, 7d; 30 days at most.",
)
@click.option("--blind", is_flag=True, help="Name no host, database or bucket: digests alone.")
@budget_of(30.0)
def command(
    manifest: Path | None,
    environment: str,
    output: Path,
    signing: str | None,
    public_key: Path | None,
    valid_for: timedelta,
    blind: bool,
    budget: float,
) -> int:
    """Seal production: what it is, for staging, which then needs no credential of it.

    Run it inside production. It reads production's variables and nobody else's, sends allow-listed reads
    only, and writes identities and secrets as digests under the project's key, addresses in clear, and no
    credential.

    \b
    in production    disjoint seal --environment production --output production.sealed.json
    in staging       variables = { sealed = "production.sealed.json" }    # [environments.production]
                     disjoint verify

    Both sides need one key in DISJOINT_SEAL_KEY. A seal that is over, of another manifest, or older than one
    that the journal knows proves nothing: seal after every change of production, and daily by a timer.
    """
    from disjoint.certification.history import open_journal  # noqa: PLC0415  (--help needs none of it)
    from disjoint.certification.seal import Wish, seal  # noqa: PLC0415
    from disjoint.certify.seal import told  # noqa: PLC0415
    from disjoint.certify.sign import machine_key_exists, machine_signer, signer_of  # noqa: PLC0415
    from disjoint.sealed.elsewhere import expect_elsewhere  # noqa: PLC0415
    from disjoint.writing import write_whole  # noqa: PLC0415

    expect_writable(output)
    declared, project = side(manifest, protected=True), key()
    expect_elsewhere(declared)
    if signing is None and not machine_key_exists():
        click.echo("a key of this machine was made to sign with: see `disjoint keygen`", err=True)
    signer = machine_signer() if signing is None else signer_of(signing, public_key)
    quiet_process()
    made = seal(declared, environment, project, signer, open_journal(project), Wish(valid_for, blind, budget))
    write_whole(output, made.text)
    for name in made.guessable:
        click.echo(
            f"{name} may be found by a dictionary: digested by scrypt; better draw a new one", err=True
        )
    for line in made.unread:
        click.echo(f"not observed, and unproven wherever this seal is used: {line}", err=True)
    click.echo(f"sealed: {output} is valid until {told(made.seal.expires_at)}", err=True)
    return Exit.HOLDS
