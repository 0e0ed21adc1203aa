"""Connections of real drivers to real servers: production's is closed before a statement runs on it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import pytest
from guard_connections import MARK, WAYS
from psycopg import sql

from disjoint import split
from disjoint.certification.seal import Wish, seal
from disjoint.certify.keys import ProjectKey
from disjoint.certify.sign import machine_signer
from disjoint.demo import shop, stack
from disjoint.demo.stack import BROKER, Servers
from disjoint.demo.world import World, clean, database_url
from disjoint.sealed.remembering import open_journal

pytestmark = pytest.mark.live
HERE = Path(__file__).parent
PHRASE = "0f" * 32
KEY = ProjectKey(bytes.fromhex(PHRASE), "DISJOINT_SEAL_KEY")


class Turns:
    """A forward that keeps what was asked, and counts how often the one side answered the other."""

    def __init__(self, port: int) -> None:
        self._there, self._last = port, b""
        self.asked, self.turns, self.connections = bytearray(), 0, 0

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self.connections += 1
                far = socket.create_connection(("127.0.0.1", self._there))
                for one, other, way in ((near, far, b">"), (far, near, b"<")):
                    threading.Thread(target=self._carry, args=(one, other, way), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket, way: bytes) -> None:
        with contextlib.suppress(OSError):
            while octets := one.recv(65536):
                self.turns += way == b"<" and self._last == b">"
                self._last = way
                if way == b">":
                    self.asked += octets
                other.sendall(octets)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)


@dataclass(frozen=True, slots=True)
class Sealed:
    """Production's seals, and both environments' variables."""

    folder: Path
    running: stack.Stack
    production: Mapping[str, str]
    staging: Mapping[str, str]

    def process(self, *words: str, given: str = "", **changes: str) -> subprocess.CompletedProcess[str]:
        """A process of staging, with some variables changed."""
        own = self.production if changes.get("ENVIRONMENT") == "production" else self.staging
        variables = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(self.folder), **own,
            "DISJOINT_SEAL_KEY": PHRASE, "DISJOINT_SEAL": str(self.folder / "production.sealed.json"),
            **changes,
        }  # fmt: skip
        return subprocess.run(
            words, input=given, env=variables, capture_output=True, text=True, timeout=60, check=False
        )

    def connections(self, urls: Mapping[str, str], *words: str, **changes: str) -> Any:
        """What became of connections of these drivers to these addresses."""
        program = [sys.executable, str(HERE / "guard_connections.py"), *(words or ("watched",))]
        ended = self.process(*program, given=json.dumps(urls), **changes)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def sealed(settled: stack.Stack, tmp_path_factory: pytest.TempPathFactory) -> Sealed:
    folder = tmp_path_factory.mktemp("hooks")
    world = clean(settled).setting("production", OLD_CACHE_URL="redis://203.0.113.7:6379/0")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        patch.setenv("DISJOINT_SEAL_KEY", PHRASE)
        seal_as(world, folder, "production.sealed.json")
        seal_as(world, folder, "blind.json", blind=True)
        seal_as(privately(world), folder, "private.json")
    return Sealed(folder, settled, world.production.variables, world.staging.variables)


def seal_as(world: World, folder: Path, name: str, *, blind: bool = False) -> None:
    declared = split.load_side(world.write(folder), protected=True)
    wish = Wish(timedelta(days=7), blind)
    made = seal(declared, "production", KEY, machine_signer(), open_journal(KEY), wish)
    (folder / name).write_text(made.text)


def privately(world: World) -> World:
    """Production's stores by names that lead to staging's own in staging's network, as `db:5432` does."""
    theirs = real(world.stack.production)
    for name, ours in real(world.stack.staging).items():
        port, there = (re.findall(r":(\d+)/", url)[-1] for url in (ours, theirs[name]))
        place = f"localhost:{port}"
        world = world.reaching(place, int(there), "production")
        world = world.setting("production", **{name: re.sub("@[^/]+", f"@{place}", theirs[name])})
    return world


