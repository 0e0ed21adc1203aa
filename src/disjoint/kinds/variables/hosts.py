"""Hosts that stand in variables of their own, beside a port in another (``REPORTS_DB_HOST``). Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from disjoint.model.environment import Environment, Variable
from disjoint.model.fact import Known
from disjoint.model.snapshot import NamedHost

from .endpoints import is_platforms, members
from .held import written
from .shapes import named_secret

_NAMED = re.compile(r"HOST|SERVER|ADDR|ENDPOINT|NODE|PRIMARY|REPLICA|READER|WRITER|MASTER|BROKER|DOMAIN")
_HOST = re.compile(
    r"(?:\[(?P<six>[0-9a-f:.]+)\]"
    r"|(?P<name>(?:[a-z0-9_](?:[a-z0-9_-]{0,62})\.)+[a-z][a-z0-9-]{0,62}\.?|(?:[0-9]{1,3}\.){3}[0-9]{1,3}))"
    r"(?::(?P<port>[0-9]{1,5}))?",
    re.IGNORECASE,
)
"""A name with a dot, or an address: a name without one means another machine in each network."""
_DIGITS = re.compile(r"[0-9]{1,5}")


def hosts(environment: Environment, claimed: Collection[str]) -> tuple[NamedHost, ...]:
    """Every host that stands alone, or in a list, in a variable that no resource is made of.

    Args:
        environment: whose variables are read; those that promise a secret, or a platform's, are not.
        claimed: names of variables that resources are made of.
    """
    named = [
        variable
        for variable in environment.variables.values()
        if _NAMED.search(variable.name.upper())
        and variable.name not in claimed
        and not named_secret(variable.name)
        and not is_platforms(variable.name)
    ]
    ports = _ports(environment) if named else ()
    return tuple(host for variable in named for host in _hosts(variable, ports))


def _hosts(variable: Variable, ports: tuple[int, ...]) -> Iterator[NamedHost]:
    items = dict.fromkeys(item for text in _texts(variable) for item in members(text))
    for found in filter(None, map(_HOST.fullmatch, items)):
        stated = (int(found["port"]),) if found["port"] else ports
        host = (found["six"] or found["name"]).lower().rstrip(".")
        yield NamedHost(variable.name, variable.where, host, stated)


def _ports(environment: Environment) -> tuple[int, ...]:
    """All that stand in variables of their own: which of them goes with a host, names tell too seldom."""
    stated = (v for name, v in environment.variables.items() if "PORT" in name.upper())
    numbers = (text.strip() for variable in stated for text in _texts(variable))
    return tuple(sorted({int(text) for text in numbers if _DIGITS.fullmatch(text)}))


def _texts(variable: Variable) -> tuple[str, ...]:
    return written(variable.value.value.reveal()) if isinstance(variable.value, Known) else ()
