"""One database, several names: how providers route by host name, by user and by option. Pure.

Sources: Neon's docs (pooled and direct host are two strings of one database); Supabase's docs
(Supavisor routes by the project in the user); Aurora's writer and reader endpoints; Cloud SQL's
socket directories; Render's internal and external host of one id. Conventions, not looked up live.
"""

from __future__ import annotations

import re

from disjoint.model.host import Host, read_host
from disjoint.model.url import Door

_CLOUD_SQL = re.compile(r"/(?:[^/]+/)*((?:[a-z0-9.-]+:)?[a-z0-9-]+:[a-z0-9-]+:[a-z0-9-]+)/?\Z")
_SUPABASE = re.compile(r"db\.([a-z0-9]+)(?:-rr-[a-z0-9-]+)?\.supabase\.(?:co|com|red)\Z")
_AURORA = re.compile(r"(.+\.cluster-)ro-([a-z0-9]+\.[a-z0-9-]+\.rds\.amazonaws\.com(?:\.cn)?)\Z")
_RENDER = re.compile(r"(dpg-[a-z0-9]{20}-[a-z])(?:\.[a-z0-9-]+-postgres\.render\.com)?\Z")
_NEON = re.compile(r"(ep-[a-z0-9-]+?)-pooler(\..+\.neon\.(?:tech|build))\Z")
# Old clients and shared entrances name their tenant in the start-up options.
_ROUTED = re.compile(r"(?:endpoint|project|reference|cluster)=([A-Za-z0-9_.-]+)")

SOCKET = "a socket belongs to its machine"
NO_TENANT = "the pooler serves many tenants and the user names none"
POOLER = ".pooler.supabase.com"


def door(name: str, port: int, user: str, options: str) -> Door:
    """The way in that a host, port, user and start-up options name, one spelling for each database."""
    if name.startswith(("/", "@")):
        return _socket(name, port)
    host = read_host(name, numeric_dot=False)
    if host.fault or host.numeric:
        return Door(host, port)
    return _supabase(host, port, user) or _shared(host, port, user) or _renamed(host, port, options)


def _socket(path: str, port: int) -> Door:
    if found := _CLOUD_SQL.match(path):
        return Door(Host(f"/cloudsql/{found[1]}"), 5432)
    return Door(Host(path, relative=SOCKET), port)


def _supabase(host: Host, port: int, user: str) -> Door | None:
    """Project by user behind the pooler, by name before it; port 5432 and 6543 reach one server."""
    if direct := _SUPABASE.match(host.name):
        return Door(Host(f"db.{direct[1]}.supabase.co"), 5432)
    if not host.name.endswith(POOLER):
        return None
    project = user.rpartition(".")[2].partition("-rr-")[0] if "." in user else ""
    if not project:
        return Door(host._replace(doubt=NO_TENANT), port)
    return Door(Host(f"db.{project.lower()}.supabase.co"), 5432)


def _shared(host: Host, port: int, user: str) -> Door | None:
    """Prisma Postgres: one host for everybody, the tenant is the user."""
    if host.name.endswith("db.prisma.io"):
        return Door(Host("db.prisma.io") if user else host._replace(doubt=NO_TENANT), port, user)
    return None


def _renamed(host: Host, port: int, options: str) -> Door:
    routed = _ROUTED.search(options)
    tenant = routed[1].removesuffix("-pooler") if routed else ""
    if found := _NEON.match(host.name):
        return Door(host._replace(name=found[1] + found[2]), port)
    if found := _AURORA.match(host.name):
        return Door(host._replace(name=found[1] + found[2]), port)
    if found := _RENDER.match(host.name):
        return Door(Host(found[1]), port)
    # A host that begins with the endpoint's own name needs no option, and most clients send none.
    return Door(host, port, "" if tenant and host.name.startswith(tenant) else tenant)
