"""The connections of one reading: few, opened when needed, and none left over when it ends."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

from disjoint.model.probe import Probe, ProbeError

from . import queries
from .address import Login
from .session import Opening, Session, StatementError, session
from .traffic import Traffic

PLAIN = Opening(queries.CENSUS, queries.CENSUS_OPTIONAL)
RANGES = Opening(queries.RANGES, queries.CENSUS_OPTIONAL)


TRANSACTION_SECONDS = 5.0
"""After which a transaction takes in no other table. At READ COMMITTED it holds no snapshot between two."""


def limit(opened: Session, probe: Probe) -> None:
    """Let the transaction's statements take as long as there is time, and no longer."""
    # the savepoint after it, so that going back keeps it
    milliseconds = int(probe.remaining() * 1000) + 1
    opened.ask_with(queries.UNTIL, queries.SAVEPOINT, values=[(f"{milliseconds}ms",)])


class Pool:
    """Sessions of one server, each used by one thread at a time."""

    def __init__(self, login: Login, probe: Probe) -> None:
        self._login = login
        self._probe = probe
        self._open: dict[Session, contextlib.AbstractContextManager[Session]] = {}
        self._free: list[Session] = []
        self._begun: dict[Session, float] = {}
        """When each session's transaction began; without those that have none."""
        self._turn = contextlib.ExitStack()
        self._lock = threading.Lock()
        self._ended = False
        self.traffic = Traffic()
        """Who else is at work there."""
        self.snapshot = ""
        """That all of them read; empty where each table has its own."""

    def share_a_snapshot(self) -> bool:
        """Open the first connection with a snapshot for all; False where the server gives none."""
        self._turn.enter_context(self._taking_turns())
        try:
            opened = self._opened(RANGES)
            opened.close()
            ((self.snapshot,),) = opened.open(queries.EXPORT)
            limit(opened, self._probe)
        except ProbeError:
            self.release()
            return False
        self._free.append(opened)
        return True

    @contextlib.contextmanager
    def borrowed(self) -> Iterator[Session]:
        """A session in a transaction; after it, its locks and all else that it took are gone."""
        opened = self._taken()
        try:
            yield opened
        except StatementError:
            self._give_back(opened)
            raise
        except BaseException:
            self._drop(opened)
            raise
        self._give_back(opened)

    def _taken(self) -> Session:
        with self._lock:
            if self._ended:
                raise ProbeError("the reading was ended")
            free = self._free.pop() if self._free else None
        if free is None:
            return self._joining() if self.snapshot else self._beginning(self._opened(PLAIN))
        if not (self.snapshot or free in self._begun):
            free.open()
            self._beginning(free)
        return free

    def _beginning(self, opened: Session) -> Session:
        limit(opened, self._probe)
        self._begun[opened] = time.monotonic()
        return opened

    def _give_back(self, opened: Session) -> None:
        try:
            self._let_go(opened)
        except ProbeError:
            self._drop(opened)
            raise
        with self._lock:
            if opened in self._open:
                self._free.append(opened)

    def _let_go(self, opened: Session) -> None:
        """Small tables share a transaction, which costs a distant server half the requests."""
        if self.snapshot or time.monotonic() - self._begun[opened] < TRANSACTION_SECONDS:
            opened.give_back()
            return
        del self._begun[opened]
        opened.close()

    def _joining(self) -> Session:
        opened = self._opened(RANGES)
        opened.close()
        opened.open(queries.ADOPT, self.snapshot)
        limit(opened, self._probe)
        return opened

    def _opened(self, opening: Opening) -> Session:
        context = session(self._login, self._probe, opening)
        opened = context.__enter__()
        with self._lock:
            self._open[opened] = context
        return opened

    def _drop(self, opened: Session) -> None:
        with self._lock:
            context = self._open.pop(opened, None)
            self._begun.pop(opened, None)
        if context is not None:
            context.__exit__(None, None, None)

    def _taking_turns(self) -> contextlib.AbstractContextManager[None]:
        """Whoever keeps one connection while it waits for another takes the server for itself."""
        first = self._login.candidates[0]
        named = first.hostaddr or first.host
        if named.startswith(("/", "@")):
            return contextlib.nullcontext()
        return self._probe.turn(named, first.port)

    def release(self) -> None:
        """Close every connection; others may be opened afterwards."""
        with self._lock:
            every = list(self._open)
            self._free, self.snapshot = [], ""
        for opened in every:
            self._drop(opened)
        self._turn.close()

    def end(self) -> None:
        """End what is under way, in whichever thread, and close; nothing is opened afterwards."""
        with self._lock:
            self._ended = True
            busy = [opened for opened in self._open if opened not in self._free]
        for opened in busy:
            opened.cancel()
        self.release()
