"""Resolve ``${NAME}`` inside one file; what only a platform resolves stays unresolved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.secret import Secret

DEPTH = 32
"""How many references may lead to one another."""
LENGTH = 1 << 17
"""Characters that a value may grow to: Linux allows a variable 128 KiB."""
TOTAL = 1 << 23
"""Characters that all values of a file may grow to by references."""

_PLATFORM = re.compile(r"\$\{\{[^{}]*\}\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_BRACE = re.compile(r"\$\{|\}")
_BARE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")


@dataclass(frozen=True, slots=True)
class Written:
    """One value as the file writes it."""

    text: str = field(repr=False)
    line: int
    literal: bool
    """Single-quoted: references in it are text."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One ``${NAME}`` or ``${NAME:-default}`` in a value."""

    name: str
    default: str | None = field(repr=False)


@dataclass(slots=True)
class Resolver:
    """Resolves the values of one file, each once.

    Where dotenv loaders disagree about a value (an empty variable with a default, a
    variable that refers to itself), it is unknown: we cannot know which one the
    application uses.
    """

    written: Mapping[str, Written]
    source: str
    _done: dict[str, Fact[Secret]] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)
    _grown: int = 0

    def value(self, name: str) -> Fact[Secret]:
        """The variable's value with every reference followed."""
        if name in self._done:
            return self._done[name]
        if name in self._open:
            return Unknown(f"{name} refers to itself", f"write the value of {name} out in {self.source}")
        if len(self._open) >= DEPTH:
            return Unknown(f"more than {DEPTH} references lead to one another", "write the value out")
        self._open.append(name)
        found = self._fill(self.written[name])
        self._open.pop()
        # A cycle makes every variable on it unknown; only what is settled may be kept.
        if isinstance(found, Known) or not self._open:
            self._done[name] = found
        return found

    def _fill(self, written: Written) -> Fact[Secret]:
        if platform := _PLATFORM.search(written.text):
            return Unknown(
                f"{platform[0]} is a platform reference that only the platform resolves",
                "run inside that environment, or write the resolved value into the file",
            )
        return Known(Secret(written.text)) if written.literal else self._expand(written.text)

    def _expand(self, text: str) -> Fact[Secret]:
        parts: list[str] = []
        for piece in split(text):
            match self._piece(piece):
                case Unknown() as unknown:
                    return unknown
                case Known(secret):
                    parts.append(secret.reveal())
        length = sum(map(len, parts))
        self._grown += length
        if length > LENGTH or self._grown > TOTAL:
            return Unknown("references make the values longer than any environment takes")
        return Known(Secret("".join(parts)))

    def _piece(self, piece: str | Reference | Unknown) -> Fact[Secret]:
        match piece:
            case Unknown():
                return piece
            case str():
                return Known(Secret(piece))
            case Reference(name, None) if name not in self.written:
                return Unknown(f"it refers to {name}, which is not set in {self.source}", f"set {name} there")
            case Reference(name, str(default)) if name not in self.written:
                return self._expand(default)
            case Reference(name, default):
                return self._with_default(name, default, self.value(name))

    def _with_default(self, name: str, default: str | None, found: Fact[Secret]) -> Fact[Secret]:
        if default and isinstance(found, Known) and not found.value:
            return Unknown(
                f"{name} is empty, and loaders disagree whether its default then counts",
                f"give {name} a value in {self.source}, or remove it",
            )
        return found


def split(text: str) -> tuple[str | Reference | Unknown, ...]:
    """Cut a value into text, references, and what no rule of ours covers."""
    pieces: list[str | Reference | Unknown] = []
    at = 0
    while (start := text.find("${", at)) >= 0:
        end = _closing(text, start + 2)
        if end < 0 and "}" in text[start:]:
            return (_odd(),)
        if end < 0:
            break  # without its brace it is text, for every loader
        pieces += [text[at:start], _reference(text[start + 2 : end])]
        at = end + 1
    return (*pieces, text[at:])


def unbraced(text: str) -> frozenset[str]:
    """The names that a shell would fill in and python-dotenv does not: ``$NAME``."""
    return frozenset(_BARE.findall(text))


def _closing(text: str, at: int) -> int:
    """Where the brace that was opened just before `at` closes; -1 if nowhere."""
    depth = 1
    for found in _BRACE.finditer(text, at):
        depth += 1 if found[0] == "${" else -1
        if not depth:
            return found.start()
        if depth > DEPTH:
            break
    return -1


def _reference(inside: str) -> Reference | Unknown:
    name, colon, default = inside.partition(":-")
    if not _NAME.match(name):
        return _odd()
    return Reference(name, default if colon else None)


def _odd() -> Unknown:
    return Unknown(
        "it holds a ${…} that is not ${NAME} or ${NAME:-default}",
        "write the value out, or in single quotes if it is meant as text",
    )
