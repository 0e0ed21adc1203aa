"""The account that PostgreSQL runs under: it refuses root, so root lends it an existing one."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from disjoint.errors import DemoError

_CANDIDATES = ("postgres", "nobody", "daemon")


@dataclass(frozen=True, slots=True)
class Account:
    """An existing account other than root."""

    name: str
    user: int
    group: int


def unprivileged() -> Account | None:
    """The account to drop to; None if this process is not root.

    Raises:
        DemoError: root, and the machine has none of the usual accounts.
    """
    if os.geteuid():
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in _CANDIDATES:
        if (entry := known.get(name)) and entry.pw_uid:
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise DemoError(f"PostgreSQL refuses to run as root, and there is no account {' or '.join(_CANDIDATES)}")


def open_to_others(path: Path) -> bool:
    """True if any account may enter the directory, judged by every folder above it."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents))


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)
    return target


def mirror(trees: tuple[Path, ...], destination: Path, skip: Callable[[str, list[str]], set[str]]) -> None:
    """Link or copy installed trees to where another account may read them, same layout."""
    for tree in trees:
        shutil.copytree(tree, destination / tree.name, copy_function=_link, symlinks=True, ignore=skip)
