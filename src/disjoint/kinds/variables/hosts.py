"""Hosts that stand in variables of their own, beside a port in another (``REPORTS_DB_HOST``). Pure.

A store's web address is one, too: of ``ELASTICSEARCH_URL=https://…`` the host tells whose it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple, TypeVar

from disjoint.model.cloud import in_cloud
from disjoint.model.dsn import described
from disjoint.model.environment import Environment, Variable
from disjoint.model.fact import Known
from disjoint.model.host import read_host
from disjoint.model.snapshot import NamedHost
from disjoint.model.stores import managed, names_store, stands_for
from disjoint.model.url import split_url

from .endpoints import is_platforms, members
from .held import labelled, urls, written
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
    r"(?P<before>(?:(?:tcp|tls|ssl)://|//)?(?:[^\s/?#]*@)?(?:tcp[46]?(?:-connect)?[:(]|[0-9]{1,5}:(?=[^\s:]*\.[^\s:]*:))?)"
    r"(?:\[(?P<six>[0-9a-f:.]+)\]|(?P<bare>[0-9a-f]{0,4}(?::[0-9a-f.]*){2,})"
    r"|(?P<name>(?:\w[\w-]{0,62}[.\u3002\uff0e\uff61])+[^\W\d_][\w-]{0,62}\.?"
    r"|(?:(?:0x[0-9a-f]{1,4}|[0-9]{1,4})\.){3}(?:0x[0-9a-f]{1,4}|[0-9]{1,4})|0x[0-9a-f]{8}))"
    r"(?P<after>(?:\\{1,2}[\w$-]+)?(?::(?P<port>[0-9]{1,5})?)?\)?(?:/\S*)?)",
    re.IGNORECASE,
)
"""A name with a dot, or an address: a name without one means another machine in each network."""
_SURELY = re.compile(
    r"(?:[a-z0-9-]{1,63}\.){2,}(?:[a-z]{2}|com|net|org|io|dev|app|cloud|tech|internal|local|lan|corp|info|example)\.?",
    re.IGNORECASE,
)
"""A name that is nothing but a host's, whatever its variable is called: two dots, and a usual end."""
_WEB = re.compile(r"(?:https?|wss?|sb)://", re.IGNORECASE)
_FOR_STORES = re.compile(
    r"_(?:PURGE|INVALIDATION|PING|WEBHOOK|DASHBOARD|UI|(API))(?:_(?:URL|URI|HOST|ENDPOINT))?\Z"
)
_OF_VENDORS = ("api.", "cloud.", "customer.")
_BLOBS = re.compile(r"BLOB|STORAGE|AZURE|CONNECTION")
_FILE = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,5}\Z")
_POOLER = ".pooler.supabase.com"
_TENANT = re.compile(r"[\w-]+\.([a-z0-9]{16,32})", re.IGNORECASE)
_T = TypeVar("_T")
_DIGITS = re.compile(r"[0-9]{1,5}")
_LONGEST = 512


def hosts(environment: Environment, claimed: Collection[str]) -> tuple[NamedHost, ...]:
    """Every host that stands alone, or in a list, in a variable that no resource is made of.

    Args:
        environment: whose variables are read, but for a platform's; of those that promise a secret only
            what stands under a host's key.
        claimed: names of variables that resources are made of.
    """
    told = (
        variable
        for variable in environment.variables.values()
        if variable.name not in claimed and _applications(variable.name)
    )
    beside = _Beside(_ports(environment), _tenants(environment))
    return tuple(host for variable in told for host in dict.fromkeys(_hosts(variable, beside)))


class _Beside(NamedTuple):
    """What stands in variables of their own, by name."""

    ports: Mapping[str, tuple[int, ...]]
    tenants: Mapping[str, str]


def _secret(name: str) -> bool:
    return named_secret(name) and not _PLAINLY.search(name.upper())


def _applications(name: str) -> bool:
    """No platform calls what it sets after a store, but for the stores that were attached."""
    return not is_platforms(name) or (names_store(name) and not name.upper().startswith("DISJOINT_"))


