"""What a bucket's listing tells of its objects, as digests made here: no key leaves this process.

No object is opened. Old versions are read where any are kept; a page at a time, with rests where
the store must not feel it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from disjoint.model import salted
from disjoint.model.census import HALF, Gap, Left, Match, Place, Planted, Portion, Sieve, Survey, Task
from disjoint.model.experiment import Party
from disjoint.model.fact import Known
from disjoint.model.probe import ProbeError

from . import encryption
from .facts import ASSETS, CONTENTS, DOUBTFUL, NAMES, BucketDeclared, BucketFacts
from .listing import Entry, Page, find, first_of, object_pages, version_pages
from .opening import Opened, opened, told
from .refusal import NOT_OFFERED, explained
from .session import StoreError
from .telling import is_blind, told_by

MOST_REST = 0.5
_WHY = {
    CONTENTS: "size and ETag: the content's own",
    ASSETS: "a deployment puts scripts, styles and fonts everywhere",
    NAMES: "a random id, a token or an address in it is nobody else's",
    DOUBTFUL: "hex digits may be a random id, or a hash of what both sides know",
}
_IDENTIFYING, _BY_ETAG = (CONTENTS, NAMES), (CONTENTS, ASSETS)


@contextlib.contextmanager
def reading(party: Party[BucketDeclared], *, careful: bool) -> Iterator[_Objects]:
    """Ask what may be listed; nothing stays open between two pages.

    Raises:
        ProbeError: the bucket may not be listed, or nobody answered.
    """
    at = opened(party.target, party.probe)
    first = _first_page(party, at)
    hidden = tuple(encryption.gaps(party, at))
    places = tuple(
        Place(name, len(first.page.entries), name in _IDENTIFYING, why)
        for name, why in _WHY.items()
        if not (hidden and name in _BY_ETAG)
    )
    gaps, left = (*first.gaps, *hidden), tuple(_left(party, first))
    survey = Survey(places, gaps, left, salted.header("S3"), first.way)
    yield _Objects(party, at, survey, first.versions, careful)


class _First(NamedTuple):
    """What the first page taught of all others."""

    page: Page
    versions: bool
    gaps: tuple[Gap, ...] = ()
    left: tuple[Left, ...] = ()

    @property
    def way(self) -> str:
        return "one listing of all versions" if self.versions else "one listing"


def _first_page(party: Party[BucketDeclared], at: Opened) -> _First:
    """Versions where any are kept and may be listed; objects everywhere else."""
    kept = party.facts.versioning if isinstance(party.facts, BucketFacts) else None
    if kept in (Known("never"), Known("not offered")):
        return _First(_page_of(party, at, object_pages(at.store, at.address.name)), versions=False)
    try:
        return _First(next(version_pages(at.store, at.address.name)), versions=True)
    except StoreError as error:
        page = _page_of(party, at, object_pages(at.store, at.address.name))
        if error.code in NOT_OFFERED:
            return _First(page, versions=False)
        return _without_versions(party, page, Gap("old versions", *_why(error, party, at)))


def _without_versions(party: Party[BucketDeclared], page: Page, gap: Gap) -> _First:
    """What staging keeps must be seen; of production the objects that stand there are enough to look for."""
    if not party.probe.protected:
        return _First(page, versions=False, gaps=(gap,))
    return _First(page, versions=False, left=(Left(gap.place, f"{gap.reason}; {gap.remedy}"),))


def _why(error: StoreError, party: Party[BucketDeclared], at: Opened) -> tuple[str, str]:
    why = explained(error, party.target, at.address)
    return why.reason, why.remedy


def _page_of(party: Party[BucketDeclared], at: Opened, pages: Iterator[Page]) -> Page:
    return told(party, at, lambda: next(pages))


def _left(party: Party[BucketDeclared], first: _First) -> Iterator[Left]:
    yield from first.left
    for prefix in party.target.declared.may_share:
        yield Left(f"objects under {prefix}", "may_share")


@dataclass(slots=True)
class _Seen:
    """What one listing showed."""

    objects: int = 0
    telling: int = 0
    """Those with a value that is one object's own."""
    doubtful: int = 0
    """Names that may be hashes."""
    blind: int = 0
    """Objects whose content their line does not tell."""


