"""Overrides of the guard: taken into the project's journal, and told in every report from then on."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from disjoint.certify.keys import VARIABLE, ProjectKey, project_key, state
from disjoint.errors import DisjointError
from disjoint.guard.recording import waiting
from disjoint.journal import Journal
from disjoint.model.finding import Note
from disjoint.model.plain import Plain
from disjoint.report.inert import inert
from disjoint.sealed.remembering import open_journal

EVENT = "overridden"
RULE = "guard/override"
SHOWN = 5
"""Of the newest; how many more there were is said."""


def overrides_noted() -> tuple[Note, ...]:
    """A note for each override that this machine or the project's journal knows; nothing is made for it."""
    key = _key()
    if key is None:
        return ()
    try:
        journal = open_journal(key, create=False)
        take_in(key, journal)
        bodies = [dict(entry.body) for entry in journal.entries() if entry.event == EVENT]
    except DisjointError as why:
        return (Note(RULE, "variables", f"whether the guard was overridden is not known: {why}"),)
    pending = [body for _, body in _waiting(key) if body["id"] not in {each.get("id") for each in bodies}]
    return tuple(_notes([*bodies, *pending]))


def take_in(key: ProjectKey, journal: Journal) -> None:
    """Write what waits into a journal that exists; a file goes once its entry is on the disk.

    Raises:
        WriteError, TamperedError: the journal cannot be used; then every file stays.
    """
    if journal.head() is None:
        return
    for path, body in _waiting(key):
        if journal.last(EVENT, id=body["id"]) is None:
            journal.append(EVENT, str(body["by"]), body)
        if str(body["expires"]) < _now():
            with contextlib.suppress(OSError):
                Path(path).unlink()


def _waiting(key: ProjectKey) -> Iterator[tuple[str, dict[str, Plain]]]:
    for path, said in waiting(key.octets, os.environ):
        found = said.get("found")
        texts: list[Plain] = [inert(str(each)) for each in found] if isinstance(found, list) else []
        told: dict[str, Plain] = {name: inert(str(value)) for name, value in said.items() if name != "found"}
        yield path, {**told, "found": texts}


def _notes(bodies: list[dict[str, Plain]]) -> Iterator[Note]:
    newest = sorted(bodies, key=lambda body: str(body.get("at")), reverse=True)
    for body in newest[:SHOWN]:
        found = body.get("found")
        over = ", ".join(map(str, found)) if isinstance(found, list) else "what was found"
        says = (
            f"a refusal ({body.get('outcome')}: {over}) was overridden on {body.get('at')} until "
            f"{body.get('expires')} by {body.get('by')}: {body.get('reason')}"
        )
        yield Note(RULE, "variables", says)
    if len(newest) > SHOWN:
        yield Note(
            RULE, "variables", f"{len(newest) - SHOWN} more overrides: disjoint journal list --event {EVENT}"
        )


def _key() -> ProjectKey | None:
    """The project's key, where there is one: a report makes none."""
    if not os.environ.get(VARIABLE) and not (state() / "project.key").exists():
        return None
    with contextlib.suppress(DisjointError):
        return project_key()
    return None


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
