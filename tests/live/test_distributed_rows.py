"""PostgreSQL's rows read by Dask workers: the local result, of one snapshot, by rights of their own."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from postgres_world import World, build
from test_postgres_harmless import asked, slowed, until

from disjoint import pipeline, workers
from disjoint.demo.servers.postgres import PostgresServer
from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.postgres import ways
from disjoint.kinds.postgres.kind import KIND
from disjoint.model.census import Overlap
from disjoint.model.experiment import Census, Pair, Party
from disjoint.model.manifest import Manifest, target
from disjoint.overlap import distributed as afar
from disjoint.overlap.survey import survey
from disjoint.runner.run import Job, Run

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]
CENSUS = next(test for test in KIND.experiments if isinstance(test, Census))
ROWS, COPIED = 20_000, 25
CLIENTS = """
CREATE TABLE clients (id bigserial, mail text UNIQUE, note text);
INSERT INTO clients (mail, note) SELECT '{side}-' || n || '@example.test', '{side} note of ' || n
  FROM generate_series(1, {rows}) n;
INSERT INTO clients (mail, note) SELECT 'copied-' || n || '@example.test', 'copied note of ' || n
  FROM generate_series(1, {copied}) n;
DROP TABLE guarded;
ANALYZE;
GRANT SELECT ON clients TO app;
GRANT EXECUTE ON FUNCTION pg_control_system() TO app;
TRUNCATE users;
DROP MATERIALIZED VIEW old_users;
"""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with Supervisor() as supervisor:
        built = build(supervisor)
        for name, server in (("production", built.production), ("staging", built.staging)):
            with server.admin("shop") as admin:
                admin.execute(CLIENTS.format(side=name, rows=ROWS, copied=COPIED).encode())
        yield built


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """Where somebody's scheduler listens."""
    with afar.cluster("local") as client:
        yield client.scheduler.address


@pytest.fixture
def manifest(world: World, tmp_path: Path) -> Manifest:
    return written(tmp_path, world.url(world.production), world.url(world.staging))


def written(folder: Path, production: str, staging: str) -> Manifest:
    (folder / ".env.production").write_text(f"DATABASE_URL={production}\n")
    (folder / ".env.staging").write_text(f"DATABASE_URL={staging}\n")
    (folder / "disjoint.toml").write_text(
        """
        [environments.production]
        variables = { dotenv = ".env.production" }
        protected = true
        [environments.staging]
        variables = { dotenv = ".env.staging" }
        [resources.database]
        kind = "postgres"
        url = "$DATABASE_URL"
        rows = "exact"
        """
    )
    return pipeline.load(folder / "disjoint.toml")


@pytest.fixture(autouse=True)
def _small_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that staging's table is read in many tasks; made where the job begins."""
    monkeypatch.setattr(ways, "RANGE", 16)


@contextlib.contextmanager
def pair_of(manifest: Manifest, seconds: float = 90) -> Iterator[tuple[Pair[Any], Run]]:
    """Both sides, observed."""
    environments = (manifest.production, manifest.staging)
    with Run(environments, seconds, forks=False) as run:
        jobs = [Job(KIND, target(manifest.resources[0], environment)) for environment in environments]
        found = run.observe(jobs)
        parties = [
            Party(job.target, run.visit(environment), found[job.key].facts)
            for job, environment in zip(jobs, environments, strict=True)
        ]
        yield Pair(parties[0], parties[1]), run


def bare(found: Overlap) -> Overlap:
    sides = {name: getattr(found, name)._replace(seconds=0.0) for name in ("production", "staging")}
    return replace(found, **sides)


def test_it_is_the_local_result_and_every_command_is_counted(manifest: Manifest, scheduler: str) -> None:
    with pair_of(manifest) as (pair, _):
        local = survey(CENSUS, pair, False, Path(manifest.directory))
    with (
        pair_of(manifest) as (pair, run),
        workers.gathering(manifest, CENSUS, pair, False, scheduler) as gather,
    ):
        found = survey(CENSUS, pair, False, Path(manifest.directory), gather)
        sent = dict(run.tally("production").footprint().commands)
        elsewhere = dict(run.tally("staging").footprint().commands)
    assert bare(found) == bare(local)
    assert not found.gaps
    assert not found.blind
    assert {hit.values for hit in found.shared} == {COPIED}
    assert run.tally("production").footprint().writes == 0
    assert sum(times for command, times in sent.items() if command == "CONNECT") >= 3, "workers' too"
    assert any("TRANSACTION SNAPSHOT" in command for command in elsewhere), "one snapshot for all"


