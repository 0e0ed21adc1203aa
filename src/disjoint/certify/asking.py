"""Ask a program about octets: without a shell, without a file on the disk, without a module slow to load."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

PATIENCE_SECONDS = 10.0
_SILENT = tuple((os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2))


def found(program: str) -> str | None:
    """Where a program is, as PATH says."""
    for folder in os.get_exec_path():
        path = f"{folder}/{program}"
        if folder and os.access(path, os.X_OK):
            return path
    return None


def agrees(program: str, arguments: Sequence[str | bytes], octets: bytes) -> bool:
    """Whether a program ends with 0, given these octets on its standard input.

    Args:
        program: its path.
        arguments: octets among them are put where the program can read them, and their place is told instead.
        octets: its standard input.

    Raises:
        TimeoutError: it gave no answer, and was ended.
        OSError: it cannot be started.
    """
    with _lent([octets, *(each for each in arguments if isinstance(each, bytes))]) as (given, *others):
        places = iter(others)
        words = [f"/dev/fd/{next(places)}" if isinstance(each, bytes) else each for each in arguments]
        return _exit_code([program, *words], given) == 0


def _exit_code(words: list[str], given: int) -> int:
    """In the time zone of our own times: OpenSSH before 9.1 knows none other than the machine's."""
    variables = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
    over, running = os.pipe()  # its end is the program's end
    os.set_inheritable(running, True)
    try:
        actions = [(os.POSIX_SPAWN_DUP2, given, 0), *_SILENT]
        process = os.posix_spawn(words[0], words, variables, file_actions=actions)
        os.close(running)
        running = -1
        if not select.select([over], [], [], PATIENCE_SECONDS)[0]:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            raise TimeoutError
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    finally:
        os.close(over)
        if running >= 0:
            os.close(running)


@contextmanager
def _lent(contents: list[bytes]) -> Iterator[list[int]]:
    """Descriptors that a program may read these from, each at its beginning."""
    lent: list[int] = []
    try:
        for content in contents:
            lent.append(_nameless())
            with open(lent[-1], "wb", closefd=False) as file:
                file.write(content)
            os.lseek(lent[-1], 0, os.SEEK_SET)
        yield lent
    finally:
        for descriptor in lent:
            os.close(descriptor)


def _nameless() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("disjoint", 0)
    import tempfile  # noqa: PLC0415  (where there is no memory to lend)

    with tempfile.TemporaryFile() as file:
        descriptor = os.dup(file.fileno())
    os.set_inheritable(descriptor, True)
    return descriptor
