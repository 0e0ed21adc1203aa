"""`disjoint hold`: staging's half of a proof that no process makes alone."""

from __future__ import annotations

import time
from pathlib import Path

import click

from disjoint.writing import write_whole

from .exits import Exit
from .output import expect_writable, quiet_process
from .splitting import MANIFEST, forget, key, side

SHORTEST = 5.0


def _long_enough(_context: click.Context, _option: click.Parameter, seconds: float) -> float:
    if SHORTEST <= seconds <= 3600:
        return seconds
    raise click.BadParameter(f"{seconds:g} is not between {SHORTEST:g} and 3600 seconds")


@click.command(
    epilog="Exit codes: 0 held to the end, 2 usage or manifest, 3 the clocks disagree, 4 could not write."
)
@MANIFEST
@click.option(
    "--seconds",
    type=float,
    default=60.0,
    show_default=True,
    callback=_long_enough,
    help="How long the marks stand, 5 to 3600; production must look meanwhile.",
)
@click.option(
    "--output", type=click.Path(path_type=Path, readable=False), required=True, help="Staging's half."
)
def command(manifest: Path | None, seconds: float, output: Path) -> int:
    """Hold staging's marks while production looks for them.

    Reads staging's variables and nobody else's. What it places is seen by the servers and stored nowhere.
    The file appears once the marks stand: take it to production's side and run `disjoint look` there. It is
    written once more at the end; a half that was ended early counts for nothing.

    \b
    on staging's side      disjoint hold --seconds 120 --output hold.json
    on production's side   disjoint look --hold hold.json --output look.json
    anywhere               disjoint join --hold hold.json --look look.json

    Both sides need one key in DISJOINT_SEAL_KEY; without it, a key of this machine is used.
    """
    from disjoint.split import hold  # noqa: PLC0415  (parsing and checking need none of it)

    expect_writable(output)
    declared = side(manifest, protected=False)
    quiet_process()
    forget(output)
    hold(declared, key(), seconds, lambda text: write_whole(output, text), lambda for_: _wait(for_, output))
    click.echo(f"held to the end: {output} is whole", err=True)
    return Exit.HOLDS


def _wait(seconds: float, output: Path) -> None:
    click.echo(f"the marks stand for {seconds:g} s: look for them with {output}", err=True)
    time.sleep(seconds)
