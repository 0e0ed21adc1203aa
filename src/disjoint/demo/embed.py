"""Start the embedded world, break it as told, and write it down; stop it however the caller leaves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import stack
from .catalogue.every import broken
from .catalogue.leak import Leak
from .place import READY, fill, prepare
from .signals import orderly, until_told
from .supervisor import Supervisor
from .world import clean

__all__ = ["embedded", "until_told"]


@contextmanager
def embedded(
    leaks: tuple[Leak, ...], progress: stack.Progress, directory: Path | None = None
) -> Iterator[tuple[Path, Path]]:
    """The folder and the manifest of a world that runs as long as the context lasts.

    Args:
        leaks: made one after the other.
        progress: told of every part that stands.
        directory: where its files go and stay; None: with its servers' own, removed at the end.

    Raises:
        DemoError: a part did not start.
        UsageError, WriteError: the folder cannot be used.
    """
    if directory:
        prepare(directory)
    with orderly(), Supervisor() as supervisor:
        place = directory or supervisor.folder("world")
        world = broken(clean(stack.start(supervisor, progress)), leaks)
        for leak in leaks:
            progress(f"leak {leak.name}: {leak.about}")
        try:
            yield place, fill(place, world)
        finally:
            (place / READY).unlink(missing_ok=True)
