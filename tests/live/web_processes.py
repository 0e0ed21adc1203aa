"""Web servers as real processes: started, asked for their health, and ended with everything they started."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

BESIDE = Path(sys.executable).parent
HERE = Path(__file__).parent
PATIENCE_SECONDS = 30.0
_BETWEEN = 0.05


class Server(NamedTuple):
    """How an application is served, and with which code a refusal ends."""

    command: tuple[str, ...]
    """Where `PORT` stands for a free one."""
    refuses_with: frozenset[int]
    workers: int = 1
    """How many processes refuse at most: more of them were started in vain."""
    optimised: bool = False


class Ran(NamedTuple):
    """What became of a server."""

    status: int | None
    """Of `/health`; None where the server ended without serving."""
    body: str
    code: int
    said: str
    left: tuple[int, ...]
    """Processes that outlived it."""


def ran(server: Server, variables: Mapping[str, str], folder: Path) -> Ran:
    """Start a server, ask for its health until it answers or ends, and end it."""
    port = _free_port()
    said = folder / f"said-{port}.txt"
    with said.open("wb") as output:
        process = subprocess.Popen(
            _words(server, port),
            env=_environment(variables, folder, optimised=server.optimised),
            cwd=HERE,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        answered = _health(process, port)
        if answered is not None:
            process.terminate()
        code = process.wait(PATIENCE_SECONDS)
        left = _left(process.pid)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    status, body = answered or (None, "")
    return Ran(status, body, code, said.read_text(), left)


def _words(server: Server, port: int) -> list[str]:
    program, *rest = (word.replace("PORT", str(port)) for word in server.command)
    return [str(BESIDE / program), *rest]


def _environment(variables: Mapping[str, str], folder: Path, *, optimised: bool) -> dict[str, str]:
    mine = {"PATH": f"{BESIDE}:/usr/bin:/bin", "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return {**mine, **variables, **({"PYTHONOPTIMIZE": "1"} if optimised else {})}


def _health(process: subprocess.Popen[bytes], port: int) -> tuple[int, str] | None:
    """The first answer of `/health`; None once the process has ended."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None:
        assert time.monotonic() < ends, "it neither serves nor ends"
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            try:
                connection.request("GET", "/health")
                answer = connection.getresponse()
                return answer.status, answer.read().decode()
            finally:
                connection.close()
        time.sleep(_BETWEEN)
    return None


def _left(group: int) -> tuple[int, ...]:
    """Processes of the group that live half a second after their server; a watcher's children end by then."""
    ends = time.monotonic() + 5
    while (living := _living(group)) and time.monotonic() < ends:
        time.sleep(_BETWEEN)
    return living


def _living(group: int) -> tuple[int, ...]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _parent, own = stat.read_text().rpartition(")")[2].split()[:3]
            if own == str(group) and state != "Z":
                found.append(int(stat.parent.name))
    return tuple(found)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
