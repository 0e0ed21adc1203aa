"""Whether what is read is what was observed: that server and database, or a replica that has all of it."""

from __future__ import annotations

import time
from typing import NamedTuple

from disjoint.model.experiment import Party
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.probe import ProbeError

from . import queries
from .facts import PostgresDeclared, PostgresFacts
from .login import login_of
from .session import Session, StatementError, session

CAUGHT_UP_SECONDS = 5.0
"""How long a replica may take to replay what its primary had written when it was asked."""
PAUSE_SECONDS = 0.1


def prove_met(opened: Session, party: Party[PostgresDeclared], *, replica: bool) -> None:
    """Go on only where the observer's server and database answer.

    Raises:
        ProbeError: others do, or it is not known where it must be.
    """
    facts = party.facts if isinstance(party.facts, PostgresFacts) else None
    if replica:
        _is_a_replica(opened, party, facts.system_identifier if facts else Unknown("not observed"))
    elif facts is not None and isinstance(facts.started_at, Known):
        started = party.probe.digest("started_at", str(opened.ask(queries.STARTED_AT)[0][0]))
        _expect(started == facts.started_at.value, _ANOTHER, "run again; declare one server's address")
    if facts is not None and isinstance(facts.database_oid, Known):
        where = party.target.where("replica" if replica else "url")
        found = int(opened.ask(queries.HERE)[0][1])
        _expect(found == facts.database_oid.value, _OTHER_DATABASE, f"mend {where}")
    if replica:
        _has_caught_up(opened, party)


def _is_a_replica(opened: Session, party: Party[PostgresDeclared], server: Fact[str]) -> None:
    if not isinstance(server, Known):
        raise ProbeError(
            "whether replica is one of this server is not known: its identity was not read", _WHO
        )
    mend = f"mend {party.target.where('replica')}"
    mine = party.probe.digest("system_identifier", str(opened.ask(queries.SYSTEM_IDENTIFIER)[0][0]))
    _expect(mine == server.value, "replica leads to another server's data", mend)
    _expect(_progress(opened).replays, "replica is none: it takes writes", mend)


def _has_caught_up(opened: Session, party: Party[PostgresDeclared]) -> None:
    """One that lags behind, or was paused, lacks the very rows that were copied since."""
    with session(login_of(party.target), party.probe) as primary:
        written = _progress(primary)
    _expect(not written.replays, "whether replica has every row is not known: url leads to one, too", _LEAVE)
    until = time.monotonic() + min(CAUGHT_UP_SECONDS, party.probe.remaining())
    while _progress(opened).position < written.position:
        _expect(
            time.monotonic() < until, "replica lacks what was written lately: it lags, or was paused", _LEAVE
        )
        time.sleep(PAUSE_SECONDS)


class _Progress(NamedTuple):
    """How far a server has come."""

    replays: bool
    position: int


def _progress(opened: Session) -> _Progress:
    try:
        ((replays, position),) = opened.ask(queries.PROGRESS)
        return _Progress(bool(replays), int(position or 0))
    except StatementError as error:
        raise ProbeError(f"whether replica has every row is not known: {error.reason}", _LEAVE) from None


def _expect(held: bool, otherwise: str, remedy: str) -> None:
    if not held:
        raise ProbeError(otherwise, remedy)


_ANOTHER = "another server answers than was observed a moment ago"
_OTHER_DATABASE = "another database answers than was observed"
_LEAVE = "wait until it has caught up, or leave replica out"
_WHO = "GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_system() TO role; -- in this database"
