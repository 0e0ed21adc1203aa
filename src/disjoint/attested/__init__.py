"""Staging as its own deployed process attests it: it holds the marks, this process looks for them.

1. ask      a nonce to the process's URL; it observes its servers and places its marks
            meanwhile production is observed here
2. look     for these marks, at production's servers and with production's own observer
3. wait     until the process has seen its marks again
4. join     both halves, and judge them: docs/adr/0017-attested.md
"""

from __future__ import annotations

from .asking import VARIABLE, shown
from .proving import proven

__all__ = ["VARIABLE", "proven", "shown"]
