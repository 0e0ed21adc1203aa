"""Mark staging's broker and its result backend, as any Redis server is marked."""

from __future__ import annotations

from contextlib import AbstractContextManager

from disjoint.kinds.redis import marks
from disjoint.model.experiment import Look, Mark, Party

from .facts import CeleryDeclared
from .login import BACKEND, BROKER, login_of


class Presence:
    """A subscription and a client name on the server that a setting leads to."""

    def __init__(self, setting: str) -> None:
        self._setting = setting

    def hold(self, party: Party[CeleryDeclared], window: float) -> AbstractContextManager[Mark]:  # noqa: ARG002 (they stand as long as the connection)
        """Keep one connection open that has both, as far as the user may."""
        return marks.held(login_of(party.target, self._setting), party.probe)

    def look(self, party: Party[CeleryDeclared], token: str) -> Look:
        """Look for a mark and for one of our own over one connection."""
        return marks.looked(login_of(party.target, self._setting), party.probe, token)


ON_BROKER, ON_BACKEND = Presence(BROKER), Presence(BACKEND)
