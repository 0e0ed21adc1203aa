"""Which columns a census reads, and why; which not, and why not. Pure.

Ids and timestamps look as unique as e-mail addresses and overlap fully between any two databases,
so that the statistics alone would accuse everybody: the type and the keys have a say first.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from disjoint.model.census import Gap, Left, Place

from .several import NOTHING, combined, contents
from .tables import (
    NARROW,
    TEXTS,
    WIDE,
    Choice,
    Chosen,
    Column,
    Table,
    Wish,
    distinct,
    full_column,
    grant,
    quoted,
    values,
)

OWN = 0.9
"""Distinct values among all, above which one of them is one row's own; and those of a telling form."""
MANY = 10_000
"""Fewer that differ may be names of settings, plans, migrations: what every database holds."""
SEVERAL = 1_000
"""Different values of a telling form, which may repeat: the addresses that orders were sent to."""
SOME = 20
"""Different values of a telling form among others: not to be passed over, and no proof of a leak."""
EMPTY = 0.99
SPARSE = 0.1
"""Share of NULLs above which a column says nothing of the rows without a value of it."""
_CHECKSUMS = frozenset({"hash", "checksum", "md5", "md5sum", "sha", "sha1", "sha256", "digest", "etag"})
"""What a column is called, or ends in, whose hex digits are of a content that both sides may have."""


def choose(tables: Sequence[Table], wish: Wish) -> Choice:
    """Every table in turn; a table or column that is not read is named with its reason."""
    choice = Choice()
    for table in tables:
        if (left := _left_out(table, wish)) is not None:
            choice.left.append(left)
        elif gaps := list(_barred(table, wish)):
            choice.gaps.extend(gaps)
        else:
            choice.tables.append(table)
    for table in choice.tables if wish.columns is None else ():
        _judge(table, wish, choice)
    if wish.columns is not None:
        _take_declared(tables, wish, choice)
    return choice


def _left_out(table: Table, wish: Wish) -> Left | None:
    why = {
        "v": "a view: what it shows stands in tables",
        "p": "its partitions are read",
        "f": "a foreign table: its rows stand on another server (postgres/foreign-link)",
    }.get(table.kind, "")
    if any(table.is_called(name) for name in wish.reference):
        why = "declared as reference: both sides may hold it"
    if not why and table.extension and not _is_wanted(table, wish):
        why = f"filled by the extension {table.extension}"
    if not why and not table.populated:
        why = "a materialized view that was never filled"
    return Left(table.named, why) if why else None


def _is_wanted(table: Table, wish: Wish) -> bool:
    """Of an extension's tables, which are alike wherever it is: one that is named, or may hold a copy."""
    if wish.columns is not None:
        return any(table.holds(name) for name in wish.columns)
    return not wish.protected and table.usable and table.readable and not table.secured


def _barred(table: Table, wish: Wish) -> Iterator[Gap]:
    """Why a whole table cannot be read."""
    if wish.columns is not None and not any(table.holds(name) for name in wish.columns):
        return
    if not table.usable:
        grant = f"GRANT USAGE ON SCHEMA {quoted(table.schema)} TO role; {_grant(table)}"
        yield Gap(table.named, "permission denied for its schema", grant)
    elif not table.readable and not any(column.readable for column in table.columns):
        yield Gap(table.named, "permission denied", _grant(table))
    elif table.secured:
        yield Gap(table.named, "row-level security would hide rows from this role", _BYPASS)
    elif wish.protected and table.rows > wish.rows_at_most:
        why = f"about {table.rows:,.0f} rows, more than rows_at_most = {wish.rows_at_most:,}"
        yield Gap(table.named, why, "state replica, or raise rows_at_most")


def _quoted_name(table: Table) -> str:
    return f"{quoted(table.schema)}.{quoted(table.name)}"


def _grant(table: Table) -> str:
    return f"GRANT SELECT ON {_quoted_name(table)} TO role;"


_BYPASS = "ALTER ROLE role BYPASSRLS; -- role = the user of this URL"


def _judge(table: Table, wish: Wish, choice: Choice) -> None:
    gaps, first = len(choice.gaps), len(choice.chosen)
    _judge_columns(table, wish, choice)
    telling = [chosen for chosen in choice.chosen[first:] if chosen.place.identifying]
    if table.rows != 0 and not telling:
        choice.gaps.extend(_beside(table, wish))
    if not (wish.protected and any(chosen.place.group for chosen in telling)):
        choice.gaps.extend(_uncombined(table, wish))
        if (several := combined(table, wish)) is not None:
            choice.chosen.append(several)
    if (len(choice.gaps), len(choice.chosen)) == (gaps, first):
        choice.left.append(Left(table.named, f"{NOTHING}{_of(table)}"))


def _judge_columns(table: Table, wish: Wish, choice: Choice) -> None:
    passed_over: dict[str, list[str]] = {}
    for column in table.columns:
        if why := _unfit(table, column, wish):
            passed_over.setdefault(why, []).append(column.name)
        elif (gap := _unseen(table, column, wish)) is not None:
            choice.gaps.append(gap)
        else:
            choice.chosen.append(_single(table, column, wish))
    for why, names in passed_over.items():
        choice.left.append(Left(f"{table.named} ({', '.join(names)})", why))


def _unseen(table: Table, column: Column, wish: Wish) -> Gap | None:
    """Why a column that should be read cannot be."""
    name = f"{table.named}.{column.name}"
    if not column.readable:
        return Gap(name, "permission denied for the column", grant(table, column))
    if wish.protected and is_unknown(column):
        return Gap(name, _UNCOUNTED, f"run again, or ANALYZE {_quoted_name(table)};")
    return None