@pytest.mark.long
def test_a_killed_worker_is_replaced_and_nothing_counted_twice(
    manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients: list[Any] = []
    real = afar.cluster

    @contextlib.contextmanager
    def watched(where: str) -> Iterator[Any]:
        with real(where) as client:
            clients.append(client)
            yield client

    monkeypatch.setattr(workers, "cluster", watched)
    with pair_of(manifest) as (pair, _):
        local = survey(CENSUS, pair, False, Path(manifest.directory))
    killed = threading.Event()

    def kill() -> None:
        time.sleep(2.0)
        os.kill(next(iter(clients[0].run(os.getpid).values())), signal.SIGKILL)
        killed.set()

    with pair_of(manifest) as (pair, _), workers.gathering(manifest, CENSUS, pair, False, "local") as gather:
        threading.Thread(target=kill).start()
        found = survey(CENSUS, pair, False, Path(manifest.directory), gather)
        assert killed.is_set(), "it was over before"
    assert bare(found) == bare(local)


@pytest.mark.long
def test_an_interrupted_run_ends_the_statements_of_its_workers(
    world: World, tmp_path: Path, scheduler: str
) -> None:
    """Ctrl-C here: a second later nothing of it is on either server, though the workers live on."""
    servers = (world.production, world.staging)
    for server in servers:
        slowed(server)
        with server.admin("slow") as admin:
            admin.execute(b"GRANT EXECUTE ON FUNCTION pg_control_system() TO app")
    written(tmp_path, *(world.url(server, database="slow") for server in servers))
    with (tmp_path / "disjoint.toml").open("a") as declared:
        declared.write('columns = ["slow.v"]')
    said = [str(Path(sys.executable).with_name("disjoint")), "verify", "--dask", scheduler]
    own = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}
    with subprocess.Popen(
        said, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=tmp_path, env=own
    ) as run:
        until(lambda: reading(world.production), 60)
        run.send_signal(signal.SIGINT)
        left = time.monotonic()
        until(lambda: not any(map(running, servers)), 1.5)
        assert run.wait(5) == 130
        assert time.monotonic() - left < 2


def reading(server: PostgresServer) -> bool:
    """Whether a worker is at its table; asked seldom, for whoever asks is given way."""
    time.sleep(0.3)
    return bool(asked(server, f"{SESSIONS} AND query ~ 'FROM census'", "slow"))


def running(server: PostgresServer) -> bool:
    return bool(asked(server, SESSIONS, "slow"))


SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'"
"""Ours, workers' and this process's."""


def test_what_workers_do_not_read_beside_the_database_is_unproven(
    world: World, manifest: Manifest, scheduler: str
) -> None:
    """They open the declared one alone; one that holds nothing for its role is no question."""
    with world.staging.admin() as admin:
        admin.execute(b"CREATE DATABASE beside")
    try:
        with world.staging.admin("beside") as admin:
            admin.execute(b"CREATE TABLE kept AS SELECT 'copied-1@example.test' AS mail")
            admin.execute(b"GRANT SELECT ON kept TO app")
        with pair_of(manifest) as (pair, _):
            found = workers.surveyed(manifest, CENSUS, pair, False, scheduler)
    finally:
        with world.staging.admin() as admin:
            admin.execute(b"DROP DATABASE beside WITH (FORCE)")
    assert [(gap.place, "workers read" in gap.reason) for gap in found.gaps] == [
        ("staging: database beside", True)
    ]
    assert {hit.values for hit in found.shared} == {COPIED}


def test_a_worker_that_reaches_another_server_reads_nothing(
    world: World, tmp_path: Path, scheduler: str
) -> None:
    """Its own variables name staging for production: empty or not, it would prove nothing."""
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    here = written(tmp_path / "here", world.url(world.production), world.url(world.staging))
    there = written(tmp_path / "there", world.url(world.staging), world.url(world.staging))
    misled = replace(here, source=there.source)
    with pair_of(here) as (pair, _), workers.gathering(misled, CENSUS, pair, False, scheduler) as gather:
        found = survey(CENSUS, pair, False, Path(here.directory), gather)
    assert "a worker reaches another server" in {gap.reason for gap in found.gaps}
    assert not found.production.rows


def test_what_travels_holds_no_credential(world: World, manifest: Manifest) -> None:
    with pair_of(manifest) as (pair, _):
        meant = workers._meant(manifest, pair.production.target, careful=True, seconds=9)
    octets = pickle.dumps(meant)
    assert world.password.encode() not in octets
    assert b"postgres://" not in octets
    assert b"postgresql://" not in octets


@pytest.mark.long
def test_verify_takes_workers(manifest: Manifest) -> None:
    proof = pipeline.verify(manifest, budget=30, dask="local")
    (found,) = [finding for finding in proof.findings if finding.rule == "postgres/production-rows"]
    assert (found.outcome.value, f"{COPIED} values" in found.judgement.summary) == ("SHARED", True)
