"""Call staging's workers, and see who answers: kombu's own control message, with a reply queue that expires.

The reply queue and its binding bear our own name and are given an end when they are made, so
that nothing is left behind whenever this process ends. A worker that answers later finds no
binding and drops its answer, as kombu has it. Production is only read: who is listed there.
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections.abc import Iterator
from typing import NamedTuple

from disjoint.kinds.redis import marks
from disjoint.kinds.redis.account import the_one
from disjoint.kinds.redis.session import Session, connect, known
from disjoint.model.experiment import Pair, Party, Sighting, Sightings
from disjoint.model.fact import Fact, Known, Unknown, mapped
from disjoint.model.probe import ProbeError

from .bindings import BINDING, MAILBOX, SEPARATOR, workers
from .facts import CeleryDeclared, CeleryFacts, Server, prefix_of
from .login import BROKER, login_of, must

LASTING_MS = 15_000
"""For how long the reply queue may stand, should nobody take it down."""
UNDER_WAY_MS = 1_000
"""How much longer the list stands than its binding: a worker reads the one before it writes to the other."""
PATIENCE_SECONDS = 1.0
AFTERWARDS_SECONDS = 0.15
"""How long to go on listening when everybody has answered who was expected."""
PAUSE_SECONDS = 0.03
MOST = 1_000
_CHANNEL = "workers"


class Box(NamedTuple):
    """Where the answers go."""

    token: str
    prefix: str
    database: int

    @property
    def exchange(self) -> str:
        return f"disjoint.{self.token}"

    @property
    def queue(self) -> str:
        return f"disjoint.{self.token}.reply"

    @property
    def binding(self) -> str:
        """The key of the set that routes answers to the queue."""
        return f"{self.prefix}{BINDING}{self.exchange}"

    @property
    def key(self) -> str:
        """The key of the list that they are put into."""
        return f"{self.prefix}{self.queue}"


def call(pair: Pair[CeleryDeclared]) -> Sightings:
    """Call staging's workers, and look among those who answer for production's.

    Raises:
        ProbeError: staging's broker was not reached, or the user may not call.
    """
    theirs = known(lambda: _listed(pair.production))
    listed, answered = _called(pair.staging)
    if not listed:
        raise ProbeError(
            "no worker was running in staging that could have answered", "start staging's workers"
        )
    held = Known(answered >= listed)
    control = mapped(theirs, bool)
    seen = mapped(theirs, lambda names: bool(names & answered))
    return Sightings((Sighting(_CHANNEL, held=held, control=control, seen=seen),))


def _listed(party: Party[CeleryDeclared]) -> frozenset[str]:
    login, prefix = login_of(party.target, BROKER), must(prefix_of(party.target, "key_prefix"))
    with connect(login, party.probe) as session:
        session.select(login.db)
        return frozenset(workers(session, prefix))


def _called(party: Party[CeleryDeclared]) -> tuple[frozenset[str], frozenset[str]]:
    """Who was expected, and who answered."""
    login = login_of(party.target, BROKER)
    box = Box(marks.new_token(), must(prefix_of(party.target, "key_prefix")), login.db)
    with connect(login, party.probe) as session:
        the_one(session, party.probe, _run_id(party))
        session.select(login.db)
        listed = frozenset(workers(session, box.prefix))
        return listed, _answers(session, box, listed) if listed else frozenset()


def _run_id(party: Party[CeleryDeclared]) -> Fact[str]:
    match party.facts:
        case CeleryFacts(broker_server=Known(Server(run_id=run_id))):
            return Known(run_id)
        case _:
            return Unknown("nobody asked who it is")


def _answers(session: Session, box: Box, listed: frozenset[str]) -> frozenset[str]:
    _open(session, box)
    try:
        session.place("PUBLISH", f"{box.prefix}/{box.database}{MAILBOX}", _message(box))
        return _collected(session, box, listed)
    finally:
        _close(session, box)


def _open(session: Session, box: Box) -> None:
    """All of it or nothing, and with its end: an answer to a list that is there does not renew it."""
    route = SEPARATOR.decode().join((box.token, "", box.queue))
    session.place("MULTI")
    session.place("SADD", box.binding, route)
    session.place("PEXPIRE", box.binding, str(LASTING_MS))
    session.place("RPUSH", box.key, "")
    session.place("PEXPIRE", box.key, str(LASTING_MS + UNDER_WAY_MS))
    session.place("EXEC")


def _close(session: Session, box: Box) -> None:
    """The list outlives its binding, for an answer that is under way."""
    session.place("DEL", box.binding)
    session.place("PEXPIRE", box.key, str(UNDER_WAY_MS))


def _collected(session: Session, box: Box, listed: frozenset[str]) -> frozenset[str]:
    answered: frozenset[str] = frozenset()
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        time.sleep(PAUSE_SECONDS)
        complete = answered >= listed
        answered = frozenset(_names(session.place("LRANGE", box.key, "0", str(MOST))))
        if answered >= listed and not complete:
            until = min(until, time.monotonic() + AFTERWARDS_SECONDS)
    return answered


def _names(replies: object) -> Iterator[str]:
    """Who answered: each reply's body is an object of one worker's name and its answer."""
    for reply in replies if isinstance(replies, list) else ():
        body = _read(reply)
        yield from (name for name in body if isinstance(name, str)) if isinstance(body, dict) else ()


def _read(reply: object) -> object:
    try:
        message = json.loads(reply) if isinstance(reply, bytes) else {}
        return json.loads(base64.b64decode(message["body"]))
    except (ValueError, KeyError, TypeError, binascii.Error, RecursionError):
        return None


def _message(box: Box) -> str:
    """As kombu's pidbox sends a ping to everybody."""
    body = {
        "method": "ping", "arguments": {}, "destination": None, "pattern": None, "matcher": None,
        "ticket": box.token, "reply_to": {"exchange": box.exchange, "routing_key": box.token},
    }  # fmt: skip
    properties = {
        "delivery_mode": 1, "delivery_tag": box.token, "priority": 0, "body_encoding": "base64",
        "delivery_info": {"exchange": MAILBOX[1:], "routing_key": ""},
    }  # fmt: skip
    message = {
        "body": base64.b64encode(json.dumps(body).encode()).decode(),
        "content-type": "application/json", "content-encoding": "utf-8",
        "headers": {"clock": 1, "expires": time.time() + PATIENCE_SECONDS}, "properties": properties,
    }  # fmt: skip
    return json.dumps(message)
