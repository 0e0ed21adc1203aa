"""The isolated world as a deployed process has it: no tunnel leads to its servers, its variables do."""

from __future__ import annotations

from disjoint.demo.stack import Stack
from disjoint.demo.world import STORAGE, World, clean


def plain_world(stack: Stack) -> World:
    """The isolated world, as it is deployed."""
    return direct(clean(stack))


def direct(world: World) -> World:
    """Staging's variables name addresses of this machine, and both sides the store that they share."""
    reach_at = world.staging.reach_at
    plain = {name: _direct(value, world) for name, value in world.staging.variables.items()}
    return world.setting("staging", **plain).setting(
        "production", STORAGE_ENDPOINT_URL=f"http://{reach_at[STORAGE]}"
    )


def _direct(value: str, world: World) -> str:
    for place, address in world.staging.reach_at.items():
        value = value.replace(place, address)
        if place.endswith(":80"):
            value = value.replace(f"http://{place.removesuffix(':80')}", f"http://{address}")
    return value
