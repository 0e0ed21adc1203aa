"""A WSGI application that a bare check at import guards, and no framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import disjoint.guard

disjoint.guard.check()

Start = Callable[[str, list[tuple[str, str]]], object]


def app(_request: Mapping[str, object], start: Start) -> list[bytes]:
    """Always healthy."""
    start("200 OK", [("Content-Type", "text/plain")])
    return [b"healthy"]