@contextlib.contextmanager
def addressed(servers: Servers) -> Iterator[tuple[dict[str, str], dict[str, Turns]]]:
    """An address of its own for each driver, through a wire that is listened to."""
    with contextlib.ExitStack() as opened:
        urls, wires = {}, {}
        for way in WAYS:
            store = way.startswith("redis")
            port = (
                servers.cache.port
                if store
                else servers.broker.port
                if way == "celery"
                else servers.postgres.port
            )
            wires[way] = wire = opened.enter_context(Turns(port))
            place = f"127.0.0.1:{wire.port}"
            if store:
                urls[way] = servers.cache.url(place)
            elif way == "celery":
                urls[way] = servers.broker.url(place, BROKER)
            else:
                urls[way] = database_url(place, servers.login) + "?sslmode=disable"
        yield urls, wires


@pytest.fixture(scope="module")
def ran(sealed: Sealed) -> dict[str, tuple[Any, dict[str, Turns]]]:
    """Every driver: in staging to staging, to production, and without hooks."""
    found = {}
    for name, servers, mode in (
        ("allowed", sealed.running.staging, "watched"),
        ("refused", sealed.running.production, "watched"),
        ("bare", sealed.running.staging, "bare"),
    ):
        with addressed(servers) as (urls, wires):
            found[name] = (sealed.connections(urls, mode), wires)
    return found


def test_connections_to_stagings_own_servers_are_used(ran: dict[str, tuple[Any, dict[str, Turns]]]) -> None:
    said, _ = ran["allowed"]
    assert said["ended"] == dict.fromkeys(WAYS, "used")
    assert set(said["watched"]) == {"psycopg", "asyncpg", "redis", "sqlalchemy", "kombu"}
    assert {key.split()[1] for key in said["counts"]} == {"ISOLATED"}
    assert re.search(
        r'disjoint_guard_connections_total\{driver="redis",outcome="isolated"\} \d', said["metrics"]
    )


@pytest.mark.parametrize("way", WAYS)
def test_a_connection_to_productions_server_is_closed_before_a_statement(
    way: str, ran: dict[str, tuple[Any, dict[str, Turns]]]
) -> None:
    said, wires = ran["refused"]
    rule = "redis" if way.startswith("redis") or way == "celery" else "postgres"
    resource = {"redis": "cache", "postgres": "database"}[rule] if way != "celery" else "tasks"
    assert said["ended"][way].startswith(
        f"ProductionError: SHARED {rule}/same-server: a new connection leads to"
    )
    assert f"production's {resource}" in said["ended"][way]
    assert MARK.encode() not in wires[way].asked
    assert MARK.encode() in ran["bare"][1][way].asked, "the control: what is sent would have been seen"


@pytest.mark.parametrize("way", WAYS)
def test_a_hook_takes_one_round_trip(way: str, ran: dict[str, tuple[Any, dict[str, Turns]]]) -> None:
    """For each new connection, and for each transaction with DDL, which begins with one more."""
    wire, bare = ran["allowed"][1][way], ran["bare"][1][way]
    assert wire.connections == bare.connections > 0
    asked = wire.connections + way.startswith("ddl")
    assert wire.asked.count(b"*2\r\n$4\r\nINFO" if b"INFO" in wire.asked else b"ts_stat") == 2 * asked
    if (
        way != "redis-async"
    ):  # which writes twice in a row without waiting: answers come in between, or do not
        # asyncpg prepares what is asked within a transaction
        assert wire.turns - bare.turns == asked + (way == "ddl-async")


def test_a_process_of_productions_is_left_alone(sealed: Sealed) -> None:
    place = f"127.0.0.1:{sealed.running.production.cache.port}"
    urls = {"redis": sealed.running.production.cache.url(place)}
    said = sealed.connections(urls, "watched", "redis", ENVIRONMENT="production")
    assert (said["watched"], said["ended"], said["counts"]) == ([], {"redis": "used"}, {})
    unsealed = {"DISJOINT_SEAL": "none", "RAILWAY_ENVIRONMENT_NAME": "production"}
    said = sealed.connections(urls, "watched", "redis", ENVIRONMENT="production", **unsealed)
    assert (said["watched"], said["ended"]) == ([], {"redis": "used"})


