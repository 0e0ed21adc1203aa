"""Two objects that stand in staging's bucket anyway, looked for in production's by their exact keys.

Nothing is stored, and no object is opened: the store is asked for one line of a listing each. What is
not there counts as absent only where nothing else could hide it: production's keys list the whole
bucket, find a key of its own by the same query, and see it no earlier than staging's object was stored.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from disjoint.model.experiment import Look, Mark, Party, Sights
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.probe import ProbeError

from .facts import STANDING, BucketDeclared
from .listing import Entry, find, list_objects
from .opening import Opened, attempted, opened, told

SETTLED = timedelta(hours=1)
"""After so long every listing shows an object, however far behind the store's answers are."""
_LONGEST = 512
_ODD = re.compile(r"//|\A/|/\Z|(?:\A|/)\.{1,2}(?:/|\Z)|[\x00-\x1f\x7f]")
"""Keys that clients and gateways read in more than one way."""
_MD5 = re.compile(r"[0-9a-f]{32}(?:-\d+)?\Z")


@contextlib.contextmanager
def hold(party: Party[BucketDeclared], window: float) -> Iterator[Mark]:  # noqa: ARG001  (nothing is placed)
    """Choose objects that stand there.

    Raises:
        ProbeError: the bucket was not listed, or has no object that would do.
    """
    ours = opened(party.target, party.probe)
    marks = chosen(told(party, ours, lambda: list_objects(ours.store, ours.address.name, 1).page))
    if not marks:
        raise ProbeError("staging's bucket lists no object that could be looked for", _PUT_ONE)
    yield Mark(json.dumps([list(mark) for mark in marks]), lambda: _alive(party, ours, marks))


_PUT_ONE = "put an object of its own into staging's bucket"


def chosen(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The oldest and the newest object with a plain key; one where there is no other."""
    plain = [entry for entry in entries if entry.time and entry.etag and is_plain(entry.key)]
    plain.sort(key=lambda entry: (entry.time, entry.key))
    return tuple(dict.fromkeys((*plain[:1], *plain[-1:])))


def is_plain(key: str) -> bool:
    """Whether every client and every gateway takes the key for the same one: letters have several forms."""
    return 0 < len(key) <= _LONGEST and key.isascii() and key.isprintable() and not _ODD.search(key)


def look(party: Party[BucketDeclared], token: str) -> Look:
    """Look for each object by its exact key, and for one of this side's own by the same query.

    Raises:
        ProbeError: nobody answered, or the keys may not list.
    """
    marks, own = _marks(token), opened(party.target, party.probe)
    page = told(party, own, lambda: list_objects(own.store, own.address.name, 1).page)
    control = _control(party, own, page, {mark.key for mark in marks})
    now = datetime.now(UTC)
    theirs = {
        channel: attempted(party, own, partial(_seen, own, mark, page, now))
        for channel, mark in zip(STANDING, marks, strict=False)
    }
    return Look(dict.fromkeys(theirs, control), theirs)


def _marks(token: str) -> tuple[Entry, ...]:
    """What a hold chose; it may come from a file."""
    try:
        read = json.loads(token)
        marks = tuple(Entry(*map(str, each)) for each in read)
    except (ValueError, TypeError):
        marks = ()
    if not 0 < len(marks) <= len(STANDING) or not all(is_plain(mark.key) for mark in marks):
        raise ProbeError("what staging holds cannot be read", "hold again")
    return marks


def _alive(party: Party[BucketDeclared], ours: Opened, marks: tuple[Entry, ...]) -> Sights:
    """Whether each object still is what it was, through the query that production is asked."""
    return {
        channel: attempted(party, ours, partial(_stands, ours, mark))
        for channel, mark in zip(STANDING, marks, strict=False)
    }


def _control(party: Party[BucketDeclared], own: Opened, page: Sequence[Entry], taken: set[str]) -> Fact[bool]:
    """Production finds a key of its own listing; an empty bucket has none to be found by."""
    mine = next((entry for entry in chosen(page) if entry.key not in taken), None)
    mine = mine or next((entry for entry in page if is_plain(entry.key)), None)
    if mine is None:
        return Unknown("production's bucket lists no object of its own that could be the control", _EMPTY)
    key = mine.key
    return attempted(party, own, lambda: Known(find(own.store, own.address.name, key) is not None))


_EMPTY = "none is ever put there for this: run again once production stores something"


def _stands(ours: Opened, mark: Entry) -> Fact[bool]:
    return Known(_found(ours, mark) == mark)


def _found(at: Opened, mark: Entry) -> Entry | None:
    return find(at.store, at.address.name, mark.key)


def _seen(own: Opened, mark: Entry, page: Sequence[Entry], now: datetime) -> Fact[bool]:
    """Whether production's bucket has this very object."""
    found = _found(own, mark)
    if found == mark:
        return Known(True)
    if found is not None and not _surely_other(found, mark):
        return Unknown(
            "production's bucket has an object of that key and content: a copy or the same", _PUT_ONE
        )
    if not _up_to_date(mark, page, now):
        return Unknown("production's listing shows nothing as new as that object: it may be behind", _LATER)
    return Known(False)


_LATER = "run again an hour after the object was stored"


def _surely_other(found: Entry, mark: Entry) -> bool:
    """Another object under one key: another size or another digest. Times alone differ by gateway, too."""
    digests = _MD5.match(found.etag) and _MD5.match(mark.etag)
    return found.size != mark.size or bool(digests and found.etag != mark.etag)


def _up_to_date(mark: Entry, page: Sequence[Entry], now: datetime) -> bool:
    """Whether the listing shows anything stored when the object already stood, or it stands for long."""
    stored = _time(mark)
    newest = max((time for entry in page if (time := _time(entry)) is not None), default=None)
    if stored is None:
        return False
    return now - stored >= SETTLED or (newest is not None and newest >= stored)


def _time(entry: Entry) -> datetime | None:
    try:
        time = datetime.fromisoformat(entry.time)
    except ValueError:
        return None
    return time if time.tzinfo else None
