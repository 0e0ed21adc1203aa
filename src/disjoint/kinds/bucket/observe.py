"""List a bucket with its own keys: one page on production, more only where staging's content is judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from disjoint.model.environment import Target
from disjoint.model.fact import Fact, Known, Unknown, both
from disjoint.model.probe import Probe, ProbeError

from . import links
from .address import BucketAddress
from .facts import BucketDeclared, BucketFacts, unasked
from .listing import Listing, list_objects, list_versions, lowest, strays
from .opening import opened
from .refusal import FATAL, NOT_OFFERED, explained
from .session import Store, StoreError

T = TypeVar("T")
A = TypeVar("A")

PAGES = 20
"""Pages read where the content is judged; stores bill a listing by the page."""
MARKS = 16
"""Objects that stand for a page: a busy bucket still shows most of them a second later."""


def observe(target: Target[BucketDeclared], probe: Probe) -> BucketFacts:
    """Read what the bucket says of itself. What fails is Unknown with its remedy."""
    try:
        address, _, store = opened(target, probe)
        return _Visit(target, address, probe, store).facts()
    except ProbeError as error:
        return unasked(target, Unknown(error.reason, error.remedy))


class _Visit:
    """One bucket, asked question by question; a refused question costs its own facts only."""

    def __init__(
        self, target: Target[BucketDeclared], address: BucketAddress, probe: Probe, store: Store
    ) -> None:
        self._target = target
        self._address = address
        self._probe = probe
        self._store = store
        self._pages = 1 if probe.protected or target.declared.objects is None else PAGES

    def facts(self) -> BucketFacts:
        name = self._address.name
        try:
            objects: Fact[Listing] = Known(list_objects(self._store, name, self._pages))
        except StoreError as error:
            objects = explained(error, self._target, self._address)
            if error.code in FATAL or error.status != 403:
                return self._reached(unasked(self._target, objects))
        except ProbeError as error:
            return self._reached(unasked(self._target, Unknown(error.reason, error.remedy)))
        versioning = self._attempt(self._versioning)
        versions = self._versions(objects, versioning)
        return self._reached(
            BucketFacts(
                address=Known(self._address),
                place=Unknown("no answer came"),
                reached=Unknown("no answer came"),
                tls=Unknown("no answer came"),
                listed=_then(objects, lambda found: Known(self._page(found))),
                marks=_then(objects, lambda found: Known(self._marks(found, versions))),
                owner=_then(objects, self._owner),
                region=self._attempt(self._region),
                versioning=versioning,
                objects=_then(objects, lambda found: Known(len(found.entries))),
                stored=_then(versions, lambda found: Known(len(found.entries))),
                whole=_then(both(objects, versions), lambda two: Known(two[0].whole and two[1].whole)),
                strays=_then(both(objects, versions), self._strays),
                copies=self._linked(links.copies),
                announces=_then(self._linked(links.announces), self._named),
            )
        )

    def _reached(self, facts: BucketFacts) -> BucketFacts:
        """Add what the last answer tells of the way there."""
        if (last := self._store.last) is None:
            return facts
        place = self._probe.digest("place", f"{last.place.address} {last.place.port}")
        way, tls = Known(last.place.how), Known(bool(last.certificate))
        return replace(facts, place=Known(place), reached=way, tls=tls)

    def _attempt(self, ask: Callable[[], T]) -> Fact[T]:
        try:
            return Known(ask())
        except StoreError as error:
            return explained(error, self._target, self._address)
        except ProbeError as error:
            return Unknown(error.reason, error.remedy)

    def _versioning(self) -> str:
        try:
            answer = self._store.ask("GetBucketVersioning", Bucket=self._address.name)
        except StoreError as error:
            if error.code in NOT_OFFERED:
                return "not offered"
            raise
        status = answer.get("Status")
        return status if status in ("Enabled", "Suspended") else "never"

    def _versions(self, objects: Fact[Listing], versioning: Fact[str]) -> Fact[Listing]:
        """Everything stored. Where nothing was ever versioned, the objects are all there is."""
        if versioning in (Known("never"), Known("not offered")):
            return objects
        return self._attempt(lambda: list_versions(self._store, self._address.name, self._pages))

    def _region(self) -> str:
        answer = self._store.ask("GetBucketLocation", Bucket=self._address.name)
        return str(answer.get("LocationConstraint") or "us-east-1")

    def _linked(self, read: Callable[[Store, str], tuple[str, ...]]) -> Fact[tuple[str, ...]]:
        if not self._target.declared.replication:
            return Unknown("not asked", "state replication = true")
        try:
            return Known(read(self._store, self._address.name))
        except StoreError as error:
            return links.withheld(error, self._target, self._address)
        except ProbeError as error:
            return Unknown(error.reason, error.remedy)

    def _named(self, targets: tuple[str, ...]) -> Fact[tuple[str, ...]]:
        return Known(tuple(self._probe.digest("hears", name) for name in targets))

    def _page(self, found: Listing) -> str:
        return self._probe.digest("page", "\0\0".join(entry.mark for entry in found.page))

    def _marks(self, found: Listing, versions: Fact[Listing]) -> tuple[str, ...]:
        marks = lowest((self._probe.digest("object", entry.mark) for entry in found.page), MARKS)
        match versions:
            case Known(kept):
                named = (f"{entry.key}\0{entry.version}" for entry in kept.page if entry.version)
                return marks + lowest((f"version {self._probe.digest('version', n)}" for n in named), MARKS)
            case Unknown():
                return marks

    def _owner(self, found: Listing) -> Fact[str]:
        if not found.owner:
            return Unknown("the listing names no owner (an empty bucket names none)")
        return Known(self._probe.digest("owner", found.owner))

    def _strays(self, two: tuple[Listing, Listing]) -> Fact[int]:
        match self._target.declared.objects:
            case tuple(prefixes):
                return Known(max(strays(two[0].entries, prefixes), strays(two[1].entries, prefixes)))
            case _:
                return Unknown("no prefixes are declared")


def _then(fact: Fact[A], read: Callable[[A], Fact[T]]) -> Fact[T]:
    match fact:
        case Known(value):
            return read(value)
        case Unknown():
            return fact
