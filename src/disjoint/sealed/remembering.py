"""The project's journal, and what it remembers of seals: an older one than it knows is refused."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from disjoint import journal
from disjoint.certify.half import key_name
from disjoint.certify.keys import ProjectKey, state
from disjoint.certify.seal import Seal, told
from disjoint.errors import UnprovenError
from disjoint.model.plain import Plain

VARIABLE = "DISJOINT_JOURNAL"
"""The URL of a PostgreSQL that keeps the journal for all machines of a project."""
SEALED, SEEN = "sealed", "seal-seen"
"""What the entries about seals are called: where one was made, and where one was first judged by."""


def folder_of(project_key: ProjectKey) -> Path:
    """Where this user keeps what belongs to a project."""
    return state() / "projects" / key_name(project_key)


def journal_url() -> str:
    """The PostgreSQL that keeps the journal; empty where this machine does."""
    return os.environ.get(VARIABLE, "")


def open_journal(project_key: ProjectKey, *, create: bool = True) -> journal.Journal:
    """The project's journal; without `create` it is only read, and empty where there is none.

    Raises:
        UsageError: the variable names no PostgreSQL, or the library for it is not installed.
        WriteError: it cannot be made.
        TamperedError: it is not as it was written.
    """
    key = hmac.new(project_key.octets, b"disjoint journal", hashlib.sha256).digest()
    return journal.open_journal(folder_of(project_key), key, journal_url(), create=create)


def body_of(seal: Seal) -> dict[str, Plain]:
    """What the journal keeps of a seal: nothing of the snapshot."""
    return {
        "serial": seal.serial,
        "environment": seal.environment,
        "manifest": seal.manifest,
        "sealedAt": seal.sealed_at.isoformat().replace("+00:00", "Z"),
        "expiresAt": seal.expires_at.isoformat().replace("+00:00", "Z"),
        "blind": seal.blind,
    }


def expect_newest(kept: journal.Journal, seal: Seal, where: str) -> None:
    """Refuse a seal that is older than one the journal knows; remember it, where there is a journal.

    Raises:
        UnprovenError: a newer one was made or seen, of the same environment and manifest.
        TamperedError: the journal is not as it was written.
        WriteError: it cannot be read or written.
    """
    known = [e.body for e in kept.entries() if e.event in {SEALED, SEEN} and _of(e.body, seal)]
    newest = max((_time(body) for body in known), default=None)
    if newest is not None and newest > seal.sealed_at:
        raise UnprovenError(
            f"{where} is older than the seal of {told(newest)}, which the journal knows: fetch that one"
        )
    if kept.stands() and all(body.get("serial") != seal.serial for body in known):
        kept.append(SEEN, seal.project_key, body_of(seal))


def _of(body: Mapping[str, Plain], seal: Seal) -> bool:
    return (body.get("environment"), body.get("manifest")) == (seal.environment, seal.manifest)


def _time(body: Mapping[str, Plain]) -> datetime:
    return datetime.fromisoformat(str(body["sealedAt"]))
