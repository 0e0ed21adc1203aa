"""Tables and columns as the catalogue and the statistics have them; never one of their values. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NamedTuple

from disjoint.model.census import Gap, Left, Place

TEXTS = frozenset(
    {"text", "varchar", "bpchar", "citext", "name", "uuid", "bytea", "json", "jsonb", "xml"}
    # an array is compared as a whole
    | {"_text", "_varchar", "_bpchar", "_citext", "_name", "_uuid", "_bytea", "_json", "_jsonb", "_xml"}
)
"""Types of which one value may be somebody's."""
CONTENTS = TEXTS | {"numeric", "float4", "float8", "int4", "int8", "date", "timestamp", "timestamptz"}
"""Types that, several together, may be."""
NARROW, WIDE = 8, 1_500
"""Octets on average: shorter values are nobody's own, longer ones may lie beside their table (TOAST, which
takes what makes a row longer than about 2,000 octets)."""


class Column(NamedTuple):
    """A column as the catalogue and the statistics have it; never one of its values."""

    name: str
    type: str
    """Its base type's name; ``other`` where it is none of PostgreSQL's own."""
    readable: bool = True
    generated: bool = False
    sequence: bool = False
    """Identity, or a sequence's next number by default."""
    primary: bool = False
    unique: bool = False
    foreign: bool = False
    nulls: float | None = None
    """Share of NULLs; None where no statistics are shown."""
    distinct: float | None = None
    """Values that differ: a count, or minus their share of all rows, as pg_stats has it."""
    width: int | None = None
    shaped: float | None = None
    """Share of the values looked at that have a form which nobody counts up to: an address, a token, a
    random UUID; None where none was looked at."""
    virtual: bool = False
    """Generated, and stored nowhere."""
    uncounted: bool = False
    """Its first rows were to be looked at, and could not be."""
    filled: bool = False
    """Whether the server vouches for a value in every row: declared so, and looked through."""


class Table(NamedTuple):
    """A relation of a user's schema."""

    oid: int
    schema: str
    name: str
    kind: str
    """`pg_class.relkind`."""
    rows: float
    """About; below zero where it was never counted."""
    pages: int
    columns: tuple[Column, ...]
    usable: bool = True
    """Its schema may be used."""
    readable: bool = True
    secured: bool = False
    """Row-level security hides rows from this role."""
    populated: bool = True
    extension: str = ""
    """Whose member it is."""

    root: str = ""
    """The partitioned table that it is a part of, with its schema."""
    changed: float = 0.0
    """Rows that were written since its statistics were made."""
    beside: int = 0
    """Octets of its values that lie beside it (TOAST)."""

    @property
    def named(self) -> str:
        """As people write it."""
        return f"{self.schema}.{self.name}"

    def is_called(self, name: str) -> bool:
        """Whether a declared name, a bare one in ``public``, is its own or its partitioned table's."""
        return (name if "." in name else f"public.{name}") in {self.named, self.root}

    def is_among(self, column: Column, names: Collection[str]) -> bool:
        """Whether a column of it is one of the declared ones."""
        mine = {f"{table}.{column.name}" for table in (self.named, self.root)}
        return any(full_column(name) in mine for name in names)

    def holds(self, name: str) -> bool:
        """Whether a declared column would be one of its own."""
        return full_column(name).startswith((f"{self.named}.", f"{self.root or self.named}."))


def quoted(name: str) -> str:
    """An identifier as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


def grant(table: Table, column: Column) -> str:
    """What lets one column be read."""
    return f"GRANT SELECT ({quoted(column.name)}) ON {quoted(table.schema)}.{quoted(table.name)} TO role;"


def full_column(name: str) -> str:
    """A column's declared name with its schema; a bare table's is ``public``."""
    return name if name.count(".") > 1 else f"public.{name}"


def values(table: Table, column: Column) -> float:
    """About how many there are, NULLs aside."""
    return max(table.rows, 0.0) * (1 - (column.nulls or 0))


def distinct(table: Table, column: Column) -> float:
    """About how many of them differ."""
    if column.unique:
        return values(table, column)
    found = column.distinct
    if found is None:
        return 0.0
    return found if found >= 0 else -found * max(table.rows, 0.0)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the declaration says, and which side it is."""

    protected: bool
    """Production: its columns are what is looked for."""
    columns: tuple[str, ...] | None = None
    reference: tuple[str, ...] = ()
    may_share: tuple[str, ...] = ()
    rows_at_most: int = 200_000_000
    sparing: bool = True
    """What lies beside a table is not read: this server must not feel it."""


class Chosen(NamedTuple):
    """A place, and what it is made of."""

    place: Place
    table: Table
    columns: tuple[Column, ...]


@dataclass(slots=True)
class Choice:
    """What is read of a side, what cannot be, and what is left."""

    chosen: list[Chosen] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    """Those that may be read."""
