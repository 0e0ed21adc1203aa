"""Who production's servers are by a seal's keyed marks, and whether one that answers is one. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from disjoint.certify.guarded import digest
from disjoint.certify.plain_address import Place

from .places import Theirs
from .sealed import Opened
from .verdict import SHARED, UNPROVEN, Reason

ISOLATED, KNOWN_PLACE = "ISOLATED", "KNOWN_PLACE"
SLACK_SECONDS = 3.0
"""By how much a server's start may seem earlier than it was."""
_STARTED = """SELECT pg_catalog.to_char(pg_catalog.pg_postmaster_start_time() AT TIME ZONE 'UTC',
 'YYYY-MM-DD"T"HH24:MI:SS.US')"""
_ASKED = (
    ("pg_control_system", "SELECT system_identifier::text FROM pg_catalog.pg_control_system()"),
    ("pg_postmaster_start_time", _STARTED),
)


def _column(function: str, query: str) -> str:
    """A text that is planned only once it is asked for: `ts_stat` is the one way that every server has."""
    words = f"SELECT pg_catalog.array_to_tsvector(ARRAY[({query})])".replace("'", "''")
    return (
        f"CASE WHEN pg_catalog.has_function_privilege('pg_catalog.{function}()', 'EXECUTE') THEN "  # noqa: S608
        f"(SELECT word FROM pg_catalog.ts_stat('{words}')) END"
    )


IDENTITY = f"SELECT {', '.join(_column(*each) for each in _ASKED)}"
"""One request; a function that the role may not run is not even looked up, and leaves no error in the log."""
_VALUE = re.compile(r"[0-9T:.-]+\Z")
_ID, _NO_ID = re.compile(r"[0-9a-f]{40}\Z"), "0" * 40
_ANEW = "run `disjoint seal` in production once more"
_POSTGRES, _REDIS = "postgres/same-server", "redis/same-server"


class Met(NamedTuple):
    """What a connection's server was found to be."""

    outcome: str
    """`ISOLATED`; `KNOWN_PLACE`: it does not say, and its public place is not production's; a verdict."""
    reason: Reason | None = None


class Postgres(NamedTuple):
    """What a PostgreSQL says of itself; None: nothing."""

    minted: str | None = None
    started: str | None = None


class Redis(NamedTuple):
    """What a Redis says of itself."""

    run_id: str = ""
    replication_ids: frozenset[str] = frozenset()
    since: float | None = None
    primary: bool = False
    clustered: bool = False


def postgres_in(texts: tuple[str, ...]) -> Postgres:
    """A PostgreSQL's answer to `IDENTITY`."""
    values = [text.strip() if _VALUE.match(text.strip()) else None for text in texts]
    return Postgres(*values) if len(values) == 2 else Postgres()


def redis_in(server: str, replication: str, now: float) -> Redis:
    """What `INFO server` and `INFO replication` say."""
    says, copies = _pairs(server), _pairs(replication)
    mode, uptime = says.get("redis_mode") or says.get("server_mode"), says.get("uptime_in_seconds", "")
    run_id = says.get("run_id", "") if mode in {"standalone", "cluster"} else ""
    ids = {copies.get(name, "") for name in ("master_replid", "master_replid2")}
    return Redis(
        run_id if _ID.match(run_id) and run_id != _NO_ID else "",
        frozenset(i for i in ids if _ID.match(i) and i != _NO_ID),
        now - int(uptime) if uptime.isascii() and uptime.isdecimal() and len(uptime) < 12 else None,
        copies.get("role") == "master",
        mode == "cluster",
    )


def _pairs(text: str) -> dict[str, str]:
    parted = (line.partition(":") for line in text.splitlines())
    return {name: value for name, _, value in parted}


