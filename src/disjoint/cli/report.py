"""`disjoint report`: one proof in another format, without asking anybody anew."""

from __future__ import annotations

from pathlib import Path

import click

from disjoint.errors import UsageError

from .exits import Exit
from .output import FORMATS, Output, emit_again, expect_writable

PATH = click.Path(path_type=Path, readable=False)
LONGEST = 64 << 20


@click.command(epilog="Exit codes: 0 shown, whatever the report says; 2 no report; 4 could not write.")
@click.argument("report", type=PATH, default="report.json")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--output", type=PATH, help="Write it here instead of on standard output.")
def command(report: Path, format_: str, output: Path | None) -> int:
    """Show a report that was written as JSON, by `disjoint verify` or `disjoint certify`, in another format.

    One run, and as many formats as it takes: nobody's servers are asked again.

    \b
    disjoint verify --format json --output report.json
    disjoint report report.json
    disjoint report report.json --format markdown --output isolation-proof.md
    disjoint report report.json --format github             annotations, in a workflow
    """
    from disjoint.files import read_text  # noqa: PLC0415  (--help needs none of it)
    from disjoint.report import again  # noqa: PLC0415

    expect_writable(output)
    text = read_text(report, str(report), UsageError, LONGEST).text
    try:
        emit_again(again, text, Output(format_, output))
    except UsageError as error:
        raise UsageError(f"{report}: {error}") from None
    return Exit.HOLDS
