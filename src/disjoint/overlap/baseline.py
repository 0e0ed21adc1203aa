"""What both sides may hold: values that migrations, seeds and fixtures put into every database.

A reviewed file of digests with an owner and an end. It excuses those values and no others: what it
does not name is never guessed away.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from disjoint.model.probe import ProbeError


@dataclass(frozen=True, slots=True)
class Baseline:
    """The values that are excused."""

    salt: bytes
    """16 octets, drawn when it was learnt."""
    marks: frozenset[bytes]
    """`mark` of each value."""


NONE = Baseline(b"", frozenset())


def load(file: Path, resource: str) -> Baseline:
    """The values that a reviewed file excuses for one resource.

    Raises:
        ProbeError: the file cannot be used: nothing is guessed in its place.
    """
    raise ProbeError(
        f"the baseline {file.name} cannot be read for {resource}", "learn it anew with `disjoint baseline`"
    )
