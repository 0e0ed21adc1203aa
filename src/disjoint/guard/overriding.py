"""Variables by which libpq goes elsewhere than a clean URL says. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from disjoint.certify.guarded import filled
from disjoint.certify.plain_address import PORTS, Place, of_setting
from disjoint.certify.plain_host import spell

from .places import Theirs
from .policy import Policy
from .verdict import SHARED, UNPROVEN, Reason

RULE = "variables/override"
_HOSTS = ("PGHOST", "PGHOSTADDR")
_ELSEWHERE = ("PGHOSTADDR", "PGSERVICE")
"""What sends a URL with a host of its own elsewhere; where, its text does not tell."""


def redirected(policy: Policy, theirs: Theirs, variables: Mapping[str, str]) -> Iterator[Reason]:
    """What clients built on libpq would reach of production's, whatever their URL says."""
    claimed = "\0".join(s.template or "" for r in policy.resources for s in r.settings.values())
    for name in _HOSTS:
        for host in filter(None, variables.get(name, "").split(",")):
            if (place := _lead(theirs, host, variables)) is not None:
                says = f"{name} sends clients built on libpq to the server of production's {place}"
                yield Reason(SHARED, RULE, name, says, f"take {name} out of this process's variables")
    for name in _ELSEWHERE:
        if (
            variables.get(name)
            and name not in claimed
            and any(r.kind == "postgres" for r in policy.resources)
        ):
            says = f"{name} sends clients built on libpq elsewhere than their address says"
            yield Reason(UNPROVEN, RULE, name, says, f"take {name} out of this process's variables")
    yield from _other_port(policy, theirs, variables)


def _lead(theirs: Theirs, host: str, variables: Mapping[str, str]) -> str | None:
    for port in {PORTS["postgres"], *_port(variables)}:
        place = Place("postgres", spell(host), port, "")
        if not place.private and (found := theirs.server(place)) is not None:
            return found.of
    return None


def _other_port(policy: Policy, theirs: Theirs, variables: Mapping[str, str]) -> Iterator[Reason]:
    """A URL without a port takes PGPORT."""
    for resource in policy.resources:
        setting = resource.settings.get("url")
        if resource.kind == "postgres" and setting is not None and setting.template is not None:
            for place in of_setting("postgres", "url", filled(setting.template, variables) or "", ""):
                for port in _port(variables):
                    moved = place._replace(port=port)
                    if place.port == PORTS["postgres"] != port and not place.private and theirs.server(moved):
                        says = f"PGPORT sends {resource.name} to the server of production's {resource.name}"
                        yield Reason(SHARED, RULE, "PGPORT", says, "take PGPORT out, and write ports in URLs")


def _port(variables: Mapping[str, str]) -> tuple[int, ...]:
    text = variables.get("PGPORT", "").strip()
    return (int(text),) if text.isascii() and text.isdecimal() and len(text) < 6 else ()
