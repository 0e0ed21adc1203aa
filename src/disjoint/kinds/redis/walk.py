"""Walk over the key names of a logical database: page by page, and the server rests in between."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping

from disjoint.model.probe import ProbeError

from .account import AGAIN, info, process
from .session import DIRECT, Session

COUNT = 1000
"""Buckets that the server looks through for one page: less than a millisecond of its time."""
MOST_REST = 0.5
"""Seconds that the server rests after a page at most; else as long as the page took."""


def walked(session: Session, run_id: str, database: int, *, careful: bool) -> Iterator[list[bytes]]:
    """Every page of names, under one process, and at least as many as lasting keys are there.

    Raises:
        ProbeError: it was refused, the server was restarted meanwhile, or the walk missed keys.
    """
    lasting, seen = lasting_keys(session, database), 0
    for names in shown(session, run_id, careful=careful):
        seen += len(names)
        yield names
    if seen < (expected := min(lasting, lasting_keys(session, database))):
        raise ProbeError(
            f"the walk showed {seen} keys, the server counts {expected} lasting ones", "ask again"
        )


def shown(session: Session, run_id: str, *, careful: bool) -> Iterator[list[bytes]]:
    """Every page of names, under one process; whether they are all that there are is not asked.

    Raises:
        ProbeError: it was refused, or the server was restarted meanwhile.
    """
    yield from _pages(session, careful=careful)
    if process(session) != run_id:
        raise ProbeError(
            "the server was restarted during the walk over its keys, or another one answered", AGAIN
        )


def _pages(session: Session, *, careful: bool) -> Iterator[list[bytes]]:
    cursor = ""
    while cursor != "0":
        started = time.monotonic()
        cursor, names = page(session, cursor or "0", COUNT)
        took = time.monotonic() - started
        yield names
        time.sleep(min(MOST_REST, took) if careful else 0)


def page(session: Session, cursor: str, count: int) -> tuple[str, list[bytes]]:
    """One page of names, and where the next one begins; ``0`` after the last.

    Raises:
        ProbeError: it was refused, or no page was answered.
    """
    match session.ask("SCAN", cursor, "COUNT", str(count)):
        case [bytes(following), list(names)]:
            return following.decode("ascii", "replace"), [name for name in names if isinstance(name, bytes)]
        case _:
            raise ProbeError("SCAN was not answered with a cursor and names")


def size(session: Session) -> int:
    """How many keys the selected database holds.

    Raises:
        ProbeError: the server does not say.
    """
    match session.ask("DBSIZE"):
        case int(count):
            return count
        case _:
            raise ProbeError("DBSIZE was not answered with a number")


_DATABASE = re.compile(r"db(\d+)")
_KEYSPACE = re.compile(r"(?:.*,)?keys=(\d+)(?:,expires=(\d+))?")


def keyspace(session: Session) -> Mapping[int, tuple[int, int]]:
    """Every logical database that holds keys: how many, and how many of them expire.

    Raises:
        ProbeError: the server does not say, or not of each.
    """
    says = info(session, "keyspace").items()
    return {int(number[1]): _keys(value) for name, value in says if (number := _DATABASE.fullmatch(name))}


def _keys(value: str) -> tuple[int, int]:
    if (told := _KEYSPACE.match(value)) is None:
        raise ProbeError("INFO keyspace does not say how many keys each logical database holds", DIRECT)
    return int(told[1]), int(told[2] or 0)


def lasting_keys(session: Session, database: int) -> int:
    """How many keys a walk must show: those that do not expire (SCAN leaves expired ones out)."""
    keys, expires = keyspace(session).get(database, (0, 0))
    return keys - expires


NO_KEY = "none"
_TYPE = re.compile(rb"[0-9A-Za-z_-]{1,16}")
"""A type's name, a module's among them; whatever else is answered is repeated nowhere."""


def type_of(session: Session, name: str) -> str:
    """The type of the key of exactly this name, nothing of its content; `NO_KEY` where there is none.

    Raises:
        ProbeError: it was refused.
    """
    match session.ask("TYPE", name):
        case bytes(told) if _TYPE.fullmatch(told):
            return told.decode()
        case _:
            return "other"
