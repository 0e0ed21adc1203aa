"""Staging's login at production's door: one attempt, and only a refusal of production's own counts."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from peer import answering
from redis_world import World, administered, url_of, user

from disjoint.demo.servers.valkey import ValkeyServer
from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.redis.facts import Knock
from disjoint.model.fact import Known, Unknown
from disjoint.model.finding import Grade, Outcome

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def production(supervisor: Supervisor) -> ValkeyServer:
    return ValkeyServer.start(supervisor, "production-cache")


@pytest.fixture(scope="module")
def staging(supervisor: Supervisor) -> ValkeyServer:
    return ValkeyServer.start(supervisor, "staging-cache")


def knock(world: World) -> Any:
    return world.tried("reach")["reach"]


def test_a_refused_login_is_the_strongest_grade(production: ValkeyServer, staging: ValkeyServer) -> None:
    """One AUTH, one entry in production's own log, and ISOLATED at grade refused."""
    with administered(production) as admin:
        admin.acl_log_reset()
        world = World(url_of(production), url_of(staging), reach=True)
        assert knock(world) == Known(Knock(False, "user and password were refused"))
        (entry,) = admin.acl_log()
    assert (entry["reason"], entry["count"]) == ("auth", 1)
    assert dict(world.tallies[True].footprint().commands) == {"AUTH": 1, "PING": 1}
    found = world.judged("cross-login", "reach")
    assert (found.outcome, found.grade) == (Outcome.ISOLATED, Grade.REFUSED)
    assert staging.password not in repr(found)


def test_a_login_that_both_servers_know_is_shared(production: ValkeyServer, staging: ValkeyServer) -> None:
    """Two servers, one user and password: production lets staging in."""
    common = user(production, "shop", "+@all", "~*")
    user(staging, "shop", "+@all", "~*")
    here = common.replace(str(production.port), str(staging.port))
    world = World(common, here, reach=True)
    assert knock(world) == Known(Knock(True, "the login was accepted"))
    assert dict(world.tallies[True].footprint().commands) == {"AUTH": 1}
    assert world.judged("cross-login", "reach").outcome is Outcome.SHARED


def test_a_staging_without_a_password_is_refused_by_name(
    production: ValkeyServer, staging: ValkeyServer
) -> None:
    """Nothing to try but to come without a login: production asks for one, and its log shows nothing."""
    with administered(production) as admin:
        admin.acl_log_reset()
        world = World(url_of(production), f"redis://127.0.0.1:{staging.port}/0", reach=True)
        assert knock(world) == Known(Knock(False, "a login is asked for, and staging has none"))
        assert admin.acl_log() == []
    assert dict(world.tallies[True].footprint().commands) == {"PING": 1}


def test_an_open_production_lets_everybody_in(supervisor: Supervisor, staging: ValkeyServer) -> None:
    """A server that asks for no login is open to staging, whatever password staging has."""
    door = ValkeyServer.start(supervisor, "open")
    door.ask("CONFIG", "SET", "requirepass", "")
    stranger = url_of(staging, 0, "somebody", "pass-word")
    for here in (url_of(staging), stranger, f"redis://127.0.0.1:{staging.port}/0"):
        found = World(f"redis://127.0.0.1:{door.port}/0", here, reach=True).judged("cross-login", "reach")
        assert found.outcome is Outcome.SHARED
    door.stop()


def test_a_refusal_without_productions_own_login_proves_nothing(
    production: ValkeyServer, staging: ValkeyServer
) -> None:
    """The control: a server that refuses everybody has not told one from the other."""
    there = url_of(production, 0, "default", "mistyped")
    found = World(there, url_of(staging), reach=True).judged("cross-login", "reach")
    assert found.outcome is Outcome.UNPROVEN
    assert "its own login" in found.summary


def test_nobody_at_home_is_no_refusal(production: ValkeyServer, staging: ValkeyServer) -> None:
    """A closed port, an unknown name and an odd answer are reasons, never a refusal."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        for place in (f"127.0.0.1:{port}", f"nowhere.invalid:{port}"):
            assert isinstance(knock(World(f"redis://:pw@{place}/0", url_of(staging), reach=True)), Unknown)
    with answering([b"-ERR max number of clients reached\r\n"]) as peer:
        assert isinstance(
            knock(World(f"redis://127.0.0.1:{peer.port}/0", url_of(staging), reach=True)), Unknown
        )
        assert len(peer.asked) == 1
