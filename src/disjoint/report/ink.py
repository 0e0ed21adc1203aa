"""Signs, colours and line breaks of the terminal report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from disjoint.model.finding import Outcome

from .inert import cells
from .parts import RowPart

_CODES = {"red": "31", "green": "32", "yellow": "33", "cyan": "36", "bold": "1", "dim": "2"}
_SIGNS = {"ISOLATED": "✓", "SHARED": "✗", "UNPROVEN": "?", "WAIVED": "–"}
_ASCII_SIGNS = {"ISOLATED": "[ok]", "SHARED": "[XX]", "UNPROVEN": "[??]", "WAIVED": "[--]"}
_COLOURS = {"ISOLATED": "green", "SHARED": "red", "UNPROVEN": "yellow", "WAIVED": "dim"}


@dataclass(frozen=True, slots=True)
class Ink:
    """How words are painted: signs and words always stand beside the colour."""

    colour: bool
    ascii_only: bool

    def paint(self, text: str, *styles: str) -> str:
        """The text in these styles; bare where colour is off."""
        if not (self.colour and text and styles):
            return text
        return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m"

    def sign(self, word: str) -> str:
        """The sign that stands before an outcome."""
        return (_ASCII_SIGNS if self.ascii_only else _SIGNS)[word]

    @property
    def dot(self) -> str:
        """What stands between two clauses of one line."""
        return "-" if self.ascii_only else "·"


def word(row: RowPart) -> str:
    """ISOLATED, SHARED, UNPROVEN or WAIVED."""
    return "WAIVED" if row.status.waived else row.outcome.value


def hue(outcome: Outcome | str) -> str:
    """The colour of an outcome or of its word."""
    return _COLOURS[outcome.value if isinstance(outcome, Outcome) else outcome]


def pad(text: str, width: int) -> str:
    """Text filled with blanks to a width in cells; never cut."""
    return text + " " * (width - cells(text))


def wrap(text: str, width: int) -> tuple[str, ...]:
    """Text in lines of at most `width` cells, broken at blanks only: a digest or a command stays whole."""
    return tuple(_lines(text, width)) or ("",)


def _lines(text: str, width: int) -> Iterator[str]:
    line = ""
    for piece in text.split():
        longer = f"{line} {piece}" if line else piece
        if line and cells(longer) > width:
            yield line
            line = piece
        else:
            line = longer
    if line:
        yield line
