"""`disjoint keygen`: a key for the machine that certifies and seals."""

from __future__ import annotations

from pathlib import Path

import click

from .exits import Exit
from .spoken import show


@click.command(epilog="Exit codes: 0 made, 2 usage, or a key is there already, 4 could not write.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, readable=False),
    help="The private key's file. [default: this machine's own, in its state folder]",
)
@click.option(
    "--type",
    "type_",
    type=click.Choice(("ed25519", "p256")),
    default="ed25519",
    show_default=True,
    help="P-256 where a verifier knows no Ed25519.",
)
def command(output: Path | None, type_: str) -> int:
    """Make the key that certificates and seals are signed with.

    The private key is written with mode 0600 and never over another file; the public one stands beside it and
    may be handed to anybody. Prints the key's id (SHA-256 of the public key as DER) and the public file.

    `disjoint certify` and `disjoint seal` make the machine's own key by themselves at first use, and say so.
    A key in a cloud's store, a Vault or a token needs no file: docs/certificate.md lists its URIs.

    \b
    disjoint keygen                          this machine's own
    disjoint keygen --output prover.pem      a pair of files: prover.pem and prover.pub.pem
    openssl pkey -pubin -in prover.pub.pem -outform DER | sha256sum       the same id
    """
    from disjoint.certify.sign import new_machine_key, new_signer  # noqa: PLC0415  (--help needs none)

    signer, public = new_machine_key(type_) if output is None else new_signer(output, type_)
    show(f"{signer.keyid}  {public}")
    return Exit.HOLDS
