"""Prove without a process that holds both sides: staging holds marks, production looks, a third one joins.

hold    staging's credentials     observe, place marks, keep them, see them again    -> held half
look    production's credentials  observe, look for the marks                        -> looked half
join    none                      check that the halves belong together, and judge   -> proof
"""

from __future__ import annotations

from .holding import Asked, hold
from .joining import join
from .looking import look, observing
from .side import BUDGET_SECONDS, UNABLE, digest_of, load_side

__all__ = [
    "BUDGET_SECONDS",
    "UNABLE",
    "Asked",
    "digest_of",
    "hold",
    "join",
    "load_side",
    "look",
    "observing",
]
