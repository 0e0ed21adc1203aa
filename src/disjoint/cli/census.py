"""`disjoint census`: one side's digests, in a file that is compared on the other side."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from disjoint.errors import UsageError

from .exits import Exit
from .output import expect_writable, quiet_process
from .spans import span
from .splitting import MANIFEST, key, side
from .spoken import spoken

if TYPE_CHECKING:
    from disjoint.directions.asked import Order
    from disjoint.model.manifest import Manifest

PATH = click.Path(path_type=Path, readable=False)


@click.command(
    epilog="Exit codes: 0 written, 2 usage or manifest, 3 not everything could be read, 4 could not write."
)
@MANIFEST
@click.option("--environment", metavar="NAME", help="Whose rows are read: staging's, or production's --for.")
@click.option("--output", type=PATH, help="The file.")
@click.option("--resource", metavar="NAME", help="Read this one alone. [default: every one with `rows`]")
@click.option("--detect", metavar="N@P%", help="How many copied values a sample must find, and how surely.")
@click.option(
    "--lifetime",
    default="24h",
    show_default=True,
    callback=span(timedelta(days=7)),
    help="How long it is good for.",
)
@click.option("--resume", is_flag=True, help="Go on with what an interrupted census left.")
@click.option("--for", "reader", type=PATH, help="Production's alone: seal it for this reader's public key.")
@click.option("--accept-guessable", is_flag=True, help="With --for: send what its reader could guess, too.")
@click.option("--new-reader", type=PATH, help="Make a reader's key here, and its public half beside it.")
def command(
    manifest: Path | None,
    environment: str | None,
    output: Path | None,
    resource: str | None,
    detect: str | None,
    lifetime: timedelta,
    resume: bool,
    reader: Path | None,
    accept_guessable: bool,
    new_reader: Path | None,
) -> int:
    """Read staging's rows, keys or objects as digests, into a file that production's side compares.

    Reads that environment's variables and nobody else's. The file is as sensitive as the rows it was made
    of: whoever has it can test guesses (docs/census.md). Only its owner may read it; delete it afterwards.

    \b
    on staging's side      disjoint census --environment staging --output staging.census
    on production's side   disjoint overlap --census staging.census

    Where nothing may be compared on production's side, its digests can go down, sealed for one reader and
    for a time: of random values only, unless --accept-guessable says otherwise.

    \b
    on staging's side      disjoint census --new-reader reader.key
    on production's side   disjoint census --environment production --for reader.pub --output p.census
    on staging's side      disjoint overlap --census p.census --reader reader.key

    Both sides need one key in DISJOINT_SEAL_KEY; without it, a key of this machine is used.
    """
    from disjoint.directions.asked import Order  # noqa: PLC0415  (parsing and checking need none of it)
    from disjoint.model.terms import detection  # noqa: PLC0415

    if new_reader is not None:
        return _new_reader(new_reader)
    if environment is None or output is None:
        raise UsageError("--environment and --output: name whose rows are read, and the file")
    expect_writable(output)
    declared = side(manifest, protected=reader is not None)
    _expect_side(declared, environment, sealed=reader is not None)
    try:
        order = Order(detection(detect) if detect else None, resume, resource, lifetime)
    except ValueError as error:
        raise UsageError(f"--{error}") from None
    if reader is None:
        if accept_guessable:
            raise UsageError("--accept-guessable goes with --for: what goes up holds everything")
        return _take(declared, output, order)
    if resume:
        raise UsageError("--resume: a sealed census is made in one go, for its key is kept nowhere")
    return _seal(declared, output, order, reader, accept_guessable)


def _expect_side(declared: Manifest, environment: str, *, sealed: bool) -> None:
    own = declared.production if sealed else declared.staging
    if environment == own.name:
        return
    if sealed:
        raise UsageError(f"--for: only {own.name}'s digests are sealed; {environment}'s go up as they are")
    raise UsageError(
        f"--environment {environment}: only {own.name}'s digests travel as they are; production's stay, "
        "or go down sealed (--for)"
    )


def _take(declared: Manifest, output: Path, order: Order) -> Exit:
    from disjoint.directions.take import partial_of, take  # noqa: PLC0415

    from .progress import progress  # noqa: PLC0415

    quiet_process()
    partial = partial_of(output)
    if partial.exists() and not order.resume:
        click.echo(f"{partial} of an earlier census is replaced; --resume would go on with it", err=True)
    try:
        with progress(replace(declared, resources=())) as (_, steps):
            take(declared, key(), output, order, lambda line: click.echo(spoken(line), err=True), steps)
    except KeyboardInterrupt:
        click.echo(f"interrupted: {partial} keeps what was read; --resume goes on with it", err=True)
        raise
    click.echo(f"{output} is whole: compare it on production's side with `disjoint overlap`", err=True)
    return Exit.HOLDS


def _seal(declared: Manifest, output: Path, order: Order, reader: Path, accept_guessable: bool) -> Exit:
    from disjoint.certify.envelope import public_key  # noqa: PLC0415
    from disjoint.directions.down import Envelope, seal  # noqa: PLC0415

    from .progress import progress  # noqa: PLC0415

    sent = Envelope(public_key(reader), accept_guessable)
    quiet_process()
    with progress(replace(declared, resources=())) as (_, steps):
        seal(declared, key(), output, order, sent, steps)
    click.echo(f"{output} is sealed: its reader compares it with `disjoint overlap --reader`", err=True)
    return Exit.HOLDS


def _new_reader(path: Path) -> Exit:
    from disjoint.certify.envelope import new_reader  # noqa: PLC0415

    public = new_reader(path)
    click.echo(f"{path} stays here; give {public} to production's side", err=True)
    return Exit.HOLDS
