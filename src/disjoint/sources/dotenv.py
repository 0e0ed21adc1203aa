"""Read a dotenv file as its loaders do, and say where each value stands."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from disjoint.errors import SourceError
from disjoint.files import read_text
from disjoint.model.environment import Environment, Variable

from .references import Resolver, Written, unbraced

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*\Z")
_LINE_END = re.compile(r"\r\n|\n|\r")
_UNQUOTED = "a quote left open, or text after a closing one?"
_SEVERAL = "a value of several lines needs quotes"
_BLANKS = re.compile(r"[^\S\r\n]{1024}")


@dataclass(slots=True)
class _Reading:
    """What has been read of one file so far."""

    shown: str
    written: dict[str, Written] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def warn(self, line: int, what: str) -> None:
        self.warnings.append(f"{self.shown}:{line}: {what}")


def read_dotenv(
    path: Path,
    *,
    name: str,
    protected: bool = False,
    reach_at: Mapping[str, str] | None = None,
    shown: str | None = None,
) -> Environment:
    """Read the variables of a dotenv file, by python-dotenv's own parser.

    Its interpolation stays off: it destroys platform references and fills in even
    single-quoted values. ``${NAME}`` and ``${NAME:-default}`` are resolved here, inside
    the file alone: this machine's variables say nothing about another environment.

    Args:
        path: the file.
        name: what the environment is called.
        protected: True for production.
        reach_at: see `Environment.reach_at`.
        shown: the path as people wrote it.

    Raises:
        SourceError: with file and line, never a value.
    """
    file = read_text(path, shown or str(path), SourceError)
    reading = _Reading(shown or str(path))
    _check_blanks(file.text, reading.shown)
    for binding in _bindings(file.text):
        _take(binding, reading)
    _warn_unbraced(reading)
    if protected and file.readable_by_all:
        reading.warnings.append(f"{reading.shown}: every user of this machine may read it: chmod 600")
    return Environment(
        name, protected, _variables(reading), reading.shown, reach_at or {}, tuple(reading.warnings)
    )


def _bindings(text: str) -> Iterator[Binding]:
    return parse_stream(io.StringIO(text, newline=""))


def _take(binding: Binding, reading: _Reading) -> None:
    line = _line(binding)
    if binding.error:
        raise SourceError(
            f"{reading.shown}:{line}: is not NAME=value ({_elsewhere(reading.shown) or _UNQUOTED})"
        )
    if binding.key is None:
        return  # a comment, or blank lines at the end
    # Neither refusal quotes the line: it may be a piece of a secret that was broken in two.
    if not _NAME.match(binding.key):
        raise SourceError(
            f"{reading.shown}:{line}: does not begin with a variable's name"
            f" ({_elsewhere(reading.shown) or _SEVERAL})"
        )
    if binding.value is None:
        reading.warn(line, f"a name without '=' sets nothing ({_SEVERAL})")
        return
    if earlier := reading.written.get(binding.key):
        reading.warn(line, f"{binding.key} is set again; the value of line {earlier.line} counts for nothing")
    reading.written[binding.key] = Written(binding.value, line, _single_quoted(binding))


def _elsewhere(shown: str) -> str:
    """What to do about a platform's own file of settings."""
    if not shown.lower().endswith((".yaml", ".yml", ".toml", ".json", ".tf")):
        return ""
    return "only dotenv files are read; docs/manifest.md says how variables of a platform become one"


def _line(binding: Binding) -> int:
    """The binding's own line: the parser counts the blank lines before it as part of it."""
    text = binding.original.string
    blank = text[: len(text) - len(text.lstrip())]
    return binding.original.line + len(_LINE_END.findall(blank))


def _single_quoted(binding: Binding) -> bool:
    return binding.original.string.partition("=")[2].lstrip().startswith("'")


def _check_blanks(text: str, shown: str) -> None:
    """The parser takes quadratic time over a run of blanks inside a value."""
    if found := _BLANKS.search(text):
        line = len(_LINE_END.findall(text, 0, found.start())) + 1
        raise SourceError(f"{shown}:{line}: holds more than 1000 blanks in a row")


def _warn_unbraced(reading: _Reading) -> None:
    for name, written in reading.written.items():
        if written.literal:
            continue
        for other in sorted(unbraced(written.text) & reading.written.keys()):
            reading.warn(
                written.line, f"${other} in {name} is taken as text; a reference is written ${{{other}}}"
            )


def _variables(reading: _Reading) -> Mapping[str, Variable]:
    resolver = Resolver(reading.written, reading.shown)
    return {
        name: Variable(name, resolver.value(name), f"{reading.shown}:{written.line}")
        for name, written in reading.written.items()
    }
