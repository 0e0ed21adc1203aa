"""A census that nobody notices: nothing written, nothing evicted, nothing left running, nothing told."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from census_world import compared, digests, everything, shared, side, sides, sieve_for
from postgres_world import World, build, target
from psycopg import sql
from wire import Wire

from disjoint.demo.servers.pgbouncer import MISSING, Pool, Pooler, Pooling, program
from disjoint.demo.servers.postgres import PostgresServer
from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.postgres import queries, scan
from disjoint.kinds.postgres.digesting import kept, one, packed, value
from disjoint.kinds.postgres.grants import ROWS as GRANTS
from disjoint.kinds.postgres.grants import VERIFY
from disjoint.kinds.postgres.scan import Part, rows_from
from disjoint.kinds.postgres.ways import STEP
from disjoint.model.probe import ProbeError
from disjoint.runner.tally import is_read
from lacking import lacking

pytestmark = pytest.mark.live
HERE = Path(__file__).parent
ROWS = 200_000
LARGE = """
CREATE TABLE large (id bigserial PRIMARY KEY, email text, note text);
INSERT INTO large (email, note) SELECT md5(n::text) || '@large.test', repeat('x', 60) || n
FROM generate_series(1, 200000) n;
CREATE INDEX ON large (email);
GRANT SELECT ON large TO app;
VACUUM ANALYZE large;
"""


@pytest.fixture(scope="module")
def world(supervisor: Supervisor) -> World:
    world = build(supervisor)
    for server in (world.production, world.staging):
        with server.admin() as admin:
            admin.execute(b"CREATE DATABASE large")
        with server.admin("large") as admin:
            for statement in filter(str.strip, LARGE.split(";")):
                admin.execute(statement.encode())
            admin.execute(b"CREATE EXTENSION pg_buffercache")
            admin.execute(b"CHECKPOINT")
    return world


def large(world: World, server: PostgresServer, port: int | None = None) -> str:
    url = world.url(server, database="large")
    return url if port is None else url.replace(f":{server.port}/", f":{port}/")


def asked(server: PostgresServer, statement: str, database: str = "large") -> Any:
    with server.admin(database) as admin:
        row = admin.execute(statement.encode()).fetchone()
        assert row is not None
        return row[0]


def until(true: Callable[[], bool], seconds: float) -> float:
    """How long it took."""
    started = time.monotonic()
    while not true():
        assert time.monotonic() - started < seconds
        time.sleep(0.01)
    return time.monotonic() - started


def running(server: PostgresServer) -> int:
    """Sessions of ours that are there at all."""
    return int(asked(server, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'"))


@pytest.mark.parametrize("declared", [{}, {"cache_pressure": True}])
def test_no_value_leaves_a_server_or_stands_in_a_statement(world: World, declared: dict[str, Any]) -> None:
    """By the servers' own logs, and by every octet on the wire; all that was sent was counted."""
    for server in (world.production, world.staging):
        with server.admin() as admin:
            admin.execute(b"ALTER ROLE app SET log_statement = 'all'")
    logs = [server.process.log for server in (world.production, world.staging)]
    before = [log.stat().st_size for log in logs]
    with Wire(world.production.port) as there, Wire(world.staging.port) as here:
        with sides(
            large(world, world.production, there.port), large(world, world.staging, here.port),
            careful=False, **declared,
        ) as (one, other):  # fmt: skip
            for opened in (one, other):
                sieve = sieve_for(other.reader)
                found = everything(opened.reader, sieve)
                wanted = {0: digests(found["public.large.email"])[:300]}
                assert len(list(opened.reader.confirm(sieve, wanted, b"baseline's salt!"))) == 300
        passed = bytes(there.asked + there.answered + here.asked + here.answered)
    for server in (world.production, world.staging):
        with server.admin() as admin:
            admin.execute(b"ALTER ROLE app RESET log_statement")
    said = "".join(log.read_bytes()[size:].decode() for log, size in zip(logs, before, strict=True))
    assert "FROM ONLY" in said
    assert b"@large" not in passed
    assert b"xxxxxxxx" not in passed
    assert "@large" not in said
    assert "xxxxxxxx" not in said
    logged = re.findall(r"LOG:  (?:statement|execute <unnamed>): (.*?)(?=\n\d{4}-|\Z)", said, re.DOTALL)
    words = Counter(part.split()[0] for text in logged if "ALTER ROLE" not in text for part in _parts(text))
    sent = Counter[str]()
    for opened in (one, other):
        for command, times in opened.tally.footprint().commands:
            assert is_read(command)
            sent[command.split()[0]] += times
    del sent["CONNECT"]
    assert words == sent
    assert "WITH HOLD" not in said


