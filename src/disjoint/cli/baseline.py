"""`disjoint baseline`: the values that every fresh database holds, as a file that people review."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click

from disjoint.errors import UsageError
from disjoint.writing import write_whole

from .exits import Exit
from .output import expect_writable, quiet_process

PATH = click.Path(path_type=Path, readable=False)


@click.command(
    epilog="Exit codes: 0 written, 2 usage or manifest, 3 not everything could be read, 4 could not write."
)
@click.option("--manifest", type=PATH, help="The manifest. [default: disjoint.toml, then pyproject.toml]")
@click.option("--variables", type=PATH, required=True, help="A file of the seeded database's variables.")
@click.option("--owner", required=True, metavar="NAME", help="Who answers for these values.")
@click.option(
    "--expires",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    help="The day from which they are excused no more, within a year.",
)
@click.option("--resource", metavar="NAME", help="Read this one alone. [default: every one with `rows`]")
@click.option("--output", type=PATH, required=True, help="The file; commit it, and have it reviewed.")
def command(
    manifest: Path | None,
    variables: Path,
    owner: str,
    expires: datetime,
    resource: str | None,
    output: Path,
) -> int:
    """Learn what both sides may hold: the values that migrations and seeds put into every database.

    Point it at a database that was just migrated and seeded, never at staging: what it learns there would be
    excused, leaks and all. Nothing but digests is written. Name the file in the manifest: baseline = "FILE".
    """
    from disjoint.directions.learn import learn, load_seeded  # noqa: PLC0415  (--help needs none of it)
    from disjoint.manifest.load import find  # noqa: PLC0415

    expect_writable(output)
    found = manifest or find(Path())
    if found is None:
        raise UsageError("there is no disjoint.toml here: name it with --manifest")
    declared = load_seeded(found, variables)
    quiet_process()
    day: date = expires.date()
    write_whole(output, learn(declared, owner, day, resource))
    click.echo(f"{output} is written: review it, and name it in the manifest", err=True)
    return Exit.HOLDS
