"""`disjoint gate`: no deploy without a certificate that holds."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from disjoint.errors import UnprovenError, UsageError

from .exits import Exit
from .output import quiet_process
from .spans import span
from .splitting import MANIFEST, key, side
from .spoken import show, spoken

if TYPE_CHECKING:
    from disjoint.certify.keys import ProjectKey
    from disjoint.certify.trust import Trust, Verified
    from disjoint.journal import Journal
    from disjoint.model.manifest import Manifest

FILE = click.Path(path_type=Path, readable=False)
VARIABLES = "variables"
deciding = partial(click.option, allow_from_autoenv=False)
"""What a deploy must show: never by a variable, for staging's may be the process's own."""


def _nonce(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    if text == "":
        raise click.BadParameter("it is empty, and any proof would answer it: is its variable set?")
    return text


@click.command(
    epilog="Exit codes: 0 deploy, 1 production was met, a freeze stands or the certificate was changed, "
    "2 usage or manifest, 3 missing, stale, or about another staging, 4 the journal cannot be used."
)
@MANIFEST
@click.option(
    "--certificate",
    type=FILE,
    default=Path("certificate.intoto.jsonl"),
    show_default=True,
    help="What `disjoint certify` wrote and people signed.",
)
@deciding(
    "--key",
    "keys",
    type=FILE,
    multiple=True,
    help="A prover's public key (PEM). [default: this machine's own]",
)
@deciding("--allowed-signers", type=FILE, help="Whose sign-offs count, as ssh-keygen has it.")
@deciding("--approvals", type=click.IntRange(0, 9), default=1, show_default=True, help="How many people.")
@deciding("--strict", is_flag=True, help="Two people at least.")
@deciding(
    "--max-age",
    default="24h",
    show_default=True,
    metavar="SPAN",
    callback=span(timedelta(days=30)),
    help="How old the proof may be: 90m, 24h, 7d.",
)
@deciding("--challenge", callback=_nonce, help="A nonce that the proof must bear.")
@click.option(
    "--budget",
    type=click.FloatRange(0.1, 60),
    default=2.0,
    show_default=True,
    help="Seconds for asking staging.",
)
@deciding(
    "--no-journal",
    is_flag=True,
    help="Ask no journal: a freeze is then not seen, and nobody's pass is written down. "
    "production.stable.json must lie beside the certificate.",
)
def command(
    manifest: Path | None,
    certificate: Path,
    keys: tuple[Path, ...],
    allowed_signers: Path | None,
    approvals: int,
    strict: bool,
    max_age: timedelta,
    challenge: str | None,
    budget: float,
    no_journal: bool,
) -> int:
    """Let a deploy pass only with a fresh certificate about staging as it is now.

    Checks the certificate as `disjoint verify-certificate` does, then asks staging's servers who they are,
    with staging's variables and reads alone, and compares. A restart changes nothing; a re-pointed variable,
    a rotated secret or a changed manifest does, and so does a server that bears one of production's marks.
    So does a variable of any name that holds one of production's secrets. While `disjoint journal freeze`
    stands, nothing passes.

    \b
    disjoint gate --key prover.pub.pem --allowed-signers allowed_signers
    disjoint gate --key prover.pub.pem --approvals 0 --max-age 1h      the machine's word, fresh from this job
    disjoint gate --strict --challenge "$NONCE" --allowed-signers allowed_signers

    It needs the project's key in DISJOINT_SEAL_KEY, and the journal that certify wrote: where several
    machines certify and deploy, the one in DISJOINT_JOURNAL. A freeze is seen by those who share it.
    """
    from disjoint.certification.gate import Asked, gate  # noqa: PLC0415  (--help needs none of it)
    from disjoint.certify.trust import Wanted  # noqa: PLC0415  (as above)

    declared = side(manifest, protected=False)
    project = key()
    journal = None if no_journal else _journal(declared, project)
    people = max(approvals, 2) if strict else approvals
    wanted = Wanted(challenge=challenge, max_age=max_age, approvals=people)
    asked = Asked(certificate, _trust(keys, allowed_signers), wanted, budget)
    quiet_process()
    for line in _told(gate(declared, project, journal, asked)):
        show(spoken(line))
    return Exit.HOLDS


def _journal(declared: Manifest, project: ProjectKey) -> Journal:
    from disjoint.certification.history import folder_of, journal_url, open_journal  # noqa: PLC0415
    from disjoint.sealed.elsewhere import expect_elsewhere  # noqa: PLC0415

    expect_elsewhere(declared)
    if journal_url() or folder_of(project).is_dir():
        return open_journal(project)
    raise UnprovenError(
        "there is no journal here, so nobody knows whether a freeze stands: set DISJOINT_JOURNAL to the one "
        "that certify wrote, or say --no-journal"
    )


def _trust(keys: tuple[Path, ...], allowed: Path | None) -> Trust:
    from disjoint.certify import engines  # noqa: PLC0415  (as above)
    from disjoint.certify.trust import Trust  # noqa: PLC0415  (as above)

    pems = tuple(map(_public, keys)) or (_own(),)
    return Trust(pems, engines.machine, None if allowed is None else engines.people(str(allowed)))


def _public(path: Path) -> bytes:
    from disjoint.certify.spki import keyid_of  # noqa: PLC0415  (as above)
    from disjoint.files import read_text  # noqa: PLC0415  (as above)

    pem = read_text(path, str(path), UsageError, 1 << 14).text.encode()
    try:
        keyid_of(pem)
    except ValueError as error:
        raise UsageError(f"{path}: {error}; name the .pub.pem that `disjoint keygen` made") from None
    return pem


def _own() -> bytes:
    from disjoint.certify.sign import machine_key_exists, machine_signer  # noqa: PLC0415  (as above)

    if not machine_key_exists():
        raise UsageError(
            "name the prover's public key: --key prover.pub.pem (this machine has no key of its own)"
        )
    return machine_signer().public_pem


def _told(found: Verified) -> list[str]:
    proof = found.proof
    people = (
        ", ".join(f"{each.principal} ({each.role})" for each in found.approvals)
        or "nobody: none was asked for"
    )
    when = f"{proof.finished_at:%Y-%m-%d %H:%M} UTC"
    return [
        f"DEPLOY: {proof.environment} is what was certified on {when}, isolated from {proof.reference}",
        f"signed off by {people}; the certificate holds until {found.until:%Y-%m-%d %H:%M} UTC",
        *_by_address(found),
        *(f"waived: {w.name}: {w.reason} (until {w.expires:%Y-%m-%d})" for w in found.waivers),
    ]


def _by_address(found: Verified) -> list[str]:
    """What never said who it is: where its name leads now is not known, only that it is the same name."""
    rows = [row.resource for row in found.proof.matrix]
    silent = [name for name in rows if name not in found.proof.identified and name != VARIABLES]
    return [f"by address alone: {', '.join(silent)}"] if silent else []
