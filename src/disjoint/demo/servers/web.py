"""HTTP services of the embedded world: what an application's API and web pages look like from outside."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from disjoint.demo.process import PROGRAMS, Process, Program
from disjoint.demo.supervisor import Supervisor


@dataclass(frozen=True, slots=True)
class Page:
    """One answer."""

    body: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "text/html; charset=utf-8"})


def health(environment: str, deployment: str) -> Page:
    """The answer that the specification asks of /health, with a deployment identity."""
    body = {"status": "healthy", "environment": environment, "deployment": deployment}
    return Page(json.dumps(body), headers={"content-type": "application/json"})


@dataclass(slots=True)
class WebServer:
    """A running HTTP or HTTPS service with fixed pages."""

    supervisor: Supervisor
    name: str
    process: Process
    port: int

    @classmethod
    def start(
        cls, supervisor: Supervisor, name: str, pages: Mapping[str, Page], *, certificate: Path | None = None
    ) -> Self:
        """Start it; `certificate` is a PEM file with chain and key.

        Raises:
            DemoError: it did not start.
        """
        settings = supervisor.folder(name) / "pages.json"
        read = {path: asdict(page) for path, page in pages.items()}
        settings.write_text(json.dumps({"pages": read, "certificate": certificate and str(certificate)}))

        def program(port: int) -> Program:
            argv = (sys.executable, "-I", "-S", str(PROGRAMS / "web.py"), str(port), str(settings))
            return Program(argv)

        process, port = supervisor.serve(name, program, listening)
        return cls(supervisor, name, process, port)

    def stop(self) -> None:
        """Stop the service."""
        self.supervisor.stop(self.process)


def listening(port: int) -> bool:
    """True once something accepts connections there."""
    socket.create_connection(("127.0.0.1", port), timeout=2).close()
    return True
