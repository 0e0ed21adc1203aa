"""Read the ways out of a database that are kept inside it. Stores addresses, never options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.probe import Probe, ProbeError

from . import queries
from .address import Candidate, login, parse
from .facts import Link
from .session import Session

LIMIT = 200
_HERE = frozenset({"", "localhost", "127.0.0.1", "::1"})
_POSTGRES_WRAPPERS = frozenset({"postgres_fdw", "dblink_fdw"})
_LOCAL_WRAPPERS = frozenset({"file_fdw"})
"""Wrappers that reach no other server."""


class Reader:
    """Turns rows into links, as the environment that holds them would follow them."""

    def __init__(self, session: Session, probe: Probe, own_port: int) -> None:
        self._session = session
        self._probe = probe
        self._own_port = own_port

    def foreign_servers(self) -> tuple[Link, ...]:
        """Every foreign server of this database.

        Raises:
            ProbeError: the catalogue cannot be read whole.
        """
        _whole(self._session)
        rows = _within_limit(self._session.ask(queries.FOREIGN_SERVERS), "foreign servers")
        return tuple(self._foreign(*row) for row in rows if row[1] not in _LOCAL_WRAPPERS)

    def subscriptions(self) -> tuple[Link, ...]:
        """Every subscription of any database of this server. Raises as above."""
        ((names, targets),) = self._session.ask(queries.SUBSCRIPTION_RIGHTS)
        if not names:
            raise ProbeError("permission denied for pg_subscription", _GRANT_SUBSCRIPTION)
        statement = queries.SUBSCRIPTIONS_WITH_TARGET if targets else queries.SUBSCRIPTIONS
        rows = _within_limit(self._session.ask(statement), "subscriptions")
        return tuple(self._subscription(name, conninfo) for name, conninfo in rows)

    def jobs(self) -> tuple[Link, ...]:
        """Where pg_cron's jobs connect to; none where it is not installed. Raises as above."""
        rights = self._session.ask(queries.CRON_RIGHTS)
        if not rights:
            return ()
        ((readable, hidden),) = rights
        if not readable or hidden:
            raise ProbeError("pg_cron is installed, and its jobs cannot be read in full", _GRANT_CRON)
        rows = _within_limit(self._session.ask(queries.CRON_JOBS), "cron jobs")
        return tuple(self._job(*row) for row in rows)

    def _foreign(
        self, name: str, wrapper: str, host: str | None, hostaddr: str | None, port: str | None,
        dbname: str | None, by_service: bool,
    ) -> Link:  # fmt: skip
        what = f"foreign server {name} ({wrapper})"
        if wrapper not in _POSTGRES_WRAPPERS or by_service:
            why = Unknown("its options name no PostgreSQL address", f'DROP SERVER "{name}" CASCADE;')
            return Link(what, why, why, inward=False)
        return self._link(what, _conninfo(host=host, hostaddr=hostaddr, port=port, dbname=dbname))

    def _subscription(self, name: str, conninfo: str | None) -> Link:
        what = f"subscription {name}"
        if conninfo is None:
            why = Unknown("only a superuser may read where it leads", _GRANT_SUBSCRIPTION)
            return Link(what, why, why, inward=False)
        return self._link(what, conninfo)

    def _job(self, number: str, host: str, port: str, database: str) -> Link:
        return self._link(f"cron job {number}", _conninfo(host=host, port=port, dbname=database))

    def _link(self, what: str, conninfo: str) -> Link:
        """`conninfo` may hold a password: it is parsed here and dropped."""
        address = parse(conninfo)
        if address.fault:
            why = Unknown(f"its address is not one: {address.fault}", "drop the link")
            return Link(what, why, why, inward=False)
        candidates = login(conninfo).candidates
        if all(self._is_inward(candidate) for candidate in candidates):
            return Link(what, Known(address), Unknown("loopback, at the server's own port"), inward=True)
        return Link(what, Known(address), self._found(candidates), inward=False)

    def _is_inward(self, candidate: Candidate) -> bool:
        named = candidate.hostaddr or candidate.host
        return (named.lower() in _HERE or named.startswith(("/", "@"))) and candidate.port == self._own_port

    def _found(self, candidates: tuple[Candidate, ...]) -> Fact[str]:
        if len(candidates) != 1:
            return Unknown("it names several servers")
        host, hostaddr, port = candidates[0]
        try:
            place = self._probe.place(hostaddr or host, port)
        except ProbeError as error:
            return Unknown(error.reason, error.remedy)
        return Known(self._probe.digest("place", f"{place.address}:{place.port}"))


def _whole(session: Session) -> None:
    """The positive control: the catalogues are there, granted, and hide no row.

    Raises:
        ProbeError: a catalogue might hide what is looked for.
    """
    ((count, whole),) = session.ask(queries.CATALOGUES)
    if count != 4 or not whole:
        raise ProbeError("the system catalogues are not readable in full", _GRANT_CATALOGUES)


def _within_limit(rows: list[tuple[Any, ...]], what: str) -> list[tuple[Any, ...]]:
    if len(rows) > LIMIT:
        raise ProbeError(f"there are more than {LIMIT} {what}", f"drop the {what} that staging does not need")
    return rows


def _conninfo(**options: str | None) -> str:
    def quoted(value: str) -> str:
        return value.replace("\\", "\\\\").replace("'", "\\'")

    stated = {"host": "localhost", **{name: value for name, value in options.items() if value}}
    return " ".join(f"{name}='{quoted(value)}'" for name, value in stated.items())


def fact(read: Callable[[], Any]) -> Fact[Any]:
    """Read one fact on its own: what fails is Unknown, and the visit goes on."""
    try:
        return Known(read())
    except ProbeError as error:
        return Unknown(error.reason, error.remedy)
    except (ValueError, TypeError, IndexError, KeyError):
        return Unknown(
            "the server's answer has an unexpected shape", "check that this is PostgreSQL 12 or later"
        )


_GRANT_CATALOGUES = (
    "GRANT SELECT ON pg_class, pg_namespace, pg_foreign_server, pg_foreign_data_wrapper TO role;"
)
_GRANT_SUBSCRIPTION = (
    "GRANT SELECT (oid, subname, subconninfo) ON pg_catalog.pg_subscription TO role; "
    "-- as superuser; or drop the subscription: DROP SUBSCRIPTION name;"
)
_GRANT_CRON = (
    "GRANT USAGE ON SCHEMA cron TO role; GRANT SELECT ON cron.job TO role; ALTER ROLE role BYPASSRLS; "
    "-- or, where staging needs no jobs: DROP EXTENSION pg_cron;"
)
