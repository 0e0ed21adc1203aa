"""Whether somebody still waits for what a Dask worker does: it goes on with a task that nobody wants."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

LOOK_SECONDS = 0.2
"""Between two looks: a reading whose sender left, or was killed, is over within a second."""


class UnwantedError(Exception):
    """Nobody waits for this task any more: what came of it is no result, whoever asks anew."""


@contextlib.contextmanager
def ended_when_unwanted(end: Callable[[], None]) -> Iterator[None]:
    """Call `end`, from another thread, once the task that runs here is cancelled.

    Raises:
        UnwantedError: it was.
    """
    is_wanted = _asked()
    if not is_wanted():
        raise UnwantedError
    over, left = threading.Event(), threading.Event()

    def watch() -> None:
        while not over.wait(LOOK_SECONDS):
            if not is_wanted():
                left.set()
                end()
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    except Exception:
        if left.is_set():
            raise UnwantedError from None
        raise
    finally:
        over.set()
        watcher.join()


def _asked() -> Callable[[], bool]:
    """Asks this worker of its own task, by the states that Dask documents; outside of a worker, of none."""
    from distributed import get_worker  # noqa: PLC0415  (an extra)

    try:
        worker = get_worker()
    except ValueError:
        return lambda: True
    tasks, key = worker.state.tasks, worker.get_current_task()

    def is_wanted() -> bool:
        task = tasks.get(key)
        return task is not None and task.state != "cancelled"

    return is_wanted
