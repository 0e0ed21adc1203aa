"""The journal of a project: whoever shares its key shares its history."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from disjoint import journal
from disjoint.errors import TamperedError
from disjoint.model.plain import Plain
from disjoint.report.inert import inert
from disjoint.sealed.remembering import VARIABLE, folder_of, journal_url, open_journal

from .anchor import anchor_in
from .circumstances import circumstances

__all__ = [
    "CERTIFIED",
    "PROVEN",
    "VARIABLE",
    "about",
    "actor",
    "expect_whole",
    "folder_of",
    "journal_url",
    "open_journal",
]

CERTIFIED, PROVEN = "certified", "proven"
"""What a proof's entry is called: a certificate, or what it is where it is none."""


def about(staging: str, production: str) -> dict[str, Plain]:
    """How entries name the two environments."""
    return {"environment": inert(staging), "reference": inert(production)}


def actor() -> str:
    """Who acts here, as the CI, git or the system says."""
    named = circumstances(os.environ, Path()).requested_by
    return named[0] if named else "unknown"


def expect_whole(kept: journal.Journal, certificates: Mapping[str, bytes]) -> journal.Head | None:
    """Whether a journal is as it was when certificates were signed.

    Args:
        kept: the journal.
        certificates: by name, what stands in them.

    Raises:
        UsageError: one of them holds no proof.
        TamperedError: the journal was changed or cut off since, or never knew one of them.
        WriteError: it cannot be read.
    """
    anchors = {name: anchor_in(content, name) for name, content in certificates.items()}
    seen = {name: each.head for name, each in anchors.items() if each.head is not None}
    head = kept.expect_whole(seen)
    proofs = [entry.body.get("proof") for entry in kept.entries()]
    for name, each in anchors.items():
        if each.proof not in proofs:
            raise TamperedError(
                f"the journal {kept.where} has no entry of {name}: it was cut off, or is another"
            )
    return head