def _parts(text: str) -> list[str]:
    """The statements of one request: literals of ours hold no semicolon."""
    return [part for part in text.split(";") if part.strip()]


@pytest.mark.parametrize("declared", [{}, pytest.param({"cache_pressure": True}, marks=pytest.mark.long)])
def test_nothing_is_written(world: World, declared: dict[str, Any]) -> None:
    """No WAL, no temporary file, no transaction id, no statistics of ours."""
    marks = (
        "SELECT txid_current_snapshot()::text",
        "SELECT temp_files FROM pg_stat_database WHERE datname = 'large'",
        "SELECT tup_inserted + tup_updated + tup_deleted FROM pg_stat_database WHERE datname = 'large'",
        "SELECT count(last_analyze) || ' ' || sum(analyze_count) FROM pg_stat_user_tables",
    )
    production, staging = large(world, world.production), large(world, world.staging)
    with world.production.admin("large") as admin:
        admin.execute(NEVER_ANALYSED.encode())
    try:
        compared(production, staging, **declared)  # any reader leaves hints on pages that nobody read before
        asked(world.production, "SELECT pg_switch_wal()")
        time.sleep(1.1)  # each session tells its statistics once a second
        before = [asked(world.production, mark) for mark in marks]
        wal = asked(world.production, WAL)
        found = compared(production, staging, **declared)
        time.sleep(1.1)
        assert found.production.rows == ROWS + 20_000
        assert [asked(world.production, mark) for mark in marks] == before
        assert asked(world.production, WAL) - wal <= STANDBY_NEWS
    finally:
        with world.production.admin("large") as admin:
            admin.execute(b"DROP TABLE never_analysed")


NEVER_ANALYSED = """
CREATE TABLE never_analysed AS SELECT md5(n::text) v FROM generate_series(1, 20000) n;
GRANT SELECT ON never_analysed TO app;
"""
WAL = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"
STANDBY_NEWS = 300
"""Octets: the server itself tells its standbys now and then which transactions run."""


