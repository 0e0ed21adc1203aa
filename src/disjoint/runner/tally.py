"""Count what is sent where, and refuse what must never be sent to production."""

from __future__ import annotations

import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable

from disjoint.model.probe import ProbeError
from disjoint.model.proof import Footprint

_POSTGRES = ("CONNECT", "BEGIN", "SET", "SELECT", "SHOW", "EXPLAIN", "SAVEPOINT", "ROLLBACK")
_POSTGRES_CURSOR = ("DECLARE", "FETCH", "CLOSE")
_REDIS_SESSION = ("AUTH", "HELLO", "SELECT", "PING", "CLIENT", "ACL", "INFO", "CLUSTER")
_REDIS_NAMES = ("SCAN", "DBSIZE", "TYPE", "TTL", "STRLEN", "OBJECT", "LLEN")
_REDIS_SETS = ("SCARD", "SMEMBERS", "ZCARD", "ZRANGE")
_REDIS_CHANNELS = ("SUBSCRIBE", "UNSUBSCRIBE", "PUBSUB")
_HTTP = ("GET", "HEAD")
READS = frozenset(
    (*_POSTGRES, *_POSTGRES_CURSOR, *_REDIS_SESSION, *_REDIS_NAMES, *_REDIS_SETS, *_REDIS_CHANNELS, *_HTTP)
)
"""First words of every command that may reach production; the sessions allow-list the rest."""


class Tally:
    """The footprint of one environment, as it is made."""

    def __init__(self, *, protected: bool) -> None:
        self.protected = protected
        self._commands: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._first: float | None = None
        self._last = 0.0
        self._ahead: list[float] = []
        self._dates: list[float] = []

    def sent(self, command: str) -> None:
        """Count a command that is about to be sent.

        Raises:
            ProbeError: production would be asked something that is no known read.
        """
        if self.protected and not is_read(command):
            raise ProbeError("refused to send production a command that is no allow-listed read")
        with self._lock:
            self._commands[command] += 1
            self._last = time.monotonic()
            self._first = self._last if self._first is None else self._first

    def clock(self, epoch: float) -> None:
        """Note by how much a server's clock is ahead of this machine's."""
        with self._lock:
            self._ahead.append(epoch - time.time())

    def date(self, epoch: float) -> None:
        """Note the same of an answer's date, which may be a cache's: it counts where nothing better does."""
        with self._lock:
            self._dates.append(epoch - time.time())

    def ahead(self) -> float | None:
        """By how many seconds the servers' clocks are ahead, at the worst; None where none was read.

        Any of them may be the one that both environments share: in the middle it would go unheard.
        """
        with self._lock:
            dated = statistics.median(self._dates) if self._dates else None
            return max(self._ahead, key=abs, default=dated)

    def footprint(self) -> Footprint:
        """What has been sent so far; seconds from the first command to the last."""
        with self._lock:
            reads = sum(n for command, n in self._commands.items() if is_read(command))
            writes = self._commands.total() - reads
            seconds = 0.0 if self._first is None else self._last - self._first
            return Footprint(reads, writes, round(seconds, 3), tuple(sorted(self._commands.items())))


class ToldTally(Tally):
    """A footprint that is made in another process: each command is told before it is sent."""

    def __init__(self, *, protected: bool, tell: Callable[[str], None]) -> None:
        super().__init__(protected=protected)
        self._tell = tell

    def sent(self, command: str) -> None:
        """Count a command, there and here. Raises as `Tally.sent` does, and where nobody listens any more."""
        super().sent(command)
        self._tell(command)


def is_read(command: str) -> bool:
    """True for commands whose first word is allow-listed; a cursor ends with its transaction."""
    word, _, _ = command.partition(" ")
    return word.upper() in READS and not (word.upper() == "DECLARE" and "WITH HOLD" in command.upper())
