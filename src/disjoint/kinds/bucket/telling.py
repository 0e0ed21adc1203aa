"""What a line of a listing tells of an object, as values to be compared: its content, and its name. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from disjoint.model.naming import Naming, naming

from .facts import ASSETS, CONTENTS, DOUBTFUL, NAMES

LEAST = 64
"""Octets of an object whose content is its own: empty files and markers are alike everywhere."""
_BY_CONTENT = re.compile(r"[0-9a-f]{32}(?:-[0-9]{1,5})?\Z")
"""An ETag that is made from the content alone: its MD5, or one of its parts' MD5s and their number."""
_ASSET = re.compile(r"\.(?:m?js|css|map|woff2?|ttf|otf|eot|wasm)\Z", re.IGNORECASE)
"""What a deployment puts everywhere alike."""


class Value(NamedTuple):
    """One value of an object, and the place that it belongs to."""

    place: str
    octets: bytes


def told_by(key: str, etag: str, size: str) -> Iterator[Value]:
    """Everything that the object of this line can be found again by, whatever its prefix."""
    asset = bool(_ASSET.search(key))
    if is_large(size) and _BY_CONTENT.match(etag):
        yield Value(ASSETS if asset else CONTENTS, f"content\0{size}\0{etag}".encode())
    if not asset and (place := _PLACE.get(kind := naming(key))):
        octets = f"name\0{size}\0{_tail(key, kind)}".encode("utf-8", "surrogatepass")
        yield Value(place, octets)


def is_blind(etag: str, size: str) -> bool:
    """Whether the content of a stored object cannot be told by its line."""
    return is_large(size) and not _BY_CONTENT.match(etag)


def is_large(size: str) -> bool:
    """Whether it is an object (a delete marker has no size) with enough in it to be its own."""
    return size.isascii() and size.isdecimal() and int(size) >= LEAST


_PLACE = {Naming.OWN: NAMES, Naming.DOUBTFUL: DOUBTFUL}


def _tail(key: str, kind: Naming) -> str:
    """A key from its last part that tells on: copied under another prefix, it still ends so."""
    parts = key.split("/")
    telling = [i for i, part in enumerate(parts) if naming(part) is kind]
    some = telling or [i for i, part in enumerate(parts) if naming(part) is not Naming.PLAIN] or [0]
    return "/".join(parts[some[-1] :])
