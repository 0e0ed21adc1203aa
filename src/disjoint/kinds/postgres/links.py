"""Read the ways out of a database that are kept inside it. Stores addresses, never options."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Callable, Mapping
from typing import Any, Final, LiteralString

from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.host import MASKED
from disjoint.model.probe import Place, Probe, ProbeError
from disjoint.model.url import ENCODE, SEVERED

from . import outward, queries
from .address import Candidate, login, parse
from .facts import Link
from .session import Session

LIMIT = 200
_LOOPBACK: Mapping[str, frozenset[str]] = {
    "localhost": frozenset({"*", "0.0.0.0", "::", "localhost", "127.0.0.1", "::1"}),  # noqa: S104
    "127.0.0.1": frozenset({"*", "0.0.0.0", "localhost", "127.0.0.1"}),  # noqa: S104
    "::1": frozenset({"*", "::", "localhost", "::1"}),
}
"""What `listen_addresses` must hold for a server to be found there: else a tunnel may have its port."""
_POSTGRES_WRAPPERS = frozenset({"postgres_fdw", "dblink_fdw"})

SCHEDULERS: Final = (
    (
        "pgAgent", outward.AGENT_RIGHTS, outward.AGENT_STEPS,
        ("GRANT USAGE ON SCHEMA pgagent TO role; GRANT SELECT ON pgagent.pga_jobstep TO role; "
        "-- or, where staging needs no jobs: DROP EXTENSION pgagent;"),
    ),
    (
        "pg_timetable", outward.TIMETABLE_RIGHTS, outward.TIMETABLE_STEPS,
        ("GRANT USAGE ON SCHEMA timetable TO role; GRANT SELECT ON timetable.task TO role; "
        "-- or, where staging needs no jobs: DROP SCHEMA timetable CASCADE;"),
    ),
)  # fmt: skip
"""Whose jobs may state a connection of their own: it is parsed and dropped, for it may hold a password."""


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
        rows = _within_limit(self._session.ask(outward.FOREIGN_SERVERS), "foreign servers")
        files = self._session.ask(outward.FILES) if any(row[1] == "file_fdw" for row in rows) else []
        local = {name for name, its_own, programs in files if its_own and not programs}
        return tuple(self._foreign(*row) for row in rows if row[0] not in local)

    def subscriptions(self) -> tuple[Link, ...]:
        """Every subscription of any database of this server. Raises as above."""
        ((names, targets),) = self._session.ask(outward.SUBSCRIPTION_RIGHTS)
        if not names:
            raise ProbeError("permission denied for pg_subscription", _GRANT_SUBSCRIPTION)
        statement = outward.SUBSCRIPTIONS_WITH_TARGET if targets else outward.SUBSCRIPTIONS
        rows = _within_limit(self._session.ask(statement), "subscriptions")
        return tuple(self._subscription(name, conninfo) for name, conninfo in rows)

    def jobs(self) -> tuple[Link, ...]:
        """Where jobs kept in this database connect to; none where there is no scheduler. Raises as above."""
        return (*self._cron_jobs(), *(step for each in SCHEDULERS for step in self._steps(*each)))

    def _cron_jobs(self) -> tuple[Link, ...]:
        rights = self._session.ask(outward.CRON_RIGHTS)
        if not rights:
            return ()
        ((readable, hidden),) = rights
        if not readable or hidden:
            raise ProbeError("pg_cron is installed, and its jobs cannot be read in full", _GRANT_CRON)
        rows = _within_limit(self._session.ask(outward.CRON_JOBS), "cron jobs")
        return tuple(self._job(*row) for row in rows)

    def _steps(self, named: str, rights: LiteralString, steps: LiteralString, grant: str) -> tuple[Link, ...]:
        """Those that name a server to connect to; the others run in this one."""
        match self._session.ask(rights):
            case []:
                return ()
            case [(True,)]:
                rows = _within_limit(self._session.ask(steps), f"{named} jobs")
                return tuple(self._link(f"{named} job {number}", conninfo) for number, conninfo in rows)
            case _:
                raise ProbeError(f"{named} is installed, and its jobs cannot be read in full", grant)

    def _foreign(
        self, name: str, wrapper: str, host: str | None, hostaddr: str | None, port: str | None,
        dbname: str | None, by_service: bool,
    ) -> Link:  # fmt: skip
        what = f"foreign server {name} ({wrapper})"
        if wrapper not in _POSTGRES_WRAPPERS or by_service:
            reason = _BY_PROGRAM if wrapper == "file_fdw" else "its options name no PostgreSQL address"
            why = Unknown(reason, f'DROP SERVER "{name}" CASCADE;')
            return Link(what, why, why, inward=False)
        return self._link(what, _conninfo(host=host, hostaddr=hostaddr, port=port, dbname=dbname))

    def _subscription(self, name: str, conninfo: str | None) -> Link:
        what = f"subscription {name}"
        if conninfo is None:
            why = Unknown("only a superuser may read where it leads", _GRANT_SUBSCRIPTION)
            return Link(what, why, why, inward=False)
        return self._link(what, conninfo)

    def _job(self, number: str, host: str, port: str, database: str) -> Link:
        where = _conninfo(host=host or "localhost", port=port, dbname=database)
        return self._link(f"cron job {number}", where)

    def _link(self, what: str, conninfo: str) -> Link:
        """`conninfo` may hold a password: it is parsed here and dropped."""
        address = parse(conninfo)
        if address.fault:
            why = Unknown(f"its address is not one: {address.fault}", "drop the link")
            return Link(what, why, why, inward=False)
        if address.shown == MASKED:  # a piece of its password may stand in the host: nobody is asked for that
            return Link(what, Known(address), Unknown(SEVERED, ENCODE), inward=False)
        found = login(conninfo)
        if found.fault:  # a service file, or a word that nobody has replaced: it leads somewhere
            return Link(what, Known(address), Unknown(found.fault), inward=False)
        if all(self._is_inward(candidate) for candidate in found.candidates):
            return Link(what, Known(address), Unknown("loopback, at the server's own port"), inward=True)
        return Link(what, Known(address), self._found(found.candidates), inward=False)

    def _is_inward(self, candidate: Candidate) -> bool:
        """Whether it leads to the server that keeps it: it listens there, and nobody else can at its port."""
        named = (candidate.hostaddr or candidate.host).lower()
        if candidate.port != self._own_port:
            return False
        if named.startswith(("/", "@")):
            return candidate.host.rstrip("/") in self._listens.get("unix_socket_directories", ())
        return bool(_LOOPBACK.get(named, frozenset()) & self._listens.get("listen_addresses", frozenset()))

    @functools.cached_property
    def _listens(self) -> Mapping[str, frozenset[str]]:
        return {
            name: frozenset(each.strip().strip('"').rstrip("/") for each in setting.split(",")) - {""}
            for name, setting in self._session.ask(outward.LISTENS)
        }

    def _found(self, candidates: tuple[Candidate, ...]) -> Fact[str]:
        if len(candidates) != 1:
            return Unknown("it names several servers")
        host, hostaddr, port = candidates[0]
        named = hostaddr or host
        if not named or named.startswith(("/", "@")):
            return Unknown("a socket, or a default, of its server's own machine")
        try:
            place = self._probe.place(named, port)
        except ProbeError as error:
            return Unknown(error.reason, error.remedy)
        if _is_local(place) and not _is_local(self._session.place):
            return Unknown("loopback of the machine that its server runs on, which is not this one")
        return Known(self._probe.digest("place", f"{place.address}:{place.port}"))


def _is_local(place: Place) -> bool:
    """Whether it is on this machine; a stated `reach_at` may be a tunnel, which leads away."""
    return place.how == "socket" or (
        place.how != "reach_at" and ipaddress.ip_address(place.address).is_loopback
    )


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

    return " ".join(f"{name}='{quoted(value)}'" for name, value in options.items() if value)


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


_BY_PROGRAM = "a program may give its rows, or it is no file_fdw"
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
