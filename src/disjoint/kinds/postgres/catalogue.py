"""What tables a database has, by one visit to its catalogue, and a look where it has no statistics."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, LiteralString, NamedTuple

from psycopg import sql

from disjoint.model.census import Header, Method
from disjoint.model.probe import ProbeError

from . import queries
from .digesting import HASH_ANSWER, SEED, known, text_of, value
from .session import Session, StatementError
from .tables import CONTENTS, TEXTS, WIDE, Column, Table
from .ways import Server, rows_of

MOST_RELATIONS, MOST_COLUMNS = 20_000, 200_000
OLDEST = 120_000
LOOKED = 10_000
"""Rows of `queries.LOOK`."""
MOST_LOOKED_AT = 100
"""Columns of one look: a server gives 1,664 numbers at most, of which each column takes three, and works on
them as their square."""
FEW = 100
"""Values among them that say nothing of those behind them."""
OUTDATED = 0.5
"""Share of a table's rows that was written since, beyond which statistics tell of another table."""


def server_of(opened: Session) -> Server:
    """What the server says of itself.

    Raises:
        ProbeError: it is too old, or gone.
    """
    found = Server(*opened.ask(queries.SERVER)[0])
    if found.number < OLDEST:
        raise ProbeError(f"PostgreSQL {found.version} is too old for a census", "update to 12 or newer")
    return found


def is_masked(opened: Session) -> bool:
    """Whether an extension shows this role other values than are stored, by the label that it goes by."""
    return int(opened.ask(queries.MASKED)[0][0]) > 0


def header_of(opened: Session, server: Server) -> Header:
    """How digests can be made here, each with its answer to what everybody knows."""
    answers = tuple((method.value, _known(opened, method)) for method in _methods(server))
    kept = tuple(Method(name) for name, told in answers if name != Method.HASH.value or told == HASH_ANSWER)
    return Header(kept, answers, f"PostgreSQL {server.version}, {server.encoding}")


def _methods(server: Server) -> tuple[Method, ...]:
    """In SQL_ASCII nobody knows what text an octet is."""
    match server.encoding:
        case "UTF8":
            return Method.HASH, Method.SHA256
        case "SQL_ASCII":
            return ()
        case _:
            return (Method.SHA256,)


def _known(opened: Session, method: Method) -> str:
    statement = sql.SQL(queries.KNOWN).format(*known(method))
    return (opened.fetch(statement, queries.KNOWN).get_value(0, 0) or b"").decode()


def tables_of(opened: Session) -> tuple[Table, ...]:
    """Every relation of a user's schema, readable or not, with its columns.

    Raises:
        ProbeError: there are too many, or the server is gone.
    """
    relations, columns = opened.ask(queries.RELATIONS), opened.ask(queries.COLUMNS)
    if len(relations) > MOST_RELATIONS or len(columns) > MOST_COLUMNS:
        why = f"more than {MOST_RELATIONS:,} tables or {MOST_COLUMNS:,} columns"
        raise ProbeError(why, "declare the columns to compare in databases of their own")
    held: dict[int, list[Column]] = {}
    for oid, *rest in columns:
        held.setdefault(oid, []).append(_column(*rest))
    return tuple(_table(row, tuple(held.get(row[0], ()))) for row in relations)


def _table(row: tuple[Any, ...], columns: tuple[Column, ...]) -> Table:
    oid, schema, named, kind, rows, pages, usable, readable, secured, populated, *rest = row
    extension, root, changed = rest
    return Table(
        oid, schema, named, kind, rows, pages, columns,
        usable, readable, secured, populated, extension or "", root or "", changed or 0.0,
    )  # fmt: skip


def _column(name: str, kind: str, readable: bool, generated: bool, sequence: bool, *rest: Any) -> Column:
    primary, unique, foreign, nulls, distinct, width, virtual, filled = rest
    return Column(
        name, kind, readable, generated, sequence, primary, unique, foreign, nulls, distinct, width,
        virtual=virtual, filled=filled,
    )  # fmt: skip


