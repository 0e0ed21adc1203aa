"""`disjoint census`: one side's digests, in a file that is compared on the other side."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import click

from disjoint.errors import UsageError

from .exits import Exit
from .output import expect_writable, quiet_process
from .splitting import MANIFEST, key, side

PATH = click.Path(path_type=Path, readable=False)
_SPAN = re.compile(r"([1-9][0-9]{0,3})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def _span(_context: click.Context, _option: click.Parameter, text: str) -> timedelta:
    found = _SPAN.fullmatch(text)
    span = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else timedelta()
    if timedelta() < span <= timedelta(days=7):
        return span
    raise click.BadParameter(f"{text} is no time of at most seven days: 30m, 24h, 7d")


@click.command(
    epilog="Exit codes: 0 written, 2 usage or manifest, 3 not everything could be read, 4 could not write."
)
@MANIFEST
@click.option("--environment", required=True, metavar="NAME", help="Whose rows are read: staging's name.")
@click.option("--output", type=PATH, required=True, help="The file.")
@click.option("--resource", metavar="NAME", help="Read this one alone. [default: every one with `rows`]")
@click.option("--detect", metavar="N@P%", help="How many copied values a sample must find, and how surely.")
@click.option("--lifetime", default="24h", show_default=True, callback=_span, help="How long it is good for.")
@click.option("--resume", is_flag=True, help="Go on with what an interrupted census left.")
def command(
    manifest: Path | None,
    environment: str,
    output: Path,
    resource: str | None,
    detect: str | None,
    lifetime: timedelta,
    resume: bool,
) -> int:
    """Read staging's rows, keys or objects as digests, into a file that production's side compares.

    Reads staging's variables and nobody else's. The file is as sensitive as the rows it was made of: whoever
    has it can test guesses (docs/census.md). Only its owner may read it; delete it once it was compared.

    \b
    on staging's side      disjoint census --environment staging --output staging.census
    on production's side   disjoint overlap --census staging.census

    Both sides need one key in DISJOINT_SEAL_KEY; without it, a key of this machine is used.
    """
    from disjoint.directions.asked import Order  # noqa: PLC0415  (parsing and checking need none of it)
    from disjoint.directions.take import partial_of, take  # noqa: PLC0415
    from disjoint.model.terms import detection  # noqa: PLC0415

    from .progress import progress  # noqa: PLC0415

    expect_writable(output)
    declared = side(manifest, protected=False)
    if environment != declared.staging.name:
        raise UsageError(
            f"--environment {environment}: only {declared.staging.name}'s digests may travel; "
            "what is production's stays there"
        )
    try:
        order = Order(detection(detect) if detect else None, resume, resource, lifetime)
    except ValueError as error:
        raise UsageError(f"--{error}") from None
    quiet_process()
    partial = partial_of(output)
    if partial.exists() and not resume:
        click.echo(f"{partial} of an earlier census is replaced; --resume would go on with it", err=True)
    try:
        with progress(replace(declared, resources=())) as (_, steps):
            take(declared, key(), output, order, lambda line: click.echo(_line(line), err=True), steps)
    except KeyboardInterrupt:
        click.echo(f"interrupted: {partial} keeps what was read; --resume goes on with it", err=True)
        raise
    click.echo(f"{output} is whole: compare it on production's side with `disjoint overlap`", err=True)
    return Exit.HOLDS


def _line(text: str) -> str:
    from .spoken import spoken  # noqa: PLC0415

    return spoken(text)