def _hosts(variable: Variable, others: _Beside) -> Iterator[NamedHost]:
    if not isinstance(variable.value, Known):
        return
    named = bool(_NAMED.search(variable.name.upper()))
    beside = next(_found(others.ports, _neighbours(variable.name, "PORT")), ())
    tenant = next(_found(others.tenants, _neighbours(variable.name, "USER", "USERNAME")), "")
    secret = _secret(variable.name)
    for key, text in labelled(variable.value.value.reveal()):
        if _secret(key) or (secret and not _PLAINLY.search(key.upper())):
            continue
        promised = named or bool(_NAMED.search(key.upper()))
        for item in dict.fromkeys((*members(text), *urls(text), *described(text))):
            if (
                found := _on_web(variable.name, item)
                or in_cloud(variable.name, item)
                or _host(item, promised)
            ):
                host, stated = found
                own = f"db.{tenant}.supabase.co" if tenant and host.endswith(_POOLER) else stands_for(host)
                yield NamedHost(variable.name, variable.where, own, (stated or beside) if own == host else ())


def _on_web(name: str, item: str) -> tuple[str, tuple[int, ...]] | None:
    """The host of a web address, where its variable's name or the host's own says that a store is there."""
    url = split_url(item) if len(item) <= _LONGEST and _WEB.match(item) else None
    if url is None or len(url.hosts) != 1:
        return None
    ((text, port),) = url.hosts
    host = read_host(text)
    told = _is_managed(name, host.name) or (names_store(name) and not _is_vendors(name.upper(), host.name))
    if host.fault or _FILE.search(url.path) or not told:
        return None
    return host.name, (int(port),) if _DIGITS.fullmatch(port) else ()


def _is_vendors(name: str, host: str) -> bool:
    """What is told of a store, or done for it, at an address for everybody."""
    found = _FOR_STORES.search(name)
    return found is not None and (not found[1] or host.startswith(_OF_VENDORS))


def _is_managed(name: str, host: str) -> bool:
    """Pages show what an account of blobs holds: there the variable has to say that more is meant."""
    return managed(host) and (".blob.core." not in host or _BLOBS.search(name.upper()) is not None)


def _host(item: str, promised: bool) -> tuple[str, tuple[int, ...]] | None:
    """The host, and the port that stands with it, where its name or its form says that it is one."""
    item = item.rstrip(",;")  # a list of one
    assigned = _ASSIGNED.fullmatch(item) if "=" in item and len(item) <= _LONGEST else None
    found = _HOST.fullmatch(assigned["value"] if assigned else item) if len(item) <= _LONGEST else None
    told = promised or assigned or (found and (found["port"] or ":" in found["before"]))
    if found is None or not (told or _SURELY.fullmatch(found["name"] or "")):
        return None
    if "@" in found["before"] and not (found["port"] or ":" in found["before"]):
        return None  # somebody's mail
    text = found["six"] or found["bare"] or found["name"]
    host = read_host(text.rstrip("."))
    if host.fault or token_like(text):
        return None
    return host.name, (int(found["port"]),) if found["port"] else ()


def _neighbours(name: str, *words: str) -> Iterator[str]:
    """What the variables are called that hold what goes with a host."""
    upper = name.upper()
    for found in _BESIDE.finditer(upper) if len(upper) <= _LONGEST else ():
        yield from (f"{upper[: found.start()]}{word}{upper[found.end() :]}" for word in words)


def _found(values: Mapping[str, _T], names: Iterable[str]) -> Iterator[_T]:
    return (values[name] for name in names if name in values)


def _tenants(environment: Environment) -> Mapping[str, str]:
    """The projects that users name: Supabase's pooler, one host for everybody, goes by them alone."""
    stated = {n.upper(): v.value for n, v in environment.variables.items() if "USER" in n.upper()}
    users = {
        n: _TENANT.fullmatch(v.value.reveal().strip()) for n, v in stated.items() if isinstance(v, Known)
    }
    return {name: user[1].lower() for name, user in users.items() if user}


def _ports(environment: Environment) -> Mapping[str, tuple[int, ...]]:
    """Those that stand in variables of their own, by name."""
    stated = {n.upper(): v.value for n, v in environment.variables.items() if "PORT" in n.upper()}
    found = {name: written(fact.value.reveal()) for name, fact in stated.items() if isinstance(fact, Known)}
    return {
        name: numbers
        for name, texts in found.items()
        if (numbers := tuple(int(text) for text in texts[:1] if _DIGITS.fullmatch(text)))
    }
