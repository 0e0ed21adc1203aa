"""`disjoint join`: judge what two sides saw, without a credential of either."""

from __future__ import annotations

from pathlib import Path

import click

from .exits import code_of
from .output import FORMATS, Output, emit, expect_writable
from .splitting import MANIFEST, half, key, side

FILE = click.Path(path_type=Path, readable=False)


@click.command(
    epilog="Exit codes: 0 isolated, 1 shared or tampered, 2 usage, 3 unproven or refused, 4 could not write."
)
@MANIFEST
@click.option("--hold", "held", type=FILE, required=True, help="Staging's half, as `disjoint hold` left it.")
@click.option("--look", "looked", type=FILE, required=True, help="Production's half.")
@click.option(
    "--overlap", "rows", type=FILE, help="What came of staging's rows, as `disjoint overlap --half` left it."
)
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--output", type=FILE, help="Write the report here instead of standard output.")
def command(
    manifest: Path | None, held: Path, looked: Path, rows: Path | None, format_: str, output: Path | None
) -> int:
    """Join both halves to a proof.

    Reads no variable of either side and asks no server. Halves that do not belong together are refused with
    the reason: another manifest, another run, a hold that ended before the look was over, clocks that
    disagree, a changed byte. What takes both sides' credentials is listed as not tried; rows, keys and
    objects that the manifest asks for are unproven unless --overlap says what came of them.
    """
    from disjoint.directions.half import rows_of  # noqa: PLC0415
    from disjoint.pipeline import render  # noqa: PLC0415
    from disjoint.split import join  # noqa: PLC0415

    expect_writable(output)
    declared = side(manifest, protected=None)
    own = key()
    found = None if rows is None else rows_of(declared, own, half(rows), str(rows))
    proof = join(declared, own, half(held), half(looked), (str(held), str(looked)), found)
    emit(render, proof, Output(format_, output))
    return code_of(proof)
