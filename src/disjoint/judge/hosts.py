"""Hosts that stand alone in a variable, against the servers that production's variables name. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from disjoint.model.address import Address
from disjoint.model.engine import ForeignAddress, compare_foreign, read_foreign
from disjoint.model.finding import Evidence, Judgement, unproven
from disjoint.model.host import MASKED, compare_hosts, read_host
from disjoint.model.snapshot import NamedHost, Snapshot

from .ask import Kinds

Hit = tuple[NamedHost, str]
"""A host of staging's, and what of production's is there."""
_STORE = re.compile(
    r"(?:^|_|\b)(?:\w*SQL|PG|POSTGRES|DB|DATABASE|DATASOURCE|CONNECTIONSTRING|RDS|REDIS|VALKEY|CACHE|MEMCACHED?"
    r"|RABBIT(?:MQ)?|AMQP|BROKER|QUEUE|KAFKA|NATS|MONGO(?:DB)?|MARIA(?:DB)?|ELASTIC(?:SEARCH)?|OPENSEARCH|COUCH(?:DB)?"
    r"|NEO4J|CLICKHOUSE|CASSANDRA)(?:S?(?![A-Z])|HOST|SERVER|ADDR|URL|DSN|NODE)"
)
"""A variable that names a store: a relay or a vendor's host stands in everybody's variables."""
_NO_STORE = re.compile(
    r"ELASTIC_?APM|(?:^|_)CDN(?:_|$)|(?:FILE|PATH|CLASS|CERT|CA|CN|MODULE|DRIVER|ENGINE|BACKEND|TRANSPORT|ROUTERS?"
    r"|SCHEMA|TZ|VERSION|USER|PREFIX|FORMAT|STRATEGY|TEMPLATE|(?<!HOST)NAME)$"
)
_NO_HOST = re.compile(
    r"\.(?:pem|crt|key|cnf|conf|cfg|ini|ya?ml|json|toml|sock|db|sqlite3?|log|jks|p12|xml|sql)\Z"
)
_EVERYBODYS = re.compile(
    r"(?:\A|\.)(?:sqs|queue|sns|dynamodb|s3)\..*amazonaws\.com(?:\.cn)?\Z|googleapis\.com\Z"
)
"""A provider's own door, behind which each account has queues of its own."""
_RENAMED = ("neon.", "rds.amazonaws.", "cache.amazonaws.", "supabase.", "prisma.io")
"""Providers that call one server by several names."""
_HOST_OR_WORD = re.compile(r"\[([^\]]+)\]|([^\s,;/:\[\]@]+)")


def named_servers(
    kinds: Kinds, theirs: Iterable[tuple[str, Address]], production: Snapshot, staging: Snapshot
) -> Iterator[Hit]:
    """Staging's hosts at which one of production's servers is, by text.

    Args:
        kinds: by name.
        theirs: production's addresses, declared or a store's, each with what names it.
        production: its hosts that stand alone.
        staging: as above.
    """
    servers = _by_name(each for each in theirs if _is_server(kinds, each[1])) if staging.hosts else {}
    others: dict[str, list[NamedHost]] = {}
    for other in production.hosts:
        others.setdefault(other.host, []).append(other)
    asked: dict[tuple[str, tuple[int, ...]], list[str]] = {}
    for ours in staging.hosts:
        place = (ours.host, ours.ports)
        if place not in asked:
            near = (*servers.get(_name(ours.host), ()), *servers.get("", ()))
            asked[place] = [name for name, address in near if _at(kinds, address, ours)]
        yield from ((ours, name) for name in asked[place])
        yield from ((ours, o.variable) for o in others.get(ours.host, ()) if _one_store(o, ours))


def _by_name(servers: Iterable[tuple[str, Address]]) -> dict[str, list[tuple[str, Address]]]:
    """By each name that stands in what is shown; by none where something is left out of it."""
    found: dict[str, list[tuple[str, Address]]] = {}
    for each in servers:
        shown = each[1].shown.lower()
        words = {_name(six or word) for six, word in _HOST_OR_WORD.findall(shown)}
        for name in {""} if MASKED in shown or "…" in shown else words:
            found.setdefault(name, []).append(each)
    return found


def _name(host: str) -> str:
    """One for all the names that a provider has for a server."""
    return "dpg-" if host.startswith("dpg-") else next((p for p in _RENAMED if p in host), host)


def judged(hits: tuple[Hit, ...], staging: Snapshot) -> Judgement:
    """What such hosts amount to: nobody asked the server whose it is."""
    names = ", ".join(sorted({f"{host.variable} names the server of production's {of}" for host, of in hits}))
    evidence = tuple(
        Evidence(staging.environment, f"{each.where} {each.variable}", each.host, "parsed", staging.taken_at)
        for each in dict.fromkeys(host for host, _ in hits)
    )
    remedy = "give staging a server of its own, or declare it as a resource: then its server is asked"
    return unproven(f"in staging {names}, and no resource declares it", evidence, remedy)


def _is_server(kinds: Kinds, address: Address) -> bool:
    """One host may serve strangers, where it serves pages or buckets."""
    if isinstance(address, ForeignAddress):
        return bool(address.foreign.engine) and not address.foreign.local
    return address.kind in kinds and bool(kinds[address.kind].lane)


def _at(kinds: Kinds, theirs: Address, ours: NamedHost) -> bool:
    """At the port that goes with the host; where nobody states one, code may name any."""
    host = f"[{ours.host}]" if ":" in ours.host else ours.host
    stated = ours.ports or tuple(dict.fromkeys(re.findall(r":([0-9]{1,5})(?![0-9])", theirs.shown)))
    places = (*(() if ours.ports else (host,)), *(f"{host}:{port}" for port in stated))
    return any(
        _same(kinds, theirs, f"{scheme}://{place}") for scheme in _schemes(kinds, theirs) for place in places
    )


def _schemes(kinds: Kinds, theirs: Address) -> tuple[str, ...]:
    """Those of all kinds that may meet on the server."""
    if isinstance(theirs, ForeignAddress):
        return (theirs.foreign.engine,)
    lane = kinds[theirs.kind].lane
    return tuple(scheme for kind in kinds.values() if kind.lane == lane for scheme in kind.schemes)


def _same(kinds: Kinds, theirs: Address, url: str) -> bool:
    if isinstance(theirs, ForeignAddress):
        return compare_foreign(theirs.foreign, read_foreign(url)).of_server == "same"
    kind = kinds[theirs.kind]
    return kind.compare(theirs, kind.read(url)).of_server == "same"


def _one_store(theirs: NamedHost, ours: NamedHost) -> bool:
    """Whether both sides' variables name one host, and one of them calls it a store."""
    names = (theirs.variable.upper(), ours.variable.upper())
    if not any(map(_STORE.search, names)) or any(map(_NO_STORE.search, names)) or _NO_HOST.search(ours.host):
        return False
    if (theirs.ports and ours.ports and not {*theirs.ports} & {*ours.ports}) or _EVERYBODYS.search(ours.host):
        return False
    return compare_hosts(read_host(theirs.host), read_host(ours.host)).verdict == "same"
