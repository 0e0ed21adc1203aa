"""The least a user needs, as ACL lines to copy. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from .commands import ACL, LOOK_ACL

LISTING = "ACL SETUSER disjoint +client|list"
"""Also shows the addresses of other clients: only where no subscription is allowed."""
PUBLISH = "ACL SETUSER disjoint +publish"
"""Only on staging, and only to channels that begin with ``disjoint:``."""
TYPE = "ACL SETUSER disjoint +type"
"""On both sides, where the resource states ``rows``: some names that were shown are asked for one by one."""

RECIPES: Mapping[str, str] = {
    "verify, each side's user on its own server": ACL,
    "look, production's user": LOOK_ACL,
    "replica-or-copy by a message, staging's user": PUBLISH,
    "rows, each side's user": TYPE,
    "where no user may subscribe, each side's user": LISTING,
}
"""What to run for what; PASSWORD is to be filled in."""
