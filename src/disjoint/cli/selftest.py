"""`disjoint selftest`: break isolation on purpose, in memory, and demand that the proof sees it."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .declared import budget as budget_of
from .declared import declared, sources
from .exits import Exit
from .output import expect_writable, ink, quiet_process, width
from .spoken import show

if TYPE_CHECKING:
    from disjoint.report.ink import Ink
    from disjoint.selftest.answer import Line, SelfTest

SCHEMA = "disjoint.selftest/v1"


@click.command(
    epilog="Exit codes: 0 every row is caught, 1 a row is blind, 2 usage or manifest, 3 cannot say."
)
@sources
@budget_of(60.0)
@click.option("--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True)
def command(
    manifest: Path | None, staging: Path | None, production: Path | None, budget: float, format_: str
) -> int:
    """Break isolation on purpose, and demand SHARED: mutation testing of the proof itself.

    In memory, each resource of staging's is pointed at production's, first as it is and then under a name
    that does not exist, so that addresses cannot tell. Only production is visited, and only read: nothing
    is stored, published or kept. A row that stays ISOLATED is blind: no proof of it is worth anything.

    What could not be tried is told as skipped and counts for nothing: over TLS a server proves its name.

    \b
    disjoint selftest                                 what disjoint.toml declares
    disjoint selftest --format json
    """
    from disjoint import pipeline  # noqa: PLC0415  (parsing and checking need none of it)

    expect_writable(None)
    stated = declared(manifest, staging, production)
    quiet_process()
    with _progress() as tell:
        found = pipeline.selftest(stated, budget=budget, progress=tell)
    show(_in_json(found) if format_ == "json" else "\n".join(_in_text(found)))
    return _code(found)


def _code(found: SelfTest) -> Exit:
    codes = {"BLIND": Exit.BAD, "OPEN": Exit.UNPROVEN, "CAUGHT": Exit.HOLDS}
    return codes[found.outcome.name]


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str, str], None]]:
    """Tell on a terminal's standard error which mutation is tried, in one line."""
    shown = sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def tell(resource: str, mutation: str) -> None:
        if shown:
            click.echo(f"\r\x1b[2K{f'{resource}: {mutation}'[: width() - 1]}", nl=False, err=True)

    try:
        yield tell
    finally:
        if shown:
            click.echo("\r\x1b[2K", nl=False, err=True)


_SIGNS = {"caught": "ISOLATED", "BLIND": "SHARED", "cannot say": "UNPROVEN", "skipped": "WAIVED"}
"""Which sign of the reports' stands for an answer: a mutation that is caught is the good one."""


def _in_text(found: SelfTest) -> Iterator[str]:
    from disjoint.report.ink import pad  # noqa: PLC0415  (--help needs none of it)

    pen, columns = ink(), width()
    words = [f"{pen.sign(_SIGNS[line.answer.value])} {line.answer.value}" for line in found.lines]
    rows = list(zip(found.lines, words, strict=True))
    first, names, tests = (
        max(map(len, column), default=0)
        for column in (
            words,
            [line.resource for line in found.lines],
            [line.mutation for line in found.lines],
        )
    )
    yield pen.paint("selftest: staging is pointed at production in memory, and every row must say so", "bold")
    yield ""
    for line, word in rows:
        hue = {"caught": "green", "BLIND": "red", "cannot say": "yellow", "skipped": "dim"}[line.answer.value]
        head = f"{pen.paint(pad(word, first), hue)}  {pad(line.resource, names)}  {pad(line.mutation, tests)}"
        yield from _row(head, 4 + first + 2 + names + 2 + tests, _told(line), columns)
    yield ""
    yield _closing(found, pen)


def _row(head: str, indent: int, told: str, columns: int) -> Iterator[str]:
    """One mutation: what is told of it beside it, or below where the terminal is narrow."""
    from disjoint.report.ink import wrap  # noqa: PLC0415  (as above)

    if columns - indent >= _NARROWEST:
        first, *more = wrap(told, columns - indent)
        yield f"  {head}  {first}"
        yield from (" " * indent + rest for rest in more)
    else:
        yield f"  {head}"
        yield from (f"      {rest}" for rest in wrap(told, max(columns - 6, _NARROWEST)))


_NARROWEST = 32
"""Cells that a column of sentences needs."""


def _told(line: Line) -> str:
    grade = f" ({line.grade.word})" if line.grade is not None else ""
    match line.answer.value:
        case "caught":
            return f"{line.rule}{grade}"
        case "BLIND":
            return f"{line.rule}{grade} finds production isolated from itself: {line.said}"
        case _:
            return f"{line.said}; {line.remedy}" if line.remedy else line.said


def _closing(found: SelfTest, pen: Ink) -> str:
    counts = {word: sum(line.answer.value == word for line in found.lines) for word in _SIGNS}
    said = ", ".join(f"{count} {word}" for word, count in counts.items() if count) or "nothing was tried"
    footprint = found.footprint
    touched = f"production touched: {footprint.reads} reads, {footprint.writes} writes"
    return f"{said} {pen.dot} {touched} {pen.dot} exit {int(_code(found))}"


def _in_json(found: SelfTest) -> str:
    footprint = found.footprint
    return json.dumps(
        {
            "schema": SCHEMA,
            "outcome": found.outcome.value,
            "mutations": [_in_words(line) for line in found.lines],
            "footprint": {
                "production": {
                    "reads": footprint.reads,
                    "writes": footprint.writes,
                    "seconds": footprint.seconds,
                    "commands": dict(footprint.commands),
                }
            },
        },
        indent=1,
    )


def _in_words(line: Line) -> dict[str, object]:
    return {
        "resource": line.resource,
        "kind": line.kind,
        "mutation": line.mutation,
        "answer": line.answer.value,
        "rule": line.rule or None,
        "grade": line.grade.word if line.grade is not None else None,
        "said": line.said,
        "remedy": line.remedy,
        "seconds": line.seconds,
    }