HOT = """
SELECT count(*) FROM pg_buffercache b JOIN pg_class c ON b.relfilenode = pg_relation_filenode(c.oid)
WHERE c.relname = 'hot' AND b.reldatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def test_a_plain_scan_leaves_hot_pages_in_place_and_ranges_would_not(world: World) -> None:
    """pg_buffercache, over a table larger than shared_buffers (16 MB)."""
    with world.production.admin("large") as admin:
        admin.execute(b"CREATE TABLE hot AS SELECT n, repeat('h', 500) h FROM generate_series(1, 14000) n")
        admin.execute(b"VACUUM ANALYZE hot")

    def heated() -> int:
        with world.production.admin("large") as admin:
            for _ in range(6):
                admin.execute(b"SELECT count(*) FROM hot")
            admin.execute(b"CREATE EXTENSION IF NOT EXISTS pg_prewarm")
            admin.execute(b"SELECT pg_prewarm('hot')")
        return int(asked(world.production, HOT))

    where = target(large(world, world.production), columns=("large.email",))
    before = heated()
    with side(where) as opened:
        everything(opened.reader, sieve_for(opened.reader, 64))
        everything(opened.reader, sieve_for(opened.reader))
    after_scans = int(asked(world.production, HOT))
    where = target(large(world, world.production), columns=("large.email",), cache_pressure=True)
    heated()
    with side(where) as opened:
        for _ in range(4):
            sieve = sieve_for(opened.reader)
            for task in in_pieces(opened.reader, sieve):
                list(opened.reader.read(task, sieve))
    after_ranges = int(asked(world.production, HOT))
    with world.production.admin("large") as admin:
        admin.execute(b"DROP TABLE hot")
    assert before > 600
    assert after_scans >= 0.95 * before
    assert after_ranges < 0.8 * before, (before, after_scans, after_ranges)


def test_a_table_is_read_by_a_sequential_scan_though_an_index_would_do(world: World) -> None:
    """By EXPLAIN of the very statements, under the very settings."""
    with side(target(large(world, world.production), columns=("large.email",))) as opened:
        reader = opened.reader
        sieve = sieve_for(reader)
        part = Part(reader._choice.chosen[0].table, ((0, reader._choice.chosen[0]),))
        rows = rows_from(part, sieve)
        cursor = sql.SQL(queries.CURSOR).format(one(0, sieve), rows, kept(value(0), sieve))
        whole = sql.SQL(queries.PACKED).format(packed(0, sieve, counted=True), rows)
        for statement in (cursor, whole):
            with reader._pool.borrowed() as session:
                answer = session.fetch(sql.SQL("EXPLAIN {}").format(statement), "EXPLAIN {}")
            plan = b"\n".join(answer.get_value(n, 0) or b"" for n in range(answer.ntuples)).decode()
            assert "Seq Scan on large" in plan, plan
            assert "Index" not in plan
            assert "Bitmap" not in plan
            assert "Gather" not in plan


def test_rows_that_move_between_two_ranges_are_lost_to_none(world: World) -> None:
    """Each updated row goes to the table's end: under one snapshot every range sees what was."""
    with side(
        target(large(world, world.staging), "staging", columns=("large.email",)), careful=False
    ) as opened:
        sieve = sieve_for(opened.reader)
        opened.reader.narrow(opened.reader.survey)
        tasks = in_pieces(opened.reader, sieve)
        assert len(tasks) > 2
        found = b"".join(p.packed for p in opened.reader.read(tasks[0], sieve))
        with world.staging.admin("large") as admin:
            admin.execute(b"UPDATE large SET note = note || 'y' WHERE id % 3 = 0")
        rest = [p for task in tasks[1:] for p in opened.reader.read(task, sieve)]
    octets = found + b"".join(p.packed for p in rest)
    distinct = {octets[at : at + 8] for at in range(0, len(octets), 8)}
    assert len(octets) // 8 == len(distinct) == ROWS + 1


def in_pieces(reader: Any, sieve: Any) -> list[Any]:
    """A table's tasks, cut anew into ranges of 300 blocks."""
    task = reader.tasks(sieve)[0]
    pages = reader._pages(reader._choice.chosen[0].table.oid, 0)
    starts = list(range(0, pages, 300))
    cut = [task._replace(first=at, until=at + 300) for at in starts]
    cut[-1] = cut[-1]._replace(until=-1)
    reader._waiting = len(cut)
    return cut


def test_two_connections_read_a_staging_of_its_own_and_none_stays(world: World) -> None:
    """Under one snapshot; after the last range both are gone, before anybody leaves."""
    with side(target(large(world, world.staging), "staging"), careful=False) as opened:
        sieve = sieve_for(opened.reader)
        tasks = opened.reader.tasks(sieve)
        assert opened.reader.abreast == 2
        assert running(world.staging) == 1
        readings = [opened.reader.read(task, sieve) for task in tasks]
        for portions in readings:
            list(portions)
        until(lambda: running(world.staging) == 0, 2)


