"""Values that are told for digests under a key: in UTF-8, whatever a server stores."""

from __future__ import annotations

import contextlib
import dataclasses
import hmac
from collections.abc import Iterator

import pytest
from census_world import Opened, digests, everything, side, sides, sieve_for
from postgres_world import World, build, target

from disjoint.demo.servers.postgres import PostgresServer
from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.postgres.database import Tables
from disjoint.kinds.postgres.scan import Part
from disjoint.kinds.postgres.tables import Chosen, Column, Table
from disjoint.kinds.postgres.telling import ANSWER, FEWEST, MOST, UNTOLD, Rows, told
from disjoint.model.census import Method, Place, Sieve
from disjoint.overlap.digester import drawn
from disjoint.overlap.keyed import Keyed

pytestmark = pytest.mark.live

ROWS = 20_000
"""As in the table: more than two answers."""
TABLE = """
CREATE TABLE people (v text, mail varchar(40));
INSERT INTO people SELECT 'Jörg Müller ' || n, 'jürg' || n || '@x.test' FROM generate_series(1, 20000) n;
INSERT INTO people VALUES (NULL, 'n/a'), ('', NULL), ('abc', '');
GRANT SELECT ON people TO app;
ANALYZE people;
"""
COLUMNS = ("people.v", "people.mail")
LATIN = "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with Supervisor() as supervisor:
        world = build(supervisor)
        _fill(world.production, "utf")
        _fill(world.staging, "latin", LATIN)
        yield world


def _fill(server: PostgresServer, name: str, options: str = "") -> None:
    with server.admin() as admin:
        admin.execute(f"CREATE DATABASE {name} {options}".encode())
    with server.admin(name) as admin:
        admin.execute(b"SET client_encoding TO 'UTF8'")
        admin.execute(TABLE.encode())


def expected() -> dict[str, list[bytes]]:
    """Nothing, nothing at all and ``n/a`` do not count."""
    return {
        "public.people.v": sorted(f"Jörg Müller {n}".encode() for n in range(1, ROWS + 1)),
        "public.people.mail": sorted(f"jürg{n}@x.test".encode() for n in range(1, ROWS + 1)),
    }


def told_by(reader: Tables) -> dict[str, list[bytes]]:
    sieve = sieve_for(reader)
    found: dict[str, list[bytes]] = {}
    for task in reader.tasks(sieve):
        for step in reader.tell(task, sieve):
            found.setdefault(reader.survey.places[step.place].name, []).extend(step.values)
    for own in found.values():
        own.remove(sieve.planted.text.encode())
    return {name: sorted(own) for name, own in found.items()}


@pytest.mark.parametrize("careful", [True, False])
def test_values_are_told_in_utf_8_by_every_server(world: World, careful: bool) -> None:
    """One that stores it sends it as it stands, another converts; by ranges and by one scan."""
    with _both(world, careful=careful) as (there, here):
        assert told_by(there.reader) == told_by(here.reader) == expected()


def test_digests_under_one_key_are_those_of_the_standard_on_both_sides(world: World) -> None:
    """So that what went down compares with whatever is read here."""
    key = drawn()
    made = {
        name: sorted(hmac.digest(key, value, "sha256")[:8] for value in own)
        for name, own in expected().items()
    }
    with _both(world) as sides_of_it:
        for each in sides_of_it:
            keyed = Keyed(each.reader, accept_guessable=True)
            unplanted = Sieve(Method.HMAC, 0, 0, key, 1, fold=False)
            sieve = dataclasses.replace(unplanted, planted=keyed.plant(unplanted))
            found = everything(keyed, sieve)
            for name, own in made.items():
                assert sorted({*digests(found[name])} - {sieve.planted.digest[:8]}) == own


def test_a_role_that_asks_for_another_encoding_is_sent_utf_8(world: World) -> None:
    with world.production.admin() as admin:
        admin.execute(b"ALTER ROLE app SET client_encoding TO 'LATIN1'")
    try:
        with _both(world) as (there, _):
            assert told_by(there.reader) == expected()
    finally:
        with world.production.admin() as admin:
            admin.execute(b"ALTER ROLE app RESET client_encoding")