def test_report_and_an_override_let_through_and_count(sealed: Sealed) -> None:
    place = f"127.0.0.1:{sealed.running.production.cache.port}"
    urls = {"redis": sealed.running.production.cache.url(place)}
    later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    for changes in ({"DISJOINT_GUARD_MODE": "report"}, {"DISJOINT_OVERRIDE": f"drill; Ada; {later}"}):
        said = sealed.connections(urls, "watched", "redis", **changes)
        assert (said["ended"], said["counts"]) == ({"redis": "used"}, {"redis SHARED": 1})


def test_without_a_seal_every_connection_is_refused(sealed: Sealed) -> None:
    place = f"127.0.0.1:{sealed.running.staging.cache.port}"
    urls = {"redis": sealed.running.staging.cache.url(place)}
    said = sealed.connections(urls, "watched", "redis", DISJOINT_SEAL=str(sealed.folder / "none.json"))
    assert said["ended"]["redis"].startswith("ProductionError: UNPROVEN redis/same-server")


def test_a_server_that_does_not_say_who_it_is_is_refused(sealed: Sealed) -> None:
    """By its start, where its identifier may not be read; where it is another's, it is not known."""
    urls, fresh = {}, sealed.running.fresh("unread")
    for servers in (sealed.running.staging, sealed.running.production):
        with servers.postgres.admin() as admin:
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(fresh)))
        with servers.postgres.admin(fresh) as admin:
            admin.execute("REVOKE EXECUTE ON FUNCTION pg_catalog.pg_control_system() FROM PUBLIC")
        login = servers.login._replace(database=fresh)
        urls[servers.environment] = database_url(f"127.0.0.1:{servers.postgres.port}", login)
    ways = ("psycopg", "asyncpg")
    for environment, outcome in (("production", "SHARED"), ("staging", "UNPROVEN")):
        ended = sealed.connections(dict.fromkeys(ways, urls[environment]), "watched", *ways)["ended"]
        for said in ended.values():
            assert said.startswith(f"ProductionError: {outcome} postgres/same-server")
            assert ("GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_system()" in said) is (
                outcome != "SHARED"
            )


@pytest.mark.long
def test_copies_of_productions_servers_are_refused(sealed: Sealed) -> None:
    """A primary draws a new replication id for its first replica: after sealing, that one is not known."""
    copy = sealed.running.production.postgres.copy("hooked-copy")
    replica = sealed.running.production.cache.replica("hooked-replica")
    urls = {
        "psycopg": database_url(f"127.0.0.1:{copy.port}", sealed.running.production.login),
        "redis": replica.url(f"127.0.0.1:{replica.port}"),
    }
    try:
        for said in sealed.connections(urls)["ended"].values():
            assert said.startswith(
                "ProductionError: SHARED postgres" if "postgres" in said else "ProductionError: "
            )
    finally:
        copy.stop()
        replica.stop()


@pytest.mark.parametrize(
    "seal_file", ["production.sealed.json", pytest.param("blind.json", marks=pytest.mark.long)]
)
def test_the_tripwire_stops_what_leads_to_productions_places(sealed: Sealed, seal_file: str) -> None:
    program = [sys.executable, str(HERE / "guard_egress.py")]
    ended = sealed.process(*program, DISJOINT_SEAL=str(sealed.folder / seal_file))
    assert ended.returncode == 0, ended.stderr
    said = json.loads(ended.stdout.splitlines()[-1])
    free = {"other port": "tried", "bucket": "tried", "own": "reached", "staging": "tried"}
    for name, what in said["ended"].items():
        assert what.startswith(free.get(name, "ProductionError: SHARED variables/endpoint-reused")), (
            name,
            what,
        )
    assert 'disjoint_guard_egress_total{event="socket.connect",outcome="shared"} 3' in said["metrics"]
    assert sum("production's cache" in line for line in said["said"]) == 1, (
        "once, though the log itself met it"
    )
    assert sum("production's OLD_CACHE_URL" in line for line in said["said"]) == 1


