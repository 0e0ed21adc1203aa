"""No mark is stored or broadcast on any server of production's, declared or not: its own monitor says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from oracles import _commands

from disjoint import pipeline
from disjoint.demo.servers.valkey import ValkeyServer
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
