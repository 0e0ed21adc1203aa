"""Who compared what, and when: each comparison with a file answers whatever the file's maker put into it.

Whoever may write to staging may plant guesses there, have them counted in a file, and read in the verdict
whether production holds them. So comparisons are few, and every one is written down before it is made.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from disjoint.errors import UnprovenError, WriteError

from .keys import state

MOST = 10
"""Comparisons in a day and for one manifest."""
DAY = timedelta(hours=24)


class Entry(NamedTuple):
    """One comparison."""

    at: datetime
    made_at: datetime
    """When the file was begun."""
    run: str
    """The file's own name."""
    content: str
    """Its digest."""


def entered(manifest: str, entry: Entry, *, despite: bool = False) -> Path:
    """Write a comparison down, if it may be made; where it was written.

    Raises:
        UnprovenError: there were enough of them today, or a newer file was compared already.
        WriteError: it cannot be written down: then it is not made.
    """
    path = state() / "censuses" / f"{manifest.removeprefix('sha256:')[:16]}.jsonl"
    with _locked(path) as descriptor:
        before = _read(descriptor, path)
        _expect_newest(before, entry)
        recent = [each for each in before if entry.at - DAY < each.at]
        if len(recent) >= MOST and not despite:
            free = min(each.at for each in recent) + DAY
            raise UnprovenError(
                f"{len(recent)} files were compared within a day, and each tells its maker something of "
                f"production: the next is due at {free:%Y-%m-%d %H:%M} UTC (--despite-limit); see {path}"
            )
        _append(descriptor, {"compared": _plain(entry)})
    return path


def noted(path: Path, run: str, counts: object) -> None:
    """Write down what came of it.

    Raises:
        WriteError: it cannot be written.
    """
    with _locked(path) as descriptor:
        _append(descriptor, {"found": {"run": run, "counts": counts}})


def _expect_newest(before: list[Entry], entry: Entry) -> None:
    newest = max((each.made_at for each in before), default=entry.made_at)
    if entry.made_at < newest:
        raise UnprovenError(
            f"the file was made on {entry.made_at:%Y-%m-%d %H:%M} UTC, and one that was made on "
            f"{newest:%Y-%m-%d %H:%M} UTC was compared already: take the newest"
        )


def _plain(entry: Entry) -> dict[str, str]:
    times = {"at": entry.at.isoformat(), "madeAt": entry.made_at.isoformat()}
    return {**times, "run": entry.run, "content": entry.content}


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[int]:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise WriteError(f"cannot use {path}: {error.strerror}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    except OSError as error:
        raise WriteError(f"cannot use {path}: {error.strerror}") from None
    finally:
        os.close(descriptor)


def _read(descriptor: int, path: Path) -> list[Entry]:
    with os.fdopen(os.dup(descriptor), "rb") as stream:
        stream.seek(0)
        lines = stream.read().splitlines()
    try:
        return [_entry(stated["compared"]) for line in lines if "compared" in (stated := json.loads(line))]
    except (ValueError, TypeError, KeyError, AttributeError):
        raise WriteError(f"{path} is not as it was written: move it away, and see why") from None


def _entry(stated: Any) -> Entry:
    at, made_at = (datetime.fromisoformat(stated[name]) for name in ("at", "madeAt"))
    return Entry(at, made_at, str(stated["run"]), str(stated["content"]))


def _append(descriptor: int, line: object) -> None:
    """Add a line; nothing of it stays where the disk has no room for all of it."""
    octets, before = json.dumps(line, sort_keys=True).encode() + b"\n", os.fstat(descriptor).st_size
    try:
        left = memoryview(octets)
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, before)
        raise
