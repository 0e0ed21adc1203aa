"""The SQL of digests: how a value becomes text, and text a digest, inside the server. Pure.

Everything works on columns ``v0``, ``v1`` … of text, so that the planted value goes through the very
expressions that the rows go through, in the same statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import LiteralString

from psycopg import sql

from disjoint.model.census import HALF, WHOLE, Method, Sieve

from .tables import Column, Table

SHORTEST = 4
"""Octets of the shortest text that counts: nobody is known by ``n/a``, or by nothing at all."""

TEXTS: tuple[LiteralString, ...] = (
    "''",
    "'plain@example.test'",
    "pg_catalog.repeat('disjoint ', 500)",
    "'Ünïcödé 漢字 🙂 ß'",
)
"""What everybody knows; the last is told in UTF8 only."""
MOST_ARGUMENTS = 100
"""That PostgreSQL hands to one function."""
SEED, SECOND = 7_640_891_576_956_012_809, -4_942_790_177_534_073_029
SALT = bytes(range(16))
"""Under which the known answers are given."""
HASH_ANSWER = (
    "d62e23be97c9cd1ac2351cc71348e734b0214d36853758133f13fc16b83ebddd"
    "b30af61f17c4ca8677e9572aaca1645865aa314b6255af5bccbf15bda5014b50"
)
"""What every PostgreSQL from 11 to 18 answers over UTF8, on a little-endian machine."""

_TO_TEXT: dict[str, LiteralString] = {
    "bytea": "pg_catalog.encode({}, 'hex')",
    "numeric": "pg_catalog.trim_scale({})::text",
}
_FOLDED: LiteralString = "pg_catalog.lower(pg_catalog.btrim({}, E' \\t\\r\\n\\f\\v') COLLATE \"C\")"


def text_of(columns: Sequence[Column], *, fold: bool) -> sql.Composed:
    """One column's value as text, or a row's several, each with its length before it."""
    if len(columns) == 1:
        return folded(_text(columns[0]), fold=fold)
    parts = [
        sql.SQL("coalesce(pg_catalog.length({0})::text || ':' || {0}, '-')").format(
            folded(_text(c), fold=fold)
        )
        for c in columns
    ]
    return sql.SQL("CASE WHEN {} > 0 THEN {} END").format(_filled(columns), _joined(parts))


def _filled(columns: Sequence[Column]) -> sql.Composed:
    """How many of them hold something."""
    pieces = [columns[at : at + MOST_ARGUMENTS] for at in range(0, len(columns), MOST_ARGUMENTS)]
    names = (sql.SQL(", ").join(sql.Identifier(column.name) for column in piece) for piece in pieces)
    return sql.SQL(" + ").join(sql.SQL("pg_catalog.num_nonnulls({})").format(each) for each in names)


def _joined(parts: Sequence[sql.Composed]) -> sql.Composed:
    """End to end; more than a hundred as an array, for operators are worked through as deep as they nest."""
    if len(parts) <= MOST_ARGUMENTS:
        return sql.SQL(" || ").join(parts)
    return sql.SQL("pg_catalog.array_to_string(ARRAY[{}], '')").format(sql.SQL(", ").join(parts))


def _text(column: Column) -> sql.Composed:
    return sql.SQL(_TO_TEXT.get(column.type, "{}::text")).format(sql.Identifier(column.name))


def is_made(columns: Sequence[Column], *, fold: bool) -> bool:
    """Whether it takes work to make the text: a column of text is one as it stands."""
    return fold or len(columns) > 1 or columns[0].type not in {"text", "varchar"}


def folded(text: sql.Composable, *, fold: bool) -> sql.Composed:
    """ASCII alone: what a server's locale makes of other letters differs from server to server."""
    return sql.SQL(_FOLDED if fold else "{}").format(text)


def value(number: int) -> sql.Identifier:
    """What a place's text is called."""
    return sql.Identifier(f"v{number}")


def half(text: sql.Composable, seed: int) -> sql.Composed:
    """64 bits, as a number."""
    return sql.SQL('pg_catalog.hashtextextended({} COLLATE "C", {})').format(text, sql.Literal(seed))


def whole(text: sql.Composable, salt: bytes) -> sql.Composed:
    """The first 16 octets of SHA-256 over a salt and the text in UTF-8, whatever the server stores it in."""
    return sql.SQL(
        "pg_catalog.substr(pg_catalog.sha256({}::bytea || pg_catalog.convert_to({}, 'UTF8')), 1, 16)"
    ).format(sql.Literal(f"\\x{salt.hex()}"), text)


def digest(text: sql.Composable, sieve: Sieve, width: int) -> sql.Composed:
    """As it leaves the server: so many octets."""
    if sieve.method is Method.SHA256:
        made = whole(text, sieve.salt)
        return made if width == WHOLE else sql.SQL("pg_catalog.substr({}, 1, 8)").format(made)
    first = sql.SQL("pg_catalog.int8send({})").format(half(text, sieve.seed))
    if width != WHOLE:
        return first
    second = sql.SQL("pg_catalog.int8send({})").format(half(text, sieve.second))
    return sql.SQL("{} || {}").format(first, second)


