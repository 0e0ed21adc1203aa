"""Another port that leads to a server: a tunnel, a proxy, or a place where TLS ends."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from disjoint.demo.process import PROGRAMS, Process, Program
from disjoint.demo.supervisor import Supervisor

from .web import listening


@dataclass(slots=True)
class Forward:
    """A running TCP forward."""

    supervisor: Supervisor
    name: str
    process: Process
    port: int

    @classmethod
    def start(
        cls, supervisor: Supervisor, name: str, target: int, *, certificate: Path | None = None
    ) -> Self:
        """Forward a free port to `target`, both on 127.0.0.1; with a PEM file, TLS ends here.

        Raises:
            DemoError: it did not start.
        """

        def program(port: int) -> Program:
            argv = (sys.executable, "-I", "-S", str(PROGRAMS / "forward.py"), str(port), str(target))
            return Program((*argv, str(certificate)) if certificate else argv)

        process, port = supervisor.serve(name, program, listening)
        return cls(supervisor, name, process, port)

    def stop(self) -> None:
        """Stop forwarding."""
        self.supervisor.stop(self.process)
