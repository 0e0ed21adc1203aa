"""No mark is stored or broadcast on any server of production's, declared or not: its own monitor says so."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from oracles import _commands

from disjoint import pipeline
from disjoint.demo.servers.valkey import Account, ValkeyServer
from disjoint.demo.stack import Stack
from disjoint.demo.world import World, place
from disjoint.model.proof import Proof

pytestmark = pytest.mark.live
PLACE = place("another", "production", 6379)
STORED = {"PUBLISH", "SADD", "RPUSH", "PEXPIRE", "DEL", "MULTI", "EXEC"}
MAILBOX = "\x06\x16\x06\x16celery@worker.celery.pidbox"


@pytest.fixture(scope="module")
def another(running: Stack) -> Iterator[ValkeyServer]:
    """A server of production's beside those that the manifest names; a worker seems to listen there."""
    server = ValkeyServer.start(running.supervisor, running.fresh("another"))
    with closing(server.admin(3)) as client:
        client.sadd("_kombu.binding.celery.pidbox", MAILBOX)
    yield server
    server.stop()


def verified(world: World, directory: Path, watched: ValkeyServer) -> tuple[Proof, frozenset[str]]:
    """A whole run, and the words of what one server was sent."""
    manifest = pipeline.load(world.write(directory))
    with _commands(watched) as sent:
        proof = pipeline.verify(manifest)
        return proof, frozenset(command.split()[0].upper() for command in next(sent))


@pytest.mark.parametrize("ours", ["CELERY_BROKER_URL", "REDIS_URL"])
@pytest.mark.parametrize(
    "theirs",
    [
        {"CELERY_RESULT_BACKEND": "$"},
        {"SESSION_REDIS_URL": "$"},
        {"CELERY_RESULT_BACKEND": "$", "CELERY_BROKER_URL": ""},
    ],
    ids=["result backend", "undeclared", "result backend without a broker"],
)
def test_no_mark_is_stored_on_a_server_that_production_names(
    ours: str, theirs: Mapping[str, str], world: World, another: ValkeyServer, tmp_path: Path
) -> None:
    """Staging's broker or cache is production's server for something else."""
    named = {name: value and another.url(PLACE, 1) for name, value in theirs.items()}
    met = world.reaching(PLACE, another.port).setting("production", **named)
    _, words = verified(met.setting("staging", **{ours: another.url(PLACE, 3)}), tmp_path, another)
    assert "INFO" in words
    assert not words & STORED


def test_a_mark_is_stored_where_the_server_is_staging_s_alone(
    world: World, another: ValkeyServer, tmp_path: Path
) -> None:
    """The control: the same server, named by staging alone, is marked, and the monitor shows it."""
    met = world.reaching(PLACE, another.port)
    _, words = verified(met.setting("staging", CELERY_BROKER_URL=another.url(PLACE, 3)), tmp_path, another)
    assert {"PUBLISH", "SADD"} <= words


@pytest.mark.parametrize(
    ("refused", "attempts"),
    [(("CELERY_RESULT_BACKEND",), 2), (("CELERY_BROKER_URL", "CELERY_RESULT_BACKEND"), 2)],
    ids=["one of two: its own login, and staging's once", "both: their own logins"],
)
def test_a_server_that_refused_production_s_own_login_is_not_asked_again_with_it(
    refused: tuple[str, ...], attempts: int, world: World, another: ValkeyServer, tmp_path: Path
) -> None:
    """Wrong passwords fill production's ACL LOG, and may lock a user out."""
    named = {name: f"redis://:no-such-password@{PLACE}/{number}" for number, name in enumerate(refused)}
    another.ask("ACL", "LOG", "RESET")
    verified(world.reaching(PLACE, another.port).setting("production", **named), tmp_path, another)
    with closing(another.admin()) as client:
        counts = [int(str(entry["count"])) for entry in client.acl_log()]
    assert sum(counts) == attempts


@contextmanager
def failing_over(first: int, then: int, after: int) -> Iterator[int]:
    """A port that leads to one server for so many connections, and to another from then on."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        threading.Thread(target=_lead, args=(door, first, then, after), daemon=True).start()
        yield door.getsockname()[1]


def _lead(door: socket.socket, first: int, then: int, after: int) -> None:
    with suppress(OSError):
        for number in itertools.count():
            here, _ = door.accept()
            there = socket.create_connection(("127.0.0.1", first if number < after else then))
            for source, target in ((here, there), (there, here)):
                threading.Thread(target=_carry, args=(source, target), daemon=True).start()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while octets := source.recv(65536):
            target.sendall(octets)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("after", [2, 3, 4, 5, 6])
def test_no_mark_follows_an_address_that_leads_to_production_by_now(
    after: int, world: World, tmp_path: Path
) -> None:
    """Staging's cache fails over to production's between the permit and the mark: nothing arrives there."""
    stack = world.stack
    ours, theirs = stack.staging.cache, stack.production.cache
    both = Account(stack.fresh("failover"), stack.supervisor.secret())
    for server in (ours, theirs):
        server.ask("ACL", "SETUSER", both.user, "on", f">{both.password}", "~*", "&*", "+@all")
    where = place("cache-failover", "staging", 6379)
    with failing_over(ours.port, theirs.port, after) as port:
        made = world.reaching(where, port).setting("staging", REDIS_URL=theirs.url(where, 0, both))
        _, words = verified(made, tmp_path, theirs)
    assert "INFO" in words
    assert not words & STORED
