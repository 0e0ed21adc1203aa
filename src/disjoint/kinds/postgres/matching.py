"""The planted value, and the whole digests of what two selectors named."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import LiteralString

from psycopg import sql

from disjoint.model.census import WHOLE, Match, Planted, Sieve
from disjoint.model.probe import ProbeError

from . import queries
from .digesting import digest, folded, kept, match, selected, value
from .scan import Pace, Part, asked, declare, fetched, rows_from
from .session import Session

MOST_TRIES = 64
"""For each value that a sieve lets through: one in e^64 draws is in vain."""
ANSWER = 1024
"""Rows of one answer."""
ONE_IN = 256
"""Of so many rows that are not wanted one is answered, empty, as chance has it: a server is given way between
two answers alone, and from one wanted row to the next may lie a whole table."""
_EMPTY: LiteralString = "pg_catalog.random() * {} < 1"


def planted(opened: Session, sieve: Sieve) -> Planted:
    """Draw texts in the server until its own digest of one is kept.

    Raises:
        ProbeError: none was, or the server is gone.
    """
    text = folded(value(0), fold=sieve.fold)
    statement = sql.SQL(queries.PLANT).format(
        digest(text, sieve, WHOLE),
        sql.Literal(secrets.token_hex(16)),
        sql.Literal(MOST_TRIES * sieve.one_in),
        kept(text, sieve),
    )
    found = asked(opened, statement, queries.PLANT)
    if not found.ntuples:
        raise ProbeError("no control could be drawn", "run again")
    return Planted((found.get_value(0, 0) or b"").decode(), found.get_value(0, 1) or b"")


def confirmed(
    opened: Session,
    part: Part,
    sieve: Sieve,
    wanted: Mapping[int, Sequence[bytes]],
    salt: bytes,
    pace: Pace,
    *,
    hashed: bool,
) -> Iterator[Match]:
    """One scan of a table, which brings back the rows with a wanted selector; each value is told once."""
    chosen = [selected(n, sieve, wanted[place], hashed=hashed) for n, (place, _) in enumerate(part.chosen)]
    columns = [match(n, sieve, salt, each) for n, each in enumerate(chosen)]
    pace.look(opened)
    declare(opened, columns, rows_from(part, sieve), [*chosen, sql.SQL(_EMPTY).format(sql.Literal(ONE_IN))])
    told: set[tuple[int, bytes]] = set()
    for answer in fetched(opened, lambda: ANSWER, pace):
        for at, (place, _) in enumerate(part.chosen):
            for row in range(answer.ntuples):
                found = answer.get_value(row, at)
                if found and (place, found[:WHOLE]) not in told:
                    told.add((place, found[:WHOLE]))
                    yield Match(place, found[:WHOLE], found[WHOLE:])
