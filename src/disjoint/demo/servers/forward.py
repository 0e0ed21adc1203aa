"""Another port that leads to a server: a tunnel, a balancer, a proxy, or a place where TLS ends."""

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
        cls,
        supervisor: Supervisor,
        name: str,
        *targets: int,
        certificate: Path | None = None,
        greeting: str = "",
    ) -> Self:
        """Forward a free port of 127.0.0.1 to others, each connection to the next of them.

        Args:
            supervisor: who starts it.
            name: for people.
            targets: ports of 127.0.0.1.
            certificate: a PEM file with chain and key: TLS ends here.
            greeting: ``postgres``: after PostgreSQL's own question for TLS.

        Raises:
            DemoError: it did not start.
        """
        ends = ",".join(map(str, targets))

        def program(port: int) -> Program:
            argv = (sys.executable, "-I", "-S", str(PROGRAMS / "forward.py"), str(port), ends)
            return Program((*argv, str(certificate), greeting) if certificate else argv)

        process, port = supervisor.serve(name, program, listening)
        return cls(supervisor, name, process, port)

    def stop(self) -> None:
        """Stop forwarding."""
        self.supervisor.stop(self.process)
