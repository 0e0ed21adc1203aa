"""Which logical databases of a side are walked over, and which are not.

Production's declared one alone. Of staging's server every one that holds keys: a dump may have been
restored into any of them, and staging's login reaches them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from disjoint.model.census import Gap
from disjoint.model.probe import ProbeError

from . import walk
from .facts import RedisDeclared, called
from .session import DIRECT, Session

SHOWN = 8
"""Numbers of databases that are told."""
_NAMED = ", the address's own"


class Database(NamedTuple):
    """One that is walked over."""

    number: int
    keys: int
    """So many, as the server counted when the reading began."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is walked over, the declared one first; and what cannot be."""

    walked: tuple[Database, ...]
    gaps: tuple[Gap, ...] = ()
    counted: frozenset[int] | None = None
    """All that held keys; None where the others are left out."""

    def way(self, own: int) -> str:
        """Which were walked over, for people; the others may be another resource's."""
        told = [f"{each.number}{_NAMED if each.number == own else ''}" for each in self.walked]
        rest = [f"{len(told) - SHOWN:,} more"] if len(told) > SHOWN else []
        return f"a walk by SCAN over each logical database ({'; '.join([*told[:SHOWN], *rest]) or 'none'})"

    def see_that_none_came(self, session: Session) -> None:
        """No other logical database holds keys by now: it may hold what was moved away from the walks.

        Raises:
            ProbeError: one does.
        """
        for index in sorted(walk.keyspace(session).keys() - self.counted) if self.counted else ():
            raise ProbeError(f"{called(index)} came to hold keys while others were walked over", "ask again")


def own(session: Session, index: int, declared: RedisDeclared) -> Chosen:
    """The logical database that the address names, alone.

    Raises:
        ProbeError: it cannot be selected or counted.
    """
    walked, gaps = _bounded([_counted(session, index)], declared.rows_at_most)
    return Chosen(walked, gaps)


def every(session: Session, index: int, declared: RedisDeclared) -> Chosen:
    """Every logical database that holds keys, and the declared one whatever it holds.

    Raises:
        ProbeError: the declared one cannot be selected or counted, or nothing is told of the others.
    """
    first, held = _counted(session, index), walk.keyspace(session)
    others = [Database(other, keys) for other, (keys, _) in sorted(held.items()) if other != index]
    walked, gaps = _bounded([first, *others], declared.rows_at_most)
    closed = dict(_closed(session, [each for each in walked if each.number != index]))
    return Chosen(
        tuple(each for each in walked if each.number not in closed),
        (*gaps, *closed.values(), *_untold(first, held)),
        counted=frozenset({index, *held}),
    )


def _counted(session: Session, index: int) -> Database:
    return Database(session.select(index), walk.size(session))


def _bounded(every: Sequence[Database], most: int) -> tuple[tuple[Database, ...], tuple[Gap, ...]]:
    """Those that fit under the bound together, in their order; each of the others is a gap."""
    walked, gaps, room = [], [], most
    together = "of all logical databases together " if len(every) > 1 else ""
    for each in every:
        if each.keys <= room:
            walked.append(each)
            room -= each.keys
        else:
            reason = f"it holds {each.keys:,} keys, and {most:,} {together}are read at most"
            gaps.append(Gap(called(each.number), reason, "raise rows_at_most"))
    return tuple(walked), tuple(gaps)


def _closed(session: Session, others: Sequence[Database]) -> Iterator[tuple[int, Gap]]:
    """Those that may not be selected."""
    for each in others:
        try:
            session.ask("SELECT", str(each.number))
        except ProbeError as error:
            reason = f"it holds {each.keys:,} keys, and it cannot be selected: {error.reason}"
            yield each.number, Gap(called(each.number), reason, error.remedy)


def _untold(own: Database, held: Mapping[int, tuple[int, int]]) -> Iterator[Gap]:
    """What does not name a database that was just counted may be silent on others, too."""
    if own.keys and own.number not in held:
        yield Gap("other logical databases", "INFO keyspace does not name the one that holds keys", DIRECT)
