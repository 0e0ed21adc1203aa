"""`disjoint verify`: the main job."""

from __future__ import annotations

from pathlib import Path

import click

from disjoint.errors import UsageError
from disjoint.model.manifest import Manifest

from .exits import Exit, code_of
from .output import FORMATS, Output, emit, expect_writable, progress, quiet_process

PATH = click.Path(path_type=Path, readable=False)


def _bounded(_context: click.Context, _option: click.Parameter, seconds: float) -> float:
    """The budget, if it is a time to wait at all: NaN is in no range."""
    if 0.1 <= seconds <= 600:
        return seconds
    raise click.BadParameter(f"{seconds:g} is not between 0.1 and 600 seconds")


@click.command(epilog="Exit codes: 0 isolated, 1 shared, 2 usage or manifest, 3 unproven, 4 could not write.")
@click.option("--manifest", type=PATH, help="The manifest. [default: disjoint.toml, then pyproject.toml]")
@click.option("--staging", type=PATH, help="Staging's variables, where there is no manifest.")
@click.option("--production", type=PATH, help="Production's variables, where there is no manifest.")
@click.option(
    "--budget",
    type=float,
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    callback=_bounded,
    help="For everything, 0.1 to 600; what is not answered by then is unproven.",
)
@click.option("--offline", is_flag=True, help="Touch no network: nothing is proven beyond what is declared.")
@click.option("--fail-on", multiple=True, metavar="RULE", help="A lint that makes the command end with 3.")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--output", type=PATH, help="Write the report here instead of standard output.")
def command(
    manifest: Path | None,
    staging: Path | None,
    production: Path | None,
    budget: float,
    offline: bool,
    fail_on: tuple[str, ...],
    format_: str,
    output: Path | None,
) -> int:
    """Prove that staging touches nothing of production's.

    Both sides are only ever read; what production was asked is counted and shown. Nothing that could
    not be read counts as proof: it is UNPROVEN, with the grant or setting that would prove it.

    \b
    disjoint verify                                   what disjoint.toml declares
    disjoint verify --staging .env.staging --production .env.production
    disjoint verify --format markdown --output proof.md
    """
    from disjoint import pipeline  # noqa: PLC0415  (parsing and checking need none of it)

    _known(fail_on, pipeline.lints())
    expect_writable(output)
    declared = _declared(manifest, staging, production)
    quiet_process()
    with progress(declared) as tell:
        proof = pipeline.verify(declared, offline=offline, budget=budget, progress=tell)
    emit(pipeline.render, proof, Output(format_, output))
    noted = [note.rule for note in proof.notes if note.rule in fail_on]
    return Exit.UNPROVEN if noted and code_of(proof) is Exit.HOLDS else code_of(proof)


def _known(asked: tuple[str, ...], lints: tuple[str, ...]) -> None:
    """A misspelt lint would never fail anything; a proof rule decides the exit code by itself."""
    for rule in asked:
        if rule not in lints:
            raise UsageError(f"--fail-on {rule}: no note has this id; use one of {', '.join(lints)}")


def _declared(manifest: Path | None, staging: Path | None, production: Path | None) -> Manifest:
    from disjoint import pipeline  # noqa: PLC0415

    if staging is not None and production is not None and manifest is None:
        return pipeline.infer(staging, production)
    if staging is None and production is None:
        return pipeline.load(manifest or _found())
    raise UsageError("give --manifest alone, or --staging and --production together")


def _found() -> Path:
    from disjoint.manifest.load import find  # noqa: PLC0415

    found = find(Path())
    if found is None:
        raise UsageError(
            "there is no disjoint.toml here, and no [tool.disjoint] in a pyproject.toml: name one with "
            "--manifest, give --staging and --production, or write one with `disjoint init`"
        )
    return found
