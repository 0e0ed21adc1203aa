"""Wait for the supervisor's end, and clear up after it if it could not.

Run by path with ``python -I -S``: ``sweep.py DIRECTORY``. Standard input is a pipe from the supervisor:
``+PID`` when it starts a process, ``-PID`` when it has stopped one, ``done`` when it leaves in order. The
end of the pipe without that word means that it was killed.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_PATIENCE = 1.5
"""Seconds left to the processes to end by themselves, which a PostgreSQL does in order."""
_LIMIT = 2.5
"""Seconds for removing files: nothing that was started may live five seconds longer than the supervisor."""


def orphans(lines: Iterable[str]) -> list[int] | None:
    """Read to the end; the processes that still ran, or None if the supervisor left in order."""
    running: dict[int, None] = {}
    for line in lines:
        match line[:1], line[1:].strip():
            case "+", pid:
                running[int(pid)] = None
            case "-", pid:
                running.pop(int(pid), None)
            case _:
                return None
    return list(running)


def end(pid: int) -> None:
    """Kill a process and its group, if it still is the leader that the supervisor started."""
    with suppress(ProcessLookupError, PermissionError):
        if os.getsid(pid) == pid:
            os.killpg(pid, signal.SIGKILL)


def clear(directory: Path) -> None:
    """Remove the directory, again as long as an ending server writes into it; give up on a stalled disk."""
    deadline = time.monotonic() + _LIMIT
    while directory.exists() and time.monotonic() < deadline:
        for folder, folders, files in os.walk(directory, topdown=False):
            for remove, names in ((os.unlink, files), (_remove_folder, folders)):
                for name in names:
                    with suppress(OSError):
                        remove(os.path.join(folder, name))  # noqa: PTH118  thousands of files: no objects
            if time.monotonic() > deadline:
                return
        with suppress(OSError):
            directory.rmdir()


def _remove_folder(path: str) -> None:
    """A link to a folder goes, and not what it leads to."""
    (os.unlink if os.path.islink(path) else os.rmdir)(path)  # noqa: PTH114


def main(directory: Path) -> None:
    """Sweep once the pipe ends."""
    left = orphans(sys.stdin)
    if left is None:
        return
    time.sleep(_PATIENCE)
    for pid in left:
        end(pid)
    clear(directory)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
