"""A census of key names on real servers: what it finds, what it sends, and what it must not prove."""

from __future__ import annotations

import dataclasses
import uuid

import pytest
from redis_caches import TERMS, compared, names, put, world
from redis_world import KEY, administered, user

from disjoint.demo.servers.valkey import ValkeyServer
from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.redis import census as redis_census
from disjoint.kinds.redis import walk
from disjoint.kinds.redis.facts import DOUBTFUL, OWN, PLAIN
from disjoint.kinds.redis.grants import RECIPES
from disjoint.model.census import Detection, Method, Sieve, Strength
from disjoint.model.experiment import Party
from disjoint.model.probe import ProbeError
from disjoint.runner.deadline import Deadline
from disjoint.runner.visit import Seats, Visit

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def production(supervisor: Supervisor) -> ValkeyServer:
    return ValkeyServer.start(supervisor, "production-cache")


@pytest.fixture(scope="module")
def staging(supervisor: Supervisor) -> ValkeyServer:
    return ValkeyServer.start(supervisor, "staging-cache")


@pytest.fixture(autouse=True)
def filled(production: ValkeyServer, staging: ValkeyServer) -> None:
    """Sessions that nobody else has, and names that everybody gives."""
    for server in (production, staging):
        put(server, {f"session:{uuid.uuid4()}": "x" for _ in range(700)}, fresh=True)
        put(server, {f"user:{number}:profile": "x" for number in range(50)})


def test_two_caches_have_nothing_of_their_own_in_common(
    production: ValkeyServer, staging: ValkeyServer
) -> None:
    """Plain names are shared and told; the planted name was found in every place of both."""
    found = compared(world(production, staging))
    assert (found.gaps, found.blind) == ((), ())
    assert [(hit.production, hit.values) for hit in found.shared] == [(PLAIN, 50)]
    assert [left.place for left in found.left] == ["production: 50 of 750 keys", "staging: 50 of 750 keys"]
    assert found.production.rows == found.staging.rows == 750


@pytest.mark.parametrize("strength", [Strength.SAMPLED, Strength.EXACT])
def test_copied_keys_are_found_and_counted(
    production: ValkeyServer, staging: ValkeyServer, strength: Strength
) -> None:
    """By the server's own DUMP and RESTORE, as people copy them."""
    with administered(production) as client:
        dumps = {name: client.dump(name) for name in names(production)[:3]}
    with administered(staging) as client:
        for name, dump in dumps.items():
            client.restore(name, 0, dump)
    found = compared(world(production, staging), dataclasses.replace(TERMS, strength=strength))
    assert [(h.production, h.staging, h.values, h.confirmed) for h in found.shared if h.identifying] == [
        (OWN, "logical database 0", 3, 3)
    ]
    assert not [name for name in dumps if name in repr(found)]


