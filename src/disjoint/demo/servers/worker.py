"""A real Celery worker."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Self

from disjoint.demo.process import Process, Program
from disjoint.demo.supervisor import Supervisor
from disjoint.errors import DemoError


@dataclass(slots=True)
class Worker:
    """A running worker that takes tasks from one queue."""

    supervisor: Supervisor
    name: str
    process: Process

    @classmethod
    def start(
        cls, supervisor: Supervisor, name: str, *, host: str, broker: str, results: str, queue: str
    ) -> Self:
        """Start a worker called ``celery@HOST`` and wait until it takes tasks.

        Raises:
            DemoError: celery is missing, or the worker did not start.
        """
        if find_spec("celery") is None:
            raise DemoError("celery is not installed: pip install 'disjoint[demo]'")
        argv = (
            sys.executable, "-m", "celery", "-A", "disjoint.demo.programs.tasks", "worker", "--pool", "solo",
            "--loglevel", "INFO", "--hostname", f"celery@{host}", "--without-gossip", "--without-mingle",
        )  # fmt: skip
        variables = {"CELERY_BROKER_URL": broker, "CELERY_RESULT_BACKEND": results, "CELERY_QUEUE": queue}
        process = supervisor.spawn(name, Program(argv, variables, supervisor.folder(name)))
        supervisor.until(process, lambda: f"celery@{host} ready." in process.log.read_text(errors="replace"))
        return cls(supervisor, name, process)

    def stop(self) -> None:
        """Let it finish its task and stop it."""
        self.supervisor.stop(self.process)
