"""Reach a PostgreSQL server exactly as the address says, once, and on time."""

from __future__ import annotations

import contextlib
import os
import selectors
import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import psycopg
from psycopg import pq

from disjoint.model.probe import Place, Probe, ProbeError

from .address import Candidate, Login
from .failures import CandidateError, failure
from .files import check_files

CONNECT_SECONDS = 3.0
NOWHERE = "/nonexistent/disjoint"
"""A path that no client certificate or password file is found at."""

_TAKEN = (
    "sslmode", "sslrootcert", "sslcert", "sslkey", "sslpassword", "sslcrl", "sslcrldir", "sslsni",
    "sslcertmode", "sslnegotiation", "ssl_min_protocol_version", "ssl_max_protocol_version",
    "channel_binding", "require_auth", "requirepeer", "target_session_attrs", "krbsrvname", "gssencmode",
)  # fmt: skip
"""What is taken over from the address. `options` never: a pooler refuses it at the start."""


class Opened(NamedTuple):
    """A connection that the server accepted."""

    connection: psycopg.Connection[tuple[Any, ...]]
    place: Place
    tls: str


@contextlib.contextmanager
def connect(login: Login, probe: Probe) -> Iterator[Opened]:
    """Connect to the first candidate that answers, one attempt each; closed on leaving.

    Raises:
        ProbeError: none answered, the login was refused, or TLS failed.
    """
    if os.environ.get("PGSERVICE"):
        raise ProbeError(
            "PGSERVICE is set where disjoint runs, and would redirect it", "env -u PGSERVICE disjoint …"
        )
    with contextlib.ExitStack() as stack:
        opened = _first(login, probe, stack)
        stack.callback(opened.connection.close)
        yield opened


def _first(login: Login, probe: Probe, stack: contextlib.ExitStack) -> Opened:
    failed = ProbeError("the address names no server")
    for candidate in login.candidates:
        with contextlib.ExitStack() as attempt:
            try:
                opened = _attempt(login, candidate, probe, attempt)
            except CandidateError as error:
                failed = error
                continue
            stack.push(attempt.pop_all())
            return opened
    raise failed


def _attempt(login: Login, candidate: Candidate, probe: Probe, stack: contextlib.ExitStack) -> Opened:
    check_files(login.parameters)
    place = _place(candidate, probe)
    if place.how != "socket":
        stack.enter_context(probe.seat(candidate.hostaddr or candidate.host, candidate.port))
    probe.sent("CONNECT")
    pgconn = pq.PGconn.connect_start(_conninfo(_keywords(login, candidate, place)))
    try:
        _drive(pgconn, candidate, probe)
    except BaseException:
        pgconn.finish()
        raise
    pgconn.nonblocking = 1
    connection = psycopg.Connection(pgconn)
    connection.autocommit = True
    connection.prepare_threshold = None
    return Opened(connection, place, _tls(pgconn, login.parameters))


def _place(candidate: Candidate, probe: Probe) -> Place:
    """Where libpq would go: to a stated address before the name."""
    if candidate.host.startswith(("/", "@")) and not candidate.hostaddr:
        return Place(candidate.host, candidate.port, "socket")
    if not (candidate.host or candidate.hostaddr):
        raise CandidateError(
            "the address names no host: each machine has a default of its own", "state the host"
        )
    try:
        return probe.place(candidate.hostaddr or candidate.host, candidate.port)
    except ProbeError as error:
        raise CandidateError(error.reason, error.remedy) from None


def _drive(pgconn: pq.abc.PGconn, candidate: Candidate, probe: Probe) -> None:
    """Poll the handshake to its end; whatever the peer drips, it ends in time."""
    until = time.monotonic() + min(CONNECT_SECONDS, probe.remaining())
    reached, answered = pq.ConnStatus.STARTED, False
    while pgconn.status != pq.ConnStatus.BAD:
        reached = pq.ConnStatus(pgconn.status)
        if answered and reached in _BEGINNINGS and not _unasked(pgconn):
            break
        answered = answered or reached == pq.ConnStatus.AWAITING_RESPONSE
        match pgconn.connect_poll():
            case pq.PollingStatus.OK:
                return
            case pq.PollingStatus.READING:
                _wait(pgconn.socket, selectors.EVENT_READ, until, candidate, probe)
            case pq.PollingStatus.WRITING:
                _wait(pgconn.socket, selectors.EVENT_WRITE, until, candidate, probe)
            case _:
                break
    if reached == pq.ConnStatus.STARTED and not answered:
        raise _unreached(candidate, probe)
    raise failure(pgconn.error_message.decode("utf-8", "replace"), _named(candidate))


