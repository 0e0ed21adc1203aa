"""What is told on standard error while servers answer and rows are read."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import click

from disjoint.model.manifest import Manifest
from disjoint.report.inert import inert

from .output import controls, width

if TYPE_CHECKING:
    from disjoint.runner.long import Step

EVERY_SECONDS = 10.0
"""Between two lines of a log that nobody overwrites."""


class Tellers(NamedTuple):
    """Who is told that a server has answered, and how far a reading is."""

    answered: Callable[[str, str, float], None] | None
    steps: Callable[[str, Step], None]


@contextlib.contextmanager
def progress(manifest: Manifest) -> Iterator[Tellers]:
    """One line that is written over on a terminal; elsewhere a line now and then, for long readings alone."""
    if sys.stderr is None or not sys.stderr.isatty() or not controls():
        yield Tellers(None, Log().step)
        return
    asked = [side for side in (manifest.production, manifest.staging) if not side.seal]
    line = Line({(side.name, r.name) for r in manifest.resources for side in asked})
    try:
        yield Tellers(line.answered, line.step)
    finally:
        click.echo("\r\x1b[2K", nl=False, err=True)


@dataclass(slots=True)
class Log:
    """A line every few seconds."""

    _next: dict[tuple[str, str], float] = field(default_factory=dict)

    def step(self, environment: str, step: Step) -> None:
        """Tell how far it is, unless it was told just now."""
        key, now = (environment, step.resource), time.monotonic()
        # the first is due only after a while: what ends soon needs no line
        if now >= self._next.setdefault(key, now + EVERY_SECONDS):
            self._next[key] = now + EVERY_SECONDS
            click.echo(inert(told(environment, step)), err=True)


@dataclass(slots=True)
class Line:
    """A terminal's one line."""

    waiting: set[tuple[str, str]]
    _reading: dict[tuple[str, str], str] = field(default_factory=dict)

    def answered(self, environment: str, resource: str, _seconds: float) -> None:
        """A server has answered."""
        self.waiting.discard((environment, resource))
        self._show()

    def step(self, environment: str, step: Step) -> None:
        """A reading has come so far."""
        self._reading[environment, step.resource] = told(environment, step)
        if step.done >= step.of:
            del self._reading[environment, step.resource]
        self._show()

    def _show(self) -> None:
        left = ", ".join(sorted(f"{environment} {resource}" for environment, resource in self.waiting))
        text = "; ".join([*([f"waiting for {left}"] if left else []), *self._reading.values()])
        click.echo(f"\r\x1b[2K{inert(text)[: width() - 1]}", nl=False, err=True)


def told(environment: str, step: Step) -> str:
    """``staging database: public.users, 320,000 of about 500,000 rows, 410,000 a second, 0:01 left``."""
    rate = step.done / step.seconds if step.seconds > 0 else 0.0
    parts = [f"{environment} {step.resource}: {step.what}, {step.done:,} of about {step.of:,} rows"]
    if rate >= 1:
        left = round((step.of - step.done) / rate)
        parts.append(f"{rate:,.0f} a second, {left // 60}:{left % 60:02} left")
    return ", ".join(parts)