HELD_BACK = "SELECT count(backend_xmin) FROM pg_stat_activity WHERE usename = 'app'"
"""Snapshots of ours that keep vacuum from its work."""


def test_a_table_that_was_read_is_not_locked_any_more(world: World) -> None:
    """A migration waits for the table that is read alone."""
    locks = "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE c.relname = 'large'"
    for name in ("production", "staging"):
        server = world.production if name == "production" else world.staging
        with side(target(large(world, server), name), careful=name == "production") as opened:
            sieve = sieve_for(opened.reader)
            tasks = list(opened.reader.tasks(sieve))
            opened.reader._waiting += 1  # as if more were to come
            for task in tasks:
                for _ in opened.reader.read(task, sieve):
                    assert asked(server, locks) > 0
            assert asked(server, locks) == 0
            if name == "production":
                assert asked(server, HELD_BACK) == 0


def slowed(server: PostgresServer) -> None:
    """A table whose scan takes a second or two: long values, stored short, and SHA-256 of each."""
    with server.admin() as admin:
        if not admin.execute(b"SELECT 1 FROM pg_database WHERE datname = 'slow'").fetchone():
            admin.execute(
                b"CREATE DATABASE slow ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
            )
            with server.admin("slow") as slow:
                slow.execute(b"CREATE TABLE slow (v text)")
                slow.execute(
                    b"INSERT INTO slow SELECT repeat('x', 3200) || n FROM generate_series(1, 150000) n"
                )
                slow.execute(b"GRANT SELECT ON slow TO app")
                slow.execute(b"ANALYZE slow")


@pytest.mark.alone
@pytest.mark.parametrize("name", ["production", "staging"])
def test_leaving_ends_the_servers_statement_within_a_second(world: World, name: str) -> None:
    """Whatever thread waits for it."""
    server = world.production if name == "production" else world.staging
    slowed(server)
    failed: list[str] = []
    with side(target(world.url(server, database="slow"), name), careful=name == "production") as opened:
        sieve = sieve_for(opened.reader)
        tasks = opened.reader.tasks(sieve)

        def read() -> None:
            try:
                for task in tasks:
                    list(opened.reader.read(task, sieve))
            except ProbeError as error:
                failed.append(error.reason)

        thread = threading.Thread(target=read)
        thread.start()
        busy = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND state = 'active'"
        until(lambda: asked(server, busy) > 0, 5)
        time.sleep(0.2)
        left = time.monotonic()
    assert time.monotonic() - left < 1
    until(lambda: running(server) == 0, 1 - (time.monotonic() - left))
    thread.join(1)
    assert not thread.is_alive()
    assert len(failed) == 1


@pytest.mark.alone
def test_the_deadline_ends_it_too(world: World) -> None:
    """The socket is cut, and the server looks whether its client is there four times a second."""
    slowed(world.production)
    started = time.monotonic()
    with side(target(world.url(world.production, database="slow")), budget=4.0) as opened:
        sieve = sieve_for(opened.reader)
        with pytest.raises(ProbeError):
            _for_ever(opened.reader, sieve)
        assert 3.9 < time.monotonic() - started < 5
        until(lambda: running(world.production) == 0, 1)


def _for_ever(reader: Any, sieve: Any) -> None:
    while True:
        everything(reader, sieve)


@pytest.mark.alone
@pytest.mark.parametrize("name", ["production", "staging"])
def test_a_killed_census_leaves_no_statement_behind(world: World, name: str) -> None:
    """kill -9: nobody is there to cancel."""
    server = world.production if name == "production" else world.staging
    slowed(server)
    argv = [sys.executable, str(HERE / "census_killed.py"), world.url(server, database="slow"), name]
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join((str(HERE), str(HERE.parent)))}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, env=variables) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"reading\n"
        busy = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND state = 'active'"
        until(lambda: asked(server, busy) > 0, 5)
        time.sleep(0.3)
        process.send_signal(signal.SIGKILL)
        until(lambda: running(server) == 0, 1)


