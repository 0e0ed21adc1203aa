"""Hosts that stand in variables of their own, beside a port in another (``REPORTS_DB_HOST``). Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from disjoint.model.environment import Environment, Variable
from disjoint.model.fact import Known
from disjoint.model.host import read_host
from disjoint.model.snapshot import NamedHost

from .endpoints import is_platforms, members
from .held import labelled, written
from .shapes import named_secret, token_like

_NAMED = re.compile(
    r"HOST|SERVER|ADDR|ENDPOINT|NODE|PRIMARY|REPLICA|READER|WRITER|MASTER|BROKER|DOMAIN|URL|URI|DSN|CONN|FQDN"
    r"|CLUSTER|SENTINEL|SEED|BOOTSTRAP|(?<![A-Z])IP(?:V[46]|S)?(?![A-Z])"
)
_PLAINLY = re.compile(
    r"(?:HOST(?:NAME)?S?|SERVERS?|ADDR(?:ESS(?:ES)?)?|ENDPOINTS?|NODES?|FQDN|IP)(?=_?\d*\Z)"
)
"""How a name ends that promises a host, whatever else stands in it (``AUTH_DB_HOSTNAME``)."""
_BESIDE = re.compile(r"HOST(?:NAME)?S?|SERVERS?|ADDR(?:ESS(?:ES)?)?|ENDPOINTS?|NODES?|FQDN|IP|DOMAIN")
_ASSIGNED = re.compile(
    r"(?:.*[^a-z])?(?:host(?:name)?s?|hostaddr|servers?|addr(?:ess)?|source|endpoint)\s*=\s*(?P<value>\S+)",
    re.IGNORECASE,
)
"""As PHP, .NET and command lines write it."""
_HOST = re.compile(
    r"(?P<before>(?:(?:tcp|tls|ssl)://|//)?(?:[^\s/?#]*@)?(?:tcp[46]?[:(])?)"
    r"(?:\[(?P<six>[0-9a-f:.]+)\]|(?P<bare>[0-9a-f]{0,4}(?::[0-9a-f.]*){2,})"
    r"|(?P<name>(?:\w[\w-]{0,62}[.\u3002])+[^\W\d_][\w-]{0,62}\.?|(?:[0-9]{1,3}\.){3}[0-9]{1,3}))"
    r"(?P<after>(?::(?P<port>[0-9]{1,5})?)?\)?(?:/\S*)?)",
    re.IGNORECASE,
)
"""A name with a dot, or an address: a name without one means another machine in each network."""
_DIGITS = re.compile(r"[0-9]{1,5}")
_LONGEST = 512


def hosts(environment: Environment, claimed: Collection[str]) -> tuple[NamedHost, ...]:
    """Every host that stands alone, or in a list, in a variable that no resource is made of.

    Args:
        environment: whose variables are read; those that promise a secret, or a platform's, are not.
        claimed: names of variables that resources are made of.
    """
    told = [
        variable
        for variable in environment.variables.values()
        if variable.name not in claimed and not _secret(variable.name) and not is_platforms(variable.name)
    ]
    ports = _ports(environment)
    return tuple(host for variable in told for host in dict.fromkeys(_hosts(variable, ports)))


def _secret(name: str) -> bool:
    return named_secret(name) and not _PLAINLY.search(name.upper())


def _hosts(variable: Variable, ports: Mapping[str, tuple[int, ...]]) -> Iterator[NamedHost]:
    if not isinstance(variable.value, Known):
        return
    named = bool(_NAMED.search(variable.name.upper()))
    beside = next((ports[name] for name in _neighbours(variable.name.upper()) if name in ports), ())
    for key, text in labelled(variable.value.value.reveal()):
        if key and _secret(key):
            continue
        promised = named or bool(_NAMED.search(key.upper()))
        for item in members(text):
            if found := _host(item, promised):
                host, stated = found
                yield NamedHost(variable.name, variable.where, host, stated or beside)


def _host(item: str, promised: bool) -> tuple[str, tuple[int, ...]] | None:
    """The host, and the port that stands with it, where its name or its form says that it is one."""
    assigned = _ASSIGNED.fullmatch(item) if "=" in item and len(item) <= _LONGEST else None
    found = _HOST.fullmatch(assigned["value"] if assigned else item) if len(item) <= _LONGEST else None
    if found is None or not (promised or assigned or found["port"] or ":" in found["before"]):
        return None
    if "@" in found["before"] and not (found["port"] or ":" in found["before"]):
        return None  # somebody's mail
    text = found["six"] or found["bare"] or found["name"]
    host = read_host(text.rstrip("."))
    if host.fault or token_like(text):
        return None
    return host.name, (int(found["port"]),) if found["port"] else ()


def _neighbours(name: str) -> Iterator[str]:
    """What the variable is called that holds the port of a host."""
    for found in _BESIDE.finditer(name):
        yield f"{name[: found.start()]}PORT{name[found.end() :]}"


def _ports(environment: Environment) -> Mapping[str, tuple[int, ...]]:
    """Those that stand in variables of their own, by name."""
    stated = {n.upper(): v.value for n, v in environment.variables.items() if "PORT" in n.upper()}
    found = {name: written(fact.value.reveal()) for name, fact in stated.items() if isinstance(fact, Known)}
    return {
        name: numbers
        for name, texts in found.items()
        if (numbers := tuple(int(text) for text in texts[:1] if _DIGITS.fullmatch(text)))
    }
