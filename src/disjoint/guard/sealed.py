"""Production's seal, as a process reads it that has the project's key and the standard library."""

from __future__ import annotations

import base64
import hmac
import json
import os
import stat
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from disjoint.certify.guarded import SCHEMA, key_in, mac_of, name_of, stable_key_of
from disjoint.tuples import NamedTuple

from .policy import Policy, policy_in, record, text_in
from .verdict import UNPROVEN, Reason

FILE = "production.sealed.json"
SEAL, KEY, MODE = "DISJOINT_SEAL", "DISJOINT_SEAL_KEY", "DISJOINT_GUARD_MODE"
OCTETS = 16 << 20
LONGEST = timedelta(days=30)
AHEAD = timedelta(seconds=60)
"""By how much the clock of the machine that sealed may be ahead of ours."""
_SHORTEST = 16
_ANEW = "run `disjoint seal` in production, and bring the file here"


class UnreadError(Exception):
    """A seal cannot be used; the text says why, then how that is mended."""

    def __init__(self, why: str, fix: str) -> None:
        super().__init__(why)
        self.fix = fix


class Opened(NamedTuple):
    """A seal whose code holds, or why there is none."""

    policy: Policy | None
    key: bytes
    """Of the digests in it."""
    payload: Mapping[str, object]
    reasons: tuple[Reason, ...]
    project: bytes = b""
    """The project's key; empty where there is none."""

    def __repr__(self) -> str:
        return f"Opened(reasons={len(self.reasons)})"


def opened(path: str, variables: Mapping[str, str], now: datetime | None = None) -> Opened:
    """Production's seal; where it does not hold, the reason. Never raises for what a file or variable says.

    Args:
        path: of the file.
        variables: with the project's key among them, or none for the key of this machine.
        now: by which it is judged; None takes the clock.
    """
    project = b""
    try:
        project = project_key(variables)
        payload = _payload(path, project)
        policy = policy_in(payload)
    except UnreadError as error:
        return Opened(None, b"", {}, (_reason(error),), project)
    except (ValueError, RecursionError):
        older = UnreadError(f"{path} was sealed by another version of disjoint", _ANEW)
        return Opened(None, b"", {}, (_reason(older),), project)
    reasons = tuple(_untimely(path, payload, now or datetime.now(UTC)))
    return Opened(policy, stable_key_of(project), payload, reasons, project)


def project_key(variables: Mapping[str, str]) -> bytes:
    """The key that both sides share: of the variable, or of this machine's state folder.

    Raises:
        UnreadError: there is none, or it is too short to be one.
    """
    if stated := variables.get(KEY, ""):
        octets = key_in(stated)
        if len(octets) < _SHORTEST:
            raise UnreadError(f"{KEY} is too short to be a key", f"set {KEY} as production has it")
        return octets
    octets = _kept(os.path.join(state(variables), "project.key"))
    if len(octets) < _SHORTEST:
        raise UnreadError(f"there is no project key: {KEY} is not set", f"set {KEY} as production has it")
    return octets


def state(variables: Mapping[str, str]) -> str:
    """This user's state folder (XDG Base Directory Specification)."""
    folder = variables.get("XDG_STATE_HOME", "")
    home = variables.get("HOME") or os.path.expanduser("~")
    return os.path.join(folder if folder.startswith("/") else f"{home}/.local/state", "disjoint")


def _kept(path: str) -> bytes:
    """A key file that nobody else may read; empty where there is none."""
    try:
        if os.stat(path).st_mode & 0o077:
            return b""
        return _octets(path)
    except OSError:
        return b""


def _payload(path: str, project: bytes) -> Mapping[str, object]:
    octets, code = _parted(path)
    if not hmac.compare_digest(code.encode(errors="replace"), mac_of(project, octets).encode()):
        raise _wrong_code(path, octets, project)
    payload = record(json.loads(octets))
    if payload.get("schema") != SCHEMA:
        raise ValueError("another version")
    return payload


def _parted(path: str) -> tuple[bytes, str]:
    try:
        body = record(json.loads(_octets(path)))
        payload, code = text_in(body["payload"]), text_in(body["mac"])
        return base64.b64decode(payload, validate=True), code
    except OSError as error:
        why = f"{path} cannot be read: {error.strerror or 'no file'}"
        raise UnreadError(why, f"{_ANEW}, or name it in {SEAL}") from None
    except (ValueError, KeyError, RecursionError):
        raise UnreadError(f"{path} is not what `disjoint seal` writes", _ANEW) from None


def _octets(path: str) -> bytes:
    """A regular file's content, up to what a seal may be; a pipe would block."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(0, "it is no regular file")
        octets = file.read(OCTETS + 1)
    if len(octets) > OCTETS:
        raise OSError(0, "it is too large to be a seal")
    return octets


def _wrong_code(path: str, octets: bytes, project: bytes) -> UnreadError:
    """Under another project's key the code is another; under ours, an octet is."""
    try:
        stated = record(json.loads(octets)).get("projectKey")
    except (ValueError, RecursionError):
        stated = None
    if isinstance(stated, str) and stated != name_of(project):
        why = f"{path} was sealed under another project key than {KEY} here"
        return UnreadError(why, f"set production's {KEY} here, or seal anew under this one")
    return UnreadError(f"{path} was changed since production was sealed", f"do not trust it: {_ANEW}")


def _untimely(path: str, payload: Mapping[str, object], now: datetime) -> list[Reason]:
    try:
        made, ends = (datetime.fromisoformat(str(payload[name])) for name in ("sealedAt", "expiresAt"))
        if made > now + AHEAD:
            error = UnreadError(f"{path} is from the future", "set both machines' clocks")
        elif not made < ends <= made + LONGEST:
            error = UnreadError(f"{path} claims to hold for longer than 30 days", _ANEW)
        elif ends <= now:
            error = UnreadError(f"{path} expired on {ends:%Y-%m-%d %H:%MZ}", _ANEW)
        else:
            return []
    except (ValueError, KeyError, TypeError, OverflowError):
        error = UnreadError(f"{path} does not say until when it holds", _ANEW)
    return [_reason(error)]


def _reason(error: UnreadError) -> Reason:
    return Reason(UNPROVEN, "guard/seal", "", str(error), error.fix)
