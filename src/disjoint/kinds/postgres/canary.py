"""Mark a server and look for the mark: an advisory lock nobody else uses, and a session's name.

Both live as long as a transaction that only reads: nothing is stored, no WAL is written, and no
lock of an application is waited for. Both are shown server-wide, whatever the database, to every
role (https://www.postgresql.org/docs/current/view-pg-locks.html).
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from typing import LiteralString, NamedTuple

from disjoint.model.experiment import Look, Mark, Party, Sights
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.probe import Probe, ProbeError

from . import queries
from .address import Login
from .facts import PostgresDeclared
from .login import login_of
from .session import Session, StatementError, Values, session
from .turns import turn

SPARE_SECONDS = 5
"""How long a holder outlives its window, should nobody end it."""
ASLEEP_SECONDS = 1.5
"""How long a mark stands through a pooler that refuses transaction blocks: below statement_timeout."""
SETTLING_SECONDS = 0.15


class Nonce(NamedTuple):
    """A mark's two keys and its name, from one token."""

    first: int
    second: int
    name: str


class Channel(NamedTuple):
    """Where a mark shows."""

    place: LiteralString
    look: LiteralString
    key: Callable[[Nonce], Values]
    """What is placed, and how its row reads; looked for by its first part."""
    grant: str
    """What lets a role look."""


CHANNELS: Mapping[str, Channel] = {
    "advisory lock": Channel(
        queries.MARK_LOCK,
        queries.LOCKS,
        lambda mark: (mark.first, mark.second),
        "GRANT SELECT ON pg_catalog.pg_locks TO role; -- in this database",
    ),
    "application_name": Channel(
        queries.MARK_NAME,
        queries.NAMES,
        lambda mark: (mark.name,),
        "GRANT SELECT ON pg_catalog.pg_stat_activity TO role; -- in this database",
    ),
}


def nonce(token: str) -> Nonce:
    """The keys stay below 2^31: pg_locks shows them unsigned."""
    number = int(token[:16], 16)
    return Nonce((number >> 32) & 0x7FFFFFFF, number & 0x7FFFFFFF, f"disjoint-{token[:16]}")


@contextlib.contextmanager
def hold(party: Party[PostgresDeclared], window: float) -> Iterator[Mark]:
    """Hold both marks in one open transaction.

    Raises:
        ProbeError: the server was not reached, or gave no lock.
    """
    login, token = login_of(party.target), secrets.token_hex(8)
    with turn(login, party.probe), session(login, party.probe) as opened:
        _place(opened, nonce(token), window)
        yield Mark(token, lambda: _alive(login, party.probe, nonce(token)))


def look(party: Party[PostgresDeclared], token: str) -> Look:
    """Look for a mark, and for one of our own, through one query a channel in one session.

    Raises:
        ProbeError: the server was not reached.
    """
    own, theirs = nonce(secrets.token_hex(8)), nonce(token)
    with session(login_of(party.target), party.probe) as opened:
        seen = {name: _looked(opened, channel, own, theirs) for name, channel in CHANNELS.items()}
    return Look({n: _has(s, own) for n, s in seen.items()}, {n: _has(s, theirs) for n, s in seen.items()})


def _place(opened: Session, mark: Nonce, window: float) -> None:
    if opened.by_statement:
        opened.send(queries.HOLD_BOTH, (*mark, min(window, ASLEEP_SECONDS)))
        time.sleep(SETTLING_SECONDS)
        return
    opened.ask(queries.KEEP_OPEN, f"{int(window) + SPARE_SECONDS}s")
    for channel in CHANNELS.values():
        opened.ask_with(channel.place, values=[channel.key(mark)])


def _alive(login: Login, probe: Probe, mark: Nonce) -> Sights:
    """Whether a second session of the same side sees the marks."""
    with session(login, probe) as opened:
        return {name: _has(_looked(opened, channel, None, mark), mark) for name, channel in CHANNELS.items()}


def _looked(opened: Session, channel: Channel, own: Nonce | None, theirs: Nonce) -> Fact[frozenset[Nonce]]:
    """Which of two marks a channel shows, after placing our own; what is refused is Unknown.

    Both in one request, so that it is one transaction through any pooler.
    """
    marks = (own or theirs, theirs)
    looking = tuple(channel.key(mark)[0] for mark in marks)
    try:
        if own is None:
            rows = opened.ask_with(channel.look, values=[looking])
        else:
            rows = opened.ask_with(channel.place, channel.look, values=[channel.key(own), looking])
    except StatementError as error:
        return Unknown(error.reason, error.remedy or channel.grant)
    except ProbeError as error:
        return Unknown(error.reason, error.remedy)
    return Known(frozenset(mark for mark in marks if channel.key(mark) in {tuple(row) for row in rows}))


def _has(seen: Fact[frozenset[Nonce]], mark: Nonce) -> Fact[bool]:
    return Known(mark in seen.value) if isinstance(seen, Known) else seen