@dataclass(slots=True)
class _Objects:
    """One side's bucket."""

    party: Party[BucketDeclared]
    at: Opened
    stated: Survey
    versions: bool
    careful: bool
    _untold: tuple[Left, ...] = ()

    @property
    def survey(self) -> Survey:
        """What there is to read; and afterwards, how much of it tells nothing."""
        return dataclasses.replace(self.stated, left=(*self.stated.left, *self._untold))

    @property
    def abreast(self) -> int:
        return 1

    @property
    def drawn(self) -> Sieve | None:
        return None

    def narrow(self, theirs: Survey) -> None:
        """Objects have nothing that the other side might lack."""

    def plant(self, sieve: Sieve) -> Planted:
        return salted.planted(sieve)

    def tasks(self, sieve: Sieve) -> Sequence[Task]:  # noqa: ARG002  (every sieve takes the same listing)
        rows = max(place.values for place in self.stated.places)
        return (Task(0, tuple(range(len(self.stated.places))), 0, -1, rows, "objects"),)

    def read(self, task: Task, sieve: Sieve) -> Iterator[Portion]:
        tray, seen = salted.Tray(sieve, len(task.places)), _Seen()
        for entries in self._listed():
            for entry in self._asked_about(entries):
                values = list(self._values(entry))
                for place, value in values:
                    tray.add(place, value)
                seen.objects += 1
                seen.doubtful += any(self.stated.places[place].name == DOUBTFUL for place, _ in values)
                seen.blind += is_blind(entry.etag, entry.size)
                seen.telling += any(self.stated.places[place].identifying for place, _ in values)
            yield from tray.handed(len(entries))
        self._see_that_they_tell(seen)

    def confirm(self, sieve: Sieve, wanted: Mapping[int, Sequence[bytes]], salt: bytes) -> Iterator[Match]:
        asked = {place: frozenset(selectors) for place, selectors in wanted.items()}
        shown: set[tuple[int, bytes]] = set()
        for entries in self._listed():
            for place, value in itertools.chain.from_iterable(map(self._values, self._asked_about(entries))):
                whole = salted.digest(sieve, value)
                if whole[:HALF] in asked.get(place, ()) and (place, whole) not in shown:
                    shown.add((place, whole))
                    yield Match(place, whole, salted.mark(salt, value))

    def _values(self, entry: Entry) -> Iterator[tuple[int, bytes]]:
        numbers = {place.name: number for number, place in enumerate(self.stated.places)}
        for value in told_by(entry.key, entry.etag, entry.size):
            if (number := numbers.get(value.place)) is not None:
                yield number, value.octets

    def _asked_about(self, entries: list[Entry]) -> list[Entry]:
        excused = self.party.target.declared.may_share
        return [entry for entry in entries if not entry.key.startswith(excused)]

    def _see_that_they_tell(self, seen: _Seen) -> None:
        """Contents by ETags of another making, and a production in which nothing is its own, prove nothing.

        Raises:
            ProbeError: it is so.
        """
        if untold := seen.objects - seen.telling:
            self._untold = (Left(f"{untold:,} of {seen.objects:,} lines", "nothing of their own"),)
        if seen.blind and CONTENTS in {place.name for place in self.stated.places}:
            raise ProbeError(
                f"{seen.blind:,} objects have an ETag that is not made from the content", _OTHERS
            )
        theirs, private = self.party.probe.protected, self.party.target.declared.rows == "private"
        if theirs and private and seen.doubtful:
            raise ProbeError(
                f"{seen.doubtful:,} names may be hashes, which no number tells apart", 'rows = "sampled"'
            )
        if theirs and seen.objects and not seen.telling:
            raise ProbeError(
                f"none of production's {seen.objects:,} objects has anything of its own", _LARGER
            )

    def _listed(self) -> Iterator[list[Entry]]:
        """Every line; an object that a query of its own shows is among them, and is found by its key.

        Raises:
            ProbeError: it was refused, there are too many, or the object was not among them.
        """
        control, rows = self._first(), 0
        seen = control is None
        for page in self._pages():
            seen = seen or any(entry.key == control for entry in page.entries)
            rows += len(page.entries)
            if rows > (most := self.party.target.declared.rows_at_most):
                raise ProbeError(f"it keeps more than the {most:,} objects that are read at most", _MORE)
            yield page.entries
        if not seen or (control is not None and not self._stands(control)):
            raise ProbeError("an object that the bucket shows was not in the whole listing", "ask again")

    def _first(self) -> str | None:
        entry = told(self.party, self.at, lambda: first_of(self.at.store, self.at.address.name))
        return None if entry is None else entry.key

    def _stands(self, key: str) -> bool:
        found = told(self.party, self.at, lambda: find(self.at.store, self.at.address.name, key))
        return found is not None

    def _pages(self) -> Iterator[Page]:
        ask = version_pages if self.versions else object_pages
        pages = ask(self.at.store, self.at.address.name)
        while True:
            started = time.monotonic()
            page = _page_of(self.party, self.at, pages)
            took = time.monotonic() - started
            yield page
            if page.last:
                return
            time.sleep(min(MOST_REST, took) if self.careful else 0)


_MORE = "raise rows_at_most"
_OTHERS = "put those under may_share if both may hold them; their contents cannot be told by a listing"
_LARGER = (
    "objects of 64 octets and more, or with a random id in their keys, can be told apart: leave rows out "
    "where there are none"
)
