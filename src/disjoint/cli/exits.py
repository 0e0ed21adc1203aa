"""Exit codes: the same for every command and format, never merged (documented in README)."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from disjoint.model.proof import Proof


class Exit(IntEnum):
    """What a command ends with."""

    HOLDS = 0
    BAD = 1
    """Proven bad: shared, tampered, a blind row."""
    USAGE = 2
    """Usage, manifest or source: change the call or the file."""
    UNPROVEN = 3
    """Cannot say: unproven, missing, stale, expired, a control failed."""
    UNWRITTEN = 4
    """Could not write or sign."""
    INTERNAL = 70
    """A defect of ours."""
    REFUSED = 78
    """The guard refuses to start."""


def code_of(proof: Proof) -> Exit:
    """The exit code of a proof's verdict."""
    codes = {"ISOLATED": Exit.HOLDS, "SHARED": Exit.BAD, "UNPROVEN": Exit.UNPROVEN}
    return codes[proof.verdict.value]
