"""A run that dies takes its lanes with it, and every connection that they had."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from postgres_world import World, build
from test_postgres_harmless import asked, slowed, until

from disjoint.demo.servers.postgres import PostgresServer
from disjoint.demo.supervisor import Supervisor

pytestmark = pytest.mark.live
SECOND = 1.0
CREWS = """
import os, re, signal, sys, time
from disjoint.runner import lifeline
from disjoint.runner.crew import Crew
def waits(tell):
    time.sleep(20)
def keeps_the_lock(tell):
    re.match("(a*)*b", "a" * 40)
"""
"""The pattern takes years, and lets no other thread of its interpreter run meanwhile."""
MANIFEST = """
[environments.production]
variables = {{ dotenv = ".env.production" }}
protected = true
[environments.staging]
variables = {{ dotenv = ".env.staging" }}
[resources.cache]
kind = "redis"
url = "redis://127.0.0.1:1/0"
[resources.database]
kind = "postgres"
url = "$DATABASE_URL"
databases = "own"
{more}
"""


def lives(pid: int) -> bool:
    """Whether it still runs; what nobody has waited for yet does not."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def left(pids: list[int]) -> Callable[[], bool]:
    return lambda: not any(map(lives, pids))


@contextlib.contextmanager
def orphans(program: str) -> Iterator[list[int]]:
    """The crews of a program that has ended itself; those that outlive the test are ended with it."""
    pids: list[int] = []
    with subprocess.Popen([sys.executable, "-c", CREWS + program], stdout=subprocess.PIPE) as parent:
        try:
            assert parent.stdout is not None
            pids += map(int, parent.stdout.readline().split())
            parent.wait(10)
            yield pids
        finally:
            parent.kill()
            for pid in filter(lives, pids):
                os.kill(pid, signal.SIGKILL)


@pytest.mark.alone
@pytest.mark.parametrize("end", ["SIGKILL", "SIGTERM", "SIGHUP", "os._exit"])
def test_however_the_parent_goes_its_crews_go_with_it(end: str) -> None:
    """Nothing of the parent's runs any more, and one crew lets nobody of its own run, either."""
    ends = "os._exit(0)" if end == "os._exit" else f"os.kill(os.getpid(), signal.{end})"
    program = f"""
crews = [Crew(waits), Crew(keeps_the_lock), Crew(waits), Crew(keeps_the_lock)]
print(*[crew._pid for crew in crews], flush=True)
time.sleep(0.3)
{ends}
"""
    with orphans(program) as pids:
        assert len(pids) == 4
        until(left(pids), SECOND)


@pytest.mark.alone
def test_the_end_of_file_is_enough_by_itself() -> None:
    """Not every system sends a signal for it."""
    program = """
lifeline._have_a_signal_sent = lambda end: None
crews = [Crew(waits), Crew(waits)]
print(*[crew._pid for crew in crews], flush=True)
time.sleep(0.3)
os.kill(os.getpid(), signal.SIGKILL)
"""
    with orphans(program) as pids:
        assert len(pids) == 2
        until(left(pids), SECOND)


@pytest.mark.alone
def test_a_parent_that_goes_at_once_is_missed_all_the_same() -> None:
    """Before its crew has so much as begun to wait for its end."""
    program = """
crew = Crew(waits)
os.write(1, b"%d\\n" % crew._pid)
os.kill(os.getpid(), signal.SIGKILL)
"""
    with orphans(program) as pids:
        assert len(pids) == 1
        until(left(pids), SECOND)


@pytest.mark.alone
def test_another_child_of_the_parents_does_not_pass_for_it() -> None:
    """An application may fork while a run is under way: what it inherits holds no lane's line."""
    program = """
crew = Crew(waits)
if (other := os.fork()) == 0:
    time.sleep(20)
    os._exit(0)
print(crew._pid, other, flush=True)
time.sleep(0.3)
os.kill(os.getpid(), signal.SIGKILL)
"""
    with orphans(program) as (crew, other):
        until(left([crew]), SECOND)
        assert lives(other)


def test_a_crew_that_is_dismissed_leaves_no_descriptor_open() -> None:
    """A server that verifies for years would run out of them."""
    done = subprocess.run(
        [sys.executable, "-c", CREWS + """
before = sorted(os.listdir("/proc/self/fd"))
for _ in range(20):
    Crew(waits).dismiss()
assert sorted(os.listdir("/proc/self/fd")) == before, before
assert not lifeline._KEPT
"""],
        check=False, timeout=20,
    )  # fmt: skip
    assert done.returncode == 0


@pytest.fixture(scope="module")
def world(supervisor: Supervisor) -> World:
    built = build(supervisor)
    for server in (built.production, built.staging):
        slowed(server)
        with server.admin("slow") as admin:
            admin.execute(b"GRANT EXECUTE ON FUNCTION pg_control_system() TO app")
    return built


