"""The seal: production's snapshot with a lifetime; who is judged against it holds no credential of it.

One JSON object: the payload, a public signature over it, and a code under a key derived from the project's,
by which a process with nothing but the standard library checks the same octets.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, NoReturn

from disjoint.canonical import canonical, strict
from disjoint.errors import TamperedError, UnprovenError, UsageError
from disjoint.model.plain import Plain, built, plain
from disjoint.model.proof import Footprint

from .dsse import pae
from .guarded import SCHEMA, mac_of, name_of
from .keys import ProjectKey
from .names import SEAL_PAYLOAD
from .public import keyid_of, pem_of, public_key_of, verifies
from .sign import Signer, sealed_line

OCTETS = 16 << 20
"""A seal of ten thousand variables is smaller."""
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=30)
AHEAD = timedelta(seconds=60)
"""By how much the clock of the machine that sealed may be ahead of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """What production said of itself, and until when it may be believed."""

    schema: str
    environment: str
    manifest: str
    """Digest of what the manifest declares, sources and tunnels left out."""
    project_key: str
    """Which project key: a digest that tells nothing of it."""
    serial: str
    """A random name: the journal tells by it which seal is the newest."""
    sealed_at: datetime
    expires_at: datetime
    clock: float | None
    """By how many seconds production's servers were ahead of the machine; None where none told."""
    blind: bool
    """Whether it names no host."""
    snapshot: Any
    """Production's facts, as plain values."""
    footprint: Footprint
    """What production's servers were asked for it."""
    doors: Mapping[str, Mapping[str, str]]
    """By resource and setting: the address without a credential; empty in a blind seal."""
    policy: Any
    """What a process is judged by that has nothing but the standard library."""


class Wanted(NamedTuple):
    """What a seal must be of."""

    environment: str
    manifest: str
    signer: bytes | None = None
    """The public key (PEM) that must have signed it; None: any machine that has the project's key."""


def written(seal: Seal, key: ProjectKey, signer: Signer) -> str:
    """A seal as a file's text.

    Raises:
        WriteError: the signer cannot sign.
    """
    payload = canonical(_fields(seal))
    (by,) = sealed_line(signer, SEAL_PAYLOAD, payload).signatures
    signature = {"keyid": by.keyid, "sig": _text(by.sig), "publicKey": signer.public_pem.decode()}
    body = {
        "schema": SCHEMA,
        "payload": _text(payload),
        "signature": signature,
        "mac": mac_of(key.octets, payload),
    }
    return json.dumps(body, indent=1) + "\n"


_OURS = {"projectKey": "project_key", "sealedAt": "sealed_at", "expiresAt": "expires_at"}
_THEIRS = {ours: theirs for theirs, ours in _OURS.items()}


def _fields(seal: Seal) -> Plain:
    """As a payload has them: names in one word, times with a Z."""
    fields = plain(seal)
    if not isinstance(fields, dict):
        raise TypeError("no record")
    times = {name: fields[name].replace("+00:00", "Z") for name in ("sealed_at", "expires_at")}
    return {_THEIRS.get(name, name): value for name, value in {**fields, **times}.items()}


def read_seal(text: str, where: str, key: ProjectKey, wanted: Wanted, now: datetime) -> Seal:
    """A seal that nobody changed, of this environment and this manifest, at a time at which it holds.

    Raises:
        UsageError: the text is no seal.
        TamperedError: it is not as it was sealed.
        UnprovenError: it is of another project, environment, manifest or time, or signed by somebody else.
    """
    payload, signature, mac = _parted(text, where)
    if not hmac.compare_digest(mac.encode(errors="replace"), mac_of(key.octets, payload).encode()):
        _refuse_code(payload, where, key)
    _expect_signed(payload, signature, where, wanted.signer)
    try:
        seal: Seal = built(Seal, {_OURS.get(name, name): value for name, value in strict(payload).items()})
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise UsageError(f"{where} was sealed by another version: seal production anew") from None
    _expect_ours(seal, where, wanted)
    _expect_timely(seal, where, now)
    return seal


