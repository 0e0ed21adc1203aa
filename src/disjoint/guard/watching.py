"""What connections and look-ups meet of production's, counted; and whether it stops them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from .checking import assessed
from .override import VARIABLE, override_in
from .sealed import Opened
from .servers import ISOLATED, KNOWN_PLACE, Met, Servers
from .telling import LOGGER
from .verdict import ENFORCE, PRODUCTION, SHARED, UNPROVEN, Reason

OUTCOMES = (ISOLATED, KNOWN_PLACE, SHARED, UNPROVEN)


class ProductionError(RuntimeError):
    """A connection leads to production, or is not known not to; it was closed before any statement ran.

    No `ConnectionError`: what tries a lost connection again would try this one again.
    """

    def __init__(self, reason: Reason) -> None:
        super().__init__(str(reason))
        self.reason = reason

    def __reduce__(self) -> tuple[type[ProductionError], tuple[Reason]]:
        return ProductionError, (self.reason,)


class Counts(dict[tuple[str, str], int]):
    """How often what was met, by who met it and outcome."""

    def add(self, who: str, outcome: str) -> None:
        """One more."""
        self[who, outcome] = self.get((who, outcome), 0) + 1

    def lines(self, metric: str, label: str, about: str) -> str:
        """In the text format of Prometheus."""
        rows = (
            f'{metric}{{{label}="{who}",outcome="{what.lower()}"}} {n}\n'
            for (who, what), n in sorted(self.items())
        )
        return f"# HELP {metric} {about}\n# TYPE {metric} counter\n{''.join(rows)}"


class Watched(NamedTuple):
    """A process of staging that is watched, or one of production that is not."""

    mode: str
    variables: Mapping[str, str]
    opened: Opened | None

    @property
    def enforces(self) -> bool:
        """Whether what is met of production's stops at this moment; somebody's override ends by itself."""
        override = override_in(self.variables.get(VARIABLE, ""), datetime.now(UTC))[0]
        return self.mode == ENFORCE and override is None


def watched(seal: str | None, mode: str | None, variables: Mapping[str, str] | None) -> Watched | None:
    """What this process is watched by; None: it is production, which is left alone. Never raises."""
    checked, opened = assessed(seal, mode, variables, deep=False)
    if checked.role == PRODUCTION:
        return None
    return Watched(checked.mode, {**os.environ, **(variables or {})}, opened)


class Watch:
    """Judges every new connection of a process."""

    __slots__ = ("_counts", "_watched", "servers")

    def __init__(self, by: Watched, counts: Counts) -> None:
        self._watched, self._counts = by, counts
        self.servers = Servers(by.opened)

    def error(self, driver: str, met: Met) -> ProductionError | None:
        """What is to be raised once the connection is closed; None: it may be used. Counts and tells."""
        self._counts.add(driver, met.outcome)
        if met.reason is None:
            return None
        refuses = self._watched.enforces
        tell(met.reason, refused=refuses, by=driver)
        return ProductionError(met.reason) if refuses else None


def tell(reason: Reason, *, refused: bool, by: str) -> None:
    """One record on the log, whose last resort is standard error."""
    import logging  # noqa: PLC0415  (a process that meets nothing need not load it)

    did = "refused" if refused else "reported only"
    level = logging.CRITICAL if refused else logging.WARNING
    fields = {"disjoint_outcome": reason.outcome, "disjoint_rule": reason.rule, "disjoint_refused": refused}
    logging.getLogger(LOGGER).log(level, "disjoint: %s (%s): %s", did, by, reason, extra=fields)
