"""Is a project frozen? Each freeze stands until somebody lifts that one."""

from __future__ import annotations

from collections.abc import Iterable

from .entry import Entry

FROZEN, LIFTED = "frozen", "lifted"
WHICH = "freeze"
"""What an entry that lifts says of which one: its number; without it, all that stood."""


def frozen(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The freezes that stand after all these entries, oldest first.

    Two incidents freeze one project apart from each other: the end of one is none of the other's.
    """
    stand: dict[int, Entry] = {}
    for entry in entries:
        if entry.event == FROZEN:
            stand[entry.seq] = entry
        elif entry.event == LIFTED:
            match entry.body.get(WHICH):
                case None:
                    stand.clear()
                case int(seq):
                    stand.pop(seq, None)
                case _:
                    pass
    return tuple(stand.values())
