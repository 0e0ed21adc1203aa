"""What still tells of a row whose address was masked: its name, its street and its day of birth, together."""

from __future__ import annotations

from collections.abc import Iterator

from .agreeing import ONCE, seen_in, weighed
from .columns import is_unknown, is_wide
from .session import Session
from .several import contents, together
from .tables import TEXTS, Choice, Chosen, Column, Table, Wish


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
        seen = None if found is None else seen_in(opened, found)
        if found is not None and seen is not None and seen.differing >= ONCE:
            yield weighed(found, seen) if found.place.identifying else found


def rest_of(table: Table, own: set[str], wish: Wish) -> tuple[Column, ...]:
    """What says something of a row beside its identifying columns, and is left as it is by using staging."""
    return tuple(
        c
        for c in contents(table, wish)
        if c.name not in own and c.type in TEXTS | {"date"} and c.readable and not _is_hidden(c, wish)
    )


def _is_hidden(column: Column, wish: Wish) -> bool:
    return is_unknown(column) or is_wide(column, wish)
