"""A TOML file as tables that know where they stand, so that every refusal names its place."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as File

import msgspec

from disjoint.errors import ManifestError
from disjoint.files import read_text

from .locator import Misplaced, Path, Spot, locate

PYPROJECT = "pyproject.toml"
_WITHIN = ("tool", "disjoint")

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_ITEM = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<steps>.*)`)?$", re.DOTALL)
_STEP = re.compile(r"\[(\d+)\]|\.([^.\[]+)")


@dataclass(frozen=True, slots=True)
class Document:
    """One file's text, parsed and located."""

    shown: str
    """The file as people named it."""
    spots: Mapping[Path, Spot]

    def where(self, path: Path) -> Spot:
        """The place of a key, or of the nearest table around it that is written."""
        while path and path not in self.spots:
            path = path[:-1]
        return self.spots.get(path, Spot(1, 1))

    def refuse(self, path: Path, what: str) -> ManifestError:
        """The one error: file, line, column, the offending key, and what is wrong with it."""
        line, column = self.where(path)
        named = f"{spell(path)}: " if path else ""
        return ManifestError(f"{self.shown}:{line}:{column}: {named}{what}")


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the document, read strictly: every key is taken by name or refused."""

    document: Document
    path: Path
    values: Mapping[str, object]

    @property
    def where(self) -> str:
        """``disjoint.toml:12``"""
        return f"{self.document.shown}:{self.document.where(self.path).line}"

    def refuse(self, key: str | None, what: str) -> ManifestError:
        """As `Document.refuse`, for a key of this table or the table itself."""
        return self.document.refuse(self.path if key is None else (*self.path, key), what)

    def only(self, keys: Iterable[str]) -> None:
        """Refuse every key that is not among `keys`.

        Raises:
            ManifestError: with the nearest valid name.
        """
        valid = tuple(keys)
        for key in self.values:
            if key not in valid:
                raise self.refuse(key, f"unknown key{nearest(key, valid)}")

    def take(self, key: str, form: object) -> object:
        """A value of the declared type, lists as tuples.

        Raises:
            ManifestError: missing, or of another type.
        """
        if key not in self.values:
            raise self.refuse(None, f"{key} is missing")
        return self.convert(key, form)

    def convert(self, key: str, form: object) -> object:
        """As `take`, for a key that is known to stand here."""
        try:
            return msgspec.convert(self.values[key], form)
        except msgspec.ValidationError as error:
            found = _ITEM.match(str(error))
            what, steps = (found["what"], found["steps"] or "") if found else ("wrong type", "")
            inner = (int(item) if item else name for item, name in _STEP.findall(steps))
            path = (*self.path, key, *inner)
            raise self.document.refuse(path, what.replace("`", "").lower()) from None

    def text(self, key: str) -> str:
        """A text that says something.

        Raises:
            ManifestError: missing, no text, or blank.
        """
        value = self.take(key, str)
        if not isinstance(value, str) or not value.strip():
            raise self.refuse(key, "is empty")
        return value

    def table(self, key: str) -> Table:
        """A table within; an empty one where the key does not stand.

        Raises:
            ManifestError: the value is no table.
        """
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            raise self.refuse(key, "expected a table")
        return Table(self.document, (*self.path, key), value)

    def tables(self) -> Iterator[tuple[str, Table]]:
        """Every table within, by name; a value that is none is refused."""
        for key in self.values:
            yield key, self.table(key)

    def repeated(self, key: str) -> Iterator[Table]:
        """The tables of ``[[key]]``.

        Raises:
            ManifestError: it is no list of tables.
        """
        items = self.values.get(key, [])
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise self.refuse(key, f"expected tables, each written as [[{key}]]")
        for position, item in enumerate(items):
            yield Table(self.document, (*self.path, key, position), item)


def open_document(file: File) -> Table:
    """Read a manifest's outermost table: ``[tool.disjoint]`` in a pyproject.toml.

    Raises:
        ManifestError: unreadable, too large, no TOML, or no such table.
    """
    shown = str(file)
    text = read_text(file, str(file), ManifestError).text
    spots = _locate(text, shown)
    values = _parse(text, shown)
    top = Table(Document(shown, spots), (), values)
    if file.name != PYPROJECT:
        return top
    for key in _WITHIN:
        if key not in top.values:
            raise ManifestError(f"{shown}:1:1: there is no [tool.disjoint] in this file")
        top = top.table(key)
    return top


def nearest(word: str, valid: Iterable[str]) -> str:
    """``; did you mean "url"?``, or what there is to choose from."""
    choices = tuple(dict.fromkeys(valid))
    folded = {choice.casefold(): choice for choice in choices}
    if close := difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6):
        return f'; did you mean "{folded[close[0]]}"?'
    return f"; expected one of: {', '.join(choices)}" if 0 < len(choices) <= 12 else ""


def spell(path: Path) -> str:
    """The dotted key as people write it; nothing in it can move a terminal's cursor."""
    words = (f"[{part}]" if isinstance(part, int) else f".{_plain(part)}" for part in path)
    return "".join(words).lstrip(".")


def _plain(key: str) -> str:
    return key if re.fullmatch(r"[\w-]{1,64}", key) else ascii(key[:64])


def _locate(text: str, shown: str) -> Mapping[Path, Spot]:
    # Before tomllib: it takes quadratic time over deep keys, and names another place for a key twice.
    try:
        return locate(text)
    except Misplaced as error:
        line, column = error.spot
        raise ManifestError(f"{shown}:{line}:{column}: {spell(error.path)}: {error.what}") from None


def _parse(text: str, shown: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what = str(error)
        found = _PLACE.search(what)
        line, column = (found[1], found[2]) if found and found[1] else _end(text)
        what = _PLACE.sub("", what)
        raise ManifestError(f"{shown}:{line}:{column}: {what[:1].lower()}{what[1:]}") from None
    except RecursionError:
        raise ManifestError(f"{shown}:1:1: nests too deeply") from None


def _end(text: str) -> tuple[str, str]:
    return str(text.count("\n") + 1), str(len(text) - text.rfind("\n"))
