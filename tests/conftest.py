"""Fixtures that more than one folder of tests uses."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

from disjoint.demo import stack
from disjoint.demo.supervisor import Supervisor
from disjoint.demo.world import World, clean

settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.register_profile("searching", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
"""One seed for every run that decides something; `make test-all` searches on."""

LONGEST_FIRST = (
    "test_catalogue",
    "test_postgres_harmless",
    "test_guard_work",
    "test_footprint",
    "test_laws",
    "test_bucket_census",
    "test_redis_canary",
    "test_faults",
    "test_celery_trials",
    "test_postgres_ahead",
)
"""The files that a process had better not find at the very end; all others as they are collected."""


def pytest_xdist_auto_num_workers() -> int:
    """As many as cores, and two on a machine with one: half of the time is spent waiting for servers."""
    return max(2, min(os.cpu_count() or 2, 8))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long come first, and the rest of the live ones before what needs no server."""
    rank = {name: number for number, name in enumerate(LONGEST_FIRST)}

    def place(item: pytest.Item) -> tuple[int, bool]:
        return rank.get(item.path.stem, len(rank)), item.get_closest_marker("live") is None

    items.sort(key=place)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """A test that holds a bound on seconds runs while no other process of this run is at one."""
    if not hasattr(item.config, "workerinput"):
        return (yield)
    run = Path(item.config.getoption("basetemp")).parent
    with _turn(run, alone=item.get_closest_marker("alone") is not None):
        return (yield)


@contextmanager
def _turn(run: Path, *, alone: bool) -> Iterator[None]:
    """Whoever wants to be alone closes the door first, or those who come and go would never let it in."""
    with (run / "door").open("a") as door, (run / "room").open("a") as room:
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(door, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(room, fcntl.LOCK_UN)  # closing would not do it: a test's child holds the same file


@pytest.fixture(scope="module")
def supervisor() -> Iterator[Supervisor]:
    """Starts the servers of one file, and ends them with its last test."""
    with Supervisor() as running:
        yield running


@pytest.fixture(scope="session", autouse=True)
def _no_ambient_credentials() -> None:
    """A developer's own PGHOST or AWS_PROFILE has no part in any test."""
    for name in [name for name in os.environ if name.startswith(("PG", "AWS_", "REDIS", "DISJOINT_"))]:
        del os.environ[name]


@pytest.fixture(scope="session")
def running() -> Iterator[stack.Stack]:
    """Both embedded environments, started once for all live tests; add to them, change nothing."""
    with Supervisor() as supervisor:
        yield stack.start(supervisor, lambda _part: None)


@pytest.fixture
def world(running: stack.Stack) -> World:
    """The isolated world over the running servers."""
    return clean(running)


SETTLED_SECONDS = 5
"""By how much every server is older than a seal, where the test is not about that."""


@pytest.fixture(scope="session")
def settled(running: stack.Stack) -> stack.Stack:
    """The same servers, once they are that old."""
    while any(_uptime(servers) < SETTLED_SECONDS for servers in (running.staging, running.production)):
        time.sleep(0.2)
    return running


def _uptime(servers: stack.Servers) -> int:
    with closing(servers.cache.admin()) as cache, closing(servers.broker.admin()) as broker:
        return min(int(each.info("server")["uptime_in_seconds"]) for each in (cache, broker))
