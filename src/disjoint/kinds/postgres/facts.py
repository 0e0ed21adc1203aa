"""What a user declares of a PostgreSQL database, and what may be known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, NamedTuple

from disjoint.model.address import Address
from disjoint.model.census import Strength, Terms
from disjoint.model.environment import Target
from disjoint.model.fact import Fact, Known, Unknown, both
from disjoint.model.kind import ADDED, SETTING, Identity
from disjoint.model.plain import Plain
from disjoint.model.terms import DETECT, detection

from .address import PostgresAddress, parse


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresDeclared:
    """A database, and what its staging side must look like."""

    url: str = field(metadata=SETTING)
    """As libpq reads it; PG* variables of the environment fill what it leaves out."""
    sentinels: tuple[str, ...] = ()
    """Counting statements that must give zero in staging; never run on production."""
    tables: int | tuple[str, ...] | None = None
    """How many tables staging may hold, or their names (``schema.table``; bare = public)."""
    reach: bool = False
    """Whether staging's login is tried at production's server, once: its log will show it."""
    stamp: bool = False
    """Whether each side must carry its environment's name in the place and in the rows."""
    rows: Literal["sampled", "exact", "private"] | None = None
    """Look for production's rows in staging: in a sample, in all, or so that neither side can guess."""
    detect: str = DETECT
    """What a sample must not miss, and how surely."""
    columns: tuple[str, ...] | None = None
    """The columns to compare (``table.column``, ``schema.table.column``), instead of those we choose."""
    reference: tuple[str, ...] = ()
    """Tables that both sides may fill alike: countries, plans."""
    may_share: tuple[str, ...] = ()
    """Columns that a masked copy may keep."""
    fold: bool = False
    """Compare text without regard to ASCII case and surrounding blanks: twice as slow."""
    baseline: str | None = None
    """File of values that both sides may hold, learnt by ``disjoint baseline``; relative to the manifest."""
    rows_seconds: int = 300
    """How long the comparison may take, beyond the budget."""
    rows_at_most: int = 200_000_000
    """The largest table of production's that is read, in rows; what is larger is unproven."""
    replica: str | None = field(default=None, metadata=SETTING)
    """Where rows are read instead, on either side: a replica of the same server."""
    databases: Literal["all", "own"] = field(default="all", metadata=ADDED)
    """Which databases of staging's server are looked through: all that its role may enter, or the URL's."""
    cache_pressure: bool = False
    """Read production's tables by ranges: faster, and pages in use lose their place in memory."""

    def __post_init__(self) -> None:
        detection(self.detect)

    def alone(self) -> PostgresDeclared:
        """The same of the address's own database alone."""
        return replace(self, databases="own")

    def terms(self) -> Terms | None:
        """What a census is asked for."""
        if self.rows is None:
            return None
        return Terms(
            Strength(self.rows), detection(self.detect), self.rows_seconds, self.fold, self.baseline or ""
        )


class Link(NamedTuple):
    """A way out of a database that is kept inside it: foreign server, subscription, cron job."""

    what: str
    """For people: ``foreign server reports``."""
    target: Fact[PostgresAddress]
    """Where it leads, as the database stores it."""
    place: Fact[str]
    """Digest of the address and port that the target is found at by its own environment."""
    inward: bool
    """Loopback and the server's own port: it leads back to where it is kept."""


class Knock(NamedTuple):
    """What production's server answered to staging's login."""

    let_in: bool
    words: str
    """In our own words."""


class Sentinel(NamedTuple):
    """One declared count, by its position in the declaration. Its text is never kept."""

    rows: Fact[int]
    reads: tuple[str, ...]
    """The tables that the planner says it reads, each with about how many rows it holds."""


