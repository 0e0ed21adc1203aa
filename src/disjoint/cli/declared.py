"""What every command that works on two environments is told: a manifest, or two files, and a budget."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from disjoint.errors import UsageError
from disjoint.model.manifest import Manifest, Resource
from disjoint.model.terms import detection

PATH = click.Path(path_type=Path, readable=False)

Command = Callable[..., Any]


def sources(command: Command) -> Command:
    """The options that say what is declared."""
    for option in (
        click.option("--production", type=PATH, help="Production's variables, where there is no manifest."),
        click.option("--staging", type=PATH, help="Staging's variables, where there is no manifest."),
        click.option(
            "--manifest", type=PATH, help="The manifest. [default: disjoint.toml, then pyproject.toml]"
        ),
    ):
        command = option(command)
    return command


def budget(seconds: float) -> Callable[[Command], Command]:
    """The option that says how long everything may take."""
    return click.option(
        "--budget",
        type=float,
        default=seconds,
        show_default=True,
        metavar="SECONDS",
        callback=_bounded,
        help="For everything, 0.1 to 600; what is not answered by then is unproven.",
    )


def _bounded(_context: click.Context, _option: click.Parameter, seconds: float) -> float:
    """The budget, if it is a time to wait at all: NaN is in no range."""
    if 0.1 <= seconds <= 600:
        return seconds
    raise click.BadParameter(f"{seconds:g} is not between 0.1 and 600 seconds")


def declared(manifest: Path | None, staging: Path | None, production: Path | None) -> Manifest:
    """The manifest that is meant.

    Raises:
        UsageError: none is there, or more than one is meant.
    """
    from disjoint import pipeline  # noqa: PLC0415  (--help needs none of it)

    if staging is not None and production is not None and manifest is None:
        return pipeline.infer(staging, production)
    if staging is None and production is None:
        return pipeline.load(manifest or _found())
    raise UsageError("give --manifest alone, or --staging and --production together")


def detecting(manifest: Manifest, detect: str | None) -> Manifest:
    """The same, with another answer to what a sample must find, wherever one is asked for.

    Raises:
        UsageError: it is not written as ``1000@99.9%``, or a file of another process was made without it.
    """
    if detect is None:
        return manifest
    if manifest.production.seal or manifest.staging.attested:
        raise UsageError(
            "--detect: what the other side made was made for the manifest as it stands; state detect there"
        )
    try:
        detection(detect)
    except ValueError as error:
        raise UsageError(f"--{error}") from None
    return dataclasses.replace(
        manifest, resources=tuple(_detecting(resource, detect) for resource in manifest.resources)
    )


def _detecting(resource: Resource, detect: str) -> Resource:
    declared: Any = resource.declared
    if "detect" not in {field.name for field in dataclasses.fields(declared)}:
        return resource
    return dataclasses.replace(resource, declared=dataclasses.replace(declared, detect=detect))


def _found() -> Path:
    from disjoint.manifest.load import find  # noqa: PLC0415

    found = find(Path())
    if found is None:
        raise UsageError(
            "there is no disjoint.toml here, and no [tool.disjoint] in a pyproject.toml: name one with "
            "--manifest, give --staging and --production, or write one with `disjoint init`"
        )
    return found
