"""What came of each canary, put together from both halves. What another process wrote is not trusted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from disjoint.errors import UsageError
from disjoint.model.census import Overlap
from disjoint.model.experiment import Look, Sights, Tried, in_no_window, saw
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.plain import built
from disjoint.model.snapshot import Snapshot

from .half import Compared, Held, Looked

Rows = Callable[[Snapshot, Snapshot], Mapping[str, Fact[Any]]]
"""What came of each census, by resource, if it was of these very servers: production's, staging's."""


def tried(held: Held, looked: Looked) -> Mapping[str, Tried]:
    """What the two halves say of each mark, by resource and canary.

    Raises:
        UsageError: what a half says of a mark is nothing that this version writes.
    """
    clocks = held.clock is not None and looked.clock is not None
    try:
        return {
            resource: {
                canary: _sighted(mark, looked.looks.get(resource, {}).get(canary), clocks=clocks)
                for canary, mark in marks.items()
            }
            for resource, marks in held.marks.items()
        }
    except (ValueError, TypeError, KeyError, AttributeError):
        raise UsageError(
            "the halves say of their marks what this version does not know: make them anew"
        ) from None


def _sighted(mark: Any, seen: Any, *, clocks: bool) -> Fact[Any]:
    """The two halves of one canary; where no server bore the clocks out, only what was seen counts."""
    if "token" not in mark:
        placed: Unknown = built(Unknown, mark)
        return placed
    match _looked(seen):
        case Unknown() as why:
            return why
        case Known(here):
            sightings = saw(built(Sights, mark["before"]), here, _again(mark["after"], here))
            return Known(sightings if clocks else in_no_window(sightings))


def _looked(seen: Any) -> Fact[Look]:
    found: Fact[Look] = (
        built(Known[Look] | Unknown, seen) if seen is not None else Unknown("production did not look for it")
    )
    return found


def _again(after: Any, looked: Look) -> Sights:
    """A hold that lost its server may still have been seen: no control held, and yet the mark was there."""
    again: Fact[Sights] = built(Known[Sights] | Unknown, after)
    return again.value if isinstance(again, Known) else dict.fromkeys(looked.theirs, again)


def counted_in(compared: Compared) -> Mapping[str, Fact[Overlap]]:
    """What came of each census, by resource.

    Raises:
        UsageError: what the half says of one is nothing that this version writes.
    """
    try:
        return {name: built(Known[Overlap] | Unknown, said) for name, said in compared.found.items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        raise UsageError(
            "the half of `disjoint overlap` says what this version does not know: make it anew"
        ) from None
