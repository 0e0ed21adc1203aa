"""`disjoint hold`: staging's half of a proof that no process makes alone."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import click

from disjoint.errors import WriteError
from disjoint.writing import write_whole

from .exits import Exit
from .output import expect_writable, quiet_process
from .splitting import MANIFEST, forget, key, side

SHORTEST = 5.0
STREAM = Path("-")
RECORD = "\x1e"
"""Before each text of a JSON text sequence (RFC 7464)."""
_STANDARD_INPUT = 0
_NONCE = re.compile(r"[0-9a-f]{32}\Z")


def _long_enough(_context: click.Context, _option: click.Parameter, seconds: float) -> float:
    if SHORTEST <= seconds <= 3600:
        return seconds
    raise click.BadParameter(f"{seconds:g} is not between {SHORTEST:g} and 3600 seconds")


def _drawn(_context: click.Context, _option: click.Parameter, nonce: str) -> str:
    if not nonce or _NONCE.match(nonce):
        return nonce
    raise click.BadParameter("expected 32 hexadecimal digits, drawn at random for this one hold")


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
    "--nonce",
    default="",
    callback=_drawn,
    help="The run's name, drawn by whoever will look: 32 hex digits. Has it hold this process's variables.",
)
@click.option("--connected", default="", hidden=True, help="Where an attested process is connected to.")
@click.option("--tied", is_flag=True, hidden=True, help="End with whoever holds standard input's other end.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, readable=False, allow_dash=True),
    required=True,
    help="Staging's half; `-` for standard output, both times, as a JSON text sequence.",
)
def command(
    manifest: Path | None, seconds: float, nonce: str, connected: str, tied: bool, output: Path
) -> int:
    """Hold staging's marks while production looks for them.

    Reads staging's variables and nobody else's. What it places is seen by the servers and stored nowhere.
    The file appears once the marks stand: take it to production's side and run `disjoint look` there. It is
    written once more at the end; a half that was ended early counts for nothing.

    \b
    on staging's side      disjoint hold --seconds 120 --output hold.json
    on production's side   disjoint look --hold hold.json --output look.json
    anywhere               disjoint join --hold hold.json --look look.json

    Both sides need one key in DISJOINT_SEAL_KEY; without it, a key of this machine is used. A deployed
    process answers for itself by a route that runs this command: docs/guard/attest.md.
    """
    if tied:
        from disjoint.runner.lifeline import follow  # noqa: PLC0415  (whoever is asked by a person is not tied)

        follow(_STANDARD_INPUT)
    from disjoint.split import Asked, hold  # noqa: PLC0415  (parsing and checking need none of it)

    if output != STREAM:
        expect_writable(output)
    declared = side(manifest, protected=False, attesting=bool(nonce))
    quiet_process()
    asked = Asked(nonce, tuple(connected.split(",")) if connected else ())
    hold(declared, key(), seconds, _published(output), lambda for_: _wait(for_, output), asked)
    click.echo(f"held to the end: {output} is whole", err=True)
    return Exit.HOLDS


def _published(output: Path) -> Callable[[str], None]:
    if output == STREAM:
        return _said
    forget(output)
    return lambda text: write_whole(output, text)


def _said(text: str) -> None:
    """On one line, so that its end is seen before the next begins."""
    try:
        click.echo(RECORD + json.dumps(json.loads(text), separators=(",", ":")))
    except OSError as error:
        raise WriteError(f"cannot write to standard output: {error.strerror}") from None


def _wait(seconds: float, output: Path) -> None:
    click.echo(f"the marks stand for {seconds:g} s: look for them with {output}", err=True)
    time.sleep(seconds)
