"""The folder in which a kept demo leaves its files."""

from __future__ import annotations

from pathlib import Path

from disjoint.errors import UsageError, WriteError

from .world import MARK, World

READY = "ready"
_OURS = (".env.production", ".env.staging", "disjoint.toml")


def prepare(directory: Path) -> None:
    """Make the folder, and take away the sign that an earlier demo was ready.

    Raises:
        UsageError: it holds files of the names we write that are not an earlier demo's.
        WriteError: it cannot be made.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name in _OURS:
            path = directory / name
            if path.exists() and not path.read_text(errors="replace").startswith(MARK):
                raise UsageError(f"{path} is not the demo's: name an empty folder with --directory")
        (directory / READY).unlink(missing_ok=True)
    except OSError as error:
        raise WriteError(f"cannot use {directory}: {error.strerror}") from None


def fill(directory: Path, world: World) -> Path:
    """Write the world's files, and last the sign that they are whole; the manifest's path.

    Raises:
        WriteError: the folder cannot be written.
    """
    try:
        manifest = world.write(directory)
        (directory / READY).touch()
    except OSError as error:
        raise WriteError(f"cannot write to {directory}: {error.strerror}") from None
    return manifest
