"""What a person is shown: answers on standard output, and harmless lines on standard error."""

from __future__ import annotations

import os
import re
import sys

import click

from disjoint.errors import WriteError

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"]*")


def spoken(text: str) -> str:
    """A line without terminal controls, and without a URL, for it may hold a password."""
    from disjoint.model.secret import MASK  # noqa: PLC0415  (only an error needs them)
    from disjoint.report.inert import inert  # noqa: PLC0415

    return inert(_URL.sub(MASK, text))


def show(text: str) -> None:
    """Print an answer on standard output.

    Raises:
        WriteError: nobody can have read it: the disk is full, or the stream is closed.
    """
    if sys.stdout is None:
        raise WriteError("cannot write to standard output: it is closed")
    try:
        click.echo(text)
    except BrokenPipeError:
        raise
    except OSError as error:
        abandon_output()
        raise WriteError(f"cannot write to standard output: {error.strerror}") from None


def abandon_output() -> None:
    """Point standard output elsewhere: the interpreter would complain of what is left in it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
