"""Every logical database of staging's server: what was copied is found in whichever it stands."""

from __future__ import annotations

import dataclasses
import importlib.util
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from redis_caches import TERMS, compared, judged, names, put, world
from redis_world import administered, url_of, user

from disjoint.demo.servers.valkey import ValkeyServer
from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.redis import walk
from disjoint.kinds.redis.facts import OWN, PLAIN, places_of
from disjoint.kinds.redis.session import Session
from disjoint.model import salted
from disjoint.model.census import Overlap, Strength
from disjoint.model.finding import Outcome
from lacking import lacking

pytestmark = pytest.mark.live
ELSEWHERE = 3


@pytest.fixture(scope="module")
def production(supervisor: Supervisor) -> ValkeyServer:
    return ValkeyServer.start(supervisor, "production-cache")


@pytest.fixture(scope="module")
def staging(supervisor: Supervisor) -> ValkeyServer:
    return ValkeyServer.start(supervisor, "staging-cache")


@pytest.fixture(autouse=True)
def filled(production: ValkeyServer, staging: ValkeyServer) -> None:
    """Sessions of their own in the logical databases that the addresses name."""
    for server in (production, staging):
        put(server, sessions(200), fresh=True)


def sessions(number: int) -> dict[str, str]:
    return {f"session:{uuid.uuid4()}": "x" for _ in range(number)}


def copied(production: ValkeyServer, staging: ValkeyServer, *numbers: int, of: int = 3) -> None:
    """Some of production's keys, in other logical databases of staging's."""
    for number in numbers:
        put(staging, dict.fromkeys(names(production)[:of], "x"), database=number)


def leaks(found: Overlap) -> list[tuple[str, int]]:
    return [(hit.staging, hit.values) for hit in found.shared if hit.identifying and hit.confirmed]


@pytest.mark.parametrize("strength", [Strength.SAMPLED, Strength.EXACT])
def test_a_copy_in_another_logical_database_is_found_and_said_where(
    production: ValkeyServer, staging: ValkeyServer, strength: Strength
) -> None:
    """Restored into two of them beside staging's own keys; every place of all three had its control."""
    copied(production, staging, ELSEWHERE, 9)
    put(staging, sessions(20), database=ELSEWHERE)
    found = compared(world(production, staging), dataclasses.replace(TERMS, strength=strength))
    assert leaks(found) == [("logical database 3", 3), ("logical database 9", 3)]
    assert (found.gaps, found.blind, found.staging.places) == ((), (), 9)
    assert found.staging.rows == 200 + 23 + 3
    assert found.staging.way.endswith("(0, the address's own; 3; 9)")


