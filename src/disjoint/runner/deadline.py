"""One end for everything: sockets still open when it comes are shut down under their owner.

A per-read timeout is no deadline: a server that drips one octet a second renews it for
ever. Shutting the socket down ends any client library's wait, whatever it loops on.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from typing import Self

from disjoint.model.probe import ProbeError


class Deadline:
    """A moment by which every watched socket is dead. Use as a context manager."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._ends = time.monotonic() + seconds
        self._watched: dict[int, int] = {}
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def left(self) -> float:
        """Seconds left, 0 at the end."""
        return max(0.0, self._ends - time.monotonic())

    def remaining(self) -> float:
        """Seconds left.

        Raises:
            ProbeError: nothing is left.
        """
        if (left := self.left()) <= 0:
            raise ProbeError(f"not answered within the {self.seconds:g} s allowed", "raise --budget")
        return left

    def within(self, seconds: float) -> Deadline:
        """A nearer deadline that never outlives this one."""
        return Deadline(min(seconds, self.remaining()))

    @contextlib.contextmanager
    def watching(self, fd: int) -> Iterator[None]:
        """Watch a socket for as long as the block lasts."""
        self.watch(fd)
        try:
            yield
        finally:
            with self._lock:
                self._watched.pop(fd, None)

    def watch(self, fd: int) -> None:
        """Watch a socket for good. It may be closed, or wrapped in TLS, at any time."""
        with self._lock:
            self._watched[fd] = os.fstat(fd).st_ino
            if self._timer is None:
                # not before there is something to cut: a process with a thread of its own is not forked
                self._timer = threading.Timer(self.left(), self._cut_all)
                self._timer.daemon = True
                self._timer.start()
        if self.left() <= 0:
            self._cut_all()

    def _cut_all(self) -> None:
        with self._lock:
            watched = list(self._watched.items())
        for fd, inode in watched:
            _shut_down(fd, inode)


def _shut_down(fd: int, inode: int) -> None:
    """Shut down the socket that `fd` was when it was watched; not what reuses its number."""
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(fd)) as twin:
        if os.fstat(twin.fileno()).st_ino == inode:
            twin.shutdown(socket.SHUT_RDWR)
