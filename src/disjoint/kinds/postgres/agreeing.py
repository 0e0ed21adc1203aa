"""Whether several columns of a row are free of each other: by how often its first rows agree in them.

Statistics count each column alone. A list that both sides have filled their table from (towns with their
codes, products, days) has as many different values in each, and no row in it is anybody's.
"""

from __future__ import annotations

import math
import secrets
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import LiteralString, NamedTuple

from psycopg import sql

from . import queries
from .columns import MANY
from .digesting import text_of, value
from .session import Session, StatementError
from .several import ACCIDENT
from .tables import Chosen, Column, Table, distinct

ONCE = 0.99
"""Of the first rows, how many must differ to be somebody's."""
TOLD = 10
"""Columns that are held against each other at most: fewer make more rows agree, and never fewer."""
AGREE = 20
"""Pairs of rows that agree in a column, below which nobody can say what else they agree in."""
_HALF = 8


class Seen(NamedTuple):
    """What the first rows of a table show."""

    differing: float
    """Share of them that differ from all others."""
    agreeing: float
    """Probability that two rows agree, as far as columns tell that repeat."""


def told_apart(opened: Session, chosen: Sequence[Chosen]) -> Iterator[tuple[int, Chosen]]:
    """Places of several columns, each by its number: they identify where rows show them to be free."""
    for at, each in enumerate(chosen):
        if len(each.columns) > 1 and each.place.identifying:
            yield at, weighed(each, seen_in(opened, each))


def weighed(chosen: Chosen, seen: Seen | None) -> Chosen:
    """Several columns as one place, which identifies where its rows are shown to be nobody else's.

    Either they repeat, and freely; or there are so many rows that differ as one column must have values.
    """
    rows = chosen.table.rows
    if seen is None:
        why = "its first rows could not be looked at"
    elif seen.differing < ONCE:
        why = "too many of its rows are alike"
    elif rows < MANY and seen.agreeing * rows * rows > ACCIDENT:
        why = "nothing shows that its rows are of no list which others have, too"
    else:
        return chosen
    why = f"several columns of a row together, not known to be its own: {why}"
    return chosen._replace(place=chosen.place._replace(identifying=False, why=why))


def seen_in(opened: Session, chosen: Chosen) -> Seen | None:
    """What the first rows show of a place of several columns; None where the look was refused.

    Of one that does not identify anyway its columns are not held against each other.
    """
    table, columns = chosen.table, chosen.columns
    told = _told(table, columns) if chosen.place.identifying else ()
    comma, seed = sql.SQL(", "), secrets.randbits(63)
    texts = [text_of(columns, fold=False), *(text_of((column,), fold=False) for column in told)]
    own = comma.join(sql.SQL("{} AS {}").format(text, value(n)) for n, text in enumerate(texts))
    digests = comma.join(sql.SQL(_DIGESTS).format(value(n), sql.Literal(seed)) for n in range(len(texts)))
    name = sql.Identifier(table.schema, table.name)
    try:
        found = opened.fetch(sql.SQL(queries.LOOK).format(digests, own, name), queries.LOOK)
    except StatementError:
        return None
    rows, *each = (_parted(found.get_value(0, n + 1) or b"") for n in range(len(texts)))
    return Seen(len({*rows}) / len(rows), agreeing(each)) if rows else Seen(0.0, 1.0)


_DIGESTS: LiteralString = (
    "pg_catalog.string_agg(pg_catalog.int8send(coalesce("
    "pg_catalog.hashtextextended({} COLLATE \"C\", {}), 0)), ''::bytea)"
)
"""Under a number that is drawn for one look, and forgotten with what came of it."""


def _told(table: Table, columns: Sequence[Column]) -> Sequence[Column]:
    """Those that tell most: of many values, and not of one for each row."""
    once = ONCE * max(table.rows, 0.0)
    return sorted(columns, key=lambda c: (distinct(table, c) >= once, -distinct(table, c)))[:TOLD]


def _parted(packed: bytes) -> list[bytes]:
    return [packed[at : at + _HALF] for at in range(0, len(packed), _HALF)]


def agreeing(columns: Sequence[Sequence[Hashable]]) -> float:
    """How probably two rows agree in all columns that tell, each as its nearest relative leaves it.

    A column in which hardly two rows agree is left out: it may go with any other, as a number does with
    everything that it numbers.
    """
    alike = [_pairs(column) for column in columns]
    told = sorted((n for n, pairs in enumerate(alike) if pairs >= AGREE), key=alike.__getitem__)
    every = math.comb(len(columns[0]), 2) if columns else 0
    probability = 1.0
    for at, own in enumerate(told):
        others = (
            _pairs(zip(columns[own], columns[other], strict=True)) / alike[other] for other in told[:at]
        )
        probability *= max([alike[own] / every, *others])
    return probability


def _pairs(values: Iterable[Hashable]) -> int:
    """Pairs of rows that have the same."""
    return sum(math.comb(times, 2) for times in Counter(values).values())
