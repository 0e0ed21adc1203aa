"""`disjoint demo`: the product at work on two embedded environments."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from disjoint.errors import UsageError

from .exits import Exit, code_of
from .output import FORMATS, Output, emit, expect_writable, quiet_process
from .progress import progress
from .spoken import show

if TYPE_CHECKING:
    from disjoint.demo.catalogue.leak import Leak
    from disjoint.model.proof import Proof


@click.command(epilog="Exit codes: 0 isolated, 1 shared, 2 usage, 3 unproven, 70 the world did not start.")
@click.option("--leak", "names", multiple=True, metavar="NAME", help="Break the world so first; repeatable.")
@click.option("--list-leaks", is_flag=True, help="List the ways to break it, and end.")
@click.option("--keep", is_flag=True, help="Keep the world running until Ctrl-C, for your own commands.")
@click.option("--directory", type=click.Path(path_type=Path, file_okay=False), help="With --keep: its files.")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True)
def command(
    names: tuple[str, ...], list_leaks: bool, keep: bool, directory: Path | None, format_: str
) -> int:
    """Watch it work: production and staging on real servers, proven disjoint.

    PostgreSQL, Valkey, Celery workers, an S3 server and HTTP services start on 127.0.0.1 without Docker
    and without root, and all of them end with this command.

    \b
    disjoint demo                                 two environments that share nothing
    disjoint demo --leak same-postgres            break one on purpose, and see it caught
    disjoint demo --keep --directory /tmp/demo    try verify on them yourself
    """
    if list_leaks:
        show(_listed(format_))
        return Exit.HOLDS
    if directory and not keep:
        raise UsageError("--directory is for --keep: nothing stays without it")
    from disjoint.demo.catalogue.every import named  # noqa: PLC0415  (loads the servers' clients)

    leaks = tuple(named(name) for name in names)
    expect_writable(None)
    quiet_process()
    return _keep(leaks, directory) if keep else _show(leaks, format_)


def _show(leaks: tuple[Leak, ...], format_: str) -> int:
    from disjoint import pipeline  # noqa: PLC0415
    from disjoint.demo.embed import embedded  # noqa: PLC0415

    with embedded(leaks, _teller()) as (_, manifest):
        declared = pipeline.load(manifest)
        with progress(declared) as (tell, steps):
            proof = pipeline.verify(declared, progress=tell, steps=steps)
        emit(pipeline.render, proof, Output(format_))
        for line in _closing(leaks, proof):
            click.echo(line, err=True)
    return code_of(proof)


def _keep(leaks: tuple[Leak, ...], directory: Path | None) -> int:
    from disjoint.demo.embed import embedded, until_told  # noqa: PLC0415

    with embedded(leaks, _teller(), directory) as (place, manifest):
        click.echo(f"\nIt runs until Ctrl-C; its files are in {place}. Try:\n", err=True)
        click.echo(f"  disjoint verify --manifest {manifest}\n", err=True)
        until_told()
    return Exit.HOLDS


def _teller() -> Callable[[str], None]:
    """One line for each part that stands, with the seconds since the start."""
    started = time.monotonic()

    def tell(part: str) -> None:
        print(f"{time.monotonic() - started:5.1f} s  {part}", file=sys.stderr, flush=True)

    return tell


def _closing(leaks: tuple[Leak, ...], proof: Proof) -> list[str]:
    """After the report: what was broken, and whether the rule it is made for saw it."""
    if not leaks:
        return ["Break it on purpose: disjoint demo --leak same-postgres (all of them: --list-leaks)"]
    seen = {(finding.rule, finding.outcome) for finding in proof.findings}
    return [
        f"{leak.name}: {leak.about}. "
        + (f"{leak.rule}: {'seen' if (leak.rule, leak.outcome) in seen else 'NOT SEEN'}" if leak.rule else "")
        for leak in leaks
    ]


def _listed(format_: str) -> str:
    from disjoint.demo.catalogue.every import LEAKS  # noqa: PLC0415

    if format_ == "json":
        return json.dumps([_entry(leak) for leak in LEAKS], indent=1)
    width = max(len(leak.name) for leak in LEAKS)
    if format_ == "markdown":
        rows = [
            f"| `{k.name}` | {k.family} | {k.outcome.value} | {k.rule or ''} | {k.about} |" for k in LEAKS
        ]
        return "\n".join(("| leak | family | outcome | rule | about |", "|---|---|---|---|---|", *rows))
    return "\n".join(f"{leak.name:{width}}  {leak.outcome.value:8}  {leak.about}" for leak in LEAKS)


def _entry(leak: Leak) -> dict[str, str | None]:
    return {
        "name": leak.name,
        "family": leak.family,
        "rule": leak.rule,
        "outcome": leak.outcome.value,
        "grade": leak.grade.word if leak.grade else None,
        "about": leak.about,
    }
