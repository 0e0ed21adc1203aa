"""`disjoint look`: production's half of a proof that no process makes alone."""

from __future__ import annotations

from pathlib import Path

import click

from disjoint.writing import write_whole

from .exits import Exit
from .output import expect_writable, quiet_process
from .splitting import MANIFEST, half, key, side


@click.command(
    epilog="Exit codes: 0 looked, 1 tampered, 2 usage, 3 over or clocks disagree, 4 could not write."
)
@MANIFEST
@click.option(
    "--hold", "held", type=click.Path(path_type=Path, readable=False), required=True, help="Staging's half."
)
@click.option(
    "--output", type=click.Path(path_type=Path, readable=False), required=True, help="Production's half."
)
def command(manifest: Path | None, held: Path, output: Path) -> int:
    """Look in production for the marks that staging holds.

    Reads production's variables and nobody else's, and sends allow-listed reads only. A role that may do
    nothing but connect, and a Redis user with a handful of commands, see what is needed:
    `disjoint explain --grants postgres` prints the recipe.
    """
    from disjoint.split import look  # noqa: PLC0415

    expect_writable(output)
    declared = side(manifest, protected=True)
    quiet_process()
    write_whole(output, look(declared, key(), half(held), str(held)))
    click.echo(f"looked: {output} is written; join both halves with `disjoint join`", err=True)
    return Exit.HOLDS
