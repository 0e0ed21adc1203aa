"""Whether others are at work on a server: then a census takes an eightieth of its time, in small steps.

Every transaction in progress holds a lock on its own number, which pg_locks shows to every role: where
other numbers stand there a moment later, somebody is served meanwhile. One that writes takes a number of
a sequence besides, so that none between two looks is missed. On a server without traffic nobody is in the
way, and nothing is waited for.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TypeVar

from . import queries
from .session import Session, StatementError

EVERY_SECONDS = 0.25
SELDOM = 4
"""Times as long, while somebody is there: a look, too, is felt."""
LOOKS = 8
"""So many looks that meet nobody new are wanted before nobody counts as there."""
GENTLE = 64
"""By how much smaller a step is while others are served: a fraction of a thousandth of a second of work."""
SMALLER = 8
"""By how much smaller still, where rows take more work."""
WORK_SECONDS = 0.0003
"""That a step is to take of the server, where it can be told from the way there and back."""
SHARE = 79
"""Times as long as a step took is rested then: whoever shares a processor with it waits that much longer."""
LONGEST_REST = 1.0
LONGEST_EASE = 0.1
"""After a statement that cannot be taken in steps: long enough for those who waited to be served."""

Item = TypeVar("Item")


class Traffic:
    """What was seen of others so far."""

    def __init__(self) -> None:
        self._met: frozenset[str] | None = None
        self._fresh: deque[bool] = deque(maxlen=LOOKS)
        self._looked = 0.0
        self._hidden = False
        self._trips: deque[float] = deque(maxlen=8)
        self._each: deque[float] = deque(maxlen=8)
        """Seconds of work for one of what was asked for, by the last steps."""

    def look(self, opened: Session) -> None:
        """See who is there. A role that may not counts as if there always were somebody."""
        started = time.monotonic()
        try:
            self.see(frozenset(str(row[0]) for row in opened.ask(queries.IN_PROGRESS)))
        except StatementError:
            self.see(None)
        self._looked = time.monotonic()
        self._trips.append(self._looked - started)

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
        if not self._hidden and time.monotonic() - self._looked >= self.every:
            self.look(opened)

    @property
    def every(self) -> float:
        """Seconds from one look to the next."""
        return EVERY_SECONDS * (SELDOM if self.busy else 1)

    @property
    def busy(self) -> bool:
        """Whether somebody would feel it."""
        return self._hidden or any(self._fresh)

    def step(self, size: int) -> int:
        """How much is asked for at once, of so much."""
        if not self.busy:
            return size
        most = size // GENTLE
        if self._each and min(self._each) > 0:
            most = max(min(most, int(WORK_SECONDS / min(self._each))), most // SMALLER)
        return max(1, most)

    def took(self, step: int, seconds: float) -> None:
        """Take in how long a step took."""
        self._each.append(self._work(seconds) / step)

    def rest(self, seconds: float) -> float:
        """How long to wait after a step that took so long."""
        work = max(self._work(seconds), min(seconds, WORK_SECONDS))
        return min(LONGEST_REST, SHARE * work) if self.busy else 0.0

    def _work(self, seconds: float) -> float:
        """What of it the server worked, and not the way there and back."""
        return max(0.0, seconds - min(self._trips, default=0.0))

    @contextlib.contextmanager
    def easing(self) -> Iterator[None]:
        """Rest after what is done in this context."""
        started = time.monotonic()
        yield
        if (rest := self.rest(time.monotonic() - started)) > 0:  # none is no sleep: it costs a turn
            time.sleep(min(LONGEST_EASE, rest))

    def eased(self, items: Iterable[Item]) -> Iterator[Item]:
        """The same items, with a rest after each that took its time."""
        iterator = iter(items)
        while True:
            with self.easing():
                item = next(iterator, None)
            if item is None:
                return
            yield item