@pytest.mark.parametrize("pooling", ["transaction", "session"])
def test_a_pooler_carries_a_census(world: World, supervisor: Supervisor, pooling: Pooling) -> None:
    """Settings, cursor and snapshot are local to transactions."""
    if program() is None:
        lacking(MISSING)
    pools = {"large": Pool(world.staging.port, "large", "app", world.password)}
    pooler = Pooler.start(supervisor, f"census-{pooling}", pools, pooling)
    try:
        url = large(world, world.staging, pooler.port)
        for careful in (True, False):
            found = compared(large(world, world.production), url, careful=careful, columns=("large.email",))
            assert shared(found) == {("public.large.email", "public.large.email"): (ROWS, 10_000)}
            assert not found.gaps
    finally:
        pooler.stop()


def test_a_pooler_by_statement_is_refused_with_its_reason(world: World, supervisor: Supervisor) -> None:
    """Nothing would be local to anything."""
    if program() is None:
        lacking(MISSING)
    pools = {"large": Pool(world.staging.port, "large", "app", world.password)}
    pooler = Pooler.start(supervisor, "census-statement", pools, "statement")
    try:
        url = large(world, world.staging, pooler.port)
        with pytest.raises(ProbeError, match="transaction blocks"), side(target(url, "staging")):
            pass
    finally:
        pooler.stop()


def test_the_recipe_is_enough(world: World) -> None:
    """For a role that may nothing else, over tables with row-level security and in another schema."""
    with world.staging.admin() as admin:
        admin.execute(b"CREATE DATABASE granted")
        admin.execute(b"REVOKE CONNECT ON DATABASE granted FROM PUBLIC")
    with world.staging.admin("granted") as admin:
        admin.execute(b"CREATE TABLE guarded (email text); ALTER TABLE guarded ENABLE ROW LEVEL SECURITY")
        admin.execute(b"CREATE SCHEMA sales; CREATE TABLE sales.orders (email text)")
        role = VERIFY.replace("'PASSWORD'", f"'{world.password}'").replace('"DATABASE"', "granted")
        for recipe in (role, GRANTS, GRANTS.replace("SCHEMA public", "SCHEMA sales")):
            admin.execute(recipe.encode())
    url = world.staging.url(f"127.0.0.1:{world.staging.port}", "disjoint", world.password, "granted")
    with side(target(url, "staging")) as opened:
        assert not opened.reader.survey.gaps
        assert everything(opened.reader, sieve_for(opened.reader)).keys() == {
            "public.guarded.email", "sales.orders.email",
        }  # fmt: skip


def test_the_wire_carries_a_third_of_an_octet_a_row(world: World) -> None:
    """Of a sample of 1 in 64; and 8 of a whole column in one answer."""
    with Wire(world.production.port) as wire:
        where = target(large(world, world.production, wire.port), columns=("large.email",))
        with side(where) as opened:
            sieve = sieve_for(opened.reader, 64)
            before = len(wire.answered)
            everything(opened.reader, sieve)
            assert (len(wire.answered) - before) / ROWS < 0.33


def test_a_role_that_may_not_see_replicas_reads_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What may not be watched is not waited for; its refusal ends no cursor."""
    monkeypatch.setattr(scan, "LEAP", STEP)
    with world.production.admin("large") as admin:
        admin.execute(b"REVOKE SELECT ON pg_stat_replication FROM PUBLIC")
    try:
        with side(target(large(world, world.production), columns=("large.email",))) as opened:
            found = everything(opened.reader, sieve_for(opened.reader, 64))["public.large.email"]
    finally:
        with world.production.admin("large") as admin:
            admin.execute(b"GRANT SELECT ON pg_stat_replication TO PUBLIC")
    assert len(found) > 2
    assert sum(portion.rows for portion in found) == ROWS
