"""How a refusal ends in a server's worker, so that the server starts no other in its place."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Mapping

from disjoint.guard import Checked, Refused, check

DID_NOT_BOOT = 3
"""Of a worker: gunicorn and uvicorn stop on it; on any other code they start a worker again, without end."""


def checked_here(
    seal: str | None = None,
    *,
    mode: str | None = None,
    variables: Mapping[str, str] | None = None,
    deep: bool = False,
) -> Checked:
    """Check this process as `check` does; in a server's worker a refusal has the code that stops the server.

    Raises:
        Refused: with code 78, or 3 where gunicorn or uvicorn watches this process.
    """
    try:
        return check(seal, mode=mode, variables=variables, deep=deep)
    except Refused as refused:
        if is_watched():
            refused.code = DID_NOT_BOOT
        raise


def is_watched() -> bool:
    """Whether a server waits for this process and would start another."""
    if "gunicorn.arbiter" in sys.modules:
        return True
    return "uvicorn" in sys.modules and multiprocessing.parent_process() is not None
