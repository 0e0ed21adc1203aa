"""What still tells of a row whose address was masked: its name, its street and its day of birth, together."""

from __future__ import annotations

from collections.abc import Iterator

from psycopg import sql

from .catalogue import first_rows
from .columns import is_unknown, is_wide
from .digesting import SEED, text_of, value
from .session import Session
from .several import contents, together
from .tables import TEXTS, Choice, Chosen, Column, Table, Wish

ONCE = 0.99
"""Of the first rows, how many must differ: towns and their codes go together in everybody's database."""


def remaining(opened: Session, choice: Choice, wish: Wish) -> Iterator[Chosen]:
    """Of each table of which one column tells, the others as one place, where together they are a row's."""
    telling: dict[int, list[Chosen]] = {}
    for each in choice.chosen:
        if each.place.identifying:
            telling.setdefault(each.table.oid, []).append(each)
    for own in telling.values():
        if not any(each.place.group and len(each.columns) == 1 for each in own):
            continue
        table = own[0].table
        columns = rest_of(table, {column.name for each in own for column in each.columns}, wish)
        found = together(table, columns, wish) if len(columns) > 1 else None
        if found is not None and _hardly_repeat(opened, table, columns):
            yield found


def rest_of(table: Table, own: set[str], wish: Wish) -> tuple[Column, ...]:
    """What says something of a row beside its identifying columns, and is left as it is by using staging."""
    return tuple(
        c
        for c in contents(table, wish)
        if c.name not in own and c.type in TEXTS | {"date"} and c.readable and not _is_hidden(c, wish)
    )


def _is_hidden(column: Column, wish: Wish) -> bool:
    return is_unknown(column) or is_wide(column, wish)


def _hardly_repeat(opened: Session, table: Table, columns: tuple[Column, ...]) -> bool:
    """Statistics count each column alone; whether they go together only rows say."""
    distinct = sql.SQL(
        'count({0}), count(DISTINCT pg_catalog.hashtextextended({0} COLLATE "C", {1}))'
    ).format(value(0), sql.Literal(SEED))
    text = sql.SQL("{} AS {}").format(text_of(columns, fold=False), value(0))
    numbers = first_rows(opened, table, [distinct], [text])
    return numbers is not None and numbers[2] >= ONCE * numbers[1] > 0
