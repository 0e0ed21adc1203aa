"""Ends that come from outside become exceptions, so that every server is stopped in order."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_POLITE = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


@contextmanager
def orderly() -> Iterator[None]:
    """Within, SIGTERM and SIGHUP raise SystemExit and SIGINT raises KeyboardInterrupt.

    A shell starts background jobs with SIGINT ignored; ``kill -INT`` must end the demo there too.
    Main thread only, as Python's signals are. A SIGHUP that is ignored (nohup) stays so.
    """
    wanted = {number: _leave for number in _POLITE if signal.getsignal(number) is not signal.SIG_IGN}
    before = {number: signal.signal(number, leave) for number, leave in wanted.items()}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


def until_told() -> None:
    """Wait for any of them."""
    try:
        while True:
            signal.pause()
    except (KeyboardInterrupt, SystemExit):
        return
