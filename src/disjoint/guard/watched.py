"""With which code a refusal ends, so that a server starts no other process in its place."""

from __future__ import annotations

import sys

from .verdict import REFUSES

DID_NOT_BOOT = 3
"""Of a worker: gunicorn and uvicorn stop on it; on any other code they start a worker again, without end."""


def code_here() -> int:
    """The code of a refusal in this process."""
    return DID_NOT_BOOT if _is_watched() else REFUSES


def code_in_lifespan() -> int | None:
    """The code of this process if its ASGI application does not start; None: under a server unknown here."""
    return DID_NOT_BOOT if {"gunicorn.arbiter", "uvicorn.lifespan.on"} & sys.modules.keys() else None


def _is_watched() -> bool:
    """Whether a server waits for this process and would start another."""
    if "gunicorn.arbiter" in sys.modules:
        return True
    processes = sys.modules.get("multiprocessing.process")  # a process that was not spawned may lack it
    return "uvicorn" in sys.modules and processes is not None and processes.parent_process() is not None