class Size(NamedTuple):
    """Octets of a table."""

    own: int
    beside: int
    """Of values that lie beside it (TOAST)."""


def sizes_of(opened: Session) -> dict[int, Size]:
    """What each table takes now; empty where one is locked, as by a migration."""
    try:
        return {
            int(oid): Size(int(own or 0), int(beside or 0)) for oid, own, beside in opened.ask(queries.SIZES)
        }
    except StatementError:
        return {}


def counted(tables: Sequence[Table], sizes: Mapping[int, Size], server: Server) -> Iterator[Table]:
    """The same tables, with about as many rows as they hold by now.

    Where that is not known statistics may be of other rows all the same, and values lie beside every table.
    """
    for table in tables:
        size = sizes.get(table.oid)
        if size is None:
            yield table._replace(columns=_current(table, max(table.rows, 0.0)), beside=1)
        else:
            now = float(rows_of(table, -(-size.own // server.block), server))
            yield table._replace(rows=now, columns=_current(table, now), beside=size.beside)


def _current(table: Table, now: float) -> tuple[Column, ...]:
    """Its columns, without statistics that were made of other rows than it holds by now."""
    if table.changed + abs(now - max(table.rows, 0.0)) <= OUTDATED * now:
        return table.columns
    return tuple(column._replace(nulls=None, distinct=None, width=None) for column in table.columns)


def widened(opened: Session, tables: Sequence[Table]) -> Iterator[Table]:
    """The same tables, with how wide the first rows' values are where some lie beside their table.

    ANALYZE counts such a value as the 18 octets that point to it.
    """
    for table in tables:
        asked = [c for c in table.columns if c.readable and c.type in TEXTS and not c.virtual]
        yield _sized(opened, table, asked) if table.beside and asked and _may_be_looked_at(table) else table


def looked(opened: Session, tables: Sequence[Table], *, sparing: bool) -> Iterator[Table]:
    """The same tables, with numbers of their first rows where no statistics are shown."""
    for table in tables:
        unknown = [
            c
            for c in table.columns
            if c.distinct is None and c.readable and c.type in CONTENTS and not _is_spared(c, sparing=sparing)
        ]
        yield _in_pieces(_measured, opened, table, unknown) if _may_be_looked_at(table) else table


def shaped(opened: Session, tables: Sequence[Table], *, sparing: bool) -> Iterator[Table]:
    """The same tables, with the share of values that have a telling form, where numbers alone tell little."""
    for table in tables:
        asked = [
            c
            for c in table.columns
            if c.readable and c.type in _SHAPEABLE and not (c.foreign or _is_spared(c, sparing=sparing))
        ]
        yield _in_pieces(_formed, opened, table, asked) if _may_be_looked_at(table) else table


def _in_pieces(
    look: Callable[[Session, Table, Sequence[Column]], Table],
    opened: Session,
    table: Table,
    asked: Sequence[Column],
) -> Table:
    for at in range(0, len(asked), MOST_LOOKED_AT):
        table = look(opened, table, asked[at : at + MOST_LOOKED_AT])
    return table


def _may_be_looked_at(table: Table) -> bool:
    readable = table.kind in "rm" and table.usable and not table.secured and table.populated
    return readable and not table.extension


def _is_spared(column: Column, *, sparing: bool) -> bool:
    """Whether a look at it would reach beside its table, or make it out of other columns."""
    return column.virtual or column.uncounted or (sparing and (column.width or 0) > WIDE)


def _sized(opened: Session, table: Table, asked: Sequence[Column]) -> Table:
    """By what is stored, which is told without being fetched."""
    measures = [sql.SQL(_STORED).format(value(n)) for n in range(len(asked))]
    own = [sql.SQL("{} AS {}").format(sql.Identifier(c.name), value(n)) for n, c in enumerate(asked)]
    numbers = first_rows(opened, table, measures, own)
    if numbers is None:
        return _not_counted(table, asked)
    widths = {c.name: max(width, c.width or 0) for c, width in zip(asked, numbers[1:], strict=True) if width}
    columns = tuple(c._replace(width=widths.get(c.name, c.width)) for c in table.columns)
    return table._replace(columns=columns)


_STORED: LiteralString = "avg(pg_catalog.pg_column_size({}))::int4"


def first_rows(
    opened: Session, table: Table, measures: Sequence[sql.Composed], columns: Sequence[sql.Composed]
) -> list[int] | None:
    """What a look at them measures, after their number; None where it was refused."""
    comma, name = sql.SQL(", "), sql.Identifier(table.schema, table.name)
    statement = sql.SQL(queries.LOOK).format(comma.join(measures), comma.join(columns), name)
    try:
        found = opened.fetch(statement, queries.LOOK)
    except StatementError:
        return None
    return [int.from_bytes(found.get_value(0, n) or b"", "big") for n in range(found.nfields)]


def _not_counted(table: Table, asked: Sequence[Column]) -> Table:
    names = {column.name for column in asked}
    columns = tuple(c._replace(uncounted=c.uncounted or c.name in names) for c in table.columns)
    return table._replace(columns=columns)


_SHAPEABLE = frozenset({"text", "varchar", "bpchar", "citext", "uuid"})


def _formed(opened: Session, table: Table, asked: Sequence[Column]) -> Table:
    comma = sql.SQL(", ")
    forms = (queries.SHAPED_UUID if c.type == "uuid" else queries.SHAPED for c in asked)
    measures = comma.join(_measure(form, n) for n, form in enumerate(forms))
    texts = [sql.SQL("{} AS {}").format(text_of((c,), fold=True), value(n)) for n, c in enumerate(asked)]
    name = sql.Identifier(table.schema, table.name)
    try:
        found = opened.fetch(
            sql.SQL(queries.SHAPES).format(measures, comma.join(texts), name), queries.SHAPES
        )
    except StatementError:
        return _not_counted(table, asked)
    numbers = [int.from_bytes(found.get_value(0, n) or b"", "big") for n in range(found.nfields)]
    shares = {c.name: numbers[2 * n] / filled for n, c in enumerate(asked) if (filled := numbers[2 * n + 1])}
    columns = tuple(c._replace(shaped=shares.get(c.name, c.shaped)) for c in table.columns)
    return table._replace(columns=columns)


@functools.cache
def _measure(form: LiteralString, number: int) -> sql.SQL:
    """Put together once: a thousand tables have forty thousand columns, and few numbers."""
    return sql.SQL(sql.SQL(form).format(value(number)).as_string())


def _measured(opened: Session, table: Table, unknown: Sequence[Column]) -> Table:
    measures = [
        sql.SQL(
            'count({0}), count(DISTINCT pg_catalog.hashtextextended({0} COLLATE "C", {1})), '
            "avg(pg_catalog.octet_length({0}))::int4"
        ).format(value(n), sql.Literal(SEED))
        for n in range(len(unknown))
    ]
    texts = [sql.SQL("{} AS {}").format(text_of((c,), fold=False), value(n)) for n, c in enumerate(unknown)]
    numbers = first_rows(opened, table, measures, texts)
    if numbers is None:
        return _not_counted(table, unknown)
    return _with_numbers(table, unknown, numbers)


def _with_numbers(table: Table, unknown: Sequence[Column], numbers: list[int]) -> Table:
    seen, measured = numbers[0], iter(numbers[1:])
    whole = seen < LOOKED
    rows = float(seen) if whole else max(table.rows, float(seen))
    fresh: dict[str, Column] = {}
    for column in unknown:
        filled, distinct, width = next(measured), next(measured), next(measured)
        if not whole and filled < FEW:  # what was added later stands behind: it may be full of values
            fresh[column.name] = column._replace(distinct=-1.0)
            continue
        share = distinct / seen if seen else 0.0
        fresh[column.name] = column._replace(
            nulls=1 - filled / seen if seen else 0.0,
            distinct=float(distinct) if whole else -share,
            width=width if filled else None,
        )
    columns = tuple(fresh.get(column.name, column) for column in table.columns)
    return table._replace(columns=columns, rows=rows)
