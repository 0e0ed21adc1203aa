"""Faults of a disk and of life, put into a process of ours one system call at a time, by strace."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self

from lacking import lacking

WRITING = (
    "open", "openat", "mkdir", "mkdirat", "write", "pwrite64", "ftruncate", "fallocate", "fsync", "fdatasync",
    "link", "linkat", "rename", "renameat", "renameat2", "unlink", "unlinkat", "chmod", "fchmod", "fchmodat",
)  # fmt: skip
"""Every call by which a file comes to be, changes, or is on the disk."""
_RANDOM = re.compile(r"#\d+|[0-9a-f]{8}(?=\.part)|projects/[0-9a-f]{16}|fd/\d+")
_CALL = re.compile(r"^(?:\d+\s+)?(\w+)\((.*)")


def _is_in(directory: Path, told: str) -> bool:
    """Whether a call is about a file in a folder: by its descriptor, its whole name, or one from there on."""
    about = re.sub(r"AT_FDCWD<[^>]*>(, )?", "", told)
    return f"{directory}/" in about or re.match(r'"[^/"]', about) is not None


def _lasting(told: str) -> str:
    """What two runs of a call have in common: the files it is about, without random names."""
    files = re.findall(r"[<\"](/[^>\"]*)", told.partition(") = ")[0])
    return " ".join(_RANDOM.sub("*", each) for each in files)


class Call(NamedTuple):
    """One system call of a run."""

    name: str
    number: int
    """The how many-th of its name."""
    told: str


class Fault(NamedTuple):
    """What happens at a call instead."""

    call: Call
    what: str
    """As strace has it: error=ENOSPC, signal=KILL."""

    def __str__(self) -> str:
        return f"{self.what} at {self.call.name} {self.call.number}: {self.call.told[:120]}"


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    """Minus the signal that killed it."""
    out: str
    err: str
    met: bool
    """Whether the fault met the call it was meant for."""


class Runner:
    """The process that forks ours."""

    def __init__(self, scratch: Path) -> None:
        self._strace = shutil.which("strace") or lacking("no strace: apt install strace")
        self._scratch = scratch
        program = Path(__file__).with_name("fault_runner.py")
        self._process = subprocess.Popen(
            [sys.executable, str(program)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)

    def run(
        self,
        arguments: Sequence[str],
        directory: Path,
        variables: Mapping[str, str],
        fault: Fault | None = None,
    ) -> Ended:
        """Run a command; a fault meets it where it is told to."""
        if fault is None:
            return self._watched(arguments, directory, variables, None)
        inject = f"inject={fault.call.name}:{fault.what}:when={fault.call.number}"
        ended = self._watched(arguments, directory, variables, ["-y", "-s", "16", "-e", inject])
        return ended._replace(met=self._met(fault.call, ended.code))

    def calls(self, arguments: Sequence[str], directory: Path, variables: Mapping[str, str]) -> list[Call]:
        """Run a command, and tell every call of its main thread that writes in a folder of the test's."""
        ended = self._watched(arguments, directory, variables, ["-y", "-s", "16"])
        assert ended.code in {0, 3}, ended
        counted: dict[str, int] = {}
        found = []
        for line in (self._scratch / "trace").read_text(errors="replace").splitlines():
            if not (call := _CALL.match(line)):
                continue
            name, told = call.groups()
            counted[name] = counted.get(name, 0) + 1
            if _is_in(directory, told) and ("O_RDONLY" not in told or "O_CREAT" in told):
                found.append(Call(name, counted[name], told))
        return found

    def _watched(
        self,
        arguments: Sequence[str],
        directory: Path,
        variables: Mapping[str, str],
        watch: list[str] | None,
    ) -> Ended:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        out, err = self._scratch / "stdout", self._scratch / "stderr"
        asked = {
            "arguments": list(arguments),
            "directory": str(directory),
            "variables": dict(variables),
            "stdout": str(out),
            "stderr": str(err),
            "modules": "" if watch else str(self._scratch / "modules"),
        }
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        number = int(self._process.stdout.readline())
        strace = None if watch is None else self._attached(number, watch)
        os.kill(number, signal.SIGCONT)
        code = int(self._process.stdout.readline())
        if strace is not None:
            strace.wait(10)
        return Ended(code, out.read_text(), err.read_text(), met=False)

    def _met(self, call: Call, code: int) -> bool:
        lines = (self._scratch / "trace").read_text(errors="replace").splitlines()
        calls = [found.groups() for line in lines if (found := _CALL.match(line))]
        met = [(name, told) for name, told in calls if "(INJECTED)" in told] or calls[-1:] * (code < 0)
        return any(name == call.name and _lasting(told) == _lasting(call.told) for name, told in met)

    def _attached(self, number: int, watch: list[str]) -> subprocess.Popen[str]:
        calls = ",".join(f"?{name}" for name in WRITING)  # not every machine has every one
        strace = subprocess.Popen(
            [
                self._strace,
                "-o",
                str(self._scratch / "trace"),
                "-e",
                f"trace={calls}",
                *watch,
                "-p",
                str(number),
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert strace.stderr is not None
        said = strace.stderr.readline()
        if "attached" not in said:
            os.kill(number, signal.SIGKILL)
            lacking(f"the kernel lets nobody trace here: {said.strip()}")
        return strace
