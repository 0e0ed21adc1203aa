"""A Parquet column's values as octets: those of the text that PostgreSQL makes of the same value."""

from __future__ import annotations

import enum
import uuid
from collections.abc import Iterator
from typing import Any


class Form(enum.Enum):
    """What a column's values are."""

    TEXT = "text"
    OCTETS = "octets"
    UUID = "uuid"


def form_of(opened: Any, at: int) -> Form | str:
    """How a column becomes octets, or why it is not looked through."""
    import pyarrow as pa  # noqa: PLC0415  (an extra)

    field = opened.schema_arrow.field(at)
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    logical = _logical(opened, field.name)
    if logical == "UUID" or str(kind) == "extension<arrow.uuid>":
        return Form.UUID
    if logical in {"JSON", "BSON"}:
        return "documents alone are nobody's own"
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return Form.TEXT
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return Form.OCTETS
    if pa.types.is_nested(kind):
        return "lists and records are not looked into"
    return "numbers, dates and flags alone are nobody's own"


def _logical(opened: Any, name: str) -> str:
    for number in range(len(opened.schema)):
        column = opened.schema.column(number)
        if column.path == name:
            return str(column.logical_type.type)
    return ""


def octets_in(column: Any, form: Form) -> Iterator[bytes]:
    """Every value that is not NULL."""
    import pyarrow as pa  # noqa: PLC0415  (as above)

    plain = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
    stored = plain.storage if isinstance(plain, pa.ExtensionArray) else plain
    values = (value for value in stored.cast(pa.large_binary()).to_pylist() if value is not None)
    match form:
        case Form.TEXT:
            return values
        case Form.OCTETS:
            return (value.hex().encode() for value in values)
        case Form.UUID:
            return (str(uuid.UUID(bytes=value)).encode() for value in values)
