"""What both sides may hold: values that migrations, seeds and fixtures put into every database.

A reviewed file of digests with an owner and an end. It excuses those values and no others: what it
does not name is never guessed away, and once it is over it excuses nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from disjoint.errors import UsageError
from disjoint.files import read_text
from disjoint.model.plain import built
from disjoint.model.probe import ProbeError

SCHEMA = "disjoint.baseline/v1"
MOST = 1_000_000
"""Values: what holds more than that is no freshly seeded database."""
LONGEST = timedelta(days=366)
_OCTETS = 128 << 20
_MARK = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Baseline:
    """The values that are excused."""

    salt: bytes
    """16 octets, drawn when it was learnt."""
    marks: frozenset[bytes]
    """`mark` of each value."""


NONE = Baseline(b"", frozenset())


class Listed(NamedTuple):
    """The values of one place, sorted, in hexadecimal."""

    place: str
    values: int
    marks: tuple[str, ...]


class Learnt(NamedTuple):
    """What one resource of a seeded database holds."""

    kind: str
    source: str
    """Where it was read, for whoever reviews it."""
    fold: bool
    places: tuple[Listed, ...]


class Reviewed(NamedTuple):
    """A whole file."""

    schema: str
    owner: str
    """Who answers for it."""
    created: str
    expires: str
    """A day, UTC; on that day it excuses nothing any more."""
    salt: str
    resources: Mapping[str, Learnt]


def listed(place: str, marks: Sequence[bytes]) -> Listed:
    """The values of one place, as they are written."""
    found = tuple(sorted({mark.hex() for mark in marks}))
    return Listed(place, len(found), found)


def written(owner: str, expires: date, salt: bytes, resources: Mapping[str, Learnt]) -> str:
    """A baseline as text: one mark a line, so that a review sees what came and what went."""
    now = datetime.now(UTC)
    told = {name: _plain(learnt) for name, learnt in resources.items()}
    head = {
        "schema": SCHEMA,
        "owner": owner,
        "created": now.date().isoformat(),
        "expires": expires.isoformat(),
    }
    return json.dumps({**head, "salt": salt.hex(), "resources": told}, indent=1) + "\n"


def _plain(learnt: Learnt) -> dict[str, Any]:
    return {**learnt._asdict(), "places": [place._asdict() for place in learnt.places]}


def load(file: Path, resource: str, *, fold: bool = False) -> Baseline:
    """The values that a reviewed file excuses for one resource, whose text is folded or is not.

    Raises:
        ProbeError: the file cannot be used: nothing is guessed in its place.
    """
    try:
        text = read_text(file, file.name, UsageError, _OCTETS).text
        reviewed = _read(text, file.name)
    except UsageError as error:
        raise ProbeError(f"the baseline cannot be read: {error}", _ANEW) from None
    if (expires := date.fromisoformat(reviewed.expires)) <= datetime.now(UTC).date():
        raise ProbeError(f"the baseline {file.name} of {reviewed.owner} expired on {expires}", _ANEW)
    if resource not in reviewed.resources:
        raise ProbeError(f"the baseline {file.name} says nothing of {resource}", _ANEW)
    if reviewed.resources[resource].fold is not fold:
        raise ProbeError(f"the baseline {file.name} was learnt with another fold for {resource}", _ANEW)
    marks = (bytes.fromhex(mark) for own in reviewed.resources[resource].places for mark in own.marks)
    return Baseline(bytes.fromhex(reviewed.salt), frozenset(marks))


def _read(text: str, name: str) -> Reviewed:
    try:
        reviewed: Reviewed = built(Reviewed, json.loads(text, object_pairs_hook=_once))
        faults = [*_faults(reviewed)]
    except (ValueError, TypeError, RecursionError):
        raise UsageError(f"{name} is not what `disjoint baseline` writes") from None
    if faults:
        raise UsageError(f"{name}: {faults[0]}")
    return reviewed


def _faults(reviewed: Reviewed) -> Iterator[str]:
    created, expires = (date.fromisoformat(text) for text in (reviewed.created, reviewed.expires))
    if reviewed.schema != SCHEMA or not _MARK.fullmatch(reviewed.salt):
        yield "of another version"
    if not reviewed.owner.strip():
        yield "nobody answers for it"
    if expires - created > LONGEST:
        yield "it lasts longer than a year"
    places = [place for learnt in reviewed.resources.values() for place in learnt.places]
    yield from (f"{place.place}: its values are not as they were learnt" for place in places if _odd(place))
    if sum(place.values for place in places) > MOST:
        yield f"it excuses more than {MOST:,} values"


def _odd(place: Listed) -> bool:
    """Counts that do not add up are how a line that was slipped in, or lost in a merge, shows."""
    in_order = [*place.marks] == sorted(set(place.marks))
    return place.values != len(place.marks) or not in_order or not all(map(_MARK.fullmatch, place.marks))


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name is repeated")
    return members


_ANEW = "learn it anew with `disjoint baseline`, and have it reviewed"