def kept(text: sql.Composable, sieve: Sieve) -> sql.Composed:
    """Whether a value counts: the same ones on every server."""
    long_enough = sql.SQL("pg_catalog.octet_length({}) >= {}").format(text, sql.Literal(SHORTEST))
    if sieve.one_in == 1:
        return long_enough
    # in this order: of two conditions joined by AND a planner begins with the one that it takes for cheap
    return sql.SQL("CASE WHEN {} = 0 THEN {} ELSE false END").format(_low_bits(text, sieve), long_enough)


def _low_bits(text: sql.Composable, sieve: Sieve) -> sql.Composed:
    if sieve.method is not Method.SHA256:
        return sql.SQL("{} & {}").format(half(text, sieve.seed), sql.Literal(sieve.mask))
    low = sql.SQL("('x' || pg_catalog.encode(pg_catalog.substr({}, 1, 8), 'hex'))::bit(64)::int8 & {}")
    return low.format(whole(text, sieve.salt), sql.Literal(sieve.mask))


def source(
    table: Table,
    texts: Sequence[sql.Composed],
    planted: str = "",
    blocks: tuple[int, int] = (0, -1),
    *,
    fence: bool = False,
) -> sql.Composed:
    """A table's rows as texts, those of some blocks alone where stated; and the planted one after them.

    `fence`: a text is made once a row, however often it is named. A planted one is fence enough.
    """
    columns = [sql.SQL("{} AS {}").format(text, value(n)) for n, text in enumerate(texts)]
    name = sql.Identifier(table.schema, table.name)
    rows = sql.SQL("SELECT {} FROM ONLY {}{}").format(sql.SQL(", ").join(columns), name, _within(*blocks))
    if not planted:
        return sql.SQL("({} OFFSET 0)" if fence else "({})").format(rows)
    control = sql.SQL(", ").join([sql.SQL("{}::text").format(sql.Literal(planted))] * len(texts))
    return sql.SQL("({} UNION ALL SELECT {})").format(rows, control)


def _within(first: int, until: int) -> sql.Composed:
    bounds = []
    if first > 0:
        bounds.append(sql.SQL("ctid >= {}::tid").format(sql.Literal(f"({first},0)")))
    if until >= 0:
        bounds.append(sql.SQL("ctid < {}::tid").format(sql.Literal(f"({until},0)")))
    return sql.SQL(" WHERE {}").format(sql.SQL(" AND ").join(bounds)) if bounds else sql.Composed([])


def packed(number: int, sieve: Sieve, *, counted: bool) -> sql.Composed:
    """Put a place's digests end to end, and count its values where they are not as many as rows."""
    text = value(number)
    count = sql.SQL("count({})" if counted else "NULL").format(text)
    return sql.SQL("{}, pg_catalog.string_agg({}, ''::bytea) FILTER (WHERE {})").format(
        count, digest(text, sieve, sieve.width), kept(text, sieve)
    )


def one(number: int, sieve: Sieve) -> sql.Composed:
    """A row's digest for a place, NULL where the sieve lets it through.

    A selector is sent as the number that it is: the same octets, and one value less to be made a row.
    """
    text = value(number)
    numbers = sieve.method is Method.HASH and sieve.width == HALF
    made = half(text, sieve.seed) if numbers else digest(text, sieve, sieve.width)
    return sql.SQL("CASE WHEN {} THEN {} END").format(kept(text, sieve), made)


def known(method: Method) -> tuple[sql.Composed, sql.Composed]:
    """The known texts' digests under known numbers, and the texts, for `queries.KNOWN`."""
    sieve = Sieve(method, SEED, SECOND, SALT, 1, fold=False, width=WHOLE)
    texts = TEXTS if method is Method.HASH else TEXTS[:-1]
    listed = [sql.SQL("({}, {})").format(sql.Literal(n), sql.SQL(text)) for n, text in enumerate(texts)]
    return digest(value(0), sieve, WHOLE), sql.SQL(", ").join(listed)


def selected(number: int, sieve: Sieve, wanted: Sequence[bytes], *, hashed: bool) -> sql.Composed:
    """Whether a value's selector is among the wanted ones. `hashed`: the server looks an array up."""
    text = value(number)
    if sieve.method is Method.SHA256:
        selector = sql.SQL("pg_catalog.substr({}, 1, 8)").format(whole(text, sieve.salt))
        among = sql.SQL("{}::bytea[]").format(sql.Literal(_array('"\\\\x' + w.hex() + '"' for w in wanted)))
    else:
        selector = half(text, sieve.seed)
        numbers = (str(int.from_bytes(w, "big", signed=True)) for w in wanted)
        among = sql.SQL("{}::int8[]").format(sql.Literal(_array(numbers)))
    form: LiteralString = "{} = ANY ({})" if hashed else "{} IN (SELECT pg_catalog.unnest({}))"
    return sql.SQL(form).format(selector, among)


def _array(items: Iterable[str]) -> str:
    return "{" + ",".join(items) + "}"


def match(number: int, sieve: Sieve, salt: bytes, chosen: sql.Composed) -> sql.Composed:
    """A wanted value's whole digest, and what a baseline calls it."""
    text = value(number)
    found = digest(text, sieve, WHOLE)
    if salt:
        found = sql.SQL("{} || {}").format(found, whole(text, salt))
    return sql.SQL("CASE WHEN {} THEN {} END").format(chosen, found)
