"""Queues: staging's workers and production's meet on one broker."""

from __future__ import annotations

from disjoint.demo.stack import BROKER
from disjoint.demo.world import World, place

from .leak import Leak, shares

QUEUE = "queue"


def _lead(world: World, database: int, **variables: str) -> World:
    """Staging's tasks wait in production's broker, under another host name and with an account of its own."""
    where = place("broker-shared", "staging", 6379)
    server = world.stack.production.broker
    url = server.url(where, database, server.account(world.stack.fresh("staging")))
    return world.reaching(where, server.port).setting("staging", CELERY_BROKER_URL=url, **variables)


def same_broker(world: World) -> World:
    return _lead(world, 7)


def queue_shared(world: World) -> World:
    """Same server, same logical database, same queue: a production task may end in a staging worker."""
    return _lead(world, BROKER, CELERY_QUEUE=world.stack.production.queue)


LEAKS: tuple[Leak, ...] = (
    shares("same-celery-broker", QUEUE, "celery/same-broker",
           "staging's tasks wait in another logical database of production's broker", same_broker),
    shares("celery-queue-shared", QUEUE, "celery/queue-names",
           "both environments' workers take tasks from one queue of one broker", queue_shared),
)  # fmt: skip
