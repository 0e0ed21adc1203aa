"""A census goes gently where others are served, and at full speed where nobody is."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from census_world import Opened, digests, everything, side, sieve_for
from postgres_world import World, build, target
from wire import Wire

from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.postgres import queries
from disjoint.kinds.postgres.traffic import (
    EVERY_SECONDS,
    GENTLE,
    LONGEST_EASE,
    LONGEST_REST,
    LOOKS,
    SHARE,
    SMALLER,
    WORK_SECONDS,
    Traffic,
)
from disjoint.model.census import Task

pytestmark = pytest.mark.live

ROWS = """
CREATE TABLE crowd AS SELECT n AS id, md5(n::text) AS token FROM generate_series(1, 75000) n;
VACUUM ANALYZE crowd;
GRANT SELECT ON crowd TO app;
"""


UNDERWAY = 0.01
"""Seconds of each way."""


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


class Taken(NamedTuple):
    """What a sampled census of production brought, in how many steps and seconds."""

    digests: int
    rows: int
    steps: int
    counts: int
    """How often its server was asked how many rows it had read."""
    seconds: float


def read(world: World) -> Taken:
    where = target(world.url(world.production), "production", columns=("public.crowd.token",))
    with side(where) as opened:
        sieve = sieve_for(opened.reader, one_in=64)
        (task,) = opened.reader.tasks(sieve)
        assert isinstance(task, Task)
        started = time.monotonic()
        portions = list(opened.reader.read(task, sieve))
        seconds = time.monotonic() - started
        asked = dict(opened.tally.footprint().commands)
        counts = sum(times for command, times in asked.items() if "tuples_returned" in command)
    octets = sum(len(p.packed) for p in portions)
    return Taken(octets // 8, sum(p.rows for p in portions), len(portions), counts, seconds)


@pytest.mark.alone
def test_while_others_are_served_it_takes_small_steps_with_rests(world: World) -> None:
    """The same digests, in many more steps; a small share of the time at work, and no time for counting."""
    quiet = read(world)
    with clients(world):
        time.sleep(0.3)
        busy = read(world)
    again = read(world)
    for taken in (quiet, busy, again):
        assert 967 < taken.digests < 1_377  # 75,000 / 64 = 1,172, give or take six deviations
        assert taken.rows == 75_000
    assert busy.steps > 20 * quiet.steps
    assert busy.seconds > 4 * quiet.seconds
    assert busy.counts < busy.steps / 4
    assert again.steps == quiet.steps


def test_from_one_hit_to_the_next_others_are_given_way_too(world: World) -> None:
    """One wanted value of a whole table, and one that nobody has: neither is looked for in one go."""
    where = target(world.url(world.production), "production", columns=("public.crowd.token",))
    with side(where) as opened:
        sieve = sieve_for(opened.reader)
        wanted = [*digests(everything(opened.reader, sieve)["public.crowd.token"])][:1]
        before = fetched(opened)
        opened.reader._pool.traffic.see(None)
        found = list(opened.reader.confirm(sieve, {0: [*wanted, bytes(8)]}, b""))
        assert fetched(opened) - before > 8
    assert [match.digest[:8] for match in found] == wanted


def fetched(opened: Opened) -> int:
    return dict(opened.tally.footprint().commands).get(queries.FETCH, 0)


def test_a_longer_step_is_for_a_quick_server_that_nobody_else_wants(world: World) -> None:
    """Nothing is known before the first answer; and who waits long for one asks for less."""
    where = target(world.url(world.production), "production", columns=("public.crowd.token",))
    with side(where) as opened, opened.reader._pool.borrowed() as session:
        pace = opened.reader._pace()
        assert not pace.brisk
        for seconds, brisk in ((0.01, True), (EVERY_SECONDS, False), (0.02, True)):
            pace.wait(session, seconds)
            assert pace.brisk is brisk
        opened.reader._pool.traffic.see(None)
        assert not pace.brisk


def test_who_was_met_is_reckoned_with_for_a_while() -> None:
    """Somebody new counts for so many looks; one who only sits in a transaction does not."""
    traffic = Traffic()
    later = [("", True)] * (LOOKS - 1)
    for met, busy in (("3/7", False), ("3/7", False), ("4/1", True), *later, ("", False)):
        traffic.see(frozenset(filter(None, [met])))
        assert traffic.busy is busy
    assert (traffic.step(1024), traffic.rest(1.0)) == (1024, 0.0)
    traffic.see(None)
    assert (traffic.step(1024), traffic.step(3)) == (1024 // GENTLE, 1)
    assert traffic.rest(0.01) == pytest.approx(0.01 * SHARE)
    assert traffic.rest(1.0) == LONGEST_REST


def test_a_step_is_as_small_as_its_rows_are_laborious() -> None:
    """By the quickest of the last steps: those beside it were delayed by others, and not by their rows."""
    traffic = Traffic()
    traffic.see(None)
    most = traffic.step(4096)
    for seconds in (0.5, WORK_SECONDS, 0.5):
        traffic.took(most, seconds)
    assert traffic.step(4096) == most
    for _ in range(8):
        traffic.took(most, 4 * WORK_SECONDS)
    assert traffic.step(4096) == most // 4
    for _ in range(8):
        traffic.took(most, 1.0)
    assert traffic.step(4096) == most // SMALLER


@pytest.mark.alone
def test_what_cannot_be_taken_in_steps_is_followed_by_a_rest() -> None:
    """One table after the other; and nobody waits where nobody is there."""

    def tables() -> Iterator[int]:
        for number in range(3):
            time.sleep(0.003)
            yield number

    traffic = Traffic()
    started = time.monotonic()
    assert list(traffic.eased(tables())) == [0, 1, 2]
    quiet = time.monotonic() - started
    traffic.see(None)
    started = time.monotonic()
    assert list(traffic.eased(tables())) == [0, 1, 2]
    assert time.monotonic() - started > quiet + 3 * LONGEST_EASE * 0.9


def test_where_nobody_is_no_turn_of_the_processor_is_given_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sleep of no time took four seconds of a catalogue of 1,000 tables, on a processor that is shared."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    traffic = Traffic()
    assert list(traffic.eased(range(9))) == [*range(9)]
    assert slept == []
    traffic.see(None)
    assert list(traffic.eased(range(9))) == [*range(9)]
    assert len(slept) == 10


class Distant(Wire):
    """A server far away: what it is asked, and what it answers, is each underway for a while."""

    def _carry(self, one: socket.socket, other: socket.socket, kept: bytearray) -> None:
        with contextlib.suppress(OSError):
            while octets := one.recv(65536):
                kept += octets
                time.sleep(UNDERWAY)
                other.sendall(octets)


@pytest.mark.alone
def test_the_way_to_a_distant_server_is_no_work_of_its(world: World) -> None:
    """A rest is for what the server did, not for the way there and back."""
    nearby, distant = Traffic(), Traffic()
    with Distant(world.production.port) as far:
        for traffic, port in ((nearby, world.production.port), (distant, far.port)):
            url = world.url(world.production).replace(f":{world.production.port}/", f":{port}/")
            with side(target(url, "production")) as opened, opened.reader._pool.borrowed() as session:
                traffic.look(session)
            traffic.see(None)
    step = 2 * UNDERWAY + WORK_SECONDS
    assert distant.rest(step) < 0.3 * SHARE * step
    assert nearby.rest(step) > 0.7 * min(LONGEST_REST, SHARE * step)
