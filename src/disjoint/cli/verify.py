"""`disjoint verify`: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from disjoint.errors import UsageError

from .declared import PATH, declared, detecting, sources
from .declared import budget as budget_of
from .exits import Exit, code_of
from .output import FORMATS, Output, emit, expect_writable, quiet_process
from .progress import progress


@click.command(epilog="Exit codes: 0 isolated, 1 shared, 2 usage or manifest, 3 unproven, 4 could not write.")
@sources
@budget_of(30.0)
@click.option("--offline", is_flag=True, help="Touch no network: nothing is proven beyond what is declared.")
@click.option(
    "--no-reach",
    is_flag=True,
    help="Try no credential of staging's at production; what the manifest asks of it is then unproven.",
)
@click.option(
    "--no-census",
    is_flag=True,
    help="Compare no rows, keys or objects; what the manifest asks of them is then unproven.",
)
@click.option(
    "--detect",
    metavar="N@P%",
    help="How many copied values a sample must find, and how surely. [default: 1000@99.9%]",
)
@click.option(
    "--dask",
    metavar="ADDRESS",
    default="",
    help="Have a census made by the workers of this Dask scheduler (tls://host:8786), or of `local` ones.",
)
@click.option("--fail-on", multiple=True, metavar="RULE", help="A lint that makes the command end with 3.")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--output", type=PATH, help="Write the report here instead of standard output.")
def command(
    manifest: Path | None,
    staging: Path | None,
    production: Path | None,
    budget: float,
    offline: bool,
    no_reach: bool,
    no_census: bool,
    detect: str | None,
    dask: str,
    fail_on: tuple[str, ...],
    format_: str,
    output: Path | None,
) -> int:
    """Prove that staging touches nothing of production's.

    Both sides are only ever read; what production was asked is counted and shown. Nothing that could
    not be read counts as proof: it is UNPROVEN, with the grant or setting that would prove it.

    Where the manifest says `reach`, staging's own credentials are tried at production once, and told of
    on standard error before: production's log will show it.

    Where it says `rows`, production's rows, keys or objects are looked for in staging by keyed digests; that
    may take the seconds of `rows_seconds` beyond the budget.

    \b
    disjoint verify                                   what disjoint.toml declares
    disjoint verify --staging .env.staging --production .env.production
    disjoint verify --format markdown --output proof.md
    """
    from disjoint import pipeline  # noqa: PLC0415  (parsing and checking need none of it)
    from disjoint.report.inert import inert  # noqa: PLC0415  (as above)

    _known(fail_on, pipeline.lints())
    expect_writable(output)
    stated = detecting(declared(manifest, staging, production), detect)
    quiet_process()
    if not offline and not no_reach:
        for line in pipeline.announced(stated):
            click.echo(inert(line), err=True)  # addresses as reports show them, without credentials
    left_out = [name for name, out in (("reach", no_reach), ("census", no_census)) if out]
    with progress(stated) as (tell, steps):
        options: dict[str, Any] = {"without": left_out, "steps": steps, "dask": dask}
        proof = pipeline.verify(stated, offline=offline, budget=budget, progress=tell, **options)
    emit(pipeline.render, proof, Output(format_, output))
    noted = [note.rule for note in proof.notes if note.rule in fail_on]
    return Exit.UNPROVEN if noted and code_of(proof) is Exit.HOLDS else code_of(proof)


def _known(asked: tuple[str, ...], lints: tuple[str, ...]) -> None:
    """A misspelt lint would never fail anything; a proof rule decides the exit code by itself."""
    for rule in asked:
        if rule not in lints:
            raise UsageError(f"--fail-on {rule}: no note has this id; use one of {', '.join(lints)}")