_UNTOLD: Unknown = Unknown("nobody said as which role it was asked", "make it anew")
"""Of facts that were written before it was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresFacts:
    """Facts of one database of one server. Digests are keyed; nothing here is a secret."""

    address: Fact[PostgresAddress]
    place: Fact[str]
    """Digest of the numeric address and port that answered."""
    reached: Fact[str]
    """How that address was found: ``reach_at``, ``DNS``, ``literal`` or ``socket``."""
    alternatives: Fact[int]
    """Servers that the address lists beside the one that answered; unknown where a balancer chooses."""
    system_identifier: Fact[str]
    """Digest. Minted by initdb, kept by every physical copy."""
    started_at: Fact[str]
    """Digest of the postmaster's start time in microseconds: names one run of one server."""
    in_recovery: Fact[bool]
    timeline: Fact[int]
    database: Fact[str]
    """What the server calls it; a pooler's alias ends here."""
    database_oid: Fact[int]
    version: Fact[str]
    tls: Fact[str]
    """``verified``, ``issuer verified, host name not``, ``certificate not verified`` or ``none``."""
    links: Fact[tuple[Link, ...]]
    """Foreign servers of this database."""
    subscriptions: Fact[tuple[Link, ...]]
    """Logical replication into any database of the server."""
    jobs: Fact[tuple[Link, ...]]
    """Where pg_cron connects to; what its commands say is not read."""
    table_count: Fact[int]
    """Tables of every user schema, readable or not."""
    tables: Fact[tuple[str, ...]]
    unreadable: Fact[int]
    """Tables among them whose rows this role may not see in full."""
    sentinels: Fact[tuple[Sentinel, ...]]
    stamp_place: Fact[str]
    """The environment that the database's comment names."""
    stamp_rows: Fact[str]
    """The environment that the rows of ``public.disjoint_stamp`` name."""
    role: Fact[str] = _UNTOLD
    """Digest of its name: what other databases of its server one role may enter, another one may not."""


def address_fact(target: Target[PostgresDeclared]) -> Fact[PostgresAddress]:
    """The address as its environment's clients read it; Unknown where none would accept it."""
    match target.setting("url"):
        case Unknown() as unknown:
            return unknown
        case Known(secret):
            address = parse(secret.reveal(), overrides(target))
            if address.fault:
                return Unknown(
                    f"no client accepts this address: {address.fault}", f"mend {target.where('url')}"
                )
            return Known(address)


def overrides(target: Target[PostgresDeclared]) -> dict[str, str]:
    """The environment's own PG* variables. Values are not to be shown."""
    variables = target.environment.variables.items()
    return {
        name: variable.value.value.reveal()
        for name, variable in variables
        if name.startswith("PG") and isinstance(variable.value, Known)
    }


def blank(address: Fact[PostgresAddress], why: Unknown) -> PostgresFacts:
    """Facts of which only the address is known."""
    return PostgresFacts(
        address=address, place=why, reached=why, alternatives=why, system_identifier=why, started_at=why,
        in_recovery=why, timeline=why, database=why, database_oid=why, version=why, tls=why,
        links=why, subscriptions=why, jobs=why, table_count=why, tables=why, unreadable=why,
        sentinels=why, stamp_place=why, stamp_rows=why, role=why,
    )  # fmt: skip


def from_text(target: Target[PostgresDeclared], reason: str) -> PostgresFacts:
    """What the text alone says; everything else is unknown for `reason`."""
    return blank(address_fact(target), Unknown(reason))


def identities(facts: PostgresFacts) -> tuple[Identity, ...]:
    """The server (one initdb, one start), and whatever is a copy of it (one initdb).

    Where only its start is unread, the second tells it from every other.
    """
    minted = facts.system_identifier
    server = _run(both(minted, facts.started_at))
    told = isinstance(minted, Known) and isinstance(server, Unknown)
    return (
        Identity("postgres/same-server", "server", Known(frozenset()) if told else server),
        Identity("postgres/replica-or-copy", "server or a copy of it", _run(both(minted, Known("")))),
    )


def as_whom(declared: PostgresDeclared, facts: PostgresFacts) -> Fact[str]:
    """The role, where it says which databases of staging's server are read; of its own each gap is told."""
    return Known("") if declared.databases == "own" else facts.role


def _run(named: Fact[tuple[str, str]]) -> Fact[frozenset[str]]:
    match named:
        case Known((minted, started)):
            return Known(frozenset({f"{minted} {started}".strip()}))
        case Unknown():
            return named


def stable(facts: PostgresFacts) -> Mapping[str, Fact[Plain | Address]]:
    """Where the database is, by which initdb and CREATE DATABASE; not which start of which server."""
    return {
        "address": facts.address,
        "system_identifier": facts.system_identifier,
        "database": facts.database,
        "database_oid": facts.database_oid,
    }


def aged(theirs: PostgresFacts, ours: PostgresFacts, sealed_at: datetime) -> PostgresFacts:
    """Of one initdb, another start is another server, or the same one after a restart."""
    del sealed_at
    one = isinstance(theirs.system_identifier, Known) and theirs.system_identifier == ours.system_identifier
    return replace(theirs, started_at=_STARTED) if one and theirs.started_at != ours.started_at else theirs


_STARTED: Unknown = Unknown(
    "production's server may have started anew since it was sealed",
    "run `disjoint seal` in production once more",
)
