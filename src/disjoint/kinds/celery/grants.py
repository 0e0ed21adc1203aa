"""The least a user of a broker on Redis needs, as ACL lines to copy. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from disjoint.kinds.redis.commands import ACL, CALL, LOOK_ACL, grant

_BINDINGS, _SCHEDULES = grant("SMEMBERS"), grant("ZCARD")

RECIPES: Mapping[str, str] = {
    "verify, each side's user on its own broker and result backend": f"{ACL} {_BINDINGS}",
    "look, production's user": f"{LOOK_ACL} {_BINDINGS}",
    "foreign-worker by a call, staging's user": f"ACL SETUSER disjoint {CALL}",
    "schedules, each side's user": f"ACL SETUSER disjoint {_SCHEDULES}",
}
"""What to run for what; PASSWORD is to be filled in."""
