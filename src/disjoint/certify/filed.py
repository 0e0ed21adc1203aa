"""What a file of digests says of itself, and whether it is one to be compared now."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from disjoint.errors import UnprovenError, UsageError
from disjoint.model.plain import built, plain

from .belonging import MARGIN
from .half import key_name
from .keys import ProjectKey
from .stamp import Stamp, expect_stamp, stamped

LIFETIME = timedelta(hours=24)
LONGEST = timedelta(days=7)
"""What is older says nothing of today's rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """How a file begins."""

    schema: Literal["disjoint.census/v1"] = "disjoint.census/v1"
    direction: Literal["up", "down"]
    run: str
    """A random name."""
    manifest: str
    """Digest of what the manifest declares."""
    environment: str
    key: str
    """Which project key: a digest that tells nothing of it."""
    started_at: datetime
    expires_at: datetime
    guessable: bool = True
    """Whether values that can be guessed are in it."""
    snapshot: Any
    """The side's facts of the resources that are in it, as plain values."""


class Ending(NamedTuple):
    """How it ends."""

    finished_at: str
    stamp: Stamp


def opening_written(opening: Opening) -> bytes:
    """As a record's payload."""
    return json.dumps(plain(opening), sort_keys=True, separators=(",", ":")).encode()


def opening_read(payload: bytes, where: str, key: ProjectKey) -> Opening:
    """The opening that was written, under this very key.

    Raises:
        UsageError: it is none of this version.
        UnprovenError: it is of another project key.
    """
    try:
        opening: Opening = built(Opening, json.loads(payload))
    except (ValueError, TypeError, RecursionError):
        raise UsageError(f"{where} is of another version of `disjoint census`: make it anew") from None
    if opening.key != key_name(key):
        raise UnprovenError(f"{where} was made under another project key than {key.source}")
    return opening


def ending_written(content: bytes, finished_at: datetime, key: ProjectKey) -> bytes:
    """How a file of this content ends, signed by this machine and under the project's key.

    Raises:
        WriteError: the machine's key cannot be used.
    """
    moment = finished_at.isoformat()
    ending = Ending(moment, stamped(_stated(content, moment), key))
    return json.dumps(plain(ending), sort_keys=True, separators=(",", ":")).encode()


def ending_read(payload: bytes, content: bytes, where: str, key: ProjectKey) -> datetime:
    """When it was finished, if nobody changed it since.

    Raises:
        UsageError: it is no end of ours.
        TamperedError: it is not as it was signed.
    """
    try:
        ending: Ending = built(Ending, json.loads(payload))
        finished: datetime = built(datetime, ending.finished_at)
    except (ValueError, TypeError, RecursionError):
        raise UsageError(f"{where} does not end as `disjoint census` ends a file: make it anew") from None
    expect_stamp(ending.stamp, _stated(content, ending.finished_at), key, where)
    return finished


def _stated(content: bytes, moment: str) -> bytes:
    return hashlib.sha256(content + b"\0" + moment.encode()).digest()


class Wanted(NamedTuple):
    """What a file must be of."""

    direction: str
    manifest: str
    environment: str


def expect_usable(opening: Opening, finished_at: datetime, wanted: Wanted, now: datetime) -> None:
    """Whether a file is one to be compared here and now.

    Raises:
        UnprovenError: it is of another manifest, of the other side, expired or from the future.
    """
    if opening.manifest != wanted.manifest:
        raise UnprovenError("the file was made for another manifest than this one")
    if opening.environment != wanted.environment or opening.direction != wanted.direction:
        raise UnprovenError(
            f"the file holds {opening.environment}'s digests, made to be sent {opening.direction}, where "
            f"{wanted.environment}'s are expected: what is compared here is the other side's"
        )
    if not opening.started_at <= finished_at <= now + MARGIN:
        raise UnprovenError("the clocks disagree: the file is from the future")
    if now >= opening.expires_at or opening.expires_at - opening.started_at > LONGEST:
        raise UnprovenError(f"the file expired on {opening.expires_at:%Y-%m-%d %H:%M} UTC: make it anew")
