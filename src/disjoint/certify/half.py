"""The halves of a split run: what each side saw, signed, so that nobody holds both sides' credentials.

A half holds addresses in clear and digests under a key that only the two sides know. It holds no
credential, and the marks in it are random names that were worth something while they stood.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NoReturn, TypeVar

from disjoint.errors import TamperedError, UnprovenError, UsageError
from disjoint.model.plain import Plain, built, plain
from disjoint.model.proof import Footprint

from .keys import ProjectKey
from .public import public_key_of, raw_of
from .sign import Signature, Signer, holds, signed

SCHEMA = "disjoint.half/v1"
OCTETS = 16 << 20
"""A half of ten thousand variables is smaller."""

H = TypeVar("H", "Held", "Looked", "Compared")


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What both halves say."""

    run: str
    """A random name: both halves of one run bear it."""
    manifest: str
    """Digest of what the manifest declares, sources and tunnels left out."""
    environment: str
    key: str
    """Which project key: a digest that tells nothing of it."""
    started_at: datetime
    clock: float | None
    """By how many seconds the servers' clocks are ahead of this machine's; None where none was read."""
    snapshot: Any
    """The side's facts, as plain values."""
    footprint: Footprint
    """What the side's servers were asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held(Common):
    """Staging's half."""

    stands_at: datetime
    """When all marks stood."""
    alive_at: datetime | None = None
    """The last moment at which they are known to have stood; None in a half that never ended in order."""
    unclaimed: tuple[str, ...] = ()
    connected: tuple[str, ...] = ()
    """``address:port`` of the process's connections that no variable of its leads to."""
    marks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By resource and canary: token, and what staging saw of its own mark before and after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked(Common):
    """Production's half."""

    held: str
    """Digest of the standing half that was looked for."""
    looked_from: datetime
    looked_until: datetime
    looks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By resource and canary: its own mark and staging's, channel by channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared(Common):
    """What came of staging's digests on production's side."""

    census: str
    """Digest of the file that was compared."""
    made_at: datetime
    """When staging began to read."""
    staging: str
    """The environment whose digests they are."""
    places: Mapping[str, tuple[str, str]]
    """Where production's side of each resource is, and staging's."""
    servers: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
    """Who its server says it is, on both sides: digests under the project's key; none where it does not."""
    kin: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
    """What that server and its copies say, likewise."""
    logins: Mapping[str, str]
    """Digest of the login by which staging was read, where that decides what is read; empty if untold."""
    found: Mapping[str, Any]
    """By resource: what was shared, as counts."""


def key_name(key: ProjectKey) -> str:
    """A name for a key that tells nothing of it."""
    return _mac(key, b"name", b"")[:16]


def standing(half: Held) -> str:
    """Digest of what stands from the beginning of a hold to its end."""
    return hashlib.sha256(_payload(replace(half, alive_at=None, marks=_placed(half)))).hexdigest()


def _placed(half: Held) -> Mapping[str, Mapping[str, Any]]:
    return {r: {c: {**m, "after": None} for c, m in marks.items()} for r, marks in half.marks.items()}


def written(half: Held | Looked | Compared, key: ProjectKey, signer: Signer | None = None) -> str:
    """A half as a file's text, under the project's key, and signed: by this machine if nobody is named.

    Raises:
        WriteError: the key cannot be used.
    """
    payload = _payload(half)
    by = signed(payload, signer)
    sealed = {"mac": _mac(key, b"half", payload), "signer": by.signer, "signature": by.value}
    body = json.loads(payload)
    return json.dumps({"schema": SCHEMA, **body, **sealed}, indent=1, sort_keys=True) + "\n"


def read_half(kind: type[H], text: str, where: str, key: ProjectKey, by: bytes | None = None) -> H:
    """A half that nobody changed, signed by the public key `by` (PEM) where one is named.

    Raises:
        UsageError: the text is no half of this kind.
        UnprovenError: it was made under another project key, or signed by another one than `by`.
        TamperedError: it is not as it was signed.
    """
    body = _parsed(text, where, kind)
    mac, signer, signature = (str(body.pop(name, "")) for name in ("mac", "signer", "signature"))
    try:
        half: H = built(kind, body)
    except (ValueError, TypeError, RecursionError):
        _refuse_shape(where, kind)
    if half.key != key_name(key):
        raise UnprovenError(f"{where} was made under another project key than {key.source}")
    payload = _payload(half)
    if not hmac.compare_digest(mac.encode(errors="replace"), _mac(key, b"half", payload).encode()):
        raise TamperedError(f"{where} was changed since it was written")
    if not holds(Signature(signer, signature), payload):
        raise TamperedError(f"{where} bears a signature that is not its own")
    if by is not None and signer != raw_of(public_key_of(by)).hex():
        raise UnprovenError(f"{where} was signed by another key than sealed_by names")
    return half


def _parsed(text: str, where: str, kind: type[Any]) -> dict[str, Any]:
    try:
        body = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        _refuse_shape(where, kind)
    if not isinstance(body, dict) or body.pop("schema", None) != SCHEMA:
        _refuse_shape(where, kind)
    if body.pop("half", None) != kind.__name__:
        _refuse_shape(where, kind)
    return body


def _refuse_shape(where: str, kind: type[Any]) -> NoReturn:
    command = {"Held": "hold", "Looked": "look"}.get(kind.__name__, "overlap --half")
    raise UsageError(f"{where} is not what `disjoint {command}` writes")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name is repeated")
    return members


def _no_number(name: str) -> object:
    raise ValueError(f"{name} is no number that a half holds")


def _payload(half: Held | Looked | Compared) -> bytes:
    body: Plain = {"half": type(half).__name__, **_fields(half)}
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


def _fields(half: Held | Looked | Compared) -> dict[str, Any]:
    fields = plain(half)
    return fields if isinstance(fields, dict) else {}


def _mac(key: ProjectKey, what: bytes, payload: bytes) -> str:
    return hmac.new(key.octets, b"disjoint split " + what + b"\0" + payload, hashlib.sha256).hexdigest()
