"""Run one way to answer in a process of its own, and see what it takes: time, memory, octets on the wire."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from overlap_data import DOMAIN, Ground

HERE = Path(__file__).resolve().parent
SECONDS = 120.0
"""For a peer; then it is stopped."""
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Way:
    """One way to answer: a function of a program, the interpreter that has its libraries, and its options."""

    python: str
    program: str
    name: str
    options: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Taken:
    """What one run took."""

    seconds: float
    """From its first connection to its answer; libraries are loaded before."""
    processor: float
    """Seconds of it and of both servers together: what noise on the machine changes least."""
    told: dict[str, Any]
    """What it said itself: ``found``, ``rss_mb``."""
    failed: str = ""


class Runner:
    """Runs ways against a database of both servers."""

    def __init__(self, ground: Ground, database: str) -> None:
        self._ground = ground
        self._database = database

    def run(self, way: Way, ports: Sequence[int] = (), seconds: float = 600) -> Taken:
        """Once, in a fresh process. Never raises: a failure is told."""
        job, command = self._job(way, ports), _command(way)
        before = self._processor()
        started = time.monotonic()
        try:
            ended = subprocess.run(
                command, input=job, capture_output=True, text=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            return Taken(seconds, 0, {}, f"not within {seconds:g} s")
        if ended.returncode:
            return Taken(time.monotonic() - started, 0, {}, ended.stderr.strip().splitlines()[-1][:300])
        told = json.loads(ended.stdout)
        time.sleep(0.2)  # a server counts a connection's processor time when it is gone
        return Taken(told.pop("seconds"), told.pop("processor") + self._processor() - before, told)

    @contextlib.contextmanager
    def repeated(self, way: Way) -> Iterator[Repeated]:
        """One run after the other, held whenever they are not let go on; none outlives the context."""
        runs = Repeated(_command(way), self._job(way))
        try:
            yield runs
        finally:
            runs.stop()

    def in_turn(self, ways: dict[str, Way], rounds: int) -> dict[str, list[Taken]]:
        """Every run of each way, round by round."""
        taken: dict[str, list[Taken]] = {name: [] for name in ways}
        for name, way in list(ways.items()) * rounds:
            run = self.run(way)
            if run.failed:
                raise RuntimeError(f"{name}: {run.failed}")
            taken[name].append(run)
        return taken

    def wire(self, way: Way, seconds: float = 600) -> tuple[Taken, Wire]:
        """Once more, with every octet of both servers counted and looked at on its way."""
        with counting(self._ground.ports) as wire:
            taken = self.run(way, wire.ports, seconds)
        return taken, wire

    def _job(self, way: Way, ports: Sequence[int] = ()) -> str:
        return json.dumps(
            {
                "ports": list(ports or self._ground.ports),
                "database": self._database,
                "password": self._ground.password,
                "admin": self._ground.staging.password,
                **way.options,
            }
        )

    def _processor(self) -> float:
        """Seconds that both servers' ended connections have taken."""
        return sum(_ended(server.process.pid) for server in self._ground.servers)


class Repeated:
    """Runs of one way, each in a fresh process. What is held has its connections still, and asks nothing."""

    def __init__(self, command: list[str], job: str) -> None:
        self._command, self._job = command, job
        self._process: subprocess.Popen[str] | None = None
        self.ended = 0

    def go_on(self, seconds: float) -> None:
        """Let them run for so long. Raises where one fails."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            process = self._process = self._process or self._begun()
            process.send_signal(signal.SIGCONT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(left)
                self._see(process)
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def stop(self) -> None:
        """End the one that is going on."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _begun(self) -> subprocess.Popen[str]:
        pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
        process = subprocess.Popen(self._command, stdin=pipe, stdout=nowhere, stderr=pipe, text=True)
        assert process.stdin is not None
        with process.stdin as opened:
            opened.write(self._job)
        return process

    def _see(self, process: subprocess.Popen[str]) -> None:
        if process.returncode:
            assert process.stderr is not None
            said = process.stderr.read().strip().splitlines() or [f"{process.returncode}"]
            raise RuntimeError(f"{self._command[-1]} failed beside a load: {said[-1][:300]}")
        self.ended += 1
        self._process = None


def _command(way: Way) -> list[str]:
    return [way.python, str(HERE / way.program), way.name]


def _ended(pid: int) -> float:
    """Of a process's children that are gone, by its parent's books."""
    numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(numbers[13]) + int(numbers[14])) / _TICKS


def median(taken: Sequence[Taken], of: str = "seconds") -> float:
    """Of their times (or ``processor``)."""
    return statistics.median(getattr(each, of) for each in taken)


@dataclass(slots=True)
class Wire:
    """What came from both servers."""

    ports: list[int] = field(default_factory=list)
    octets: int = 0
    values: int = 0
    """Addresses in clear text among them."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def passed(self, octets: int, values: int) -> None:
        """Count."""
        with self._lock:
            self.octets += octets
            self.values += values


@contextlib.contextmanager
def counting(ports: Sequence[int]) -> Iterator[Wire]:
    """A port of 127.0.0.1 in front of each of these, as long as the context lasts."""
    wire = Wire()
    with contextlib.ExitStack() as stack:
        for port in ports:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            wire.ports.append(listener.getsockname()[1])
            threading.Thread(target=_accept, args=(listener, port, wire), daemon=True).start()
        yield wire
        time.sleep(0.2)  # the last octets are on their way


def _accept(listener: socket.socket, port: int, wire: Wire) -> None:
    while True:
        try:
            client, _ = listener.accept()
            server = socket.create_connection(("127.0.0.1", port))
        except OSError:
            return
        threading.Thread(target=_pump, args=(server, client, wire), daemon=True).start()
        threading.Thread(target=_pump, args=(client, server, None), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket, wire: Wire | None) -> None:
    needle, rest = DOMAIN.encode(), b""
    with contextlib.suppress(OSError):
        while octets := source.recv(1 << 20):
            if wire is not None:
                rest += octets
                wire.passed(len(octets), rest.count(needle))
                rest = rest[rest.rfind(needle) + len(needle) :] if needle in rest else rest
                rest = rest[-len(needle) + 1 :]
            sink.sendall(octets)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
