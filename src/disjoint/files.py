"""Read a small text file, whatever stands at the path: never hang, never quote."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from disjoint.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

LIMIT = 1 << 20
"""Octets. Linux passes a process at most 2 MiB of variables and arguments by default."""

_WHY = {
    errno.ENOENT: "there is no such file",
    errno.EACCES: "this user may not read it",
    errno.EPERM: "this user may not read it",
    errno.ENOTDIR: "a part of its path is no directory",
    errno.ELOOP: "its symbolic links lead in a circle",
    errno.ENAMETOOLONG: "its name is too long",
    errno.ENXIO: "it is not a regular file",
}

_NATURE = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class TextFile(NamedTuple):
    """A file's text without its byte order mark, and who may read it."""

    text: str
    readable_by_all: bool


Refuse = Callable[[str], UsageError]
"""The caller's own error, made of one sentence."""


def read_text(path: Path | str, shown: str, refuse: Refuse, limit: int = LIMIT) -> TextFile:
    """Read a regular UTF-8 file of at most `limit` octets.

    Opened without blocking and judged before the first read: a pipe with no writer,
    a terminal or a huge file is an answer, not a wait.

    Raises:
        UsageError: of the class that `refuse` is; naming `shown`, and the line where the text is at fault.
    """
    octets, mode = _read(path, shown, refuse, limit)
    return TextFile(_decode(octets, shown, refuse), bool(mode & stat.S_IROTH))


def read_octets(path: Path | str, shown: str, refuse: Refuse, limit: int = LIMIT) -> bytes:
    """The same of what is signed, octet for octet: not even a byte order mark is left out.

    Raises:
        UsageError: as above, but for what the text is.
    """
    return _read(path, shown, refuse, limit)[0]


def _read(path: Path | str, shown: str, refuse: Refuse, limit: int) -> tuple[bytes, int]:
    try:
        return _opened(path, shown, refuse, limit)
    except OSError as error:
        why = _WHY.get(error.errno or 0, "it cannot be read")
        raise refuse(f"{shown}: {why}") from None
    except ValueError:  # the path itself holds a NUL
        raise refuse(f"{shown!r}: no file can have this name") from None


def _opened(path: Path | str, shown: str, refuse: Refuse, limit: int) -> tuple[bytes, int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        status = os.fstat(descriptor)
        for is_it, what in _NATURE:
            if is_it(status.st_mode):
                raise refuse(f"{shown}: is {what}, not a regular file")
        if status.st_size <= limit:
            with open(descriptor, "rb", closefd=False) as file:
                octets = file.read(limit + 1)
            if len(octets) <= limit:
                return octets, status.st_mode
        raise refuse(f"{shown}: is larger than {limit >> 20} MiB")
    finally:
        os.close(descriptor)


def _decode(octets: bytes, shown: str, refuse: Refuse) -> str:
    if octets.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise refuse(f"{shown}: is UTF-16 text; save it as UTF-8")
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refuse(f"{shown}:{_line(octets, error.start)}: is not UTF-8 text") from None
    if "\0" in text:
        line = _line(octets, octets.index(b"\0"))
        raise refuse(f"{shown}:{line}: holds a NUL")
    return text


def _line(octets: bytes, offset: int) -> int:
    before = octets[:offset].replace(b"\r\n", b"\n")
    return before.count(b"\n") + before.count(b"\r") + 1
