"""Where keys are kept: the project's from a variable, this machine's in its state folder."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from disjoint.errors import UsageError, WriteError
from disjoint.writing import write_once

from .guarded import key_in

VARIABLE = "DISJOINT_SEAL_KEY"
SHORTEST = 16
"""Octets; a shorter key could be guessed from one digest."""


class ProjectKey(NamedTuple):
    """The key that both sides of a project share."""

    octets: bytes
    source: str
    """For people: the variable, or the file of this machine."""

    def __repr__(self) -> str:
        return f"ProjectKey({self.source})"


def project_key() -> ProjectKey:
    """The shared key; where none is set, one of this machine alone, made at first use.

    Raises:
        UsageError: the variable holds something too short to be a key.
        WriteError: the state folder cannot be used.
    """
    stated = os.environ.get(VARIABLE, "")
    if not stated:
        return ProjectKey(kept("project.key", lambda: secrets.token_bytes(32)), str(state() / "project.key"))
    octets = key_in(stated)
    if len(octets) < SHORTEST:
        raise UsageError(f"{VARIABLE} is too short to be a key: openssl rand -hex 32")
    return ProjectKey(octets, VARIABLE)


def state() -> Path:
    """This user's state folder (XDG Base Directory Specification)."""
    folder = os.environ.get("XDG_STATE_HOME", "")
    return (Path(folder) if folder.startswith("/") else Path.home() / ".local" / "state") / "disjoint"


def kept(name: str, make: Callable[[], bytes]) -> bytes:
    """A key file's content; made once, readable by its owner only, never half written.

    Raises:
        WriteError: it can be neither read nor made, or others may read it.
    """
    path = state() / name
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            write_once(path, make(), 0o600)
        if path.stat().st_mode & 0o077:
            raise WriteError(f"{path} may be read by others: chmod 600 {path}")
        return path.read_bytes()
    except OSError as error:
        raise WriteError(f"cannot use {path}: {error.strerror}") from None


def stable_key(project: ProjectKey) -> bytes:
    """The key of what two runs must be able to compare: stable parts, seals, drift."""
    return hmac.new(project.octets, b"disjoint stable digests", hashlib.sha256).digest()
