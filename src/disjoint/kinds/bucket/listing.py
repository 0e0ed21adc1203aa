"""Listings, page by page, checked to be listings at all: a portal's page would read as an empty bucket."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from disjoint.model.probe import ProbeError

from .session import NO_STORE, Store

PAGE = 1000
"""Lines of a page: the most that S3 gives."""
NO_LISTING = "the answer is no bucket listing"


class Entry(NamedTuple):
    """One line of a listing."""

    key: str
    version: str
    """The version's id; empty in a plain listing and for objects from before versioning."""
    etag: str
    time: str
    """When it was stored, by the store's own clock; empty if it does not say."""
    size: str

    @property
    def mark(self) -> str:
        """All but the version in one text: what a copy made later does not repeat."""
        return "\0".join((self.key, self.etag, self.time, self.size))


@dataclass(slots=True)
class Listing:
    """What the pages held that were read."""

    entries: list[Entry] = field(default_factory=list)
    first: int = 0
    """How many of them stood on the first page."""
    whole: bool = False
    """Whether the last page was read."""
    owner: str = ""
    """The account that the first line names; empty if none does."""

    @property
    def page(self) -> list[Entry]:
        """The first page."""
        return self.entries[: self.first]


class Page(NamedTuple):
    """One answer to a listing."""

    entries: list[Entry]
    owner: str
    """The account that its first line names; empty if none does."""
    last: bool


def object_pages(store: Store, bucket: str) -> Iterator[Page]:
    """Every page of objects, each asked for when it is wanted.

    Raises:
        StoreError: the store refused.
        ProbeError: no answer came, or one that is no listing of this bucket.
    """
    token: dict[str, str] = {}
    while True:
        answer = store.ask("ListObjectsV2", Bucket=bucket, FetchOwner=True, MaxKeys=PAGE, **token)
        lines = _lines(answer, "Contents")
        if answer.get("Name") != bucket or answer.get("KeyCount") != len(lines):
            raise ProbeError(NO_LISTING, NO_STORE)
        page = _page(lines, more=answer.get("IsTruncated") is True)
        yield page
        if page.last:
            return
        token = _next(answer, token, {"NextContinuationToken": "ContinuationToken"})


def version_pages(store: Store, bucket: str) -> Iterator[Page]:
    """Every page of versions and delete markers, which have no size; raises as `object_pages`."""
    marker: dict[str, str] = {}
    while True:
        answer = store.ask("ListObjectVersions", Bucket=bucket, MaxKeys=PAGE, **marker)
        lines = _lines(answer, "Versions") + _lines(answer, "DeleteMarkers")
        if answer.get("Name") != bucket or not isinstance(answer.get("IsTruncated"), bool):
            raise ProbeError(NO_LISTING, NO_STORE)
        page = _page(lines, more=answer["IsTruncated"])
        yield page
        if page.last:
            return
        names = {"NextKeyMarker": "KeyMarker", "NextVersionIdMarker": "VersionIdMarker"}
        marker = _next(answer, marker, names)


def list_objects(store: Store, bucket: str, pages: int) -> Listing:
    """Read up to `pages` pages of objects; raises as `object_pages`."""
    return _listed(object_pages(store, bucket), pages)


def list_versions(store: Store, bucket: str, pages: int) -> Listing:
    """Read up to `pages` pages of versions and delete markers; raises as `object_pages`."""
    return _listed(version_pages(store, bucket), pages)


def _listed(pages: Iterator[Page], most: int) -> Listing:
    listing = Listing()
    for page in itertools.islice(pages, most):
        if not listing.entries:
            listing.first, listing.owner = len(page.entries), page.owner
        listing.entries += page.entries
        listing.whole = page.last
    return listing