def test_what_would_come_in_another_encoding_does_not_come_at_all(world: World) -> None:
    """Set by a pooler between two statements: not even the planted text, so that the place is blind."""
    with _both(world) as (there, _):
        reader = there.reader
        sieve = sieve_for(reader)
        (task,) = reader.tasks(sieve)
        with reader._pool.borrowed() as opened:
            part = reader._part(task)
            opened._connection.execute("SET client_encoding TO 'LATIN1'")
            assert [step.values for step in told(opened, part, sieve, reader._pace(), "UTF8")] == [[], []]
            opened._connection.execute("SET client_encoding TO 'UTF8'")
            steps = list(told(opened, part, sieve, reader._pace(), "UTF8"))
        assert sum(len(step.values) for step in steps) == 2 * (ROWS + 1)


def _both(world: World, *, careful: bool = True) -> contextlib.AbstractContextManager[tuple[Opened, Opened]]:
    production = world.url(world.production, database="utf")
    return sides(production, world.url(world.staging, database="latin"), careful=careful, columns=COLUMNS)


LONG = 8_000
MIXED = """
CREATE TABLE documents (body text);
INSERT INTO documents SELECT 'short ' || n FROM generate_series(1, 30000) n;
INSERT INTO documents SELECT (SELECT string_agg(md5(n::text || k), '') FROM generate_series(1, 250) k)
  FROM generate_series(1, 8000) n;
GRANT SELECT ON documents TO app;
ANALYZE documents;
"""


def test_an_answer_of_long_values_has_few_of_them(world: World) -> None:
    """It is held whole by this process; what was asked for before they began may be more."""
    database = "documents"
    with world.production.admin() as admin:
        admin.execute(f"CREATE DATABASE {database}".encode())
    with world.production.admin(database) as admin:
        admin.execute(MIXED.encode())
    where = target(world.url(world.production, database=database), columns=("documents.body",))
    with side(where) as opened:
        sieve = sieve_for(opened.reader)
        found = [
            step.values for task in opened.reader.tasks(sieve) for step in opened.reader.tell(task, sieve)
        ]
    assert sum(map(len, found)) == 38_001
    long_ones = [len(values) for values in found if values and len(values[0]) == LONG]
    assert len(long_ones) > 5
    assert max(map(len, found)) <= ANSWER // UNTOLD
    assert max(long_ones[2:]) <= ANSWER // LONG  # two were asked for before it was known


@pytest.mark.parametrize(("width", "most"), [(33, ANSWER // 33), (None, ANSWER // UNTOLD), (4, MOST)])
def test_as_many_rows_are_asked_for_as_fill_an_answer(width: int | None, most: int) -> None:
    rows = Rows(part_of(width))
    assert rows.next() == FEWEST
    for _ in range(9):
        rows.took(rows.next(), 30 * rows.next())
    assert rows.next() == most
    rows.took(MOST, MOST * 10_000)
    assert rows.next() == ANSWER // 10_000
    rows.took(10, 10 * ANSWER)
    assert rows.next() == FEWEST
    rows.took(0, 0)
    assert rows.next() == FEWEST


def test_long_values_among_short_ones_make_the_next_answer_small() -> None:
    rows = Rows(part_of(33))
    for _ in range(9):
        rows.took(rows.next(), 30 * rows.next())
    rows.took(20_000, 20_000 * 30 + 5 * ANSWER)
    assert rows.next() < 4_000


def test_where_values_lie_beside_their_table_statistics_say_nothing_of_their_length() -> None:
    rows = Rows(part_of(18, beside=8192))
    for _ in range(9):
        rows.took(rows.next(), 30 * rows.next())
    assert rows.next() == ANSWER // UNTOLD


def part_of(width: int | None, beside: int = 0) -> Part:
    """Of a table with one column of values so wide on average."""
    column = Column("email", "text", width=width)
    table = Table(1, "public", "users", "r", 1e6, 9_000, (column,), beside=beside)
    return Part(table, ((0, Chosen(Place("public.users.email", 9, True, ""), table, (column,))),))
