"""One program of the embedded world, started so that it ends when its parent does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from .account import Account

PROGRAMS = Path(__file__).parent / "programs"
_TAIL = 8
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "PYTHONPATH", "LD_LIBRARY_PATH")


def inherited() -> dict[str, str]:
    """What every program gets of this process's variables: where programs and libraries are, and no more."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, and as whom."""

    argv: Sequence[str]
    variables: Mapping[str, str] = field(default_factory=dict)
    """Its whole environment beside PATH, HOME and the locale: the caller's own secrets stay out."""
    directory: Path | None = None
    account: Account | None = None
    stop: signal.Signals = signal.SIGTERM
    """Asks it to end in order."""
    death: signal.Signals = signal.SIGKILL
    """Sent by the kernel when the supervisor dies."""


@dataclass(slots=True)
class Process:
    """One running server."""

    name: str
    pid: int
    log: Path
    polite: signal.Signals
    _popen: subprocess.Popen[bytes]

    @classmethod
    def start(cls, name: str, program: Program, log: Path, directory: Path) -> Self:
        """Start it from a thread that lives as long as it may: the kernel's signal follows that thread."""
        account = program.account
        launcher = [
            sys.executable, "-I", "-S", str(PROGRAMS / "launch.py"), str(os.getpid()),
            str(account.user if account else -1), str(account.group if account else -1),
            str(int(program.death)),
        ]  # fmt: skip
        with log.open("ab") as output:
            popen = subprocess.Popen(  # noqa: S603  our own launcher and the programs of installed wheels
                [*launcher, *program.argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=program.directory or directory,
                env=inherited() | dict(program.variables),
                start_new_session=True,
            )
        return cls(name, popen.pid, log, program.stop, popen)

    @property
    def tail(self) -> str:
        """The last lines of its log, in one."""
        lines = self.log.read_text(errors="replace").strip().splitlines() if self.log.exists() else []
        return " | ".join(lines[-_TAIL:])

    @property
    def alive(self) -> bool:
        """False once it has ended."""
        return self._popen.poll() is None

    @property
    def code(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._popen.poll()

    def ask(self) -> None:
        """Ask it to end in order."""
        if self.alive:
            self._popen.send_signal(self.polite)

    def wait(self, patience: float) -> None:
        """Wait for its end, and kill its group if that does not come."""
        try:
            self._popen.wait(patience)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self._popen.wait()
