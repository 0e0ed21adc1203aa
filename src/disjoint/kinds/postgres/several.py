"""Several columns of a row as one place: where none alone is somebody's. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from disjoint.model.census import Gap, Left, Place, Survey

from .tables import CONTENTS, WIDE, Choice, Chosen, Column, Table, Wish, distinct, grant

STAMPS = ("created", "updated", "modified", "inserted", "deleted", "changed")
"""How names of columns begin that say when a row was written, and nothing of what is in it."""
ACCIDENT, CHANCE = 0.001, 0.1
"""How many accidental hits of several columns together are tolerated: as a leak, and as an open question."""
SEEDED = 1_000
"""Rows, fewer of which may be countries, plans or flags that every fresh database holds."""


def combined(table: Table, wish: Wish) -> Chosen | None:
    """Several columns of a row as one place, where together they are one row's."""
    columns = contents(table, wish)
    if len(columns) < 2 or not all(column.readable for column in columns):
        return None
    if any((column.width or 0) > WIDE for column in columns) and wish.sparing:
        return None
    return together(table, columns, wish)


def together(table: Table, columns: tuple[Column, ...], wish: Wish) -> Chosen | None:
    """So many columns as one place; None where too many rows of production's would meet by accident."""
    rows = max(table.rows, 0.0)
    accidents = rows * rows / _combinations(table, columns)
    if wish.protected and accidents > CHANCE:
        return None
    return _together(table, columns, sure=not wish.protected or (accidents <= ACCIDENT and rows >= SEEDED))


def contents(table: Table, wish: Wish) -> tuple[Column, ...]:
    """Its columns that say something of what a row is about."""
    return tuple(sorted(c for c in table.columns if _content(c) and not table.is_among(c, wish.may_share)))


def aligned(choice: Choice, theirs: Survey, wish: Wish) -> Choice:
    """Keep what the other side has as well; in staging, build what production names and a key hid here."""
    lists = {_listed(place) for place in theirs.places} - {()}
    mine = {(chosen.table.oid, _listed(chosen.place)) for chosen in choice.chosen}
    wanted = (
        [] if wish.protected else [(t, n) for t, n in _wanted(choice.tables, lists) if (t.oid, n) not in mine]
    )
    built = [found for t, names in wanted if (found := _built(t, names)) is not None]
    kept: list[Chosen] = []
    gone: list[Chosen] = []
    for chosen in choice.chosen:
        there = len(chosen.columns) == 1 or _listed(chosen.place) in lists
        (kept if there else gone).append(chosen)
    gaps = dict.fromkeys(gap for table, names in wanted for gap in _withheld(table, names))
    aligned = Choice([*kept, *built], [*choice.gaps, *gaps], [*choice.left], choice.tables)
    if wish.protected:
        _miss(gone, aligned, theirs)
    else:
        _leave(choice, aligned)
    return aligned


def _wanted(
    tables: Iterable[Table], lists: Iterable[tuple[str, ...]]
) -> Iterator[tuple[Table, tuple[str, ...]]]:
    """Which tables have all the columns of which list, readable or not."""
    holding: dict[str, list[Table]] = {}
    for table in tables:
        for column in table.columns:
            holding.setdefault(column.name, []).append(table)
    for names in sorted(lists):
        rarest = min((holding.get(name, []) for name in names), key=len)
        yield from ((table, names) for table in rarest)


def _leave(choice: Choice, kept: Choice) -> None:
    """In staging: tables of which nothing is compared after all."""
    told = {chosen.table.oid for chosen in kept.chosen}
    untold = {chosen.table.named for chosen in choice.chosen if chosen.table.oid not in told}
    kept.left.extend(Left(name, NOTHING) for name in sorted(untold))


NOTHING = "no column of it can be compared"
_DIFFER = "its columns differ on the other side"
_NOT_THERE = "the other side has no such columns, or did not digest them together"
_ALIKE = "migrate both sides alike, or state the table under reference, to leave it out"


def _miss(gone: Iterable[Chosen], kept: Choice, theirs: Survey) -> None:
    """What production has alone: an open question where the other side's table may hold just those rows."""
    told = {each.table.oid for each in kept.chosen if each.place.identifying and each.place.group}
    there = _tables_of(theirs)
    for chosen in gone:
        if chosen.table.oid in told:
            kept.left.append(Left(chosen.place.name, _NOT_THERE))
        elif _bare(chosen.table.named) not in there:
            kept.left.append(Left(chosen.place.name, _DIFFER))
        else:
            kept.gaps.append(Gap(chosen.place.name, f"{_DIFFER}, and nothing else tells of its rows", _ALIKE))


def _tables_of(theirs: Survey) -> frozenset[str]:
    """What its tables are called, those aside of which it cannot read anything."""
    left = (left.place.partition(" (")[0] for left in theirs.left)
    return frozenset(map(_bare, (*left, *(place.group for place in theirs.places))))


def _bare(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _withheld(table: Table, names: tuple[str, ...]) -> Iterator[Gap]:
    """Columns that would make what production names, were they readable."""
    own = {column.name: column for column in table.columns if column.type in CONTENTS}
    for name in names if own.keys() >= {*names} else ():
        if not own[name].readable:
            yield Gap(f"{table.named}.{name}", "permission denied for the column", grant(table, own[name]))


def _listed(place: Place) -> tuple[str, ...]:
    """The columns of several together, whatever their table is called; none of one alone."""
    rest = place.name.removeprefix(place.group)
    return tuple(rest[2:-1].split(", ")) if place.group and rest.startswith(" (") else ()


def _built(table: Table, names: tuple[str, ...]) -> Chosen | None:
    own = {c.name: c for c in table.columns if c.readable and c.type in CONTENTS}
    return _together(table, tuple(own[n] for n in names)) if own.keys() >= {*names} else None


def _together(table: Table, columns: tuple[Column, ...], *, sure: bool = True) -> Chosen:
    why = "several columns of a row together are its own"
    place = Place(_name(table, columns), round(max(table.rows, 0)), sure, why, table.named)
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
