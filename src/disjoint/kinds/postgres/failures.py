"""Why a connection failed, in our own words: chosen by fixed words of the driver's text, which is dropped."""

from __future__ import annotations

import re

from disjoint.model.probe import ProbeError


class CandidateError(ProbeError):
    """This candidate did not serve; libpq would try the next one."""


class ShutOutError(ProbeError):
    """Whoever answered lets nobody in by this address with these credentials, today or tomorrow."""


class LoginRefusedError(ShutOutError):
    """The server itself turned these credentials down."""


class DatabaseClosedError(ShutOutError):
    """The server accepted these credentials, and only this database is closed to them."""


def failure(text: str, where: str) -> ProbeError:
    """The error to raise for a driver's text; names in it, which anybody may choose, are not looked at."""
    said = re.sub('"[^"]*"', '""', text)
    for words, reason, remedy in _FAILURES:
        if any(word in said for word in words):
            return _KINDS.get(words, ProbeError)(reason.format(where=where), remedy)
    return ProbeError(f"{where} refused the login or broke the greeting off", "try the same URL with psql")


_NEXT = (
    "session is read-only",
    "session is not read-only",
    "hot standby mode",
    "starting up",
    "shutting down",
)
_REFUSED = (
    "password authentication failed",
    "SASL authentication failed",
    "certificate authentication failed",
    "not permitted to log in",
    "no such user",
    'role "" does not exist',
)
_CLOSED = ("permission denied for database",)
_ELSEWHERE = ("authentication failed",)
_BY_ADDRESS = ("pg_hba.conf", "no encryption")
_UNKNOWN = ("does not exist", "no such database")
_FAILURES = (
    (_NEXT, "{where} is up, but not in the state that the address asks for", "check target_session_attrs"),
    (
        ("certificate verify failed",),
        "the certificate of {where} was not accepted: it is not signed by the stated root, or not valid now",
        "give the address the server's own root as sslrootcert",
    ),
    (
        ("does not match host name", "could not get server's host name"),
        "the certificate of {where} was not accepted: it names another host",
        "use the host name that the certificate carries",
    ),
    (
        ("root certificate file", "could not read root certificate"),
        "the certificate of {where} was not accepted: the root to check it with cannot be read",
        "give the address a readable sslrootcert, or sslrootcert=system",
    ),
    (
        ("does not support SSL", "SSL negotiation", "SSL error", "SSL SYSCALL"),
        "TLS with {where} failed",
        "turn TLS on at the server, or have the address ask for what the server offers",
    ),
    (
        _REFUSED,
        "{where} refused the login",
        "check the user and password of the address",
    ),
    (
        ("no password supplied",),
        "{where} asks for a password, and the address states none",
        "state the password in the address or in PGPASSWORD",
    ),
    (
        # ident asks who runs this machine; LDAP, RADIUS and PAM say the same where nobody answers them
        _ELSEWHERE,
        "{where} did not let the login in, and asks somebody else about it: no word on the password",
        "see pg_hba.conf: only password, md5, scram-sha-256 and cert are the server's own word",
    ),
    (
        _CLOSED,
        "{where} let the role in, though not into this database",
        "GRANT CONNECT ON DATABASE app TO role;",
    ),
    (
        _BY_ADDRESS,
        "{where} does not let this role in from here",
        "GRANT CONNECT ON DATABASE app TO role; and a line in pg_hba.conf for this machine",
    ),
    (("too many", "remaining connection slots", "no more connections", "connection limit"),
     "{where} has no free connection", "free one, or raise CONNECTION LIMIT or max_connections"),
    (_UNKNOWN,
     "{where} knows no such database or role", "check the user and database of the address"),
)  # fmt: skip
_KINDS: dict[tuple[str, ...], type[ProbeError]] = {
    _NEXT: CandidateError,
    _REFUSED: LoginRefusedError,
    _CLOSED: DatabaseClosedError,
    _ELSEWHERE: ShutOutError,
    _BY_ADDRESS: ShutOutError,
    _UNKNOWN: ShutOutError,
}
