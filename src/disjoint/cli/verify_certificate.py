"""`disjoint verify-certificate`: does it hold, for this, now?"""

from __future__ import annotations

import click

from .exits import Exit
from .spoken import show
from .verifying import Asked, answered

FILE = "FILE"


@click.command(
    epilog="Exit codes: 0 holds, 1 proven bad (changed, rejected, signed by nobody trusted), 2 usage, "
    "3 cannot say (missing, stale, expired, about something else, too few sign-offs)."
)
@click.argument("certificate", default=Asked().certificate)
@click.option(
    "--key", metavar=FILE, multiple=True, help="The prover's public key (PEM); several may be trusted."
)
@click.option(
    "--allowed-signers", metavar=FILE, help="Whose SSH keys may sign off, as git and ssh-keygen have it."
)
@click.option(
    "--environment", metavar="NAME", help="What must be isolated. [default: --manifest's, else any]"
)
@click.option("--reference", metavar="NAME", help="From what. [default: --manifest's, else any]")
@click.option("--manifest", metavar=FILE, help="What must have been declared; opens no source of variables.")
@click.option(
    "--staging-part", metavar=FILE, help="staging.stable.json as it is now: refuses what was re-pointed."
)
@click.option("--production-part", metavar=FILE, help="production.stable.json as it is now.")
@click.option("--challenge", metavar="NONCE", help="What you gave out: refuses a proof that was made before.")
@click.option(
    "--at", metavar="TIME", help="Verify as of a time in the past, for archives: 2026-12-31T12:00:00Z."
)
@click.option(
    "--max-age", metavar="SPAN", help="How old the proof may be: 30m, 24h, 7d. [default: its validity]"
)
@click.option("--approvals", metavar="N", help="By how many people it must be signed off. [default: 1]")
@click.option("--strict", is_flag=True, help="By two people at least.")
@click.option("--evidence", metavar="DIRECTORY", help="Where report.json lies: it must be what was proven.")
def command(
    certificate: str,
    key: tuple[str, ...],
    allowed_signers: str | None,
    environment: str | None,
    reference: str | None,
    manifest: str | None,
    staging_part: str | None,
    production_part: str | None,
    challenge: str | None,
    at: str | None,
    max_age: str | None,
    approvals: str | None,
    strict: bool,
    evidence: str | None,
) -> int:
    """Verify a certificate, offline.

    Asks no server and reads no variable. Refuses with one reason: a changed byte, another key, another
    environment, manifest or server than you name, too old, expired, from the future, a missing sign-off or
    the requester's own, a rejection, a waiver that is over. What you do not name is not asked.

    The time is this machine's unless --at says another.

    \b
    disjoint verify-certificate --key prover.pub.pem --allowed-signers allowed_signers
    disjoint verify-certificate --key prover.pub.pem --allowed-signers allowed_signers --strict --max-age 24h
    disjoint verify-certificate --key prover.pub.pem --approvals 0    the machine's word alone
    disjoint verify-certificate --key prover.pub.pem --allowed-signers allowed_signers \\
        --manifest disjoint.toml --staging-part staging.stable.json --evidence .
    """
    asked = Asked(
        certificate=certificate,
        key=key,
        allowed_signers=allowed_signers,
        environment=environment,
        reference=reference,
        manifest=manifest,
        staging_part=staging_part,
        production_part=production_part,
        challenge=challenge,
        at=at,
        max_age=max_age,
        approvals=approvals,
        strict=strict,
        evidence=evidence,
    )
    for line in answered(asked):
        show(line)
    return Exit.HOLDS
