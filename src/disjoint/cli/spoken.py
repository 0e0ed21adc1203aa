"""Lines for standard error: what people typed, and paths, made harmless to look at."""

from __future__ import annotations

import re

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"]*")


def spoken(text: str) -> str:
    """A line without terminal controls, and without a URL, for it may hold a password."""
    from disjoint.model.secret import MASK  # noqa: PLC0415  (only an error needs them)
    from disjoint.report.inert import inert  # noqa: PLC0415

    return inert(_URL.sub(MASK, text))
