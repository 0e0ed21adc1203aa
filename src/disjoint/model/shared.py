"""What a census of both sides found on both: how many values, where, and of which types."""

from __future__ import annotations

from typing import NamedTuple


class Types(NamedTuple):
    """Of which type values are that both sides hold: of so many as each side was asked for."""

    staging: tuple[tuple[str, int], ...]
    """Each type and how many, most first."""
    production: tuple[tuple[str, int], ...]
    differ: int
    """How many have one type here and another there."""


class Shared(NamedTuple):
    """Values that stand in a place of production's and in one of staging's, and in no baseline."""

    production: str
    staging: str
    values: int
    """Distinct ones; of the sample, where only a sample was read. None whose whole digests differ."""
    confirmed: int
    """How many of them by their whole digest: of many, some; none where time was up before."""
    identifying: bool
    alone: bool = False
    """Nothing else tells whose these values are: no place of the same table is identifying, or so many
    are alike that those may be masked."""
    types: Types | None = None
    """None where neither side told any."""
