"""`disjoint private`: compare by private set intersection, where neither side may test guesses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from disjoint.errors import UsageError
from disjoint.writing import write_whole

from .exits import Exit, code_of
from .output import FORMATS, Output, emit, expect_writable, quiet_process
from .splitting import MANIFEST, key, side

PATH = click.Path(path_type=Path, readable=False)
_RESOURCE = click.option("--resource", metavar="NAME", help="Of several resources with `rows`, this one.")
_ENDS = "Exit codes: 0 written, 1 tampered, 2 usage or manifest, 3 unproven or refused, 4 could not write."


@click.group()
def command() -> None:
    """Compare samples of both sides by private set intersection, in three steps.

    Neither side can test a guess against the other, and no message holds a digest: what comes of it is how
    many of staging's values production has. Needs `pip install 'disjoint[psi]'`, and one key on both sides in
    DISJOINT_SEAL_KEY. For samples of a million values at most; what must be found is the manifest's `detect`.

    \b
    on staging's side      disjoint private request --output request --state request.state
    on production's side   disjoint private answer --request request --output answer
    on staging's side      disjoint private count --answer answer --state request.state
    """


@command.command(epilog=_ENDS)
@MANIFEST
@_RESOURCE
@click.option("--detect", metavar="N@P%", help="How many copied values a sample must find, and how surely.")
@click.option("--output", type=PATH, required=True, help="The request, for production's side.")
@click.option(
    "--state", type=PATH, required=True, help="What `count` needs: it stays here, and opens the answer."
)
def request(
    manifest: Path | None, resource: str | None, detect: str | None, output: Path, state: Path
) -> int:
    """Read a sample of staging's side, and write a request."""
    from disjoint.directions.asked import Order  # noqa: PLC0415  (parsing and checking need none of it)
    from disjoint.directions.private import ask  # noqa: PLC0415
    from disjoint.model.terms import detection  # noqa: PLC0415

    from .progress import progress  # noqa: PLC0415

    for path in (output, state):
        expect_writable(path)
    try:
        wanted = detection(detect) if detect else None
    except ValueError as error:
        raise UsageError(f"--detect: {error}") from None
    declared = side(manifest, protected=False)
    quiet_process()
    with progress(replace(declared, resources=())) as (_, steps):
        asking = ask(declared, key(), Order(detect=wanted, only=resource), steps)
    write_whole(state, asking.state, 0o600)
    write_whole(output, asking.request, 0o600)
    click.echo(f"{output} asks for {asking.elements:,} values; keep {state} here", err=True)
    return Exit.HOLDS


@command.command(epilog=_ENDS)
@MANIFEST
@click.option("--request", "asked", type=PATH, required=True, help="What staging's side asks.")
@click.option("--despite-limit", is_flag=True, help="Answer, though ten were answered within a day.")
@click.option("--output", type=PATH, required=True, help="The answer, for staging's side.")
def answer(manifest: Path | None, asked: Path, despite_limit: bool, output: Path) -> int:
    """Read the same sample of production's side, and write an answer.

    Reads production's variables and nobody else's, with allow-listed reads only. Each answer tells staging's
    side one number; it is logged, and ten a day are given.
    """
    from disjoint.directions import private  # noqa: PLC0415

    from .progress import progress  # noqa: PLC0415

    expect_writable(output)
    declared = side(manifest, protected=True)
    quiet_process()
    octets, options = _read(asked), {"despite_limit": despite_limit}
    with progress(replace(declared, resources=())) as (_, steps):
        answered = private.answer(declared, key(), octets, str(asked), tell=steps, **options)
    write_whole(output, answered, 0o600)
    click.echo(f"answered: {output} is written", err=True)
    return Exit.HOLDS


@command.command(
    epilog="Exit codes: 0 isolated, 1 shared or tampered, 2 usage, 3 unproven or refused, 4 could not write."
)
@MANIFEST
@click.option("--answer", "answered", type=PATH, required=True, help="What production's side answered.")
@click.option(
    "--state", type=PATH, required=True, help="What `request` left; it is deleted once it was used."
)
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--output", type=PATH, help="Write the report here instead of standard output.")
def count(manifest: Path | None, answered: Path, state: Path, format_: str, output: Path | None) -> int:
    """Count what both sides have, and say what that proves."""
    from disjoint import pipeline  # noqa: PLC0415
    from disjoint.directions import private  # noqa: PLC0415

    expect_writable(output)
    declared = side(manifest, protected=None)
    quiet_process()
    if state.exists() and state.stat().st_mode & 0o077:
        raise UsageError(f"{state} may be read by others: chmod 600 {state}, or ask anew")
    proof = private.count(declared, key(), _read(answered), _read(state), answered)
    state.unlink()
    emit(pipeline.render, proof, Output(format_, output))
    return code_of(proof)


def _read(path: Path) -> bytes:
    from disjoint.certify.message import LONGEST  # noqa: PLC0415

    try:
        if not path.is_file():
            raise UsageError(f"{path}: there is no such file")
        with path.open("rb") as stream:
            octets = stream.read(LONGEST + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    if len(octets) > LONGEST:
        raise UsageError(f"{path} is larger than a million values: state a larger detect")
    return octets