@contextlib.contextmanager
def verifying(
    world: World, directory: Path, *options: str, more: str = ""
) -> Iterator[subprocess.Popen[bytes]]:
    """The command, as people run it, over two databases whose scan takes a second or two."""
    (directory / "disjoint.toml").write_text(MANIFEST.format(more=more))
    for name, server in (("production", world.production), ("staging", world.staging)):
        (directory / f".env.{name}").write_text(f"DATABASE_URL={world.url(server, database='slow')}\n")
    argv = [
        sys.executable,
        "-m",
        "disjoint",
        "verify",
        "--manifest",
        str(directory / "disjoint.toml"),
        *options,
    ]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def descendants(pid: int) -> list[int]:
    """Children of any of its threads, and theirs."""
    own: list[int] = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for thread in (Path("/proc") / str(pid) / "task").iterdir():
            own += map(int, (thread / "children").read_text().split())
    return [each for child in own for each in (child, *descendants(child))]


def killed(process: subprocess.Popen[bytes]) -> list[int]:
    """The command's children, once it is dead by kill -9; it had not ended by itself."""
    pids = descendants(process.pid)
    assert process.poll() is None
    process.kill()
    return pids


def busy(server: PostgresServer) -> list[int]:
    """The server's processes that read rows, for so long already that the answer takes a while."""
    statement = (
        "SELECT array_agg(pid) FROM pg_stat_activity WHERE usename = 'app' AND state = 'active'"
        " AND query LIKE '%slow%' AND clock_timestamp() - query_start > '100ms'"
    )
    return asked(server, statement, "slow") or []


@contextlib.contextmanager
def stopped(pids: list[int]) -> Iterator[None]:
    """Processes of a server that say nothing meanwhile, and break nothing off."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def sessions(*servers: PostgresServer) -> int:
    """Those of a run that are there at all."""
    statement = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'"
    return sum(int(asked(server, statement, "slow")) for server in servers)


@pytest.mark.alone
@pytest.mark.parametrize("name", ["production", "staging"])
def test_a_run_that_is_killed_at_its_census_asks_no_server_any_more(
    world: World, name: str, tmp_path: Path
) -> None:
    """kill -9 in the middle of a statement, which the server breaks off when its client is gone."""
    server = world.production if name == "production" else world.staging
    with verifying(world, tmp_path, "--budget", "30", more=CENSUS) as process:
        until(lambda: bool(busy(server)), 30)
        pids = killed(process)
        assert pids
        until(left(pids), SECOND)
        until(lambda: sessions(world.production, world.staging) == 0, SECOND)


CENSUS = 'rows = "exact"\nrows_seconds = 60'


@pytest.mark.alone
@pytest.mark.parametrize("name", ["production", "staging"])
def test_a_lane_does_not_wait_for_an_answer_that_nobody_wants(
    world: World, name: str, tmp_path: Path
) -> None:
    """Its statement takes for ever, and it would wait until the budget is spent."""
    server = world.production if name == "production" else world.staging
    with verifying(world, tmp_path, "--budget", "30", more=CENSUS) as process:
        until(lambda: bool(busy(server)), 30)
        with stopped(busy(server)):
            time.sleep(0.5)
            pids = killed(process)
            assert pids
            until(left(pids), SECOND)
        until(lambda: sessions(world.production, world.staging) == 0, SECOND)


@pytest.mark.alone
@pytest.mark.long
def test_the_workers_of_a_census_end_with_the_run_that_started_them(world: World, tmp_path: Path) -> None:
    """Processes of processes: each follows the one that started it, and its statement is broken off."""
    pytest.importorskip("distributed")
    options = ("--budget", "30", "--dask", "local")
    with verifying(world, tmp_path, *options, more=CENSUS) as process:
        until(lambda: bool(busy(world.staging) or busy(world.production)), 40)
        pids = killed(process)
        assert len(pids) > 3  # two lanes, two workers
        until(left(pids), 2 * SECOND)
        until(lambda: sessions(world.production, world.staging) == 0, SECOND)


@pytest.mark.alone
def test_a_run_that_is_killed_at_its_canary_holds_no_mark_any_more(world: World, tmp_path: Path) -> None:
    """kill -9 while it waits for a production that says nothing, with its mark in staging."""
    assert any(waited_with_its_mark(world, tmp_path) for _ in range(10)), "every look was over already"


MARKS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"


def waited_with_its_mark(world: World, directory: Path) -> bool:
    """Whether the run's look at production was not over before that was silenced; then nothing is left."""
    postmaster = int((world.production.cluster / "postmaster.pid").read_text().split()[0])
    with verifying(world, directory, "--budget", "60") as process, world.staging.admin() as admin:

        def marked() -> bool:
            row = admin.execute(MARKS.encode()).fetchone()
            return bool(row and row[0])

        until(marked, 30)
        with stopped([postmaster]):
            time.sleep(0.5)
            if not marked():
                return False
            pids = killed(process)
            assert pids
            until(left(pids), SECOND)
            until(lambda: sessions(world.staging) == 0, SECOND)
    until(lambda: sessions(world.production) == 0, SECOND)
    return True
