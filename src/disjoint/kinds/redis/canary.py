"""Mark staging's server and look for the mark on production's, which is marked with nothing that lasts.

A subscription or a name stands on one process. A message goes further: a replica and every node
of a cluster hear what is published, though they count no subscriber of each other.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager

from disjoint.model.experiment import Look, Mark, Party, Sights
from disjoint.model.fact import Fact, Unknown
from disjoint.model.probe import Probe, ProbeError

from . import marks
from .account import the_one
from .address import Login
from .facts import RedisDeclared, RedisFacts
from .login import login_of
from .session import Session, connect, known, then

LISTEN_SECONDS = 0.25
PUBLISH_SECONDS = 0.03
"""Every so often until the last look is over: nobody knows when the other side begins to listen."""
_MESSAGE = "message"


class Presence:
    """A subscription and a client name."""

    def hold(self, party: Party[RedisDeclared], window: float) -> AbstractContextManager[Mark]:  # noqa: ARG002 (they stand as long as the connection)
        """Keep one connection open that has both, as far as the user may."""
        return marks.held(login_of(party.target), party.probe)

    def look(self, party: Party[RedisDeclared], token: str) -> Look:
        """Look for a mark and for one of our own over one connection."""
        return marks.looked(login_of(party.target), party.probe, token)


class Message:
    """A message to a channel nobody uses, again and again: it is heard or it is gone."""

    def hold(self, party: Party[RedisDeclared], window: float) -> AbstractContextManager[Mark]:  # noqa: ARG002 (as above)
        """Publish in staging until the context ends."""
        return _publishing(login_of(party.target), party.probe, _run_id(party))

    def look(self, party: Party[RedisDeclared], token: str) -> Look:
        """Listen for it; that the server counts this listener is the control."""
        subscribed, heard = _listened(login_of(party.target), party.probe, token)
        return Look({_MESSAGE: subscribed}, {_MESSAGE: heard})


@contextlib.contextmanager
def _publishing(login: Login, probe: Probe, run_id: Fact[str]) -> Iterator[Mark]:
    token, over = marks.new_token(), threading.Event()
    with marks.turn(login, probe), connect(login, probe) as session:
        the_one(session, probe, run_id)
        session.place("PUBLISH", marks.channel(token), "")
        publisher = threading.Thread(target=_publish, args=(session, token, over), daemon=True)
        publisher.start()
        try:
            yield Mark(token, lambda: _alive(login, probe, token))
        finally:
            over.set()
            publisher.join()


def _run_id(party: Party[RedisDeclared]) -> Fact[str]:
    return party.facts.run_id if isinstance(party.facts, RedisFacts) else Unknown("nobody asked who it is")


def _publish(session: Session, token: str, over: threading.Event) -> None:
    """Whether it arrives is seen by those who listen: a failure here is silence there."""
    with contextlib.suppress(ProbeError, OSError):
        while not over.wait(PUBLISH_SECONDS):
            session.place("PUBLISH", marks.channel(token), "")


def _alive(login: Login, probe: Probe, token: str) -> Sights:
    return {_MESSAGE: _listened(login, probe, token)[1]}


def _listened(login: Login, probe: Probe, token: str) -> tuple[Fact[bool], Fact[bool]]:
    """Whether the subscription was confirmed, and whether a message came."""
    with connect(login, probe) as session:
        marks.no_sentinel(marks.mode(session))
        subscribed = known(lambda: marks.subscribe(session, token))
        return subscribed, then(subscribed, lambda _: _is_message(session.hear(LISTEN_SECONDS)))


def _is_message(told: object) -> bool:
    return isinstance(told, list) and told[:1] == [b"message"]


PRESENCE, MESSAGE = Presence(), Message()