def _lines(answer: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    lines = answer.get(name, [])
    return [line for line in lines if isinstance(line, Mapping)] if isinstance(lines, list) else []


def _page(lines: list[Mapping[str, Any]], *, more: bool) -> Page:
    owner = next((o for o in map(_owner, lines) if o), "")
    return Page(list(map(_entry, lines)), owner, last=not more)


def _next(answer: Mapping[str, Any], before: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    """Where the next page begins.

    Raises:
        ProbeError: nowhere, or where the last one began: it would never end.
    """
    found = {ask: str(answer[name]) for name, ask in names.items() if answer.get(name)}
    if not found or found == before:
        raise ProbeError("the listing does not move on", NO_STORE)
    return found


def _owner(line: Mapping[str, Any]) -> str:
    owner = line.get("Owner")
    return str(owner.get("ID", "")) if isinstance(owner, Mapping) else ""


def _entry(line: Mapping[str, Any]) -> Entry:
    key, version, at = str(line.get("Key", "")), str(line.get("VersionId", "")), line.get("LastModified")
    time = at.isoformat() if isinstance(at, datetime) else ""
    etag, size = str(line.get("ETag", "")).strip('"'), str(line.get("Size", ""))
    return Entry(key, "" if version == "null" else version, etag, time, size)


def first_of(store: Store, bucket: str) -> Entry | None:
    """The object that a bucket lists first; None if it lists none. Raises as `list_objects`."""
    answer = store.ask("ListObjectsV2", Bucket=bucket, MaxKeys=1)
    lines = _lines(answer, "Contents")
    if answer.get("Name") != bucket or answer.get("KeyCount") != len(lines):
        raise ProbeError(NO_LISTING, NO_STORE)
    return _entry(lines[0]) if lines else None


def find(store: Store, bucket: str, key: str) -> Entry | None:
    """The object of exactly this key; None if the bucket lists none.

    A key comes before every longer one that begins with it, so one line is enough. Where another
    comes first nothing follows: the store may order otherwise, fold case, or know no prefixes.

    Raises:
        StoreError: the store refused: that is no word on absence.
        ProbeError: no answer came, or one that says neither yes nor no.
    """
    answer = store.ask("ListObjectsV2", Bucket=bucket, Prefix=key, MaxKeys=1)
    lines = _lines(answer, "Contents")
    if answer.get("Name") != bucket or answer.get("KeyCount") != len(lines):
        raise ProbeError(NO_LISTING, NO_STORE)
    found = _entry(lines[0]) if lines else None
    if answer.get("Prefix", key) != key or (found and found.key != key):
        raise ProbeError("the store lists another key first than the one that was asked for", _PLAIN)
    if found is None and answer.get("IsTruncated"):
        raise ProbeError("the store lists nothing, and says that there is more", NO_STORE)
    return found


_PLAIN = "put an object with a key that no other begins with into each bucket"


def uploads(store: Store, bucket: str, key: str = "") -> tuple[tuple[str, str], ...]:
    """Key and id of the uploads in progress: of exactly this key, or of the first that are listed.

    Raises:
        StoreError: the store refused.
        ProbeError: no answer came, or one that is no listing of this bucket.
    """
    wanted = {"Prefix": key} if key else {}
    answer = store.ask("ListMultipartUploads", Bucket=bucket, MaxUploads=PAGE, **wanted)
    if answer.get("Bucket") != bucket or not isinstance(answer.get("IsTruncated"), bool):
        raise ProbeError(NO_LISTING, NO_STORE)
    begun = ((str(line.get("Key", "")), str(line.get("UploadId", ""))) for line in _lines(answer, "Uploads"))
    return tuple(each for each in begun if key in ("", each[0]))


def strays(entries: list[Entry], prefixes: tuple[str, ...]) -> int:
    """How many keys begin with none of these prefixes."""
    return sum(1 for entry in entries if not entry.key.startswith(prefixes))


def lowest(digests: Iterator[str], count: int) -> tuple[str, ...]:
    """The lowest digests: the same few on both sides, even if an object came or went in between."""
    return tuple(sorted(set(digests))[:count])