def test_the_tripwire_reports_and_leaves_production_alone(sealed: Sealed) -> None:
    program = [sys.executable, str(HERE / "guard_egress.py")]
    said = json.loads(sealed.process(*program, DISJOINT_GUARD_MODE="report").stdout.splitlines()[-1])
    assert all(what.startswith(("tried", "reached")) for what in said["ended"].values())
    assert 'event="socket.getaddrinfo",outcome="shared"' in said["metrics"]
    said = json.loads(sealed.process(*program, ENVIRONMENT="production").stdout.splitlines()[-1])
    assert (said["watched"], said["said"]) == (False, [])
    assert "shared" not in said["metrics"]


def real(servers: Servers) -> dict[str, str]:
    """An environment's addresses as they can be reached from here."""
    broker = f"127.0.0.1:{servers.broker.port}"
    return {
        "DATABASE_URL": database_url(f"127.0.0.1:{servers.postgres.port}", servers.login),
        "REDIS_URL": servers.cache.url(f"127.0.0.1:{servers.cache.port}"),
        "CELERY_BROKER_URL": servers.broker.url(broker, BROKER),
        "CELERY_RESULT_BACKEND": servers.broker.url(broker, 1),
    }


GUARDED = ("disjoint", "guard", "--deep", "--", "true")


def test_deep_asks_the_servers_themselves(sealed: Sealed) -> None:
    """Staging's own hold; a forward to production's, which no text tells, is seen, and by --deep alone."""
    own, theirs = real(sealed.running.staging), sealed.running.production
    ended = sealed.process(*GUARDED, **own)
    assert (ended.returncode, ended.stderr) == (0, "")
    user = sealed.running.fresh("visitor")
    login = shop.Login(theirs.login.database, user, shop.add_role(theirs.postgres, user))
    with Turns(theirs.postgres.port) as database, Turns(theirs.cache.port) as cache:
        leads = {
            "DATABASE_URL": database_url(f"127.0.0.1:{database.port}", login),
            "REDIS_URL": theirs.cache.url(f"127.0.0.1:{cache.port}", account=theirs.cache.account(user)),
        }
        assert sealed.process("disjoint", "guard", "--", "true", **{**own, **leads}).returncode == 0
        ended = sealed.process(*GUARDED, **{**own, **leads})
    assert ended.returncode == 78
    assert (
        "SHARED postgres/same-server: database leads to the server of production's database" in ended.stderr
    )
    assert "SHARED redis/same-server: cache leads to the server of production's cache" in ended.stderr


def test_deep_settles_what_a_private_name_leaves_open(sealed: Sealed) -> None:
    """One name on both sides is a doubt, and the server behind it here tells; if it is production's, too."""
    own = {**real(sealed.running.staging), "DISJOINT_SEAL": str(sealed.folder / "private.json")}
    ended = sealed.process("disjoint", "guard", "--", "true", **own)
    assert ended.returncode == 78
    for rule in ("postgres/same-server: DATABASE_URL", "redis/same-server: REDIS_URL", "celery/same-broker"):
        assert f"UNPROVEN {rule}" in ended.stderr
    ended = sealed.process(*GUARDED, **own)
    assert (ended.returncode, ended.stderr) == (0, "")
    theirs = sealed.running.production
    user = sealed.running.fresh("visitor")
    login = shop.Login(theirs.login.database, user, shop.add_role(theirs.postgres, user))
    own["DATABASE_URL"] = database_url(f"127.0.0.1:{theirs.postgres.port}", login)
    ended = sealed.process(*GUARDED, **own)
    assert ended.returncode == 78
    assert "SHARED postgres/same-server: database leads to the server of" in ended.stderr


@pytest.mark.long
def test_deep_ends_in_three_seconds(sealed: Sealed) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        place = f"127.0.0.1:{mute.getsockname()[1]}"
        mute_urls = {"REDIS_URL": f"redis://{place}/0", "DATABASE_URL": f"postgresql://a@{place}/b"}
        changes = {**real(sealed.running.staging), **mute_urls}
        started = time.monotonic()
        ended = sealed.process(*GUARDED, **changes)
        seconds = time.monotonic() - started
    assert ended.returncode == 78
    assert "UNPROVEN redis/same-server: cache did not answer within 3 s" in ended.stderr
    assert "UNPROVEN postgres/same-server: database did not answer within 3 s" in ended.stderr
    assert seconds < 3 + 2, "with the start of the interpreter"
