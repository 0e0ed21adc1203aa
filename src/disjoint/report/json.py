"""The proof for programs, and the schema that says what they may rely on."""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec

from disjoint.errors import UsageError

from .inert import inert
from .parts import Report


def render(report: Report, *, ascii_only: bool) -> str:
    """The report as indented JSON, ending in a newline; `ascii_only` escapes every other letter."""
    if ascii_only:
        return json.dumps(msgspec.to_builtins(report), indent=2) + "\n"
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"


def read(text: str | bytes) -> Report:
    """Decode a report strictly.

    Raises:
        msgspec.ValidationError: the text is no report of this version.
    """
    return msgspec.json.decode(text, type=Report)


def read_ours(text: str) -> Report:
    """Decode a report that somebody else may have written: nothing in it may do what ours never do.

    Raises:
        UsageError: it is none, or holds text that would not be shown as it is.
    """
    try:
        found = read(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise UsageError("no report that `disjoint verify --format json` writes") from None
    if not all(map(_is_inert, _texts(msgspec.to_builtins(found)))):
        raise UsageError("no report of ours: it holds letters that would not be shown as they are")
    return found


def _texts(part: object) -> Iterator[str]:
    match part:
        case str():
            yield part
        case dict():
            yield from part
            for value in part.values():
                yield from _texts(value)
        case list() | tuple():
            for value in part:
                yield from _texts(value)
        case _:
            pass


def _is_inert(text: str) -> bool:
    """Whether it was escaped; what escapes are made of is left out, for it would be escaped once more."""
    plain = text.replace("\\", "x")
    return inert(plain) == plain


def schema() -> str:
    """The JSON Schema of a report, made of the types that encode it."""
    made = msgspec.json.schema(Report)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "disjoint report"}
    return json.dumps(head | made, indent=2) + "\n"
