"""One spelling for a store that its provider gives several names. The standard library alone, no I/O.

As the kinds' own addresses have it: Neon's pooled and direct host, Aurora's writer and reader, Render's short
and long host, Supabase's pooler and direct host, ElastiCache's primary and reader.
"""

from __future__ import annotations

import re

from .plain_address import Place

_SUPABASE = (
    r"(?:db\.([a-z0-9]+)(?:-rr-[a-z0-9-]+)?\.supabase\.(?:co|com|red)"
    r"|([a-z0-9]+)(?:-rr-[a-z0-9-]+)?\..+\.pooler\.supabase\.com)\Z"
)
_NEON = (".neon.tech", ".neon.build")
_ELASTICACHE = (".cache.amazonaws.com", ".cache.amazonaws.com.cn")
_RENDER = "dpg-"


def store(place: Place) -> Place:
    """The place by the one name of its store; what is digested, and never connected to."""
    host = place.host
    if place.kind == "redis" and host.endswith(_ELASTICACHE):
        return place._replace(host=host.removeprefix("master.").removeprefix("replica."))
    if place.kind != "postgres":
        return place
    if host.endswith(_NEON):
        first, dot, rest = host.partition(".")
        return place._replace(host=f"{first.removesuffix('-pooler')}{dot}{rest}")
    if ".cluster-ro-" in host and ".rds.amazonaws.com" in host:
        return place._replace(host=host.replace(".cluster-ro-", ".cluster-", 1))
    if host.startswith(_RENDER):
        return place._replace(host=host.partition(".")[0])
    if ".supabase." in host and (found := re.match(_SUPABASE, host)):
        return place._replace(host=f"db.{found[1] or found[2]}.supabase.co", port=5432)
    return place


def renamed(host: str) -> bool:
    """Whether `store` may know a host by another name: told sooner than by asking it."""
    within = "-pooler." in host or ".cluster-ro-" in host or ".supabase." in host
    return within or host.startswith((_RENDER, "master.", "replica."))


def private(place: Place) -> bool:
    """Whether equal lines prove nothing; Render's short names are of one database in the world."""
    return place.private and not (place.kind == "postgres" and place.host.startswith(_RENDER))