def test_a_sample_is_counted_whole_in_every_logical_database(
    production: ValkeyServer, staging: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("disjoint.overlap.bound.SMALL", 10)
    copied(production, staging, ELSEWHERE, of=200)
    terms = dataclasses.replace(TERMS, detect=dataclasses.replace(TERMS).detect._replace(values=60))
    assert leaks(compared(world(production, staging), terms)) == [("logical database 3", 200)]


def test_staging_may_name_another_one_than_the_first(production: ValkeyServer, staging: ValkeyServer) -> None:
    """The address names 5, which is empty; what stands in 0 is found all the same."""
    copied(production, staging, 0)
    found = world(production, staging)
    found.staging = url_of(staging, 5)
    came = compared(found)
    assert leaks(came) == [("logical database 0", 3)]
    assert came.staging.way.endswith("(5, the address's own; 0)")


def test_own_keys_in_other_logical_databases_are_no_leak(
    production: ValkeyServer, staging: ValkeyServer
) -> None:
    """A broker's keys beside a cache's, called as production's own are."""
    broker = {"_kombu.binding.celery": "x", "unacked_index": "x", f"celery-task-meta-{uuid.uuid4()}": "x"}
    put(staging, broker, database=1)
    put(production, {**broker, f"celery-task-meta-{uuid.uuid4()}": "x"}, database=1)
    put(production, {"_kombu.binding.celery": "x", "unacked_index": "x"})
    found = compared(world(production, staging))
    assert [(hit.production, hit.staging, hit.values) for hit in found.shared] == [
        (PLAIN, places_of(1)[2], 2)
    ]
    assert (found.gaps, found.blind) == ((), ())


@pytest.mark.parametrize("stands_in", [0, 1])
def test_two_resources_of_one_server_are_found_out_one_by_one(
    production: ValkeyServer, staging: ValkeyServer, stands_in: int
) -> None:
    """A cache in 0 and sessions in 1, on either side: the finding is that of whose keys they are, alone."""
    put(production, sessions(50), database=1)
    put(staging, sessions(50), database=1)
    copied(production, staging, stands_in)
    found = [world(production, staging) for _ in range(2)]
    found[1].production, found[1].staging = url_of(production, 1), url_of(staging, 1)
    assert leaks(compared(found[0])) == [(f"logical database {stands_in}", 3)]
    came = compared(found[1])
    assert (leaks(came), came.gaps, came.blind) == ([], (), ())
    assert came.staging.way.endswith("(1, the address's own; 0)")


def test_on_one_server_productions_own_keys_are_called_no_copy(production: ValkeyServer) -> None:
    """Staging's walks meet them where they belong; nobody is told to empty anything."""
    put(production, sessions(20), database=5)
    found = world(production, production)
    found.staging = url_of(production, 5)
    came = compared(found)
    assert leaks(came) == [("logical database 0", 200)]
    judgement = judged(found, came)
    assert judgement.outcome is Outcome.UNPROVEN
    assert judgement.summary.startswith("both sides are one server")
    assert "empty" not in judgement.remedy


def test_production_is_read_in_the_declared_one_alone(
    production: ValkeyServer, staging: ValkeyServer
) -> None:
    """What it holds elsewhere is named, and no logical database of it is selected."""
    put(production, sessions(2), database=4)
    with administered(production) as client:
        client.config_resetstat()
    found = compared(world(production, staging))
    assert [left.place for left in found.left] == ["production: logical database 4, 2 keys"]
    with administered(production) as client:
        assert "cmdstat_select" not in client.info("commandstats")
    assert found.production.rows == 200


def test_the_bound_holds_for_all_of_them_together(production: ValkeyServer, staging: ValkeyServer) -> None:
    """The declared one comes first; what does not fit is named, and the rest is read."""
    put(staging, sessions(60), database=2)
    copied(production, staging, ELSEWHERE)
    found = compared(world(production, staging, rows_at_most=250))
    (gap,) = found.gaps
    assert (gap.place, gap.remedy) == ("staging: logical database 2", "raise rows_at_most")
    assert "60 keys, and 250 of all logical databases together" in gap.reason
    assert leaks(found) == [("logical database 3", 3)]


def test_what_may_not_be_selected_is_a_gap_with_its_grant(
    production: ValkeyServer, staging: ValkeyServer
) -> None:
    """It holds keys, and nobody looked."""
    copied(production, staging, ELSEWHERE)
    found = world(production, staging)
    found.staging = user(staging, "bound", "resetchannels", "~*", "+@all", "-select")
    (gap,) = compared(found).gaps
    assert gap.place == "staging: logical database 3"
    assert "it holds 3 keys" in gap.reason
    assert gap.remedy == "ACL SETUSER <that user> +select"


def test_the_others_are_left_out_only_where_it_is_stated(
    production: ValkeyServer, staging: ValkeyServer
) -> None:
    copied(production, staging, ELSEWHERE)
    found = compared(world(production, staging, databases="own"))
    assert [(left.place, left.why) for left in found.left] == [
        ("staging: logical database 3, 3 keys", 'databases = "own"')
    ]
    assert (leaks(found), found.staging.places) == ([], 3)


def interrupting(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Have something happen while staging is walked over: after the first page that it shows."""
    whole = walk.page
    begun: list[bool] = []

    def page(session: Session, cursor: str, count: int) -> tuple[str, list[bytes]]:
        shown = whole(session, cursor, count)
        if not (session._probe.protected or begun):
            begun.append(True)
            act()
        return shown

    monkeypatch.setattr(walk, "page", page)


def test_a_logical_database_that_appears_meanwhile_is_a_gap(
    production: ValkeyServer, staging: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may hold what was moved there, out of the walk's way."""
    interrupting(monkeypatch, lambda: copied(production, staging, 7))
    found = compared(world(production, staging))
    assert [gap.reason for gap in found.gaps] == [
        "logical database 7 came to hold keys while others were walked over"
    ]
    assert {gap.remedy for gap in found.gaps} == {"ask again"}


def test_a_logical_database_that_vanishes_meanwhile_is_none(
    production: ValkeyServer, staging: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As keys that expire: what is gone is no longer staging's."""
    copied(production, staging, ELSEWHERE)

    def emptied() -> None:
        with administered(staging) as client:
            client.execute_command("SELECT", ELSEWHERE)
            client.flushdb()

    interrupting(monkeypatch, emptied)
    found = compared(world(production, staging))
    assert (leaks(found), found.gaps, found.blind) == ([], (), ())


def test_a_walk_over_one_of_them_that_misses_keys_is_a_gap(
    production: ValkeyServer, staging: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted by logical database: others that were shown whole make up for nothing."""
    put(staging, {f"lost:{number}": "x" for number in range(50)}, database=ELSEWHERE)
    whole = walk.page

    def page(*asked: Any) -> Any:
        cursor, shown = whole(*asked)
        return cursor, [name for name in shown if not name.startswith(b"lost:")]

    monkeypatch.setattr(walk, "page", page)
    (gap,) = compared(world(production, staging)).gaps
    assert (gap.place, "counts 50 lasting ones" in gap.reason) == ("staging: keys of database 3", True)


def test_every_place_of_every_logical_database_has_its_control(
    production: ValkeyServer, staging: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that loses the planted name is told as blind, whatever the others show."""
    copied(production, staging, ELSEWHERE)
    whole, made = salted.Tray._planted, []

    def planted(tray: salted.Tray) -> bytearray:
        made.append(tray)
        trays = list(dict.fromkeys(made))
        return bytearray() if tray is trays[-1] and len(trays) == 3 else whole(tray)

    monkeypatch.setattr(salted.Tray, "_planted", planted)
    found = compared(world(production, staging))
    assert found.blind == tuple(f"staging: {name}" for name in places_of(ELSEWHERE))


def test_a_server_that_does_not_name_its_own_keys_is_not_believed_about_others(
    production: ValkeyServer, staging: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that answers INFO for itself says nothing of what stands behind it."""
    whole = walk.keyspace
    monkeypatch.setattr(walk, "keyspace", lambda session: {n: k for n, k in whole(session).items() if n})
    (gap,) = compared(world(production, staging)).gaps
    assert gap.place == "staging: other logical databases"


def test_private_intersection_takes_all_of_them_in(production: ValkeyServer, staging: ValkeyServer) -> None:
    """A number, and no place; where it looked is told."""
    if importlib.util.find_spec("private_set_intersection") is None:
        lacking("pip install 'disjoint[psi]'")
    copied(production, staging, ELSEWHERE, 9)
    found = compared(world(production, staging), dataclasses.replace(TERMS, strength=Strength.PRIVATE))
    assert [hit.values for hit in found.shared] == [3]
    assert found.staging.way.endswith("(0, the address's own; 3; 9)")


def test_a_name_in_several_places_is_told_in_each(production: ValkeyServer, staging: ValkeyServer) -> None:
    put(production, {f"user:{number}": "x" for number in range(30)})
    for number in (0, 1):
        put(staging, {f"user:{each}": "x" for each in range(20)}, database=number)
    found = compared(world(production, staging))
    plain = [(hit.staging, hit.values) for hit in found.shared if hit.production != OWN]
    assert plain == [(places_of(0)[2], 20), (places_of(1)[2], 20)]
    assert [left.place for left in found.left] == ["production: 30 of 230 keys", "staging: 40 of 240 keys"]
