"""Make foreign text harmless to look at: the one function every name and answer passes through.

A resource, host or variable name may hold terminal controls, bidirectional overrides
or invisible letters, and so forge a line of a report. Here each of them becomes an
escape that shows. Escaping is injective: two texts that differ never look alike.
"""

from __future__ import annotations

import re
import unicodedata

_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
"""Letters and marks that draw nothing (Default_Ignorable_Code_Point, and blank braille)."""

_SWALLOWED = re.compile("^ |(?<= ) | $")

_ESCAPED = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
"""Controls, format characters (bidi, zero width), unassigned, private, surrogates, line separators."""

_MARKUP = re.compile(
    r"[\\`*\[\]<>#~&$|@]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])|:(?=//)|(?<=www)\.", re.IGNORECASE
)
"""All that may begin markup inside a line of GitHub's Markdown; a ``_`` within a word may not."""

_ENTITIES = {"|": "&#124;", ":": "&#58;", ".": "&#46;", "@": "&#64;&#8288;"}
"""Where a backslash is not enough: cells are split first, links and mentions are found last."""


def inert(text: str) -> str:
    """The text as one line that no terminal, browser or reader can take for anything else.

    Spaces that a column or a reader would swallow are shown too.
    """
    plain = text.isascii() and text.isprintable() and "\\" not in text
    shown = text if plain else "".join(map(_shown, text))
    return _SWALLOWED.sub(r"\\x20", shown)


def words(text: str) -> str:
    """Inert text as it must stand in a line of Markdown to read as plain words."""
    return _MARKUP.sub(lambda found: _ENTITIES.get(found[0], f"\\{found[0]}"), text)


def code(text: str, *, in_cell: bool = True) -> str:
    """Inert text as a code span; as plain words where a code span could not hold it."""
    breaks = set("`|\\") if in_cell else {"`"}
    spaced = text.strip() != text
    return words(text) if not text or spaced or set(text) & breaks else f"`{text}`"


def cells(text: str) -> int:
    """How many columns of a terminal inert text fills."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def _shown(letter: str) -> str:
    if letter == "\\":
        return "\\\\"
    category = unicodedata.category(letter)
    blank = category == "Zs" and letter != " "
    if not (category in _ESCAPED or blank or _UNSEEN.match(letter)):
        return letter
    number = ord(letter)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _cells(letter: str) -> int:
    if unicodedata.combining(letter) or unicodedata.category(letter) == "Mn":
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
