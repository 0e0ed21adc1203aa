"""Private set intersection of two samples."""

from __future__ import annotations

from disjoint.model.census import Overlap, Terms
from disjoint.model.probe import ProbeError

from .baseline import Baseline
from .engine import Sides
from .read import Steps


def census(sides: Sides, terms: Terms, baseline: Baseline, steps: Steps) -> Overlap:
    """Compare two samples so that neither side can test guesses against the other."""
    raise ProbeError("private set intersection is not installed", "pip install 'disjoint[psi]'")
