"""Celery: `disjoint.guard.celery.guard(app)` stops a worker and a beat before either connects.

Four places, since each sees what another does not: `import_modules` comes before a scheduler that connects
when it is made, the bootstep and `beat_init` are in workers and beats whose program imported its tasks long
ago, and commands like `celery purge` pass none of these. Celery swallows every exception in a signal but
`SystemExit`. The children of a pool are forked by a parent that was checked; refused there, they would be
started anew for ever.
"""

from __future__ import annotations

from collections.abc import Iterator

import click
from celery import Celery, signals
from celery.bin.celery import celery as program
from celery.bootsteps import Step

from .once import Once

_SETTINGS = ("broker_url", "broker_read_url", "broker_write_url", "result_backend")
_NAME = "disjoint.guard"


def guard(app: Celery) -> None:
    """Let an app's workers, beat and `celery` commands run only in production, or disjoint from it.

    Args:
        app: before it runs. They end with exit code 78.
    """
    once = Once(lambda: dict(_taken(app)))

    def refuse(sender: object = None, **_: object) -> None:
        if sender is None or getattr(sender, "app", sender) is app:
            once()

    class Gate(Step):
        """In the worker's blueprint, before it is given a pool or a connection."""

        name = _NAME

        def __init__(self, parent: object, **_: object) -> None:
            super().__init__(parent)
            once()

    app.steps["worker"].add(Gate)
    signals.import_modules.connect(refuse, sender=app, weak=False, dispatch_uid=f"{_NAME}.{id(app)}")
    signals.beat_init.connect(refuse, weak=False, dispatch_uid=f"{_NAME}.{id(app)}")
    if _in_program():
        once()


def _in_program() -> bool:
    """Whether a `celery` command is looking for its app, and has done nothing yet."""
    context = click.get_current_context(silent=True)
    return context is not None and context.find_root().command is program


def _taken(app: Celery) -> Iterator[tuple[str, str]]:
    for name in _SETTINGS:
        value = app.conf.get(name)
        several = isinstance(value, list | tuple)
        yield f"conf.{name}", ";".join(map(str, value)) if several else str(value or "")
