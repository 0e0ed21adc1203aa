"""Show a proof: every report is a pure function of one Proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

from disjoint.errors import UsageError

if TYPE_CHECKING:
    from disjoint.model.proof import Proof

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

    report = document.of(proof)
    if format == "json":
        from . import json  # noqa: PLC0415

        return json.render(report, ascii_only=ascii_only)
    shown = document.in_ascii(report) if ascii_only else report
    if format == "github":
        from . import github  # noqa: PLC0415

        return github.render(shown)
    if format == "markdown":
        from . import markdown  # noqa: PLC0415

        return markdown.render(shown)
    from . import text  # noqa: PLC0415

    return text.render(shown, colour=colour, ascii_only=ascii_only, width=width)
