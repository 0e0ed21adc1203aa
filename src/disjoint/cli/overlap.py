"""`disjoint overlap`: compare production's rows with a file of staging's digests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from disjoint.errors import UsageError
from disjoint.writing import write_whole

from .exits import code_of
from .output import FORMATS, Output, emit, expect_writable, quiet_process
from .splitting import MANIFEST, key, side

PATH = click.Path(path_type=Path, readable=False)


@click.command(
    epilog="Exit codes: 0 isolated, 1 shared or tampered, 2 usage, 3 unproven or refused, 4 could not write."
)
@MANIFEST
@click.option("--census", type=PATH, required=True, help="Staging's digests, as `disjoint census` left them.")
@click.option("--reader", type=PATH, help="On staging's side: the key of a sealed file of production's.")
@click.option("--resource", metavar="NAME", help="Compare this one alone. [default: every one with `rows`]")
@click.option("--despite-limit", is_flag=True, help="Compare, though ten files were compared within a day.")
@click.option(
    "--half", type=PATH, help="Write what came of it for `join --overlap` and `verify --overlap`, signed."
)
@click.option(
    "--key",
    "signing",
    metavar="FILE|URI",
    help="What --half is signed with, as `disjoint seal` has it. [default: this machine's own key]",
)
@click.option("--public-key", type=PATH, help="The public key of --key, where that is in a key store.")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--output", type=PATH, help="Write the report here instead of standard output.")
def command(
    manifest: Path | None,
    census: Path,
    reader: Path | None,
    resource: str | None,
    despite_limit: bool,
    half: Path | None,
    signing: str | None,
    public_key: Path | None,
    format_: str,
    output: Path | None,
) -> int:
    """Look for production's rows among staging's, on production's side.

    Reads production's variables and nobody else's, with allow-listed reads only, and says a verdict and
    counts. Each comparison tells whoever wrote to staging whether production holds what was written: it is
    logged, and ten a day are made.

    With --reader it is the other way round: on staging's side, with what production's side sealed for it.
    """
    from disjoint.certify.envelope import private_key  # noqa: PLC0415
    from disjoint.certify.sign import signer_of  # noqa: PLC0415
    from disjoint.directions.asked import Order  # noqa: PLC0415  (parsing and checking need none of it)
    from disjoint.directions.compare import compare, compare_sealed  # noqa: PLC0415
    from disjoint.directions.half import half_of  # noqa: PLC0415
    from disjoint.pipeline import render  # noqa: PLC0415

    from .progress import progress  # noqa: PLC0415

    expect_writable(output)
    _expect(half, reader, signing)
    signer = signer_of(signing, public_key) if signing is not None else None
    own = private_key(reader) if reader is not None else None
    declared = side(manifest, protected=own is None)
    quiet_process()
    shared = key()
    order = Order(only=resource)
    with progress(replace(declared, resources=())) as (_, steps):
        if own is None:
            found = compare(declared, shared, census, order, despite_limit=despite_limit, tell=steps)
        else:
            found = compare_sealed(declared, shared, census, order, own, tell=steps)
    if half is not None:
        write_whole(half, half_of(declared, shared, found, signer))
    emit(render, found.proof, Output(format_, output))
    if found.log is not None:
        click.echo(f"logged in {found.log}", err=True)
    return code_of(found.proof)


def _expect(half: Path | None, reader: Path | None, signing: str | None) -> None:
    if half is not None:
        expect_writable(half)
    if half is not None and reader is not None:
        raise UsageError("--half: what is joined was compared on production's side; leave out --reader")
    if signing is not None and half is None:
        raise UsageError("--key signs what --half writes: name that, too")
