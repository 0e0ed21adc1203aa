"""The proof for programs, and the schema that says what they may rely on."""

from __future__ import annotations

import json

import msgspec

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


def schema() -> str:
    """The JSON Schema of a report, made of the types that encode it."""
    made = msgspec.json.schema(Report)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "disjoint report"}
    return json.dumps(head | made, indent=2) + "\n"
