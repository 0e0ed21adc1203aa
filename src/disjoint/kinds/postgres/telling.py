"""Read a table's values themselves, for digests under a key that no server may see: a statement is logged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import LiteralString

from psycopg import sql

from disjoint.model.census import Sieve
from disjoint.model.telling import Values

from .ahead import steps
from .digesting import SHORTEST, value
from .scan import Pace, Part, declare, rows_from
from .session import Session

FEWEST, MOST = 64, 32_768
"""Rows of one answer."""
ANSWER = 1 << 20
"""Octets of an answer whose values are as long as those before."""
UNTOLD = 512
"""Octets of a value where no statistics tell."""
GROWING = 4
"""How many times the one before an answer may be."""
_AS_STORED: LiteralString = "{}"
_CONVERTED: LiteralString = "pg_catalog.convert_to({}, 'UTF8')"
_SENT_AS_STORED: LiteralString = "pg_catalog.current_setting('client_encoding') = 'UTF8'"
"""Decided once a statement: where a pooler has set another, no row comes and the planted text is missed."""


def told(opened: Session, part: Part, sieve: Sieve, pace: Pace, encoding: str) -> Iterator[Values]:
    """Every value of a part, in UTF-8; the planted text comes through the same statement."""
    stored = encoding == "UTF8"
    columns = [_octets(value(n), _AS_STORED if stored else _CONVERTED) for n in range(len(part.chosen))]
    wanted = sql.SQL(_SENT_AS_STORED if stored else "true").format()
    pace.look(opened)
    declare(opened, columns, rows_from(part, sieve), [wanted])
    sizes = Rows(part)
    for answer, _ in steps(opened, sizes.next, pace):
        get, count = answer.get_value, range(answer.ntuples)
        found = [[octets for row in count if (octets := get(row, at))] for at in range(len(part.chosen))]
        sizes.took(answer.ntuples, sum(sum(map(len, values)) for values in found))
        for at, (place, _) in enumerate(part.chosen):
            yield Values(place, found[at], 0 if at else answer.ntuples)


class Rows:
    """How many are asked for at once: few where values are long, for an answer is held whole."""

    def __init__(self, part: Part) -> None:
        least = UNTOLD if part.table.beside else 0  # statistics count a value that lies there as its pointer
        widths = [max(c.width or UNTOLD, least) for _, chosen in part.chosen for c in chosen.columns]
        self._most = max(FEWEST, min(MOST, ANSWER // sum(widths)))
        self._rows = FEWEST

    def next(self) -> int:
        """Of the next answer."""
        return self._rows

    def took(self, rows: int, octets: int) -> None:
        """Take in what an answer was: long values may stand together, whatever they are on average."""
        fitting = ANSWER * rows // max(octets, 1)
        self._rows = max(FEWEST, min(self._most, GROWING * self._rows, fitting))


def _octets(text: sql.Composable, form: LiteralString) -> sql.Composed:
    """Converting takes a server a tenth of all its work, and changes nothing where it stores UTF-8."""
    made = sql.SQL(form).format(text)
    return sql.SQL("CASE WHEN pg_catalog.octet_length({}) >= {} THEN {} END").format(
        text, sql.Literal(SHORTEST), made
    )
