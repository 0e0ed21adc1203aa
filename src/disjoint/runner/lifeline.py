"""What ties a child to its parent's life: a pipe into which nobody writes.

The system closes the parent's end however the parent goes, and the child's end then says so. A
parent's number (`getppid`) says it only to whoever asks again and again.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
import threading

_KEPT: set[int] = set()
"""The ends that this process has as a parent."""


def _let_go() -> None:
    """Close them in every fork of this process: a child that kept one would pass for its parent."""
    for end in _KEPT:
        os.close(end)
    _KEPT.clear()


os.register_at_fork(after_in_child=_let_go)


class Lifeline:
    """Made before a fork; then `keep` in the parent and `follow` in the child."""

    def __init__(self) -> None:
        self._followed, self._kept = os.pipe()
        _KEPT.add(self._kept)

    def keep(self) -> None:
        """Leave the other end to the child alone."""
        os.close(self._followed)

    def cut(self) -> None:
        """Close the parent's end, which ends a child that still follows."""
        _KEPT.discard(self._kept)
        os.close(self._kept)

    def follow(self) -> None:
        """End this process, and with it its connections, the moment that the parent's end is closed."""
        follow(self._followed)


def follow(end: int) -> None:
    """End this process, and with it its connections, the moment that whoever has the other end is gone.

    Args:
        end: a pipe's, from which nothing but its end of file comes.
    """
    with contextlib.suppress(OSError):
        _have_a_signal_sent(end)
    threading.Thread(target=_end_with, args=(end,), daemon=True).start()


def _have_a_signal_sent(end: int) -> None:
    """Let the kernel end this process: a thread waits for whichever library holds the interpreter's lock.

    Elsewhere than on Linux that signal is ignored unless it is caught, for which the lock is needed again.
    """
    if sys.platform == "linux":
        signal.signal(signal.SIGIO, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGIO})
        fcntl.fcntl(end, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(end, fcntl.F_SETFL, os.O_ASYNC)


def _end_with(end: int) -> None:
    """Wait for the end of file; it is there already where the parent went before anyone waited."""
    with contextlib.suppress(OSError):
        os.read(end, 1)
    os._exit(0)
