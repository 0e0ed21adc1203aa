"""An override, left beside the project's journal by a process that has nothing but the standard library.

One small file for each override and what it passed over, however often and in however many workers the
process starts; at most 64 of them. `disjoint verify` and `disjoint journal` take them into the journal.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from disjoint.certify.guarded import name_of

from .policy import record, text_in
from .sealed import UnreadError, project_key, state
from .verdict import Checked

FOLDER, SCHEMA = "overrides", "disjoint.override/v1"
MOST = 64
"""Files that wait: more say no more, and would fill a disk."""
_OCTETS, _FOUND = 1 << 14, 32
_FIELDS = ("at", "by", "expires", "outcome", "reason")


def folder_of(project: bytes, variables: Mapping[str, str]) -> str:
    """Where a project's overrides wait."""
    return os.path.join(state(variables), "projects", name_of(project), FOLDER)


def recorded(checked: Checked, variables: Mapping[str, str]) -> bool:
    """Leave a record of what was passed over; whether there is one now. Never raises."""
    try:
        project = project_key(variables)
        folder, said = folder_of(project, variables), _said(checked)
        path = os.path.join(folder, f"{said['id']}.json")
        os.makedirs(folder, mode=0o700, exist_ok=True)
        if os.path.exists(path):
            return True
        if len(os.listdir(folder)) >= MOST:
            return False
        _write(path, json.dumps({"schema": SCHEMA, "said": said, "code": _code(project, said)}))
    except (OSError, UnreadError, ValueError):
        return False
    return True


def waiting(project: bytes, variables: Mapping[str, str]) -> Iterator[tuple[str, dict[str, object]]]:
    """The records that wait, each with its file; what nobody with the project's key wrote is passed over."""
    folder = folder_of(project, variables)
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".json"))
    except OSError:
        return
    for name in names[: 2 * MOST]:
        path = os.path.join(folder, name)
        if (said := _read(path, project)) is not None:
            yield path, said


def _said(checked: Checked) -> dict[str, object]:
    override = checked.override
    if override is None:
        raise ValueError("nothing was overridden")
    found = [f"{reason.rule} {reason.variable}".strip() for reason in checked.reasons][:_FOUND]
    said: dict[str, object] = {**override._asdict(), "outcome": checked.outcome, "found": found}
    told = json.dumps(said, sort_keys=True).encode("utf-8", "surrogatepass")
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {**said, "id": hashlib.sha256(told).hexdigest()[:32], "at": at}


def _code(project: bytes, said: Mapping[str, object]) -> str:
    octets = json.dumps(said, sort_keys=True).encode("utf-8", "surrogatepass")
    derived = hmac.digest(project, b"disjoint override", "sha256")
    return hmac.new(derived, octets, hashlib.sha256).hexdigest()


def _write(path: str, text: str) -> None:
    """Whole or not at all: two workers write the same name."""
    part = f"{path}.{os.getpid()}"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(part, path)


def _read(path: str, project: bytes) -> dict[str, object] | None:
    try:
        with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            body = record(json.loads(file.read(_OCTETS)))
        said = dict(record(body["said"]))
        if not hmac.compare_digest(text_in(body["code"]).encode(), _code(project, said).encode()):
            return None
        return said if all(isinstance(said.get(name), str) for name in _FIELDS) else None
    except (OSError, ValueError, KeyError, RecursionError):
        return None
