"""Every entry of the catalogue, in the order it is listed."""

from __future__ import annotations

import difflib
from functools import reduce

from disjoint.demo.world import World
from disjoint.errors import UsageError

from . import (
    bucket,
    cache_rights,
    canaries,
    celery,
    cluster,
    content,
    doors,
    keys,
    links,
    logins,
    names,
    pages,
    pooler,
    postgres,
    redis,
    rights,
    row_rights,
    rows,
    rows_beside,
    schedule,
    tls,
    variables,
    web,
)
from .leak import Leak

LEAKS: tuple[Leak, ...] = (
    *postgres.LEAKS, *pooler.LEAKS, *links.LEAKS, *content.LEAKS, *rights.LEAKS,
    *rows.LEAKS, *rows_beside.LEAKS, *row_rights.LEAKS, *canaries.DATABASES, *logins.DATABASES,
    *redis.LEAKS, *cache_rights.LEAKS, *canaries.CACHES, *logins.CACHES, *cluster.LEAKS,
    *tls.LEAKS, *celery.LEAKS, *logins.QUEUES, *schedule.LEAKS,
    *names.LEAKS, *bucket.LEAKS, *web.LEAKS, *pages.LEAKS, *doors.LEAKS, *variables.LEAKS, *keys.LEAKS,
)  # fmt: skip
BY_NAME = {leak.name: leak for leak in LEAKS}


def named(name: str) -> Leak:
    """The entry of that name.

    Raises:
        UsageError: there is none; the message has the nearest names.
    """
    if found := BY_NAME.get(name):
        return found
    near = difflib.get_close_matches(name, BY_NAME, n=3, cutoff=0.3)
    hint = f"did you mean {', '.join(near)}?" if near else "disjoint demo --list-leaks shows all"
    raise UsageError(f"there is no leak called {name!r}: {hint}")


def broken(world: World, leaks: tuple[Leak, ...]) -> World:
    """The world with each leak made, one after the other."""
    return reduce(lambda made, leak: leak.breaks(made), leaks, world)
