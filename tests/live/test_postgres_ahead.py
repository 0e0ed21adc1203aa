"""A large table's cursor whose server works while this process takes in what came before."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import threading
import time
from collections.abc import Generator, Iterator

import pytest
from census_world import Opened, side, sieve_for
from postgres_world import World, build, target
from psycopg import sql

from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.postgres import queries
from disjoint.kinds.postgres.ahead import read_ahead
from disjoint.kinds.postgres.scan import read_by_cursor, read_packed
from disjoint.model.census import Method, Portion, Sieve, Task
from disjoint.model.probe import ProbeError

pytestmark = pytest.mark.live
ROWS = 300_000
ODD = ("odd.email", "odd.token", "odd.code")
TABLES = """
CREATE TABLE odd AS
SELECT n AS id,
       CASE n % 7 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN 'n/a' ELSE md5(n::text) END AS email,
       CASE WHEN n % 3 > 0 THEN md5(n::text)::uuid END AS token,
       repeat('ü' || n, 20) AS code
FROM generate_series(1, 300000) n;
DELETE FROM odd WHERE id BETWEEN 90000 AND 120000;
INSERT INTO odd SELECT n, md5(n::text), md5(n::text)::uuid, n::text FROM generate_series(300001, 330001) n;
CREATE TABLE bare (email text);
CREATE TABLE crowd AS SELECT md5(n::text) AS token FROM generate_series(1, 1000000) n;
GRANT SELECT ON odd, bare, crowd TO app;
VACUUM ANALYZE;
"""
STATES = "SELECT state FROM pg_stat_activity WHERE usename = 'app'"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with Supervisor() as running:
        made = build(running)
        with made.production.admin("shop") as admin:
            for statement in filter(str.strip, TABLES.split(";")):
                admin.execute(statement.encode())
        yield made


@contextlib.contextmanager
def production(world: World, *columns: str) -> Iterator[Opened]:
    with side(target(world.url(world.production), "production", columns=columns)) as opened:
        yield opened


def portions(opened: Opened, sieve: Sieve) -> tuple[Task, Iterator[Portion]]:
    """Those of the one table that is read."""
    (task,) = opened.reader.tasks(sieve)
    assert isinstance(task, Task)
    return task, opened.reader.read(task, sieve)


def taken(found: Iterator[Portion], width: int) -> dict[int, tuple[list[bytes], int]]:
    """Digests in order of themselves, and values or rows, by place: a scan may begin anywhere."""
    places: dict[int, tuple[list[bytes], int]] = {}
    for portion in found:
        held, rows = places.get(portion.place, ([], 0))
        pieces = [portion.packed[at : at + width] for at in range(0, len(portion.packed), width)]
        places[portion.place] = (held + pieces, rows + portion.rows)
    return {place: (sorted(held), rows) for place, (held, rows) in places.items()}


def states(world: World) -> list[str]:
    with world.production.admin() as admin:
        return [str(state) for (state,) in admin.execute(STATES.encode()).fetchall()]


@pytest.mark.parametrize("width", [8, pytest.param(16, marks=pytest.mark.long)])
def test_its_digests_are_those_of_every_other_way(world: World, width: int) -> None:
    """Over three places with NULLs, short texts and deleted rows, the planted value among each."""
    with production(world, *ODD) as opened:
        reader = opened.reader
        sieve = sieve_for(reader, width=width)
        (task,) = reader.tasks(sieve)
        part = reader._part(task)
        with reader._pool.borrowed() as session:
            ahead = taken(read_ahead(session, part, sieve, reader._pace()), width)
        with reader._pool.borrowed() as session:
            cursor = taken(read_by_cursor(session, part, sieve, reader._pace()), width)
        with reader._pool.borrowed() as session:
            packed = taken(read_packed(session, part, sieve), width)
        assert not reader._packs(task, sieve)
    assert len(ahead) == 3
    assert ahead == cursor == packed
    assert ahead[0][1] == ROWS
    assert all(sieve.planted.digest[:width] in held for held, _ in ahead.values())
    assert [len(set(held)) for held, _ in ahead.values()] == [distinct(world, column) + 1 for column in ODD]


def distinct(world: World, column: str) -> int:
    """Values that count."""
    name = column.partition(".")[2]
    with world.production.admin("shop") as admin:
        statement = sql.SQL("SELECT count(DISTINCT {0}) FROM odd WHERE octet_length({0}::text) >= 4")
        row = admin.execute(statement.format(sql.Identifier(name))).fetchone()
        assert row is not None
        return int(str(row[0]))


def test_of_an_empty_table_the_planted_value_comes(world: World) -> None:
    with production(world, "bare.email") as opened:
        reader = opened.reader
        sieve = sieve_for(reader)
        (task,) = reader.tasks(sieve)
        with reader._pool.borrowed() as session:
            found = list(read_ahead(session, reader._part(task), sieve, reader._pace()))
    assert [(each.packed, each.rows, each.values) for each in found] == [(sieve.planted.digest[:8], 0, 0)]


def fetched(opened: Opened) -> int:
    return dict(opened.tally.footprint().commands)[queries.FETCH]


def test_the_server_works_while_an_answer_is_taken_in(world: World) -> None:
    """Where nobody else is there, the next answer is asked for before the last one is told."""
    with production(world, "crowd.token") as opened:
        _, found = portions(opened, sieve_for(opened.reader))
        next(found)
        assert fetched(opened) == 2
        assert 1 + len(list(found)) == fetched(opened) == 62


@contextlib.contextmanager
def clients(world: World) -> Iterator[None]:
    """Three sessions of one short transaction after the other."""
    over = threading.Event()

    def work() -> None:
        with world.production.admin("shop") as admin:
            while not over.is_set():
                admin.execute(b"SELECT pg_sleep(0.005)")

    threads = [threading.Thread(target=work, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


@pytest.mark.long
def test_who_turns_up_meanwhile_is_given_way(world: World) -> None:
    """Small steps with rests from then on, none under way while one is taken in; the same digests."""
    with production(world, "crowd.token") as opened:
        _, found = portions(opened, sieve_for(opened.reader))
        first = next(found)
        with clients(world):
            soon = list(itertools.islice(found, 20))
            asked, gentle, idle = fetched(opened), [], set()
            for portion in itertools.islice(found, 20):
                gentle.append(portion)
                idle |= set(states(world))
                assert fetched(opened) == asked + len(gentle)
        whole = [first, *soon, *gentle, *found]
    assert max(len(portion.packed) for portion in gentle) <= len(first.packed) // 16
    assert idle == {"idle in transaction"}
    assert sum(len(portion.packed) for portion in whole) == 8 * 1_000_001
    assert sum(portion.rows for portion in whole) == 1_000_000


def test_one_that_time_is_up_for_says_so_and_leaves_a_session_to_go_on_with(world: World) -> None:
    """By the server's own timeout."""
    with production(world, "crowd.token") as opened:
        reader = opened.reader
        sieve = dataclasses.replace(sieve_for(reader), method=Method.SHA256)  # no answer takes less than 3 ms
        (task,) = reader.tasks(sieve)
        with reader._pool.borrowed() as session:
            session.ask_with(queries.UNTIL, queries.SAVEPOINT, values=[("3ms",)])
            with pytest.raises(ProbeError, match="time was up"):
                list(read_ahead(session, reader._part(task), sieve, reader._pace()))
            assert session.ask("SELECT 1") == [(1,)]


@pytest.mark.alone
def test_one_that_nobody_reads_on_is_gone_at_once(world: World) -> None:
    """Closed half-way: no statement is under way any more, and the connection is closed."""
    with production(world, "crowd.token") as opened:
        _, found = portions(opened, sieve_for(opened.reader))
        assert isinstance(found, Generator)
        next(found)
        assert states(world)
        started = time.monotonic()
        found.close()
        while states(world):
            assert time.monotonic() - started < 1
