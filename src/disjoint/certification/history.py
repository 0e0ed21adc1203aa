"""The journal of a project: whoever shares its key shares its history."""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path

from disjoint import journal
from disjoint.certify.half import key_name
from disjoint.certify.keys import ProjectKey, state

VARIABLE = "DISJOINT_JOURNAL"
"""The URL of a PostgreSQL that keeps the journal for all machines of a project."""


def folder_of(project_key: ProjectKey) -> Path:
    """Where this user keeps what belongs to a project."""
    return state() / "projects" / key_name(project_key)


def open_journal(project_key: ProjectKey, *, create: bool = True) -> journal.Journal:
    """The project's journal; without `create` it is only read, and empty where there is none.

    Raises:
        UsageError: the variable names no PostgreSQL, or the library for it is not installed.
        WriteError: it cannot be made.
        TamperedError: it is not as it was written.
    """
    key = hmac.new(project_key.octets, b"disjoint journal", hashlib.sha256).digest()
    return journal.open_journal(folder_of(project_key), key, os.environ.get(VARIABLE, ""), create=create)
