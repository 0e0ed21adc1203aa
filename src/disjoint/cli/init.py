"""`disjoint init`: write down what the names and values of two files give away."""

from __future__ import annotations

from pathlib import Path

import click

from disjoint.errors import WriteError
from disjoint.writing import write_whole

from .exits import Exit
from .output import expect_writable
from .spoken import spoken

PATH = click.Path(path_type=Path, readable=False)


@click.command(epilog="Exit codes: 0 written, 2 usage or source, 4 could not write.")
@click.option("--staging", type=PATH, required=True, help="Staging's variables, a dotenv file.")
@click.option("--production", type=PATH, required=True, help="Production's variables, a dotenv file.")
@click.option(
    "--output", type=PATH, default=Path("disjoint.toml"), show_default=True, help="The manifest to write."
)
@click.option("--force", is_flag=True, help="Replace a manifest that is there already.")
def command(staging: Path, production: Path, output: Path, *, force: bool) -> int:
    """Write disjoint.toml from two files of variables.

    Only names are written, never a value. What was recognised is told on standard error, and what
    looks like a resource and was not recognised is listed in the file.
    """
    from disjoint import pipeline  # noqa: PLC0415  (parsing and checking need none of it)
    from disjoint.manifest.starter import starter  # noqa: PLC0415

    expect_writable(output)
    manifest = pipeline.infer(staging, production)
    if not force and (output.exists() or output.is_symlink()):
        raise WriteError(f"{output} is there already; --force replaces it")
    write_whole(output, starter(manifest, output.parent))
    for warning in (*manifest.production.warnings, *manifest.staging.warnings):
        click.echo(spoken(f"warning: {warning}"), err=True)
    for line in manifest.inferred:
        click.echo(spoken(line), err=True)
    if manifest.unplaced:
        click.echo(spoken(f"not placed: {', '.join(manifest.unplaced)}"), err=True)
    here = "" if output == Path("disjoint.toml") else f" --manifest {output}"
    click.echo(spoken(f"{output} written; now: disjoint verify{here}"), err=True)
    return Exit.HOLDS