def test_a_sample_of_many_keys_keeps_the_same_on_both_sides(
    production: ValkeyServer, staging: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One in so many by the digest; a hit is then counted over everything."""
    monkeypatch.setattr("disjoint.overlap.bound.SMALL", 10)
    copied = names(production)[:200]
    put(staging, dict.fromkeys(copied, "x"))
    terms = dataclasses.replace(TERMS, detect=Detection(60, 0.999))
    found = compared(world(production, staging), terms)
    assert found.one_in == 1
    assert [h.values for h in found.shared if h.identifying] == [200]
    put(staging, {"only": "x"}, fresh=True)
    clean = compared(world(production, staging), terms)
    assert (clean.one_in, clean.shared, clean.blind) == (8, (), ())


def test_what_both_may_hold_is_left_out_and_said(production: ValkeyServer, staging: ValkeyServer) -> None:
    """By prefix; another logical database of production's is told as well."""
    put(staging, {names(production)[0]: "x"})
    put(production, {"elsewhere": "x"}, database=3)
    found = compared(world(production, staging, may_share=("session:", "user:1")))
    assert [h.values for h in found.shared] == [39]
    left = {left.place for left in found.left}
    assert {"production: keys beginning session:", "production: logical database 3, 1 keys"} <= left


def test_a_production_of_plain_names_proves_nothing(production: ValkeyServer, staging: ValkeyServer) -> None:
    """Nothing of it could be told from staging's own."""
    put(production, {"user:1": "x", "user:2": "x"}, fresh=True)
    found = compared(world(production, staging))
    assert [gap.reason for gap in found.gaps] == ["none of production's 2 key names is its own"]


def test_names_that_may_be_hashes_are_a_place_of_their_own(
    production: ValkeyServer, staging: ValkeyServer
) -> None:
    """The same code makes the same hash."""
    for server in (production, staging):
        put(server, {"template.cache.side.d41d8cd98f00b204e9800998ecf8427e": "x"})
    found = compared(world(production, staging))
    assert [(h.production, h.identifying) for h in found.shared if h.values == 1] == [(DOUBTFUL, False)]


def test_names_that_may_be_hashes_have_no_private_answer(
    production: ValkeyServer, staging: ValkeyServer
) -> None:
    """A number of shared values says nothing of which they are."""
    put(production, {"template.cache.side.d41d8cd98f00b204e9800998ecf8427e": "x"})
    found = world(production, staging)
    found.declared = dataclasses.replace(found.declared, rows="private")
    assert [gap.remedy for gap in compared(found).gaps] == ['rows = "sampled"']


def test_names_that_are_no_text_are_compared_as_octets(
    production: ValkeyServer, staging: ValkeyServer
) -> None:
    """A key is any octets."""
    name = b"\xff\xfe:session:7f9c24e8-3b12-4e0a-9c55-d2f0a1b7c6e3"
    for server in (production, staging):
        with administered(server) as client:
            client.set(name, "x")
    found = compared(world(production, staging))
    assert [h.values for h in found.shared if h.identifying] == [1]


def test_more_keys_than_may_be_read_are_a_gap(production: ValkeyServer, staging: ValkeyServer) -> None:
    """Counted before a single one is shown."""
    found = world(production, staging, rows_at_most=100)
    assert {gap.remedy for gap in compared(found).gaps} == {"raise rows_at_most"}
    assert "SCAN" not in dict(found.tallies[True].footprint().commands)


def test_production_is_asked_for_names_page_by_page_and_nothing_else(
    production: ValkeyServer, staging: ValkeyServer
) -> None:
    """Never KEYS, no content, no write, and one connection at a time."""
    with administered(production) as client:
        client.config_resetstat()
        before = client.info("stats")["total_connections_received"]
    found = world(production, staging)
    compared(found)
    sent = set(dict(found.tallies[True].footprint().commands))
    assert {"SCAN", "DBSIZE", "TYPE"} <= sent
    assert sent <= {"AUTH", "SELECT", "SCAN", "DBSIZE", "TYPE", "INFO server", "INFO keyspace",
                    "INFO replication", "HELLO", "CLUSTER NODES"}  # fmt: skip
    with administered(production) as client:
        stats = client.info("commandstats")
        assert not {"cmdstat_keys", "cmdstat_get"} & set(stats)
        assert client.info("stats")["total_connections_received"] - before <= 8


def test_the_recipes_let_it_read(production: ValkeyServer, staging: ValkeyServer) -> None:
    """A user made by the printed lines; without TYPE the control fails, and says what to grant."""
    rules = RECIPES["verify, each side's user on its own server"].split(">PASSWORD ")[1].split()
    least = user(production, "least", *rules)
    found = world(production, staging)
    found.production = least
    assert [gap.remedy for gap in compared(found).gaps] == ["ACL SETUSER <that user> +type"]
    more = RECIPES["rows, each side's user"].split()[3:]
    found.production = user(production, "least", *rules, *more)
    assert compared(found).gaps == ()


def test_a_walk_that_misses_keys_is_a_gap(
    production: ValkeyServer, staging: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many names as lasting keys must have been shown."""
    whole = walk.page
    monkeypatch.setattr(walk, "page", lambda *asked: (whole(*asked)[0], whole(*asked)[1][:5]))
    assert any("lasting ones" in gap.reason for gap in compared(world(production, staging)).gaps)


def test_names_that_stand_nowhere_are_a_gap(
    production: ValkeyServer, staging: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What answers SCAN with names of its own is no server with these keys."""
    whole = walk.page
    monkeypatch.setattr(
        walk, "page", lambda *asked: (whole(*asked)[0], [b"not:" + name for name in whole(*asked)[1]])
    )
    assert any("asked for by name" in gap.reason for gap in compared(world(production, staging)).gaps)


def test_another_server_than_was_observed_is_not_read(
    production: ValkeyServer, staging: ValkeyServer
) -> None:
    """After a failover the address leads elsewhere."""
    found = world(production, staging)
    with Deadline(10.0) as deadline:
        target = found.target(protected=False)
        visit = Visit(target.environment, deadline, Seats(), found.tallies[False], KEY)
        party = Party(target, visit, found.facts(protected=True))
        with pytest.raises(ProbeError, match="another server"), redis_census.reading(party, careful=True):
            pass


def test_a_walk_over_another_process_is_none(production: ValkeyServer, staging: ValkeyServer) -> None:
    """The server was restarted, or a balancer took turns, since its keys were counted."""
    found = world(production, staging)
    with Deadline(10.0) as deadline:
        target = found.target(protected=False)
        party = Party(target, Visit(target.environment, deadline, Seats(), found.tallies[False], KEY))
        with redis_census.reading(party, careful=True) as reader:
            sieve = Sieve(Method.SHA256, 1, 2, b"s" * 16, 1, fold=False)
            (task,) = reader.tasks(sieve)
            assert list(reader.read(task, sieve))
            with pytest.raises(ProbeError, match="restarted"):
                list(dataclasses.replace(reader, run_id="f" * 40).read(task, sieve))
