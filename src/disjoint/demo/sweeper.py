"""The other end of the sweeper's pipe: what it is told while the supervisor lives."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from .process import PROGRAMS, inherited


class Sweeper:
    """A process that clears up after this one, if this one is killed."""

    def __init__(self, directory: Path) -> None:
        self._lock = threading.Lock()
        self._popen = subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-I", "-S", str(PROGRAMS / "sweep.py"), str(directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=inherited(),
            start_new_session=True,
            text=True,
        )

    def started(self, pid: int) -> None:
        """One more process to end."""
        self._tell(f"+{pid}")

    def stopped(self, pid: int) -> None:
        """One less: its number may be another process's soon."""
        self._tell(f"-{pid}")

    def dismiss(self) -> None:
        """Nothing is left to sweep."""
        self._tell("done")
        if self._popen.stdin:
            with suppress(OSError):
                self._popen.stdin.close()
        self._popen.wait()

    def _tell(self, line: str) -> None:
        pipe = self._popen.stdin
        with self._lock, suppress(OSError, ValueError):  # a sweeper that is gone has nothing to sweep
            if pipe and not pipe.closed:
                pipe.write(line + "\n")
                pipe.flush()
