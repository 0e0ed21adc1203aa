"""Show a proof: every report is a pure function of one Proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

from disjoint.errors import UsageError

if TYPE_CHECKING:
    from disjoint.model.proof import Proof

    from .parts import Report

FORMATS = ("text", "json", "markdown", "github")


def render(
    proof: Proof,
    format: str,  # noqa: A002 - the command line's own word
    *,
    colour: bool = False,
    ascii_only: bool = False,
    width: int = 100,
) -> str:
    """The proof in one of FORMATS, ending in a newline.

    `colour` and `width` are the terminal's, for text only; `ascii_only` escapes every letter beyond ASCII.

    Raises:
        UsageError: there is no such format.
    """
    if format not in FORMATS:
        raise UsageError(f"there is no format {format!r}: choose one of {', '.join(FORMATS)}")
    from . import document  # noqa: PLC0415 - the command line must start without msgspec

    return _shown(document.of(proof), format, colour, ascii_only, width)


def again(
    text: str,
    format: str,  # noqa: A002 - as above
    *,
    colour: bool = False,
    ascii_only: bool = False,
    width: int = 100,
) -> str:
    """A report that was written as JSON, in another of FORMATS: nobody is asked anything anew.

    Raises:
        UsageError: the text is no report of ours.
    """
    from . import json  # noqa: PLC0415

    return _shown(json.read_ours(text), format, colour, ascii_only, width)


def _shown(report: Report, format: str, colour: bool, ascii_only: bool, width: int) -> str:  # noqa: A002
    from . import document, github, json, markdown  # noqa: PLC0415

    if format == "json":
        return json.render(report, ascii_only=ascii_only)
    shown = document.in_ascii(report) if ascii_only else report
    match format:
        case "github":
            return github.render(shown)
        case "markdown":
            return markdown.render(shown)
        case _:
            from . import text  # noqa: PLC0415

            return text.render(shown, colour=colour, ascii_only=ascii_only, width=width)
