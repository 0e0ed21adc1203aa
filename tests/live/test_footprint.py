"""One whole `disjoint verify` of the demo as production's servers saw it; what is left when it is killed."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from oracles import Oracle
from recorder import Recorder

from disjoint.demo import stack
from disjoint.demo.catalogue.pooler import pooled
from disjoint.demo.servers.pgbouncer import MISSING, Pooling, program
from disjoint.demo.shop import Login
from disjoint.demo.stack import Servers, Stack
from disjoint.demo.supervisor import Supervisor
from disjoint.demo.world import STORAGE, World, clean, place
from disjoint.kinds.postgres import queries
from lacking import lacking

pytestmark = pytest.mark.live
POOL = 4
"""Connections that the demo's pooler keeps."""
MOMENTS = 10
LASTING_SECONDS = 20
"""A reply queue on staging's broker is given an end when it is made: 15 s. All else is gone at once."""


@pytest.fixture(scope="module")
def own() -> Iterator[Stack]:
    """Servers that nobody else visits: whatever they are asked, this test asked it."""
    with Supervisor() as supervisor:
        yield stack.start(supervisor, lambda _part: None)


_stores: dict[int, Any] = {}


def store_of(own: Stack) -> Any:
    """A client of the store with every right; made once, for that takes a while."""
    if own.store.port not in _stores:
        _stores[own.store.port] = own.store.client("s3", own.store.root)
    return _stores[own.store.port]


