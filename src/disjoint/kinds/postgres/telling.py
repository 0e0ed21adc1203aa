"""Read a table's values themselves, for digests under a key that no server may see: a statement is logged."""

from __future__ import annotations

from collections.abc import Iterator

from psycopg import sql

from disjoint.model.census import Sieve
from disjoint.model.telling import Values

from .digesting import SHORTEST, value
from .scan import Pace, Part, declare, fetched, rows_from
from .session import Session

ANSWER = 8192
"""Rows of one answer."""


def told(opened: Session, part: Part, sieve: Sieve, pace: Pace) -> Iterator[Values]:
    """Every value of a part, in UTF-8; the planted text comes through the same statement."""
    columns = [_octets(value(n)) for n in range(len(part.chosen))]
    pace.look(opened)
    declare(opened, columns, rows_from(part, sieve), [sql.Composed([sql.SQL("true")])])
    for answer in fetched(opened, ANSWER, pace):
        get, count = answer.get_value, range(answer.ntuples)
        for at, (place, _) in enumerate(part.chosen):
            found = [octets for row in count if (octets := get(row, at))]
            yield Values(place, found, 0 if at else answer.ntuples)


def _octets(text: sql.Composable) -> sql.Composed:
    return sql.SQL(
        "CASE WHEN pg_catalog.octet_length({0}) >= {1} THEN pg_catalog.convert_to({0}, 'UTF8') END"
    ).format(text, sql.Literal(SHORTEST))
