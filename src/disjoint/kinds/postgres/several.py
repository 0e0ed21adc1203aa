"""Several columns of a row as one place: where none alone is somebody's. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable

from disjoint.model.census import Left, Place, Survey

from .tables import CONTENTS, WIDE, Choice, Chosen, Column, Table, Wish, distinct

STAMPS = ("created", "updated", "modified", "inserted", "deleted", "changed")
"""How names of columns begin that say when a row was written, and nothing of what is in it."""
ACCIDENT = 0.001
"""How many accidental hits of several columns together are tolerated."""


def combined(table: Table, wish: Wish) -> Chosen | None:
    """Several columns of a row as one place, where together they are one row's."""
    columns = tuple(sorted(c for c in table.columns if _content(c) and not table.is_among(c, wish.may_share)))
    if len(columns) < 2 or not all(column.readable for column in columns):
        return None
    if any((column.width or 0) > WIDE for column in columns) and wish.sparing:
        return None
    rows = max(table.rows, 0.0)
    if wish.protected and rows * rows > ACCIDENT * _combinations(table, columns):
        return None
    return _together(table, columns)


def aligned(choice: Choice, theirs: Survey, wish: Wish) -> Choice:
    """Keep what the other side has as well; in staging, build what production names and a key hid here."""
    names = {place.name for place in theirs.places}
    missing = sorted(names - {chosen.place.name for chosen in choice.chosen}) if not wish.protected else []
    built = [found for name in missing if (found := _built(name, choice.tables)) is not None]
    kept = [chosen for chosen in choice.chosen if len(chosen.columns) == 1 or chosen.place.name in names]
    gone = [chosen for chosen in choice.chosen if chosen not in kept] if wish.protected else []
    left = [Left(chosen.place.name, "its columns differ on the other side") for chosen in gone]
    return Choice([*kept, *built], choice.gaps, [*choice.left, *left], choice.tables)


def _built(name: str, tables: Iterable[Table]) -> Chosen | None:
    for table in tables:
        columns = tuple(
            columns[listed]
            for columns in [{c.name: c for c in table.columns if c.readable and c.type in CONTENTS}]
            for listed in name[len(table.named) + 2 : -1].split(", ")
            if listed in columns
        )
        if len(columns) > 1 and _name(table, columns) == name:
            return _together(table, columns)
    return None


def _together(table: Table, columns: tuple[Column, ...]) -> Chosen:
    why = "several columns of a row together are its own"
    place = Place(_name(table, columns), round(max(table.rows, 0)), True, why, table.named)
    return Chosen(place, table, columns)


def _name(table: Table, columns: Iterable[Column]) -> str:
    """``public.orders (note, total)``."""
    return f"{table.named} ({', '.join(column.name for column in columns)})"


def _combinations(table: Table, columns: Iterable[Column]) -> float:
    return math.prod(max(1.0, distinct(table, column)) for column in columns)


def _content(column: Column) -> bool:
    """By what the schema says alone, so that both sides choose alike."""
    stamp = column.name.lower().startswith(STAMPS) and column.type in {"date", "timestamp", "timestamptz"}
    key = column.primary or column.foreign or column.sequence
    number = column.type in {"int4", "int8"} and column.name.lower().endswith("id")
    return column.type in CONTENTS and not (column.generated or key or stamp or number)
