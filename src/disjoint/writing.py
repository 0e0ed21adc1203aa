"""Write a file whole or not at all: after a full disk or a kill, the old one or the new one stands."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from disjoint.errors import WriteError

_UNABLE = frozenset((errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT))
"""How a filesystem says that it has no files without a name."""


def write_whole(path: Path, content: bytes | str, mode: int = 0o666) -> None:
    """Replace a file in one step; what was there stays whole if anything fails.

    What a symbolic link names is replaced, not the link; a pipe or a device is written to.

    Raises:
        WriteError: the place cannot be written; or it is, and may not outlast a power cut.
    """
    octets = content.encode() if isinstance(content, str) else content
    try:
        place = path.resolve()
        if path.exists() and not place.is_file():
            _pour(path, octets)
        else:
            _replace(place, octets, mode)
    except (OSError, RuntimeError, ValueError) as error:
        raise _unwritten(path, error) from None


def write_once(path: Path, octets: bytes, mode: int) -> bool:
    """Make a file that nobody made before; whether this call made it. Of two at once, one wins.

    Raises:
        WriteError: the place cannot be written; or it is, and may not outlast a power cut.
    """
    try:
        with _drafted(path, octets, mode) as draft:
            draft.link(path)
        _settle(path)
    except FileExistsError:
        return False
    except (OSError, ValueError) as error:
        raise _unwritten(path, error) from None
    return True


def expect_room(path: Path, octets: int = 1 << 16) -> None:
    """Whether so much more could be written beside a path; it is gone again when this returns.

    Raises:
        WriteError: it could not.
    """
    try:
        with _drafted(path, bytes(octets), 0o600):
            pass
    except (OSError, ValueError) as error:
        raise _unwritten(path, error) from None


def _unwritten(path: Path, error: Exception) -> WriteError:
    why = error.strerror if isinstance(error, OSError) else "no file can have this name"
    return WriteError(f"cannot write {path}: {why}")


class _Draft(NamedTuple):
    """A file on the disk that nobody can take for the one it will be."""

    descriptor: int
    path: Path
    """Where it is, or where it may be: a nameless one is gone with its process."""

    def link(self, to: Path) -> None:
        if os.fstat(self.descriptor).st_nlink:
            os.link(self.path, to)
        else:  # a folder's descriptor is asked for, though not used, so that the link in /proc is followed
            os.link(f"/proc/self/fd/{self.descriptor}", to, src_dir_fd=self.descriptor)


def _replace(path: Path, octets: bytes, mode: int) -> None:
    _sweep(path)
    with _drafted(path, octets, mode) as draft:
        if not os.fstat(draft.descriptor).st_nlink:
            draft.link(draft.path)
        draft.path.replace(path)
    _settle(path)


@contextlib.contextmanager
def _drafted(path: Path, octets: bytes, mode: int) -> Iterator[_Draft]:
    # a name of its own: in a container each run has the number of the one that was killed before it
    name = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    descriptor = _begun(name, mode)
    try:
        _fill(descriptor, octets)
        yield _Draft(descriptor, name)
    finally:
        with contextlib.suppress(OSError):
            name.unlink()
        os.close(descriptor)


def _begun(name: Path, mode: int) -> int:
    """Open a draft, without a name where the filesystem can; locked, so that nobody sweeps it away."""
    nameless = _nameless(name.parent, mode)
    descriptor = _named_new(name, mode) if nameless is None else nameless
    with contextlib.suppress(OSError):  # where files cannot be locked, none is swept
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    if nameless is not None or os.fstat(descriptor).st_nlink:
        return descriptor
    os.close(descriptor)  # swept before it was locked: nothing is lost
    return _begun(name, mode)


def _named_new(name: Path, mode: int) -> int:
    return os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)


def _nameless(folder: Path, mode: int) -> int | None:
    unnamed = getattr(os, "O_TMPFILE", 0)
    if not unnamed or not Path("/proc/self/fd").exists():
        return None
    try:
        return os.open(folder, unnamed | os.O_WRONLY | os.O_CLOEXEC, mode)
    except OSError as error:
        if error.errno in _UNABLE:
            return None
        raise


def _fill(descriptor: int, octets: bytes) -> None:
    left = memoryview(octets)
    while left:
        left = left[os.write(descriptor, left) :]
    os.fsync(descriptor)


def _settle(path: Path) -> None:
    """Have the folder itself on the disk: until then a power cut may bring the old file back."""
    try:
        descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:
        return  # a folder that may be written to and not be read
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a filesystem that knows no such thing
            raise WriteError(
                f"{path} is written, and may not outlast a power cut: {error.strerror}"
            ) from None
    finally:
        os.close(descriptor)


def _sweep(path: Path) -> None:
    """Take away what killed runs left of the same file: drafts of ours that nobody holds a lock on."""
    ours = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{8}}\.part")
    with contextlib.suppress(OSError), os.scandir(path.parent) as entries:
        for entry in entries:
            if ours.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                _sweep_one(Path(entry.path))


def _sweep_one(draft: Path) -> None:
    with contextlib.suppress(OSError):
        descriptor = os.open(draft, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            draft.unlink()
        finally:
            os.close(descriptor)


def _pour(path: Path, octets: bytes) -> None:
    """Write to what is no file; a pipe that nobody reads is an error, not a wait."""
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    os.set_blocking(descriptor, True)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(octets)


def write_together(files: Mapping[Path, bytes]) -> None:
    """Replace files that belong together, in their order; each is on the disk before the first is replaced.

    A full disk leaves all as they were, and so does a rename that fails, where those before it can be undone.
    A power cut or a kill between two renames may leave some old and some new: what vouches for the others
    comes last.

    Raises:
        WriteError: one of them cannot be written.
    """
    path = next(iter(files), Path())
    try:
        with contextlib.ExitStack() as drafts:
            drafts.enter_context(_turn(path.resolve().parent))
            waiting = {}
            for path, octets in files.items():
                waiting[path] = drafts.enter_context(_named(path.resolve(), octets))
            _replace_all(waiting)
        for path in waiting:
            _settle(path.resolve())
    except (OSError, RuntimeError, ValueError) as error:
        raise _unwritten(path, error) from None


def _replace_all(waiting: Mapping[Path, _Draft]) -> None:
    before: dict[Path, bytes | None] = {}
    try:
        for path, draft in waiting.items():
            place = path.resolve()
            old = place.read_bytes() if place.exists() else None
            draft.path.replace(place)
            before[place] = old
    except OSError:
        for place, old in before.items():
            _put_back(place, old)
        raise


def _put_back(place: Path, old: bytes | None) -> None:
    """What stood there, as far as the disk still takes it; why it failed first is what is told."""
    with contextlib.suppress(OSError, WriteError):
        if old is None:
            place.unlink()
        else:
            _replace(place, old, 0o666)


@contextlib.contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """A folder to oneself among those who ask for their turn: two sets at once would leave some of each."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:
        yield
        return
    try:
        with contextlib.suppress(OSError):  # where folders cannot be locked, nobody waits
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _named(path: Path, octets: bytes) -> Iterator[_Draft]:
    """A draft that has its name already: all that is left is to rename it."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "something that is no file stands there")
    _sweep(path)
    with _drafted(path, octets, 0o666) as draft:
        if not os.fstat(draft.descriptor).st_nlink:
            draft.link(draft.path)
        yield draft
