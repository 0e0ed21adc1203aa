"""Hooks that ask every new physical connection who its server is, before its first use.

    import disjoint.guard.hooks

    disjoint.guard.hooks.install("psycopg", "redis")

A connection to production's server is closed and `ProductionError` raised before a statement runs on it.
In production nothing is installed.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from importlib.util import find_spec

from disjoint.guard.verdict import Reason
from disjoint.guard.watching import Counts, ProductionError, Watch, watched

__all__ = ["DRIVERS", "ProductionError", "Reason", "counts", "install", "metrics"]

DRIVERS = ("psycopg", "asyncpg", "redis", "sqlalchemy", "kombu")
_COUNTS = Counts()


def install(
    *drivers: str,
    seal: str | None = None,
    mode: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """Watch the connections of these drivers, or of every one that is installed; which ones, is returned.

    Args:
        drivers: names out of `DRIVERS`; each is imported.
        seal: as of `disjoint.guard.check`, like `mode` and `variables`.
        mode: `enforce` closes and raises, `report` says the same on the log.
        variables: what the process takes from elsewhere than its environment.

    Raises:
        ValueError: there is no such driver.
        ImportError: a named driver is not installed, or is of a version that cannot be watched.
    """
    if unknown := set(drivers) - set(DRIVERS):
        raise ValueError(f"{min(unknown)!r} is no driver with a hook: use {', '.join(DRIVERS)}")
    if (by := watched(seal, mode, variables)) is None:
        return ()
    chosen, watch = drivers or tuple(name for name in DRIVERS if find_spec(name)), Watch(by, _COUNTS)
    for name in chosen:
        importlib.import_module(f"{__name__}.{name}").watch(watch)
    return chosen


def counts() -> dict[tuple[str, str], int]:
    """How many connections this process made, by driver and what their servers were found to be."""
    return dict(_COUNTS)


def metrics() -> str:
    """The same in the text format of Prometheus."""
    about = "New connections by driver and by what their server was found to be."
    return _COUNTS.lines("disjoint_guard_connections_total", "driver", about)
