"""A census waits while production's replicas lag behind, where its role may see them."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from census_world import Opened, side, sieve_for
from postgres_world import World, build, target

from disjoint.demo.servers.postgres import PostgresServer
from disjoint.demo.supervisor import Supervisor

pytestmark = [pytest.mark.live, pytest.mark.alone]
ROWS = 500_000
FILLED = """
CREATE TABLE many AS SELECT md5(n::text) AS token FROM generate_series(1, 500000) n;
VACUUM ANALYZE many;
CREATE TABLE written (at timestamptz);
GRANT SELECT ON many TO app;
"""
BEHIND = 0.3
"""Seconds, in these tests."""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with Supervisor() as running:
        made = build(running)
        with made.production.admin("shop") as admin:
            for statement in filter(str.strip, FILLED.split(";")):
                admin.execute(statement.encode())
        yield made


@contextlib.contextmanager
def standby(world: World, name: str) -> Iterator[PostgresServer]:
    """One that says every second how far it is."""
    made = world.production.standby(name)
    with made.admin() as admin:
        admin.execute(b"ALTER SYSTEM SET wal_receiver_status_interval = '1s'")
        admin.execute(b"SELECT pg_reload_conf()")
    try:
        yield made
    finally:
        made.stop()
    until(lambda: not replicas(world))


def replicas(world: World) -> list[tuple[object, ...]]:
    """Each replica's lag, as a superuser sees it."""
    with world.production.admin() as admin:
        return admin.execute(
            b"SELECT extract(epoch FROM replay_lag)::float8 FROM pg_stat_replication"
        ).fetchall()


@pytest.fixture(scope="module")
def replica(world: World) -> Iterator[PostgresServer]:
    with standby(world, "lagging") as made:
        yield made


@contextlib.contextmanager
def behind(world: World, replica: PostgresServer) -> Iterator[None]:
    """Writes go on, and are not replayed."""
    over = threading.Event()

    def write() -> None:
        with world.production.admin("shop") as admin:
            while not over.wait(0.05):
                admin.execute(b"INSERT INTO written VALUES (now())")

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    with replica.admin() as admin:
        admin.execute(b"SELECT pg_wal_replay_pause()")
        try:
            until(lambda: (lag(world) or 0) > 2 * BEHIND)
            yield
        finally:
            admin.execute(b"SELECT pg_wal_replay_resume()")
            over.set()
            writer.join()


def lag(world: World) -> float | None:
    """Of the one replica; None where it was quiet for a while."""
    ((found,),) = replicas(world)
    assert found is None or isinstance(found, float)
    return found


def steps(opened: Opened) -> int:
    """How often its server was asked for more rows."""
    return sum(times for command, times in opened.tally.footprint().commands if command.startswith("FETCH"))


def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    late = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < late
        time.sleep(0.05)


def let(world: World, *, see: bool) -> None:
    """Whether the census's role may see production's replicas."""
    with world.production.admin() as admin:
        admin.execute(f"{'GRANT' if see else 'REVOKE'} pg_monitor {'TO' if see else 'FROM'} app".encode())


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("disjoint.kinds.postgres.scan.LAG_SECONDS", BEHIND)
    monkeypatch.setattr("disjoint.kinds.postgres.scan.LAG_EVERY", 0.0)


@contextlib.contextmanager
def begun(world: World) -> Iterator[tuple[Opened, Iterator[int]]]:
    """A reading, and the rows of its answers."""
    with side(target(world.url(world.production), columns=("public.many.token",))) as opened:
        sieve = sieve_for(opened.reader, one_in=64)
        (task,) = opened.reader.tasks(sieve)
        yield opened, (portion.rows for portion in opened.reader.read(task, sieve))


def waits(
    opened: Opened, rows: list[int], rest: Iterator[int], lagging: contextlib.AbstractContextManager[None]
) -> bool:
    """Whether it stands still while a replica lags; it ends afterwards with all of its rows."""
    with lagging:
        reading = threading.Thread(target=lambda: rows.extend(rest))
        reading.start()
        time.sleep(0.5)  # what was asked for before is answered
        before = steps(opened)
        time.sleep(1.5)
        still = steps(opened) == before
    reading.join(20)
    assert not reading.is_alive()
    assert sum(rows) == ROWS
    return still


def test_it_waits_for_a_replica_that_joined_meanwhile(world: World) -> None:
    """There was none when the reading began."""
    let(world, see=True)
    with begun(world) as (opened, rest):
        rows = [next(rest)]
        with standby(world, "late") as late:
            assert waits(opened, rows, rest, behind(world, late))


@pytest.mark.long
@pytest.mark.parametrize("may_see", [True, False])
def test_it_waits_for_a_replica_that_falls_behind(
    world: World, replica: PostgresServer, may_see: bool
) -> None:
    """Also for one that was quiet, and had no lag to show, when the reading began."""
    let(world, see=may_see)
    until(lambda: lag(world) is None)
    with begun(world) as (opened, rest):
        assert waits(opened, [next(rest)], rest, behind(world, replica)) is may_see