class Servers:
    """Production's servers."""

    __slots__ = ("_clustered", "_known", "_marks", "_opened", "_sealed", "_theirs")

    def __init__(self, opened: Opened | None) -> None:
        self._opened = opened if opened is not None and opened.policy is not None else None
        self._marks: dict[str, str] = {}
        self._known: dict[str, bool] = {}
        """By kind: whether every server of production's has its mark in the seal; no kind: it has none."""
        self._clustered = False
        if self._opened is None or self._opened.policy is None:
            return
        self._theirs = Theirs(self._opened.policy, self._opened.key)
        self._sealed = datetime.fromisoformat(str(self._opened.payload["sealedAt"])).timestamp()
        for kind, name, marks, clustered in _sealed_servers(self._opened.payload):
            self._known[kind] = bool(marks) and self._known.get(kind, True)
            self._marks.update(dict.fromkeys(marks, name))
            self._clustered = self._clustered or clustered

    def postgres(self, place: Place | None, says: Postgres) -> Met:
        """Whether a PostgreSQL is production's."""
        if (met := self._placed(place, _POSTGRES)) is not None:
            return met
        minted = self._marks.get(self._mark("system_identifier", says.minted))
        started = self._marks.get(self._mark("started_at", says.started))
        if name := minted or started:
            what = "the server" if started else "the server, a replica or a copy"
            return _shared(_POSTGRES, f"{what} of production's {name}")
        if not says.minted:
            return self._doubted(place, _POSTGRES, "the server does not say its system identifier", _GRANT)
        if not self._known.get("postgres", False):
            return self._doubted(place, _POSTGRES, _UNSEALED, _ANEW)
        return Met(ISOLATED)

    def redis(self, place: Place | None, says: Redis) -> Met:
        """Whether a Redis is production's: other ids than the sealed ones count if older than the seal."""
        if (met := self._placed(place, _REDIS)) is not None:
            return met
        ids = (("redis.run_id", says.run_id), *(("redis.replid", i) for i in sorted(says.replication_ids)))
        for what, value in ids:
            if name := self._marks.get(self._mark(what, value)):
                return _shared(_REDIS, f"the server of production's {name}, or a copy of it")
        if why := self._redis_doubt(says):
            return self._doubted(place, _REDIS, why, _ANEW)
        return Met(ISOLATED)

    def _redis_doubt(self, says: Redis) -> str:
        if not says.run_id or not says.replication_ids:
            return "the server does not say its run id and replication id"
        if not self._known.get("redis", False):
            return _UNSEALED
        if says.since is None or says.since >= self._sealed - SLACK_SECONDS:
            return "the server started after production was sealed, and production's may have other ids since"
        if not says.primary:
            return "the server is a replica, which takes other ids whenever its primary does"
        if says.clustered and self._clustered:
            return "the server is a node of a cluster, and so is production's"
        return ""

    def at(self, place: Place) -> Met:
        """What is known of a server by its place alone."""
        return self._placed(place, "variables/endpoint-reused") or Met(KNOWN_PLACE)

    def _placed(self, place: Place | None, rule: str) -> Met | None:
        """Production's own place is production's, whoever answers there."""
        if self._opened is None:
            why = "production's seal cannot be used, and its servers are not known"
            return Met(UNPROVEN, Reason(UNPROVEN, rule, "", f"a new connection was not judged: {why}", _ANEW))
        meeting = None if place is None or place.private else self._theirs.meeting(place)
        return None if meeting is None else _shared(rule, f"the place of production's {meeting.theirs.of}")

    def _mark(self, what: str, value: str | None) -> str:
        return digest(self._opened.key, what, value) if value and self._opened is not None else ""

    def _doubted(self, place: Place | None, rule: str, why: str, fix: str) -> Met:
        if place is not None and place.sure and not place.private:
            return Met(KNOWN_PLACE)
        says = f"a new connection may lead to production's server: {why}"
        return Met(UNPROVEN, Reason(UNPROVEN, rule, "", says, fix))


_UNSEALED = "the seal does not know every server of production's of this kind"
_GRANT = "GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_system() TO the role, in this database"


def _shared(rule: str, what: str) -> Met:
    says = f"a new connection leads to {what}"
    return Met(SHARED, Reason(SHARED, rule, "", says, "give this process staging's own address"))


def _sealed_servers(payload: Mapping[str, object]) -> Iterator[tuple[str, str, frozenset[str], bool]]:
    """Kind, resource, marks (none: the seal does not know them), and whether it is a cluster."""
    for name, resource in _node(payload, "snapshot", "resources").items():
        kind, facts = _node(resource).get("kind"), _node(resource, "facts")
        if kind == "postgres":
            yield "postgres", name, _minted(facts), False
        elif kind == "redis":
            yield "redis", name, _ids(facts.get("run_id"), facts.get("replication_ids")), _is_true(facts)
        elif kind == "celery":
            for server in ("broker_server", "backend_server"):
                yield from _of_celery(name, _node(facts, server))


def _minted(facts: Mapping[str, object]) -> frozenset[str]:
    minted, started = (_node(facts, name).get("known") for name in ("system_identifier", "started_at"))
    if not isinstance(minted, str):
        return frozenset()
    return frozenset({minted, started} if isinstance(started, str) else {minted})


def _ids(run_id: object, replication_ids: object) -> frozenset[str]:
    one, several = _node(run_id).get("known"), _node(replication_ids).get("known")
    if not isinstance(one, str) or not isinstance(several, list):
        return frozenset()
    return frozenset({one, *(i for i in several if isinstance(i, str))})


def _is_true(facts: Mapping[str, object]) -> bool:
    return _node(facts, "clustered").get("known") is True


def _of_celery(name: str, server: Mapping[str, object]) -> Iterator[tuple[str, str, frozenset[str], bool]]:
    """A broker that is no Redis has no such mark, and says nothing about those that are."""
    known = _node(server, "known")
    if "run_id" in known:
        ids = _ids({"known": known["run_id"]}, {"known": known.get("replication_ids")})
        yield "redis", name, ids, known.get("clustered") is True


def _node(node: object, *steps: str) -> Mapping[str, object]:
    for step in steps:
        node = node.get(step) if isinstance(node, dict) else None
    return node if isinstance(node, dict) else {}
