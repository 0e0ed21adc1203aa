"""Whether others are at work on a server: then a census takes a tenth of its time, in small steps.

Every transaction in progress holds a lock on its own number, which pg_locks shows to every role: where
other numbers stand there a moment later, somebody is served meanwhile. On a server without traffic
nobody is in the way, and nothing is waited for.
"""

from __future__ import annotations

import time
from collections import deque

from . import queries
from .session import Session, StatementError

EVERY_SECONDS = 0.25
LOOKS = 3
"""So many looks that meet nobody new are wanted before nobody counts as there."""
GENTLE = 16
"""By how much smaller a step is while others are served: well below a thousandth of a second of work."""
SHARE = 9
"""Times as long as a step took is rested then."""
LONGEST_REST = 1.0


class Traffic:
    """What was seen of others so far."""

    def __init__(self) -> None:
        self._met: frozenset[str] | None = None
        self._fresh: deque[bool] = deque(maxlen=LOOKS)
        self._looked = 0.0
        self._hidden = False

    def look(self, opened: Session) -> None:
        """See who is there. A role that may not counts as if there always were somebody."""
        self._looked = time.monotonic()
        try:
            self.see(frozenset(str(row[0]) for row in opened.ask(queries.IN_PROGRESS)))
        except StatementError:
            self.see(None)

    def see(self, met: frozenset[str] | None) -> None:
        """Take in who was in a transaction; None where that may not be seen."""
        if met is None:
            self._hidden = True
            return
        if self._met is not None:
            self._fresh.append(bool(met - self._met))
        self._met = met

    def glance(self, opened: Session) -> None:
        """Look again, if that is due."""
        if not self._hidden and time.monotonic() - self._looked >= EVERY_SECONDS:
            self.look(opened)

    @property
    def busy(self) -> bool:
        """Whether somebody would feel it."""
        return self._hidden or any(self._fresh)

    def step(self, size: int) -> int:
        """How much is asked for at once, of so much."""
        return max(1, size // GENTLE) if self.busy else size

    def rest(self, seconds: float) -> float:
        """How long to wait after a step that took so long."""
        return min(LONGEST_REST, SHARE * seconds) if self.busy else 0.0
