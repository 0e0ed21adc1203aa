"""An attested process that dies takes its question's child along, and every mark in staging's stores."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from deployed_world import plain_world
from test_attested import PATH, TOKEN, deployed
from test_orphans import left, lives
from test_postgres_harmless import until

from disjoint.demo.stack import Stack
from disjoint.demo.world import World

pytestmark = pytest.mark.live
SECOND = 1.0
LASTS = 60
NONCE = "cd" * 16
TIED = """
import os, signal, sys, time
from disjoint.guard import child
FOLLOWS = "import time, disjoint.runner.lifeline as line; line.follow(0); print(flush=True); time.sleep(30)"
def tied():
    return child._tied([sys.executable, "-c", FOLLOWS], dict(os.environ))
"""


@pytest.fixture
def world(running: Stack) -> World:
    """Both sides as one deploys them."""
    return plain_world(running)


class Stores:
    """What an administrator of staging's sees of marks."""

    def __init__(self, world: World) -> None:
        variables = world.staging.variables
        self._database = psycopg.connect(variables["DATABASE_URL"], autocommit=True)
        url = next(value for name, value in variables.items() if name in {"REDIS_URL", "CACHE_URL"})
        self._cache = redis.Redis.from_url(url)

    def locks(self) -> int:
        """Advisory locks, of PostgreSQL's canary."""
        (count,) = self._database.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
        ).fetchone() or (0,)
        return int(count)

    def channels(self) -> int:
        """Channels that somebody listens to, of Redis' canary."""
        return len(self._cache.pubsub_channels("*"))

    def close(self) -> None:
        self._database.close()
        self._cache.close()


class Asked(NamedTuple):
    """An application whose child holds marks at this moment."""

    application: int
    child: int
    stores: Stores


@contextlib.contextmanager
def standing(world: World, folder: Path, **variables: str) -> Iterator[Asked]:
    """Until the first record has come, which it does once all marks stand."""
    stores = Stores(world)
    assert (stores.locks(), stores.channels()) == (0, 0)
    with contextlib.closing(stores), deployed(world, folder, **variables) as url:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=40)
        headers = {
            "Authorization": f"Bearer {TOKEN}",
            "Disjoint-Nonce": NONCE,
            "Disjoint-Seconds": str(LASTS),
        }
        with contextlib.closing(connection):
            connection.request("GET", PATH, headers=headers)
            answer = connection.getresponse()
            assert answer.status == 200
            assert answer.readline().startswith(b"\x1e")
            (child,) = holding()
            yield Asked(_parent_of(child), child, stores)
    for pid in holding():
        os.kill(pid, signal.SIGKILL)


def holding() -> list[int]:
    """The children of this test's question, whoever is their parent by now."""
    found = []
    for words in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found += [int(words.parent.name)] if f"--nonce\0{NONCE}" in words.read_bytes().decode() else []
    return [pid for pid in found if lives(pid)]


def _parent_of(pid: int) -> int:
    return int((Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])


def seconds_until(gone: Callable[[], bool], most: float) -> float:
    """How long it took; `most` where it did not happen."""
    began = time.monotonic()
    while not gone() and time.monotonic() - began < most:
        time.sleep(0.01)
    return time.monotonic() - began


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGABRT])
def test_a_killed_process_takes_its_child_and_every_mark_along(
    world: World, tmp_path: Path, end: signal.Signals
) -> None:
    """They would stand for the minute that was asked for."""
    with standing(world, tmp_path) as (application, child, stores):
        assert stores.locks() > 0
        assert stores.channels() > 0
        os.kill(application, end)
        took = {
            "process": seconds_until(lambda: not lives(child), LASTS + 15),
            "locks": seconds_until(lambda: not stores.locks(), LASTS + 15),
            "channels": seconds_until(lambda: not stores.channels(), LASTS + 15),
        }
    assert max(took.values()) < SECOND, took
    assert not (tmp_path / ".local").exists(), "a child that is killed leaves no key behind, for it has none"


@contextlib.contextmanager
def program(text: str) -> Iterator[list[int]]:
    """The processes that a program named before it ended; those that outlive the test are ended with it."""
    pids: list[int] = []
    with subprocess.Popen([sys.executable, "-c", TIED + text], stdout=subprocess.PIPE) as parent:
        try:
            assert parent.stdout is not None
            pids += map(int, parent.stdout.readline().split())
            parent.wait(10)
            yield pids
        finally:
            parent.kill()
            for pid in filter(lives, pids):
                os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("stands", ["process.stdout.readline()", ""])
def test_a_fork_of_the_application_does_not_pass_for_it(stands: str) -> None:
    """A pool of workers inherits no child's tie; and a child that has hardly begun is ended all the same."""
    text = f"""
process, _ = tied()
{stands}
if (other := os.fork()) == 0:
    time.sleep(20)
    os._exit(0)
os.write(1, b"%d %d\\n" % (process.pid, other))
os.kill(os.getpid(), signal.SIGKILL)
"""
    with program(text) as (child, other):
        until(left([child]), 5 * SECOND)
        assert lives(other)


def test_a_question_leaves_no_descriptor_open() -> None:
    """Nor does one whose child cannot be started."""
    text = """
def ends(process, tie):
    process.kill(), process.wait(), process.stdout.close(), process.stderr.close(), child._cut(tie)
ends(*tied())
before = sorted(os.listdir("/proc/self/fd"))
for _ in range(20):
    ends(*tied())
    try:
        child._tied(["/none"], {})
    except OSError:
        pass
assert sorted(os.listdir("/proc/self/fd")) == before
assert not child._TIES
"""
    done = subprocess.run([sys.executable, "-c", TIED + text], check=False, timeout=60)
    assert done.returncode == 0
