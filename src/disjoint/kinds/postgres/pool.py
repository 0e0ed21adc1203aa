"""The connections of one reading: few, opened when needed, and none left over when it ends."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from disjoint.model.probe import Probe, ProbeError

from . import queries
from .address import Login
from .session import Opening, Session, StatementError, session

PLAIN = Opening(queries.CENSUS, queries.CENSUS_OPTIONAL)
RANGES = Opening(queries.RANGES, queries.CENSUS_OPTIONAL)


class Pool:
    """Sessions of one server, each used by one thread at a time."""

    def __init__(self, login: Login, probe: Probe) -> None:
        self._login = login
        self._probe = probe
        self._open: dict[Session, contextlib.AbstractContextManager[Session]] = {}
        self._free: list[Session] = []
        self._turn = contextlib.ExitStack()
        self._lock = threading.Lock()
        self._ended = False
        self.snapshot = ""
        """That all of them read; empty where each table has its own."""

    def share_a_snapshot(self) -> bool:
        """Open the first connection with a snapshot for all; False where the server gives none."""
        self._turn.enter_context(self._taking_turns())
        try:
            opened = self._opened(RANGES)
            opened.close()
            ((self.snapshot,),) = opened.open(queries.EXPORT)
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
            return self._joining() if self.snapshot else self._opened(PLAIN)
        if not self.snapshot:
            free.open()
        return free

    def _give_back(self, opened: Session) -> None:
        try:
            opened.give_back() if self.snapshot else opened.close()
        except ProbeError:
            self._drop(opened)
            raise
        with self._lock:
            if opened in self._open:
                self._free.append(opened)

    def _joining(self) -> Session:
        opened = self._opened(RANGES)
        opened.close()
        opened.open(queries.ADOPT, self.snapshot)
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
