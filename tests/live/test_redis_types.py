"""Types of keys that both sides hold: told where the servers tell them, and no part of a finding's proof."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from peer import answering
from redis_caches import compared, judged, names, put, world
from redis_world import administered, url_of, user

from disjoint.demo.servers.cluster import start_cluster
from disjoint.demo.servers.valkey import ValkeyServer
from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.redis import census as redis_census
from disjoint.kinds.redis import walk
from disjoint.kinds.redis.address import login
from disjoint.kinds.redis.session import Session, connect
from disjoint.model.census import Overlap
from disjoint.model.environment import Environment
from disjoint.model.finding import Judgement, Outcome
from disjoint.model.shared import Types
from disjoint.runner.visit import Visit

pytestmark = pytest.mark.live
REFUSED = "this user may not run TYPE: ACL SETUSER <that user> +type"
EVERYTHING = ("resetchannels", "&*", "~*", "+@all")


@pytest.fixture(scope="module")
def production(supervisor: Supervisor) -> ValkeyServer:
    return ValkeyServer.start(supervisor, "production-cache")


@pytest.fixture(scope="module")
def staging(supervisor: Supervisor) -> ValkeyServer:
    return ValkeyServer.start(supervisor, "staging-cache")


@pytest.fixture(autouse=True)
def filled(production: ValkeyServer, staging: ValkeyServer) -> None:
    for server in (production, staging):
        put(server, {f"session:{uuid.uuid4()}": "x" for _ in range(60)}, fresh=True)


def made(client: object, number: int, name: str) -> None:
    """A key of a type by its number."""
    send: Callable[..., object] = getattr(client, "execute_command")  # noqa: B009  (redis-py types too little of it)
    words = (("SET", name, "x"), ("HSET", name, "f", "x"), ("XADD", name, "*", "f", "x"))[number % 3]
    send(*words)


def shared(
    production: ValkeyServer, staging: ValkeyServer, *kinds: tuple[int, int], database: int = 3
) -> list[str]:
    """Names that both hold, each with a type in production and one in staging."""
    both = [f"session:{uuid.uuid4()}" for _ in kinds]
    with administered(production) as there, administered(staging) as here:
        here.execute_command("SELECT", 3)
        for name, (theirs, ours) in zip(both, kinds, strict=True):
            made(there, theirs, name)
            made(here, ours, name)
    return both


def told(found: Overlap) -> list[Types | None]:
    return [hit.types for hit in found.shared if hit.identifying]


def values(judgement: Judgement) -> str:
    return "\n".join(f"{each.what}: {each.value}" for each in judgement.evidence)


def test_types_of_shared_keys_are_told_and_held_against_productions(
    production: ValkeyServer, staging: ValkeyServer
) -> None:
    """Two strings and a hash here; one of them is a stream there."""
    hidden = shared(production, staging, (0, 0), (2, 0), (1, 1))
    found = world(production, staging)
    came = compared(found)
    types = Types((("string", 2), ("hash", 1)), (("hash", 1), ("stream", 1), ("string", 1)), 1)
    assert told(came) == [types]
    judgement = judged(found, came)
    assert judgement.outcome is Outcome.SHARED
    assert "types: 2 string, 1 hash, 1 of another type in production" in values(judgement)
    assert "logical database 3: 3 values of key names" in values(judgement)
    assert not [name for name in hidden if name in repr(judgement)]


def test_one_name_has_a_type_in_each_logical_database(
    production: ValkeyServer, staging: ValkeyServer
) -> None:
    (name,) = shared(production, staging, (0, 0))
    with administered(staging) as client:
        made(client, 1, name)
    found = compared(world(production, staging))
    types = {hit.staging: hit.types for hit in found.shared}
    string = (("string", 1),)
    assert types == {
        "logical database 0": Types((("hash", 1),), string, 1),
        "logical database 3": Types(string, string, 0),
    }


@pytest.mark.parametrize("refusing", ["production", "staging"])
def test_a_refusal_of_type_leaves_types_untold_and_the_finding_as_it_is(
    production: ValkeyServer, staging: ValkeyServer, refusing: str
) -> None:
    """Asked once more than each walk's control asks, and not for every key; the other side's are told."""
    shared(production, staging, (0, 0), (1, 1))
    found = world(production, staging)
    server = production if refusing == "production" else staging
    setattr(found, refusing, user(server, "untyped", *EVERYTHING, "-type"))
    came = compared(found)
    assert [(hit.values, hit.confirmed) for hit in came.shared if hit.identifying] == [(2, 2)]
    each = (("hash", 1), ("string", 1))
    assert told(came) == [Types(each, (), 0) if refusing == "production" else Types((), each, 0)]
    assert (f"{refusing}: types of keys that both sides hold", REFUSED) in [
        (a.place, a.why) for a in came.left
    ]
    assert judged(found, came).outcome is Outcome.SHARED
    walks = {"production": 1, "staging": 2}[refusing]
    assert dict(found.tallies[refusing == "production"].footprint().commands)["TYPE"] == walks + 1


def test_so_many_types_are_asked_for_and_no_more(
    production: ValkeyServer, staging: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same ones on both sides, of telling names before plain ones."""
    monkeypatch.setattr(redis_census, "TYPED", 20)
    put(staging, dict.fromkeys(names(production)[:50], "x"), database=3)
    for server in (production, staging):
        put(server, {f"user:{number}": "x" for number in range(30)})
    found = world(production, staging)
    came = compared(found)
    string = (("string", 20),)
    assert [(hit.values, hit.types) for hit in came.shared] == [(50, Types(string, string, 0)), (30, None)]
    assert dict(found.tallies[True].footprint().commands)["TYPE"] <= 20 + redis_census.TRIED
    assert "types of 20 of them: 20 string, the same in production" in values(judged(found, came))


