"""What has changed since the last certificate, told beside a new proof; nothing is made for it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from disjoint.certify.drift import RULE, Pair, changes
from disjoint.certify.keys import VARIABLE, ProjectKey, project_key, stable_key, state
from disjoint.errors import DisjointError
from disjoint.model.finding import Note
from disjoint.model.manifest import Manifest
from disjoint.model.proof import Proof
from disjoint.model.stable import SCHEMA

if TYPE_CHECKING:
    from disjoint.journal import Entry


NOTHING = Note(
    RULE,
    "",
    "what changed since the last certificate is not known: this run had none of these two environments to "
    "compare with; set DISJOINT_JOURNAL to the journal that certify wrote, or certify",
)
"""What is said to whoever wants to be stopped by a change, where nobody could see one."""


class Since(NamedTuple):
    """The last certificate of two environments, and the key that it compares under."""

    project: ProjectKey
    entry: Entry

    @property
    def key(self) -> bytes:
        """Of the digests of a run that is to be compared with it."""
        return stable_key(self.project)


def since_certified(manifest: Manifest) -> tuple[Since | None, tuple[Note, ...]]:
    """The last certificate in the project's journal; a journal that cannot be read is worth a note.

    None where there is no key, no journal or no certificate in it: asking makes none of them.
    """
    try:
        known = os.environ.get(VARIABLE) or (state() / "project.key").exists()
        return _last(manifest, project_key()) if known else None, ()
    except DisjointError as why:
        return None, (Note(RULE, "", f"what changed since the last certificate is not known: {why}"),)


def _last(manifest: Manifest, project: ProjectKey) -> Since | None:
    from . import history  # noqa: PLC0415  (where no key is, no journal is read)

    if not history.journal_url() and not history.folder_of(project).is_dir():
        return None
    sides = history.about(manifest.staging.name, manifest.production.name)
    entry = history.open_journal(project, create=False).last(history.CERTIFIED, **sides)
    return Since(project, entry) if entry is not None and _comparable(entry.body) else None


def _comparable(body: Mapping[str, Any]) -> bool:
    """Whether this version wrote it: another one may call other facts stable."""
    return all(body.get(side, {}).get("schema") == SCHEMA for side in ("staging", "production"))


def with_drift(manifest: Manifest, proof: Proof, since: Since) -> Proof:
    """The proof with what has changed among its notes.

    Args:
        manifest: what was proven.
        proof: made under `since.key`.
        since: the last certificate.
    """
    from .parts import stable_parts  # noqa: PLC0415  (as above)

    body: Mapping[str, Any] = since.entry.body
    names = proof.staging.environment, proof.production.environment
    new = map(json.loads, stable_parts(manifest, proof, since.project))
    grades = {row.resource: row.grade.word if row.grade else None for row in proof.matrix}
    before = Pair(dict(zip(names, (body["staging"], body["production"]), strict=True)), body["grades"])
    found = changes(before, Pair(dict(zip(names, new, strict=True)), grades))
    when = f"since the certificate of {since.entry.at:%Y-%m-%d %H:%M} UTC"
    told = [Note(RULE, e.resource, " ".join((*_named(e.resource), e.words, when))) for e in found]
    return replace(proof, notes=(*proof.notes, *told))


def _named(resource: str) -> tuple[str, ...]:
    return (f"{resource}:",) if resource else ()
