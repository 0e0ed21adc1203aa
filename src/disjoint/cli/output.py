"""Where a report goes, and what is told on the way to it."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from disjoint.errors import WriteError
from disjoint.model.proof import Proof
from disjoint.writing import write_whole

from .spoken import show, spoken

if TYPE_CHECKING:
    from disjoint.report.ink import Ink

FORMATS = ("text", "json", "markdown", "github")
_QUIET = ("PG", "AWS_", "REDIS", "BOTO", "SSLKEYLOGFILE")

Render = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Output:
    """The format a report is wanted in, and the file it goes to (None: standard output)."""

    format: str
    file: Path | None = None


def ink() -> Ink:
    """How words are painted on standard output: bare where it is no terminal."""
    from disjoint.report.ink import Ink  # noqa: PLC0415  (only a report needs it)

    colour = sys.stdout.isatty() and controls() and not os.environ.get("NO_COLOR")
    return Ink(colour, not _unicode())


def emit(render: Render, proof: Proof, output: Output) -> None:
    """Render a proof and put it where it is wanted, whole or not at all."""
    _put(render(proof, output.format, **_look(output)), proof.verdict.value, output)


def emit_again(render: Render, text: str, output: Output) -> None:
    """The same of a report that was written before."""
    _put(render(text, output.format, **_look(output)), "report", output)


def _look(output: Output) -> dict[str, bool | int]:
    terminal = output.file is None and sys.stdout.isatty()
    return {
        "colour": terminal and controls() and not os.environ.get("NO_COLOR"),
        "ascii_only": not _unicode() and output.file is None,
        "width": width() if terminal else 100,
    }


def _put(text: str, what: str, output: Output) -> None:
    if output.file is None:
        show(text.rstrip("\n"))
    else:
        write_whole(output.file, text)
        click.echo(spoken(f"{what}: report written to {output.file}"), err=True)


def expect_writable(path: Path | None) -> None:
    """Refuse at once what could never be written, before anyone is asked for what would be lost.

    Raises:
        WriteError: standard output (None) is closed; or the place is a directory, lies in none, or in
            one that is closed to this user.
    """
    if path is None:
        if sys.stdout is None:
            raise WriteError("cannot write to standard output: it is closed")
        return
    if path.is_dir():
        raise WriteError(f"cannot write {path}: it is a directory; name a file in it")
    with contextlib.suppress(OSError, RuntimeError, ValueError):  # `write_whole` says why
        folder = path.resolve().parent
        if not folder.is_dir():
            raise WriteError(f"cannot write {path}: there is no directory {folder}")
        if not path.exists() and not os.access(folder, os.W_OK):
            raise WriteError(f"cannot write {path}: this user may write no file in {folder}")


def quiet_process() -> None:
    """Forget what this process would whisper to client libraries: only declared variables count."""
    for name in [name for name in os.environ if name.startswith(_QUIET)]:
        del os.environ[name]


def controls() -> bool:
    """Does the terminal obey controls at all?"""
    return os.environ.get("TERM") != "dumb"


def width() -> int:
    """The terminal's columns; COLUMNS wins, and a terminal that does not say has 100."""
    return shutil.get_terminal_size((100, 24)).columns


def _unicode() -> bool:
    try:
        "✓✗".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
