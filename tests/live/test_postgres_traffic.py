"""A census goes gently where others are served, and at full speed where nobody is."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

import pytest
from census_world import side, sieve_for
from postgres_world import World, build, target

from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.postgres.traffic import GENTLE, Traffic
from disjoint.model.census import Task

pytestmark = pytest.mark.live

ROWS = """
CREATE TABLE crowd AS SELECT n AS id, md5(n::text) AS token FROM generate_series(1, 300000) n;
VACUUM ANALYZE crowd;
GRANT SELECT ON crowd TO app;
"""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with Supervisor() as running:
        made = build(running)
        with made.production.admin("shop") as admin:
            for statement in filter(str.strip, ROWS.split(";")):
                admin.execute(statement.encode())
        yield made


@contextlib.contextmanager
def clients(world: World) -> Iterator[None]:
    """Three sessions of one short transaction after the other, of which some are always under way."""
    over = threading.Event()

    def work() -> None:
        with world.production.admin("shop") as admin:
            while not over.is_set():
                admin.execute(b"SELECT pg_sleep(0.005)")

    threads = [threading.Thread(target=work, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def read(world: World) -> tuple[int, int, float]:
    """How many digests a sampled census of production brought, in how many steps and seconds."""
    where = target(world.url(world.production), "production", columns=("public.crowd.token",))
    with side(where) as opened:
        sieve = sieve_for(opened.reader, one_in=64)
        (task,) = opened.reader.tasks(sieve)
        assert isinstance(task, Task)
        started = time.monotonic()
        portions = list(opened.reader.read(task, sieve))
        return sum(len(p.packed) for p in portions), len(portions), time.monotonic() - started


def test_while_others_are_served_it_takes_small_steps_with_rests(world: World) -> None:
    """The same digests, in many more steps; a tenth of the time at work."""
    quiet = read(world)
    with clients(world):
        time.sleep(0.3)
        busy = read(world)
    again = read(world)
    for octets, _, _ in (quiet, busy, again):
        assert 4_200 < octets / 8 < 5_200  # 300,000 / 64 = 4,687, give or take six deviations
    assert busy[1] > 6 * quiet[1]
    assert busy[2] > 2 * quiet[2]
    assert again[1] == quiet[1]


def test_who_was_met_is_reckoned_with_for_a_while() -> None:
    """Somebody new counts for three looks; one who only sits in a transaction does not."""
    traffic = Traffic()
    for met, busy in (("3/7", False), ("3/7", False), ("4/1", True), ("", True), ("", True), ("", False)):
        traffic.see(frozenset(filter(None, [met])))
        assert traffic.busy is busy
    assert (traffic.step(1024), traffic.rest(1.0)) == (1024, 0.0)
    traffic.see(None)
    assert (traffic.step(1024), traffic.step(3), traffic.rest(0.01)) == (1024 // GENTLE, 1, 0.09)
