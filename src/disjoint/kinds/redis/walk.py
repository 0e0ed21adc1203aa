"""Walk over the key names of a logical database: page by page, and the server rests in between."""

from __future__ import annotations

import time
from collections.abc import Iterator

from disjoint.model.probe import ProbeError

from .account import AGAIN, info, process
from .session import Session

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
    for names in _pages(session, careful=careful):
        seen += len(names)
        yield names
    if process(session) != run_id:
        raise ProbeError(
            "the server was restarted during the walk over its keys, or another one answered", AGAIN
        )
    if seen < (expected := min(lasting, lasting_keys(session, database))):
        raise ProbeError(
            f"the walk showed {seen} keys, the server counts {expected} lasting ones", "ask again"
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


def lasting_keys(session: Session, database: int) -> int:
    """How many keys a walk must show: those that do not expire (SCAN leaves expired ones out)."""
    fields = dict(
        part.partition("=")[::2] for part in info(session, "keyspace").get(f"db{database}", "").split(",")
    )
    count = {name: int(text) for name, text in fields.items() if text.isascii() and text.isdecimal()}
    return count.get("keys", 0) - count.get("expires", 0)


def stands(session: Session, name: str) -> bool:
    """Whether there is a key of exactly this name: its type is asked for, and nothing of its content."""
    return session.ask("TYPE", name) != b"none"