def _uncombined(table: Table, wish: Wish) -> Iterator[Gap]:
    """What of production's would be compared together with others alone, and cannot be."""
    several = contents(table, wish) if wish.protected and table.rows != 0 else ()
    for column in several if len(several) > 1 else ():
        if column.type not in TEXTS and (gap := _unseen(table, column, wish)) is not None:
            yield gap


_UNCOUNTED = "it has no statistics, and its first rows could not be counted (a lock, or time was up)"


def _beside(table: Table, wish: Wish) -> Iterator[Gap]:
    """What would tell of a table that nothing else tells of, and is not read here."""
    for column in table.columns:
        stated = column.virtual or table.is_among(column, wish.may_share)
        if column.type in TEXTS and not stated and is_wide(column, wish):
            yield Gap(f"{table.named}.{column.name}", _BESIDE, _ELSEWHERE)


_BESIDE = f"more than {WIDE:,} octets on average: reading it would reach beside the table"
_ELSEWHERE = "state replica, where it may be read, or the table under reference, to leave it out"


def _of(table: Table) -> str:
    return f": about {table.rows:,.0f} rows" if table.rows >= 0 else ""


def _unfit(table: Table, column: Column, wish: Wish) -> str:
    """Why a column is not read; empty where it is."""
    if table.is_among(column, wish.may_share):
        return "declared as may_share: both sides may hold its values"
    if column.type not in TEXTS:
        return "neither text, UUID, octets nor document: one value alone is nobody's own"
    if column.virtual:
        return "made of other columns"
    if is_wide(column, wish):
        return _BESIDE
    return _unfit_there(table, column) if wish.protected else ""


def _unfit_there(table: Table, column: Column) -> str:
    """What is not looked for. In staging it is looked through all the same: a copy may have another name."""
    if column.foreign:
        return "refers to another table, which is read"
    if column.sequence:
        return "numbered by a sequence, as every database's"
    if (column.nulls or 0) > EMPTY:
        return "hardly ever filled"
    if column.width is not None and column.width < NARROW:
        return f"fewer than {NARROW} octets on average"
    if not is_unknown(column) and not own(table, column) and not telling(table, column):
        return "too few different values to say anything alone"
    return ""


def is_unknown(column: Column) -> bool:
    """Whether how many of its values differ is not known: that is no reason to leave it out."""
    return column.uncounted or (column.distinct is None and not column.unique)


def is_wide(column: Column, wish: Wish) -> bool:
    """Whether reading it would reach beside its table, on a server that must not feel it."""
    return wish.sparing and column.width is not None and column.width > WIDE


def own(table: Table, column: Column) -> bool:
    """Whether one value is one row's: by its form, or since so many hardly ever stand twice."""
    hardly_twice = column.unique or (
        column.distinct is not None and distinct(table, column) >= OWN * values(table, column)
    )
    if _is_formed(column):
        return hardly_twice or distinct(table, column) >= SEVERAL
    return hardly_twice and distinct(table, column) >= MANY


def _is_formed(column: Column) -> bool:
    """Whether its values have a form that nobody counts up to; a checksum is of what both may have."""
    if column.type == "uuid":
        return column.shaped is None or column.shaped >= OWN
    checksum = column.name.lower().rpartition("_")[2] in _CHECKSUMS
    return (column.shaped or 0.0) >= OWN and not checksum


def tells(column: Column) -> bool:
    """Whether a copied row brings it along: a key may be drawn anew, and most rows of some have none."""
    return not column.primary and (column.nulls or 0.0) <= SPARSE


def telling(table: Table, column: Column) -> bool:
    """Whether it has so many values, or some of such a form, that a shared one is worth a note."""
    found = distinct(table, column)
    return found >= min(MANY, values(table, column) / 2) or found * (column.shaped or 0.0) >= SOME


def _single(table: Table, column: Column, wish: Wish) -> Chosen:
    identifying = not wish.protected or own(table, column)
    why = "one value of it is one row's" if identifying else "many different values"
    if not wish.protected:
        why = "a copy may stand under any name"
    number = round(values(table, column))
    group = "" if identifying and wish.protected and not tells(column) else table.named
    return Chosen(Place(f"{table.named}.{column.name}", number, identifying, why, group), table, (column,))


def _take_declared(tables: Sequence[Table], wish: Wish, choice: Choice) -> None:
    """Exactly the declared columns."""
    barred = {gap.place for gap in choice.gaps} | {left.place for left in choice.left}
    for name in wish.columns or ():
        found = [(t, c) for t, c in _every(tables) if t.is_among(c, (name,))]
        if not found:
            choice.gaps.append(
                Gap(full_column(name), "there is no such column here", "mend columns, or the schema")
            )
        for table, column in found:
            if table.named not in barred:
                _declare(table, column, choice)


def _declare(table: Table, column: Column, choice: Choice) -> None:
    name = f"{table.named}.{column.name}"
    if not column.readable:
        choice.gaps.append(Gap(name, "permission denied for the column", grant(table, column)))
    else:
        place = Place(name, round(values(table, column)), True, "declared", table.named)
        choice.chosen.append(Chosen(place, table, (column,)))


def _every(tables: Sequence[Table]) -> Iterator[tuple[Table, Column]]:
    return itertools.chain.from_iterable(((table, column) for column in table.columns) for table in tables)
