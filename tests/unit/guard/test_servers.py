"""Whether a server that answers is production's: by marks, by age, by place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from guarded_world import KEY, ONE, PROJECT, declared, policy

from disjoint.certify.guarded import digest
from disjoint.certify.plain_address import Place
from disjoint.guard.sealed import Opened
from disjoint.guard.servers import Postgres, Redis, Servers, postgres_in, redis_in

RUN, REPL, OTHER = "a" * 40, "b" * 40, "c" * 40
SEALED = "2026-01-02T03:04:05Z"
BEFORE, AFTER = 1767323045.0 - 60, 1767323045.0
"""A minute before, and at the time of sealing."""
PUBLIC, PRIVATE = (Place("redis", host, 6379, "0") for host in ("cache.staging.example", "cache"))
THEIRS = Place("redis", "cache.production.example", 6379, "3")


def servers(folder: Path, kind: str, facts: dict[str, Any]) -> Servers:
    """Production with one resource, of which these facts were sealed."""
    address = {
        "redis": "redis://cache.production.example/0",
        "postgres": "postgresql://db.production.example/a",
    }
    sealed = policy(declared(folder, ONE[kind]), {"IT": address[kind]})
    snapshot = {"resources": {"it": {"kind": kind, "facts": facts}}}
    return Servers(Opened(sealed, KEY, {"sealedAt": SEALED, "snapshot": snapshot}, (), PROJECT))


def known(**values: object) -> dict[str, Any]:
    return {name: {"known": value} for name, value in values.items()}


@pytest.fixture
def redis(tmp_path: Path) -> Servers:
    ids = [digest(KEY, "redis.replid", REPL)]
    facts = known(run_id=digest(KEY, "redis.run_id", RUN), replication_ids=ids, clustered=True)
    return servers(tmp_path, "redis", facts)


@pytest.fixture
def postgres(tmp_path: Path) -> Servers:
    minted, started = digest(KEY, "system_identifier", "7"), digest(KEY, "started_at", "T")
    return servers(tmp_path, "postgres", known(system_identifier=minted, started_at=started))


def another(**changes: Any) -> Redis:
    return Redis(OTHER, frozenset({OTHER}), BEFORE, primary=True)._replace(**changes)


@pytest.mark.parametrize(
    ("says", "outcome"),
    [
        (another(), "ISOLATED"),
        (another(run_id=RUN), "SHARED"),
        (another(replication_ids=frozenset({OTHER, REPL})), "SHARED"),
        (another(since=AFTER), "UNPROVEN"),
        (another(since=None), "UNPROVEN"),
        (another(primary=False), "UNPROVEN"),
        (another(clustered=True), "UNPROVEN"),
        (another(run_id=""), "UNPROVEN"),
        (Redis(), "UNPROVEN"),
    ],
)
def test_a_redis_is_another_one_only_by_ids_older_than_the_seal(
    redis: Servers, says: Redis, outcome: str
) -> None:
    assert redis.redis(PRIVATE, says).outcome == outcome
    assert redis.redis(None, says).outcome == outcome
    known_place = "KNOWN_PLACE" if outcome == "UNPROVEN" else outcome
    assert redis.redis(PUBLIC, says).outcome == known_place
    assert redis.redis(PUBLIC._replace(sure=False), says).outcome == outcome


def test_productions_place_is_productions_whoever_answers(redis: Servers) -> None:
    """Another logical database of it, too."""
    met = redis.redis(THEIRS, another())
    assert (met.outcome, met.reason is None) == ("SHARED", False)


@pytest.mark.parametrize(
    ("says", "outcome"),
    [
        (Postgres("8", "U"), "ISOLATED"),
        (Postgres("8", None), "ISOLATED"),
        (Postgres("7", "T"), "SHARED"),
        (Postgres("7", "U"), "SHARED"),
        (Postgres(None, "T"), "SHARED"),
        (Postgres(None, "U"), "UNPROVEN"),
        (Postgres(), "UNPROVEN"),
    ],
)
def test_a_postgres_is_another_one_only_by_its_identifier(
    postgres: Servers, says: Postgres, outcome: str
) -> None:
    assert postgres.postgres(None, says).outcome == outcome


def test_what_the_seal_does_not_know_tells_nothing_apart(tmp_path: Path) -> None:
    """An identity that was not read in production, a kind that it has none of, no seal at all."""
    unread = servers(tmp_path, "postgres", {"system_identifier": {"unknown": "refused"}})
    assert unread.postgres(None, Postgres("8", "U")).outcome == "UNPROVEN"
    assert unread.redis(None, another()).outcome == "UNPROVEN"
    assert Servers(None).redis(PUBLIC, another()).outcome == "UNPROVEN"
    assert Servers(None).at(PUBLIC).outcome == "UNPROVEN"


def test_answers_are_read_for_what_they_are() -> None:
    assert postgres_in(("7712302169482696797\n", "2026-11-26T02:31:18.707653")) == Postgres(
        "7712302169482696797", "2026-11-26T02:31:18.707653"
    )
    assert postgres_in(("\\N", "")) == postgres_in(()) == postgres_in(("1", "2", "3")) == Postgres()
    server = f"# Server\r\nredis_mode:standalone\r\nrun_id:{RUN}\r\nuptime_in_seconds:60\r\n"
    copies = f"role:master\r\nmaster_replid:{REPL}\r\nmaster_replid2:{'0' * 40}\r\n"
    assert redis_in(server, copies, 100.0) == Redis(RUN, frozenset({REPL}), 40.0, primary=True)
    assert redis_in(server.replace("standalone", "sentinel"), copies, 100.0).run_id == ""
    assert redis_in("", "", 100.0) == Redis()
