"""Starts real servers that cannot outlive it, and stops them in reverse order.

A child asks the kernel for a signal at its parent's death, and that follows the *thread* that started it:
so one thread starts all of them and lives as long as the supervisor. Where the kernel has no such signal,
and for the folder that a killed supervisor leaves, a sweeper waits on a pipe.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from disjoint.errors import DemoError

from .account import Account, open_to_others, unprivileged
from .process import Process, Program
from .sweeper import Sweeper

_ATTEMPTS = 5
_PATIENCE = 5.0
"""Seconds that a server has to end in order."""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody held a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class Supervisor:
    """A context: leaving it stops everything it started and removes what they wrote.

    Args:
        logs: where the servers' logs go and stay; None: with everything else, removed at the end.

    Raises:
        DemoError: no account for PostgreSQL, or no folder that this account can enter.
    """

    def __init__(self, logs: Path | None = None) -> None:
        self.account = unprivileged()
        self.directory = Path(tempfile.mkdtemp(prefix="disjoint-"))
        self.directory.chmod(0o755 if self.account else 0o700)
        if self.account and not open_to_others(self.directory):
            shutil.rmtree(self.directory)
            raise DemoError(
                f"the account {self.account.name}, which runs PostgreSQL for root, "
                "cannot enter the folder for temporary files: set TMPDIR to one that it can"
            )
        self.logs = logs or self.directory / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self._processes: list[Process] = []
        self._secrets: set[str] = set()
        self._names = 0
        self._ports: set[int] = set()
        self._closed = False
        self._lock = threading.Lock()
        self.once = threading.Lock()
        """Held while something all servers share is prepared."""
        self._starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="supervisor")
        self._sweeper = Sweeper(self.directory)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop everything, last started first, and remove the folder. Safe to call again."""
        if self._closed:
            return
        self._closed = True
        self._starter.submit(int).result()  # whatever was being started is in the list now
        with self._lock:
            processes, self._processes = self._processes[::-1], []
        deadline = time.monotonic() + _PATIENCE
        for process in processes:  # all before waiting for any: they end side by side
            process.ask()
            time.sleep(0.01)
        for process in processes:
            process.wait(max(0.1, deadline - time.monotonic()))
        shutil.rmtree(self.directory, ignore_errors=True)
        self._sweeper.dismiss()
        self._starter.shutdown()

    def folder(self, name: str, owner: Account | None = None) -> Path:
        """A fresh folder for one server, its owner's alone; ours, if there is no other."""
        with self._lock:
            self._names += 1
            place = self.directory / f"{name}-{self._names}"
        place.mkdir(mode=0o700)
        if owner:
            os.chown(place, owner.user, owner.group)
        return place

    def secret(self, length: int = 24) -> str:
        """A fresh random credential; hidden in every message of this supervisor."""
        made = secrets.token_urlsafe(length).replace("-", "x").replace("_", "y")
        self._secrets.add(made)
        return made

    def hide(self, text: str) -> str:
        """The text without this supervisor's credentials."""
        for credential in self._secrets:
            text = text.replace(credential, "•••")
        return text

    def spawn(self, name: str, program: Program) -> Process:
        """Start a program; it is not awaited. Any thread may call this.

        Raises:
            DemoError: the supervisor is closing.
        """
        return self._starter.submit(self._spawn, name, program).result()

    def run(self, name: str, program: Program, seconds: float = 60) -> None:
        """Run a program to its end.

        Raises:
            DemoError: it failed or took too long; the message ends with its last words.
        """
        process = self.spawn(name, program)
        deadline = time.monotonic() + seconds
        while process.alive and time.monotonic() < deadline:
            time.sleep(0.01)
        ended = not process.alive
        self.stop(process)
        if not ended or process.code:
            raise DemoError(self._failure(process, "failed" if ended else f"took over {seconds:.0f} s"))

    def serve(
        self, name: str, program: Callable[[int], Program], ready: Callable[[int], bool], seconds: float = 30
    ) -> tuple[Process, int]:
        """Start a server on a free port of 127.0.0.1 and wait until it answers.

        Args:
            name: for people: ``postgres-production``.
            program: what to run for a port.
            ready: asks the server on that port; false or OSError: not yet.
            seconds: how long to wait.

        Raises:
            DemoError: it ended or never answered; the message ends with its last log lines.
        """
        for left in reversed(range(_ATTEMPTS)):
            port = self._port()
            process = self.spawn(name, program(port))
            try:
                self.until(process, partial(ready, port), seconds)
            except DemoError:
                self.stop(process)
                if not left or "in use" not in process.tail:  # another process took the port first
                    raise
            else:
                return process, port
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _port(self) -> int:
        """A free port that none of these servers was given: one may not have bound its own yet."""
        with self._lock:
            while (port := free_port()) in self._ports:
                pass
            self._ports.add(port)
            return port

    def until(self, process: Process, ready: Callable[[], bool], seconds: float = 30) -> None:
        """Wait until a process is ready.

        Raises:
            DemoError: it ended, or the time did.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not process.alive:
                raise DemoError(self._failure(process, "ended while starting"))
            with suppress(OSError):
                if ready() and process.alive:  # alive: another process may answer on its port
                    return
            time.sleep(0.02)
        raise DemoError(self._failure(process, f"did not answer within {seconds:.0f} s"))

    def stop(self, process: Process) -> None:
        """Stop one process now."""
        process.ask()
        process.wait(_PATIENCE)
        with self._lock:
            if process in self._processes:
                self._processes.remove(process)
        self._sweeper.stopped(process.pid)

    def _spawn(self, name: str, program: Program) -> Process:
        if self._closed:
            raise DemoError(f"{name} was not started: everything is being stopped")
        process = Process.start(name, program, self.logs / f"{name}.log", self.directory)
        with self._lock:
            self._processes.append(process)
        self._sweeper.started(process.pid)
        return process

    def _failure(self, process: Process, what: str) -> str:
        return self.hide(f"{process.name} {what}: {process.tail or 'its log is empty'}")
