"""A message of two sides that trust each other with nothing: a head, octets, and a stamp over both.

stamp        one line of JSON
head         one line of JSON
octets       as the head counts them
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from disjoint.errors import UnprovenError, UsageError
from disjoint.model.plain import built, plain

from .belonging import MARGIN
from .filed import LIFETIME
from .keys import ProjectKey
from .stamp import Stamp, expect_stamp, stamped

SCHEMA = "disjoint.private/v1"
LONGEST = 1 << 27
"""Octets of a message: two million points are 70 million."""
HEAD = 4 << 20


class Message(NamedTuple):
    """What a message says."""

    head: Mapping[str, Any]
    parts: tuple[bytes, ...]
    digest: str
    """Of all of it but the stamp."""


def written(head: Mapping[str, Any], parts: Sequence[bytes], key: ProjectKey) -> bytes:
    """A message as a file's octets, signed by this machine and under the project's key.

    Raises:
        WriteError: the machine's key cannot be used.
    """
    stated = {"schema": SCHEMA, **head, "parts": [len(part) for part in parts]}
    body = json.dumps(stated, sort_keys=True).encode() + b"\n" + b"".join(parts)
    stamp = plain(stamped(hashlib.sha256(body).digest(), key))
    return json.dumps(stamp, sort_keys=True).encode() + b"\n" + body


def read(octets: bytes, step: str, key: ProjectKey, where: str) -> Message:
    """A message that nobody changed.

    Raises:
        UsageError: it is none of this step.
        TamperedError: it is not as it was stamped.
    """
    first, _, body = octets.partition(b"\n")
    line, _, rest = body.partition(b"\n")
    try:
        stamp, head = built(Stamp, json.loads(first[:HEAD])), json.loads(line[:HEAD])
        sizes = [int(size) for size in head["parts"]]
        known = (head["schema"], head["step"], sum(sizes)) == (SCHEMA, step, len(rest)) and min(sizes) >= 0
    except (ValueError, TypeError, KeyError, RecursionError):
        known, stamp, head, sizes = False, Stamp("", "", ""), {}, []
    if not known:
        raise UsageError(f"{where} is not what `disjoint private {step}` writes")
    digest = hashlib.sha256(body).digest()
    expect_stamp(stamp, digest, key, where)
    return Message(head, _cut(rest, sizes), digest.hex())


def expect_ours(found: Message, wanted: Mapping[str, str], where: str, now: datetime) -> datetime:
    """When a message was made, if it is of this manifest, that side, this project key, and of today.

    Raises:
        UsageError: it says nothing of that.
        UnprovenError: it is not.
    """
    try:
        made_at = datetime.fromisoformat(found.head["madeAt"])
        fresh = -MARGIN <= now - made_at <= LIFETIME
    except (ValueError, TypeError, KeyError):
        raise UsageError(f"{where} does not say when it was made") from None
    for name, why in _WHY.items():
        if found.head.get(name) != wanted[name]:
            raise UnprovenError(f"{where} {why}")
    if not fresh:
        raise UnprovenError(f"{where} was made on {made_at:%Y-%m-%d %H:%M} UTC: it is good for a day")
    return made_at


_WHY = {
    "key": "was made under another project key",
    "manifest": "was made for another manifest",
    "environment": "is another side's",
}


def _cut(octets: bytes, sizes: Sequence[int]) -> tuple[bytes, ...]:
    ends = [sum(sizes[: n + 1]) for n in range(len(sizes))]
    return tuple(octets[end - size : end] for end, size in zip(ends, sizes, strict=True))