def test_names_that_are_no_text_and_keys_that_went_have_no_type(
    production: ValkeyServer, staging: ValkeyServer
) -> None:
    """TYPE takes what can be written; what is gone is of none."""
    name = b"\xff:session:7f9c24e8-3b12-4e0a-9c55-d2f0a1b7c6e3"
    for server in (production, staging):
        with administered(server) as client:
            client.set(name, "x")
    assert told(compared(world(production, staging))) == [None]


def test_a_replica_tells_types(
    production: ValkeyServer, staging: ValkeyServer, supervisor: Supervisor
) -> None:
    """It is read alone."""
    shared(production, staging, (1, 1))
    replica = staging.replica("staging-replica")
    found = world(production, replica)
    assert told(compared(found)) == [Types((("hash", 1),), (("hash", 1),), 0)]


def test_a_node_of_a_cluster_tells_its_own(supervisor: Supervisor, production: ValkeyServer) -> None:
    """It has one logical database; a hit on it is a leak, and a zero nothing."""
    node, *_ = start_cluster(supervisor, "cluster", 3)
    with administered(node) as client:
        mine = next(n for n in names(production) if client.cluster("KEYSLOT", n) < 5000)
        client.set(mine, "x")
    found = world(production, node)
    came = compared(found)
    assert told(came) == [Types((("string", 1),), (("string", 1),), 0)]
    assert judged(found, came).outcome is Outcome.SHARED
    assert url_of(node).endswith("/0")


@pytest.mark.parametrize(
    ("answer", "type_"),
    [
        (b"+ReJSON-RL\r\n", "ReJSON-RL"),
        (b"$6\r\nstream\r\n", "stream"),
        (b"+none\r\n", walk.NO_KEY),
        (b"+hunter2 \x1b[31m\r\n", "other"),
        (b"+" + b"x" * 40 + b"\r\n", "other"),
        (b":1\r\n", "other"),
    ],
)
def test_what_is_no_name_of_a_type_is_repeated_nowhere(answer: bytes, type_: str) -> None:
    """A module's is; whatever else a server says would stand in a report."""
    environment = Environment("staging", False, {}, ".env")
    with answering([answer]) as peer, Visit.alone(environment) as visit:
        where = login(f"redis://127.0.0.1:{peer.port}/0")
        with connect(where, visit) as session:
            assert walk.type_of(session, "a") == type_


def test_a_key_that_went_meanwhile_has_no_type(
    production: ValkeyServer, staging: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was shown on both sides, so that it is a hit; its type is asked for too late."""
    (name,) = shared(production, staging, (0, 0))
    whole = walk.type_of

    def gone(session: Session, asked: str) -> str:
        if asked == name and not session._probe.protected:
            with administered(staging) as client:
                client.flushall()
        return whole(session, asked)

    monkeypatch.setattr(redis_census, "_see_that_they_stand", lambda *_: None)
    monkeypatch.setattr(walk, "type_of", gone)
    came = compared(world(production, staging))
    assert told(came) == [Types((), (("string", 1),), 0)]
    assert [hit.confirmed for hit in came.shared if hit.identifying] == [1]
