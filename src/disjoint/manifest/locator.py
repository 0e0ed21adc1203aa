"""Where each key of a TOML document stands: tomllib tells values, not places."""

from __future__ import annotations

import contextlib
import re
import tomllib
from bisect import bisect_right
from collections.abc import Mapping
from typing import NamedTuple

Path = tuple[str | int, ...]
"""The keys and list positions that lead to a value."""

DEPTH = 12
"""How deep keys and values may nest; the deepest thing a manifest says is 5."""

_TOO_DEEP = f"nests deeper than {DEPTH} levels"


class Spot(NamedTuple):
    """A place in the text, both counted from 1."""

    line: int
    column: int


class Misplaced(Exception):  # noqa: N818 - what is wrong with the text, told to the loader alone
    """A key that stands twice or too deep: tomllib would name another place, or none."""

    def __init__(self, path: Path, spot: Spot, what: str) -> None:
        super().__init__(what)
        self.path = path
        self.spot = spot
        self.what = what


class _Lost(Exception):  # noqa: N818 - ends the scan; tomllib then says what is wrong
    """The text is no TOML from here on."""


_SKIP = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_BLANKS = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRINGS = (
    re.compile(r'"""(?:\\.|(?!""").)*"{3,5}', re.DOTALL),
    re.compile(r"'''(?:(?!''').)*'{3,5}", re.DOTALL),
    re.compile(r'"(?:\\.|[^"\\\n])*"'),
    re.compile(r"'[^'\n]*'"),
)
_SCALAR = re.compile(r"[^\s,\]}#][^,\]}#\n]*")


def locate(text: str) -> Mapping[Path, Spot]:
    """Find the place of every key and list item.

    Text that is no TOML ends the scan without an error: tomllib tells it better.

    Raises:
        Misplaced: a key stands twice, or deeper than `DEPTH`.
    """
    scan = _Scan(text)
    with contextlib.suppress(_Lost):
        scan.document()
    return scan.spots


class _Scan:
    """One pass over the text, in linear time."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.spots: dict[Path, Spot] = {}
        self._lines = [0, *(found.end() for found in re.finditer("\n", text))]
        self._set: set[Path] = set()
        self._lists: dict[Path, int] = {}

    def document(self) -> None:
        table: Path = ()
        while not self._ends():
            if self.text.startswith("[", self.at):
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> Path:
        start = self.at
        repeated = self.text.startswith("[[", start)
        self.at += 2 if repeated else 1
        path = self._inside_lists(self._key())
        self._expect("]]" if repeated else "]")
        if repeated:
            self._lists[path] = self._lists.get(path, -1) + 1
            self.spots.setdefault(path, self._spot(start))
            path = (*path, self._lists[path])
        self._record(path, start)
        return path

    def _inside_lists(self, path: Path) -> Path:
        """``[waivers.x]`` after ``[[waivers]]`` belongs to the last of the waivers."""
        whole: Path = ()
        for part in path[:-1]:
            whole = (*whole, part)
            if whole in self._lists:
                whole = (*whole, self._lists[whole])
        return (*whole, path[-1])

    def _pair(self, table: Path) -> None:
        start = self.at
        path = (*table, *self._key())
        self._expect("=")
        self._record(path, start)
        self._value(path)

    def _value(self, path: Path) -> None:
        self._skip(_BLANKS)
        opening = self.text[self.at : self.at + 1]
        if opening == "[":
            self._list(path)
        elif opening == "{":
            self._inline(path)
        elif not (opening in {'"', "'"} and self._string() is not None):
            self._take(_SCALAR)

    def _list(self, path: Path) -> None:
        self.at += 1
        position = 0
        while not self._closes("]"):
            self._record((*path, position), self.at)
            self._value((*path, position))
            position += 1
            self._comma("]")

    def _inline(self, path: Path) -> None:
        self.at += 1
        while not self._closes("}"):
            self._pair(path)
            self._comma("}")

    def _key(self) -> Path:
        start = self.at
        parts: list[str] = []
        while len(parts) <= DEPTH:
            self._skip(_BLANKS)
            quoted = self._string()
            parts.append(_unquoted(quoted) if quoted else self._take(_BARE))
            self._skip(_BLANKS)
            if not self.text.startswith(".", self.at):
                return tuple(parts)
            self.at += 1
        raise Misplaced(tuple(parts[:3]), self._spot(start), _TOO_DEEP)

    def _string(self) -> str | None:
        for form in _STRINGS:
            if found := form.match(self.text, self.at):
                self.at = found.end()
                return found[0]
        return None

    def _record(self, path: Path, start: int) -> None:
        if len(path) > DEPTH:
            raise Misplaced(path[:3], self._spot(start), _TOO_DEEP)
        if path in self._set:
            first = self.spots[path]
            raise Misplaced(path, self._spot(start), f"stands already at line {first.line}")
        self._set.add(path)
        self.spots[path] = self._spot(start)
        for depth in range(1, len(path)):
            self.spots.setdefault(path[:depth], self._spot(start))

    def _spot(self, at: int) -> Spot:
        line = bisect_right(self._lines, at)
        return Spot(line, at - self._lines[line - 1] + 1)

    def _ends(self) -> bool:
        self._skip(_SKIP)
        return self.at >= len(self.text)

    def _closes(self, closing: str) -> bool:
        if self._ends():
            raise _Lost
        if self.text.startswith(closing, self.at):
            self.at += 1
            return True
        return False

    def _comma(self, closing: str) -> None:
        self._skip(_SKIP)
        if self.text.startswith(",", self.at):
            self.at += 1
        elif not self.text.startswith(closing, self.at):
            raise _Lost

    def _expect(self, mark: str) -> None:
        if not self.text.startswith(mark, self.at):
            raise _Lost
        self.at += len(mark)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        if found := pattern.match(self.text, self.at):
            self.at = found.end()

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise _Lost
        self.at = found.end()
        return found[0]


def _unquoted(key: str) -> str:
    try:
        return str(tomllib.loads(f"key = {key}")["key"])
    except tomllib.TOMLDecodeError:
        raise _Lost from None