def expect_lasting(lasts: timedelta) -> None:
    """Refuse a lifetime that is none.

    Raises:
        UsageError: it is shorter than a minute or longer than 30 days.
    """
    if not SHORTEST <= lasts <= LONGEST:
        raise UsageError("a seal is valid for a minute at least and 30 days at most: --valid-for 7d")


def told(when: datetime) -> str:
    """A time for people."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%MZ}"


def _parted(text: str, where: str) -> tuple[bytes, Mapping[str, Any], str]:
    try:
        body = strict(text.encode())
        if body["schema"] != SCHEMA or body.keys() != {"schema", "payload", "signature", "mac"}:
            _refuse_shape(where)
        signature = {name: str(body["signature"][name]) for name in ("keyid", "sig", "publicKey")}
        return _octets(body["payload"]), signature, str(body["mac"])
    except (ValueError, TypeError, KeyError, AttributeError, binascii.Error):
        _refuse_shape(where)


def _refuse_shape(where: str) -> NoReturn:
    raise UsageError(f"{where} is not what `disjoint seal` writes")


def _refuse_code(payload: bytes, where: str, key: ProjectKey) -> NoReturn:
    """Under another project's key the code is another; under ours, an octet is."""
    try:
        stated = strict(payload)["projectKey"]
    except (ValueError, TypeError, KeyError):
        stated = None
    if isinstance(stated, str) and stated != name_of(key.octets):
        raise UnprovenError(
            f"{where} was sealed under another project key than {key.source}: set production's "
            "DISJOINT_SEAL_KEY here, or seal anew under this one"
        )
    raise TamperedError(f"{where} was changed since production was sealed")


def _expect_signed(payload: bytes, by: Mapping[str, str], where: str, trusted: bytes | None) -> None:
    stated = by["publicKey"].encode()
    try:
        sig, key = _octets(by["sig"]), public_key_of(stated)
        one = trusted is None or keyid_of(public_key_of(trusted)) == keyid_of(key)
        # in its one spelling: what a lenient reader would pass over is no part of a file that nobody changed
        held = verifies(stated, sig, pae(SEAL_PAYLOAD, payload)) and stated == pem_of(key)
        held = held and by["keyid"] == keyid_of(key)
    except ValueError:
        one, held = True, False
    if not held:
        raise TamperedError(f"{where} bears a signature that is not its own")
    if not one:
        raise UnprovenError(f"{where} was signed by another key than sealed_by names")


def _expect_ours(seal: Seal, where: str, wanted: Wanted) -> None:
    if seal.schema != SCHEMA or seal.environment != wanted.environment:
        raise UnprovenError(f"{where} is a seal of another environment than {wanted.environment}")
    if seal.manifest != wanted.manifest:
        raise UnprovenError(
            f"{where} was sealed for another manifest: seal production anew with the resources, grades and "
            "waivers of this one"
        )


def _expect_timely(seal: Seal, where: str, now: datetime) -> None:
    if seal.sealed_at > now + AHEAD:
        raise UnprovenError(f"{where} is from the future, {told(seal.sealed_at)}: set both machines' clocks")
    if not seal.sealed_at < seal.expires_at <= seal.sealed_at + LONGEST:
        raise UnprovenError(f"{where} claims to hold for longer than 30 days: seal production anew")
    if seal.expires_at <= now:
        raise UnprovenError(f"{where} expired on {told(seal.expires_at)}: run `disjoint seal` in production")


def _octets(text: str) -> bytes:
    """Base64 in its one spelling.

    Raises:
        ValueError: it is none, or has bits beyond its end.
    """
    octets = base64.b64decode(text, validate=True)
    if _text(octets) != text:
        raise ValueError("no base64: bits beyond its end")
    return octets


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode()