def started(world: World, directory: Path) -> subprocess.Popen[bytes]:
    """The command, in a session of its own."""
    argv = [sys.executable, "-m", "disjoint", "verify", "--format", "json"]
    manifest = str(world.write(directory))
    return subprocess.Popen(
        [*argv, "--manifest", manifest],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def verified(world: World, directory: Path) -> Mapping[str, Any]:
    """The report of a whole run."""
    output, _ = started(world, directory).communicate(timeout=60)
    report: Mapping[str, Any] = json.loads(output)
    return report


def test_production_saw_what_the_report_counts_and_nothing_else(own: Stack, tmp_path: Path) -> None:
    """Statements, commands, requests: allow-listed reads only, each of them counted; nothing is changed."""
    production = own.production
    with ExitStack() as open_:
        recorder = open_.enter_context(Recorder(own.store.port))
        world = clean(own).reaching(STORAGE, recorder.port)
        verified(world, tmp_path)  # whoever reads a fresh row first sets its hint bits, which is logged
        recorder.requests.clear()
        caches = [open_.enter_context(closing(s.admin())) for s in (production.cache, production.broker)]
        named(caches)
        oracle = open_.enter_context(Oracle(production))
        bystander = open_.enter_context(closing(production.postgres.admin(production.login.database)))
        oracle.ignore(bystander.info.backend_pid)
        settings, clients = bystander.execute("SHOW ALL").fetchall(), named(caches)
        before = lasting(production, own, bystander, caches)
        report = verified(world, tmp_path)
        assert lasting(production, own, bystander, caches) == before
        oracle.settle()
        assert bystander.execute("SHOW ALL").fetchall() == settings
        assert {key: name for key, name in named(caches).items() if key in clients} == clients
    asked = [request.method for request in recorder.to(production.bucket)]
    assert report["verdict"] == "ISOLATED"
    footprint = report["footprint"]["production"]
    assert footprint["writes"] == 0
    assert oracle.words() | set(asked) <= Oracle.allowed
    assert set(asked) <= {"GET", "HEAD"}
    counted = explained(footprint["commands"])
    seen = Counter(as_counted(text, counted) for text in (*oracle.sent, *asked))
    assert (seen - counted, counted - seen) == (Counter(), Counter())
    assert ours(production) == []
    assert lastly(own.staging) == []


def as_counted(text: str, counted: Counter[str]) -> str:
    """The constant text that a logged one was made of: our own numbers and names filled in."""
    for command in counted:
        pattern = re.sub(r"\\{\\}|%s", r"(?:\\$\\d+|'[^']*'|[\\d.]+)", re.escape(command))
        if re.fullmatch(pattern, text):
            return command
    return text


def explained(counted: Mapping[str, int]) -> Counter[str]:
    """What a server can show: no stranger's PING in MONITOR, and of a request its method."""
    shown = Counter[str]()
    for command, count in counted.items():
        method, _, _ = command.partition(" ")
        if command != "PING":
            # reports escape backslashes
            shown[method if method in {"GET", "HEAD"} else command.replace("\\\\", "\\")] += count
    return shown


def lasting(servers: Servers, own: Stack, admin: Any, caches: list[Any]) -> Mapping[str, object]:
    """Everything that a visit could have changed, and that nobody else does."""
    changes = [cache.info("persistence")["rdb_changes_since_last_save"] for cache in caches]
    return {
        "wal": admin.execute("SELECT pg_current_wal_insert_lsn()").fetchall(),
        "xids": admin.execute("SELECT txid_snapshot_xmax(txid_current_snapshot())").fetchall(),
        "locks": admin.execute("SELECT * FROM pg_locks WHERE locktype = 'advisory'").fetchall(),
        "bucket": stored(servers, own),
        "keys": [cache.info("keyspace") for cache in caches],
        "changes": changes,
        "channels": [cache.pubsub_channels("*disjoint*") for cache in caches],
    }


def named(caches: list[Any]) -> Mapping[str, tuple[str, str]]:
    """Every client's name and logical database."""
    clients = [(number, client) for number, cache in enumerate(caches) for client in cache.client_list()]
    return {f"{number} {client['id']}": (client["name"], client["db"]) for number, client in clients}


def stored(servers: Servers, own: Stack) -> tuple[list[object], list[object]]:
    """A bucket's versions and the uploads that were begun in it."""
    client = store_of(own)
    versions = client.list_object_versions(Bucket=servers.bucket).get("Versions", [])
    uploads = client.list_multipart_uploads(Bucket=servers.bucket).get("Uploads", [])
    return [(v["Key"], v["VersionId"], v["LastModified"]) for v in versions], uploads


def lastly(servers: Servers) -> list[object]:
    """What is left after the second by which the list of a broker's answers outlives its binding."""
    until = time.monotonic() + 5
    while (found := ours(servers)) and time.monotonic() < until:
        time.sleep(0.1)
    return found


def ours(servers: Servers) -> list[object]:
    """Locks, names, subscriptions, channels and keys of ours that an environment shows now."""
    with servers.postgres.admin() as admin:
        found: list[object] = [
            *admin.execute(
                "SELECT 'lock', pid::text FROM pg_locks WHERE locktype = 'advisory' UNION ALL "
                "SELECT application_name, pid::text FROM pg_stat_activity "
                "WHERE application_name LIKE 'disjoint%'"
            ).fetchall()
        ]
    for server in (servers.cache, servers.broker):
        with closing(server.admin()) as client:
            found += client.pubsub_channels("*disjoint*")
            found += client.scan_iter("*disjoint*")
            found += [c["name"] for c in client.client_list() if "disjoint" in str(c["name"])]
    return found


def left(own: Stack) -> list[object]:
    """What of ours is on either side."""
    found: list[object] = []
    for servers in (own.production, own.staging):
        found += [*ours(servers), *stored(servers, own)[1]]
    return found


def test_the_oracles_see_what_they_are_for(own: Stack) -> None:
    """The control: a planted write, mark and upload are seen by each of them."""
    with Oracle(own.production) as oracle, Recorder(own.store.port) as recorder:
        with own.production.postgres.admin() as admin, closing(own.production.cache.admin()) as client:
            admin.execute("CREATE TEMPORARY TABLE x (n int); SELECT pg_advisory_lock(7)")
            client.client_setname("disjoint-x")
            client.set("disjoint.x", 1)
            assert len(ours(own.production)) == 3
            client.delete("disjoint.x")
        oracle.settle()
    assert {"CREATE", "SET"} <= oracle.words()
    assert not oracle.words() <= Oracle.allowed
    assert recorder.requests == []
    store = store_of(own)
    upload = store.create_multipart_upload(Bucket=own.staging.bucket, Key="disjoint-x")["UploadId"]
    assert len(left(own)) == 1
    store.abort_multipart_upload(Bucket=own.staging.bucket, Key="disjoint-x", UploadId=upload)
    assert left(own) == []


def pooled_settings(port: int, login: Login, database: str) -> set[tuple[str, ...]]:
    """What we set anywhere, as each of the pool's connections has it for its next client."""
    touched = (*queries.OPENING, *queries.OPTIONAL, "SET LOCAL transaction_read_only")
    names = sorted({re.split(r"[ =]", text)[2] for text in touched if "LOCAL" in text})
    asking = "SELECT " + ", ".join(f"current_setting('{name}')" for name in names)
    with ExitStack() as open_:
        clients = [
            open_.enter_context(
                psycopg.connect(
                    host="127.0.0.1", port=port, dbname=database, user=login.user, password=login.password,
                    autocommit=True, prepare_threshold=None,
                )
            )
            for _ in range(POOL)
        ]  # fmt: skip
        with ThreadPoolExecutor(POOL) as pool:
            sleeping = [pool.submit(c.execute, f"{asking}, pg_sleep(0.3)::text".encode()) for c in clients]
            return {tuple(map(str, row)) for each in sleeping for row in each.result().fetchall()}


@pytest.mark.parametrize("pooling", ["transaction", pytest.param("statement", marks=pytest.mark.long)])
def test_the_next_client_of_a_pooler_finds_everything_as_it_was(
    own: Stack, tmp_path: Path, pooling: Pooling
) -> None:
    """PgBouncer before production: the same reads; its connections keep no setting and no lock of ours."""
    if program() is None:
        lacking(MISSING)
    production = own.production
    world = pooled(
        clean(own), production.postgres, production.login, production.login.database, "production", pooling
    )
    port = int(world.production.reach_at[place("pgbouncer", "production", 6432)].rpartition(":")[2])
    with Oracle(production) as oracle:
        report = verified(world, tmp_path)
        oracle.settle()
    row = next(row for row in report["matrix"] if row["resource"] == "database")
    assert (row["outcome"], row["grade"]) == ("ISOLATED", "refused"), report
    assert oracle.words() <= {*Oracle.allowed, "DISCARD"}  # the pooler's own, between two clients
    assert any("pg_locks" in text for text in oracle.sent)
    assert ours(production) == []
    direct = pooled_settings(production.postgres.port, production.login, production.login.database)
    assert pooled_settings(port, production.login, production.login.database) == direct
    assert len(direct) == 1


class Watch:
    """Looks quickly, again and again, whether a mark stands in staging."""

    def __init__(self, servers: Servers, open_: ExitStack) -> None:
        self._admin = open_.enter_context(closing(servers.postgres.admin()))
        self._caches = [open_.enter_context(closing(s.admin())) for s in (servers.cache, servers.broker)]

    def stands(self) -> bool:
        """Whether one stands now."""
        locks = self._admin.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'").fetchall()
        return bool(locks) or any(cache.pubsub_channels("*disjoint*") for cache in self._caches)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_kill_9_at_any_moment_leaves_nothing(own: Stack, tmp_path: Path) -> None:
    """The whole process group, at random while marks are placed: seconds later all is gone."""
    moments, stood = random.Random(20260110), 0
    with ExitStack() as open_:
        watch = Watch(own.staging, open_)
        for number in range(MOMENTS):
            process = started(clean(own), tmp_path)
            while not watch.stands() and process.poll() is None:
                time.sleep(0.002)
            time.sleep(moments.uniform(0, 0.3) if number % 2 else 0)
            stood += watch.stands()
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        until = time.monotonic() + LASTING_SECONDS
        while (found := left(own)) and time.monotonic() < until:
            time.sleep(0.1)
        assert found == []
    assert stood >= 2
