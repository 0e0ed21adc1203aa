"""What docs/scale.md multiplies: the processor's time for one row, value or task, measured in one run.

    make bench BENCH=scale     about a minute

Processor time, since a busy machine stretches the clock and hardly the work.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from disjoint.demo.servers.postgres import PostgresServer
from disjoint.demo.supervisor import Supervisor
from disjoint.model.census import Method, Portion, Sieve
from disjoint.overlap import hashed, psi
from disjoint.overlap.compare import compared
from disjoint.overlap.sketch import Sketch

Results = dict[str, dict[str, object]]
ROWS = 1_000_000
VALUES = 10_000_000
ITEMS = 20_000
ERRANDS = 200
_TICKS = os.sysconf("SC_CLK_TCK")
_HASH = 'pg_catalog.hashtextextended(email COLLATE "C", 42)'
_SHA = "pg_catalog.sha256('\\x00'::bytea || pg_catalog.convert_to(email, 'UTF8'))"
STATEMENTS = {
    "read alone": "SELECT count(email) FROM users",
    "exact": "SELECT string_agg(int8send({hash}), ''::bytea) FROM users",
    "sampled 1/128": "SELECT string_agg(int8send({hash}), ''::bytea) FILTER (WHERE {hash} & 127 = 0) "
    "FROM users",
    "exact, SHA-256": "SELECT string_agg(substr({sha}, 1, 8), ''::bytea) FROM users",
}
"""What the product's statements do to each row, without its controls."""
FILL = """
CREATE TABLE users AS SELECT n AS id, 'user-' || n || '@production.example' AS email,
  repeat(md5(n::text), 3) AS payload FROM generate_series(1, {rows}) n;
ANALYZE users; SET max_parallel_workers_per_gather = 0;
"""


def measure() -> Results:
    """Every rate, one after the other."""
    found: Results = {}
    for name, micros in (*_server().items(), *_here().items()):
        found[f"scale/{name}"] = {"microseconds": round(micros, 4), "each": "processor's time"}
    return found


def _server() -> dict[str, float]:
    with Supervisor() as supervisor:
        server = PostgresServer.start(supervisor, "production")
        with server.admin() as admin:
            for each in FILL.format(rows=ROWS).split(";")[:-1]:
                admin.execute(each.encode())
            pid = int(admin.info.backend_pid)
            made = {name: each.format(hash=_HASH, sha=_SHA) for name, each in STATEMENTS.items()}
            return {f"a row, {name}": _backend(admin, pid, each) for name, each in made.items()}


def _backend(admin: Any, pid: int, statement: str) -> float:
    def spent() -> float:
        told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / _TICKS

    taken = []
    for _ in range(3):
        before = spent()
        admin.execute(statement.encode())
        taken.append(spent() - before)
    return sorted(taken)[1] / ROWS * 1e6


def _here() -> dict[str, float]:
    return {"a value, compared": _compared(), "a value, Parquet": _parquet(), **_private(), **_dask()}


def _spent(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def _compared() -> float:
    drawing = np.random.default_rng(1)
    octets = [drawing.bytes(8 * VALUES) for _ in range(2)]

    def work() -> None:
        with Sketch() as production, Sketch() as staging:
            for side, own in zip((production, staging), octets, strict=True):
                side.add(Portion(0, own, VALUES, VALUES))
            compared(production, staging)

    return _spent(work) / (2 * VALUES) * 1e6


def _parquet() -> float:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    from disjoint.overlap.parquet import Exports  # noqa: PLC0415

    with TemporaryDirectory() as folder:
        path = Path(folder) / "users.parquet"
        pq.write_table(pa.table({"email": [f"user-{n}@production.example" for n in range(ROWS)]}), path)
        side, bare = Exports(str(path)).open(), Sieve(Method.SHA256, 0, 0, bytes(16), 128, fold=False)
        sieve = Sieve(Method.SHA256, 0, 0, bytes(16), 128, fold=False, planted=hashed.plant(bare))
        work = lambda: [sum(1 for _ in side.read(task, sieve)) for task in side.tasks(sieve)]  # noqa: E731
        return _spent(work) / ROWS * 1e6


def _private() -> dict[str, float]:
    own, theirs = ([secrets.token_bytes(16) for _ in range(ITEMS)] for _ in range(2))
    asker = psi.Asker()
    found: list[Any] = []
    asked = _spent(lambda: found.append(asker.request(own)))
    answered = _spent(lambda: found.append(psi.answer(found[0], theirs)))
    counted = _spent(lambda: asker.count(found[1], ITEMS))
    steps = {"asked": asked, "answered": answered, "counted": counted}
    return {f"a private value, {name}": spent / ITEMS * 1e6 for name, spent in steps.items()}


def _dask() -> dict[str, float]:
    """A task's own cost: read, split, handed out and compared, of next to nothing. By the clock."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    from disjoint.model.census import Detection, Strength, Terms  # noqa: PLC0415
    from disjoint.overlap import distributed  # noqa: PLC0415
    from disjoint.overlap.engine import Sides, census  # noqa: PLC0415
    from disjoint.overlap.parquet import Exports  # noqa: PLC0415

    with TemporaryDirectory() as folder, distributed.cluster("local") as client:
        exports = []
        for name in ("production", "staging"):
            (Path(folder) / name).mkdir()
            for n in range(ERRANDS):
                mails = [f"{name}-{n}-{m}@example.test" for m in range(9)]
                pq.write_table(pa.table({"email": mails}), Path(folder) / name / f"{n}.parquet")
            exports.append(Exports(str(Path(folder) / name)))
        gather = distributed.Afar(client, exports[0], exports[1], connections=None)
        sides = Sides(exports[0].open(), exports[1].open(), ("production", "staging"))
        before = time.monotonic()
        census(sides, Terms(Strength.EXACT, Detection(1, 0.999), 60), gather=gather)
        return {"a Dask task (by the clock)": (time.monotonic() - before) / (2 * ERRANDS) * 1e6}
