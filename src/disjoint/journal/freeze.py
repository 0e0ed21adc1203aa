"""Is a project frozen? An incident's freeze stands until somebody lifts it."""

from __future__ import annotations

from collections.abc import Iterable

from .entry import Entry

FROZEN, LIFTED = "frozen", "lifted"


def frozen(entries: Iterable[Entry]) -> Entry | None:
    """The freeze that stands after all these entries; None where nothing is frozen."""
    stands: Entry | None = None
    for entry in entries:
        if entry.event == FROZEN:
            stands = entry
        elif entry.event == LIFTED:
            stands = None
    return stands
