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

CANARY = "/.well-known/disjoint"
ACCOUNT = "/account"


@dataclass(frozen=True, slots=True)
class Page:
    """One answer."""

    body: str
    status: int = 200
    headers: Mapping[str, str | tuple[str, ...]] = field(
        default_factory=lambda: {"content-type": "text/html; charset=utf-8"}
    )
    """A name with several values is sent once for each."""


def health(environment: str, deployment: str) -> Page:
    """The answer that the specification asks of /health, with a deployment identity."""
    body = {"status": "healthy", "environment": environment, "deployment": deployment}
    return Page(json.dumps(body), headers={"content-type": "application/json"})


@dataclass(frozen=True, slots=True)
class Upstream:
    """Another service's port, and what a proxy in front writes instead of what it answers."""

    port: int
    replace: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Doors:
    """What an application does beside serving its pages."""

    keys: tuple[str, ...] = field(default=(), repr=False)
    """Whose tokens open `token_path`; without one there is no such page."""
    token_path: str = ACCOUNT
    origins: tuple[str, ...] = ()
    """Whose pages may read its answers; ``*`` is everybody, ``any`` repeats whichever origin asks."""
    credentials: bool = False
    canary: str = CANARY
    """Where it keeps a nonce for a minute."""
    upstream: Upstream | None = None
    """Makes it a reverse proxy, and nothing else."""


@dataclass(slots=True)
class WebServer:
    """A running HTTP or HTTPS service."""

    supervisor: Supervisor
    name: str
    process: Process
    port: int
    log: Path

    @classmethod
    def start(
        cls,
        supervisor: Supervisor,
        name: str,
        pages: Mapping[str, Page],
        doors: Doors | None = None,
        *,
        certificate: Path | None = None,
    ) -> Self:
        """Start it; `certificate` is a PEM file with chain and key.

        Raises:
            DemoError: it did not start.
        """
        settings = supervisor.folder(name) / "pages.json"
        read = {path: asdict(page) for path, page in pages.items()}
        said = {**asdict(doors or Doors()), "pages": read, "certificate": certificate and str(certificate)}
        settings.touch(mode=0o600)
        settings.write_text(json.dumps(said))

        def program(port: int) -> Program:
            argv = (sys.executable, "-I", "-S", str(PROGRAMS / "web.py"), str(port), str(settings))
            return Program(argv)

        def ready(port: int) -> bool:
            return settings.with_name("bound").exists() and listening(port)  # not another's on the same port

        process, port = supervisor.serve(name, program, ready)
        return cls(supervisor, name, process, port, settings.with_name("access.log"))

    @property
    def asked(self) -> list[str]:
        """What it was asked so far: ``GET /health 200``, names of a query without their values."""
        return self.log.read_text().splitlines() if self.log.exists() else []

    def stop(self) -> None:
        """Stop the service."""
        self.supervisor.stop(self.process)


def listening(port: int) -> bool:
    """True once something accepts connections there."""
    socket.create_connection(("127.0.0.1", port), timeout=2).close()
    return True
