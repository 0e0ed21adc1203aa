"""Schedules: what runs every night in production runs every night in staging too."""

from __future__ import annotations

from contextlib import closing

from disjoint.demo.world import HALVES, Half, World, place

from .leak import Leak, doubts, shares, stands

SCHEDULE = "schedule"
DATABASE = 13
"""Of each environment's broker; nothing else uses it."""


def _scheduled(world: World, half: Half, *entries: str) -> World:
    """A side's broker holds entries, as RedBeat keeps them: by the time of their next run."""
    stack, prefix = world.stack, f"{world.stack.fresh('redbeat')}:"
    broker = stack.servers(half).broker
    if entries:
        with closing(broker.admin(DATABASE)) as client:
            client.zadd(f"{prefix}:schedule", {f"{prefix}{name}": 4102444800 for name in entries})
    url = broker.url(place("broker", half, 6379), DATABASE)
    world = world.setting(half, CELERY_BROKER_URL=url, REDBEAT_KEY_PREFIX=prefix)
    return world.declaring("tasks", {"schedules": (), "redbeat_key_prefix": "$REDBEAT_KEY_PREFIX"})


def copied(world: World) -> World:
    for half in HALVES:
        world = _scheduled(world, half, "invoices-at-night", f"{half}-backup")
    return world


def elsewhere(world: World) -> World:
    return _scheduled(_scheduled(world, "production"), "staging", "invoices-at-night")


def own(world: World) -> World:
    for half in HALVES:
        world = _scheduled(world, half, f"{half}-backup")
    return world


def allowed(world: World) -> World:
    return copied(world).declaring("tasks", {"schedules": ("invoices-at-night",)})


LEAKS: tuple[Leak, ...] = (
    shares("schedule-copied", SCHEDULE, "celery/schedule",
           "production's nightly invoices are on staging's schedule too", copied),
    doubts("schedule-elsewhere", SCHEDULE, "celery/schedule",
           "production keeps its schedule where nobody looked for it", elsewhere),
    stands("own-schedule", SCHEDULE,
           "each environment has periodic tasks of its own", own),
    stands("schedule-allowed", SCHEDULE,
           "both environments run one periodic task, which the manifest allows", allowed),
)  # fmt: skip
