"""Observers in a process of their own: both cores work, and what hangs or dies in C costs its own rows.

Only facts and the texts of commands come back, so no secret crosses the pipe: a Secret refuses
to be pickled. Where a process cannot be forked safely, observers stay threads of this one.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable
from typing import BinaryIO, NoReturn

from .lifeline import Lifeline

Message = tuple[object, object]
"""(index of a job, its result), or (environment, a command about to be sent); `END` when it is over."""
END: Message = (None, None)
Tell = Callable[[Message], None]


def may_fork() -> bool:
    """Forking is safe where nothing else runs: a lock another thread holds would stay held for ever."""
    return sys.platform == "linux" and threading.active_count() == 1


class Crew:
    """A forked process that tells what it finds.

    It ends with its work, and at the latest with `dismiss` or with its parent, however that goes.
    """

    def __init__(self, work: Callable[[Tell], None]) -> None:
        parent = os.getpid()
        reading, writing = os.pipe()
        self._line = Lifeline()
        try:
            self._pid = os.fork()
        except OSError:
            self._line.keep()
            self._line.cut()
            os.close(reading)
            os.close(writing)
            raise
        if self._pid == 0:
            _serve(work, writing, parent, self._line)
        self._line.keep()
        os.close(writing)
        self._pipe = os.fdopen(reading, "rb")
        self._listener: threading.Thread | None = None

    def listen(self, tell: Tell) -> None:
        """Hand on every message as it comes; call when all crews are forked, since it starts a thread."""
        self._listener = threading.Thread(target=_listen, args=(self._pipe, tell), daemon=True)
        self._listener.start()

    def dismiss(self) -> None:
        """End the process if it still runs, and hear what it had told by then."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        self._line.cut()
        if self._listener is not None:
            self._listener.join()
        self._pipe.close()


def _serve(work: Callable[[Tell], None], writing: int, parent: int, line: Lifeline) -> NoReturn:
    """The child: work, tell, and leave without running anything that belongs to the parent."""
    try:
        line.follow()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        with os.fdopen(writing, "wb") as pipe:
            work(_teller(pipe, parent))
    finally:
        # no traceback, no flush of what the parent had buffered: the missing results speak for themselves
        os._exit(0)


def _teller(pipe: BinaryIO, parent: int) -> Tell:
    lock = threading.Lock()

    def tell(message: Message) -> None:
        if os.getppid() != parent:
            # whatever the lifeline does by itself, nothing is sent that nobody counts any more
            os._exit(0)
        # whole or not at all: a result that cannot be pickled must leave no half of itself in the pipe
        octets = pickle.dumps(message)
        with lock:
            pipe.write(octets)
            pipe.flush()

    return tell


def _listen(pipe: BinaryIO, tell: Tell) -> None:
    """Hand on what comes, and `END` when nothing more will, whatever the reason."""
    try:
        while True:
            tell(pickle.load(pipe))  # noqa: S301  (written by our own child)
    except Exception:  # noqa: BLE001  (whatever broke the stream, what is missing is then unknown, at once)
        tell(END)