_BEGINNINGS = (pq.ConnStatus.STARTED, pq.ConnStatus.MADE)


def _unasked(pgconn: pq.abc.PGconn) -> bool:
    """Whether the server turned us away by our address, before it looked at any password.

    With sslmode `prefer` or `allow` libpq then tries again without, or with, TLS. After a refused
    password that would be a second login attempt, perhaps in clear text: one is all.
    """
    return b"pg_hba.conf" in pgconn.error_message


def _wait(fd: int, event: int, until: float, candidate: Candidate, probe: Probe) -> None:
    left = until - time.monotonic()
    with selectors.DefaultSelector() as selector:
        selector.register(fd, event)
        ready = left > 0 and selector.select(left)
    probe.remaining()
    if not ready:
        raise CandidateError(f"{_named(candidate)} did not finish the greeting within {CONNECT_SECONDS:g} s")


def _unreached(candidate: Candidate, probe: Probe) -> CandidateError:
    """Why nothing answered, in the probe's words: the driver's are translated."""
    if candidate.host.startswith(("/", "@")):
        return CandidateError(f"no server listens at the socket {_named(candidate)}")
    try:
        probe.dial(candidate.hostaddr or candidate.host, candidate.port).close()
    except ProbeError as error:
        return CandidateError(error.reason, error.remedy)
    return CandidateError(f"{_named(candidate)} broke the connection off")


def _named(candidate: Candidate) -> str:
    return f"{candidate.host or candidate.hostaddr}:{candidate.port}"


def _tls(pgconn: pq.abc.PGconn, parameters: Mapping[str, str]) -> str:
    if not pgconn.ssl_in_use:
        return "none"
    mode = "verify-full" if parameters.get("sslrootcert") == "system" else parameters.get("sslmode", "prefer")
    return {"verify-full": "verified", "verify-ca": "issuer verified, host name not"}.get(
        mode, "certificate not verified"
    )


def _keywords(login: Login, candidate: Candidate, place: Place) -> dict[str, str]:
    """Every keyword stated, so that no variable or file of this process fills one in."""
    stated = {name: value for name, value in login.parameters.items() if name in _TAKEN}
    numeric = {} if place.how == "socket" else {"hostaddr": place.address}
    return {
        **_without_process(),
        "sslmode": "prefer",
        "sslcert": NOWHERE,
        "gssencmode": "disable",
        **_root(stated),
        **stated,
        **numeric,
        "host": candidate.host or place.address,
        "port": str(place.port),
        "dbname": login.database,
        "user": login.user,
        "password": login.password.reveal() if login.password else "",
        "passfile": NOWHERE,
        "client_encoding": "UTF8",
        "keepalives": "1",
        "keepalives_idle": "5",
        "keepalives_interval": "2",
        "keepalives_count": "2",
    }


def _root(stated: Mapping[str, str]) -> dict[str, str]:
    """A root found at home would make `require` silently stronger than the address says."""
    return {} if stated.get("sslmode", "").startswith("verify") else {"sslrootcert": NOWHERE}


def _without_process() -> dict[str, str]:
    """libpq's own defaults for every keyword that a variable of this process sets."""
    return {
        keyword: _UNSET.get(keyword, (option.compiled or b"").decode())
        for option in pq.Conninfo.get_defaults()
        if (keyword := option.keyword.decode()) != "service"
        if option.envvar and option.envvar.decode() in os.environ
    }


_UNSET = {
    "connect_timeout": "0",
    "sslcertmode": "allow",
    "require_auth": "password,md5,gss,sspi,scram-sha-256,none",
    "min_protocol_version": "3.0",
    "max_protocol_version": "3.0",
}
"""Where an empty value is not the same as none."""


def _conninfo(keywords: Mapping[str, str]) -> bytes:
    quoted = (value.replace("\\", "\\\\").replace("'", "\\'") for value in keywords.values())
    return " ".join(f"{name}='{value}'" for name, value in zip(keywords, quoted, strict=True)).encode()
