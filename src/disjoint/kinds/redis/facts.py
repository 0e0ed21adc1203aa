"""What may be declared and known of a Redis or Valkey server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, NamedTuple

from disjoint.model.address import Address
from disjoint.model.census import Strength, Terms
from disjoint.model.elder import NEW_IDS, elder
from disjoint.model.environment import Target
from disjoint.model.fact import Fact, Known, Unknown, mapped
from disjoint.model.kind import ADDED, SETTING, Identity
from disjoint.model.plain import Plain
from disjoint.model.terms import DETECT, detection

from .address import RedisAddress, parse

OWN, DOUBTFUL, PLAIN = "key names", "key names that may be hashes", "plain key names"
"""Places of a census: names that nobody else gives, that the same code may give, that anybody gives."""


def called(database: int) -> str:
    """What a logical database is called."""
    return f"logical database {database}"


def places_of(database: int) -> tuple[str, str, str]:
    """The same three of one of staging's logical databases, in the same order."""
    return called(database), f"{called(database)}, {DOUBTFUL}", f"{called(database)}, {PLAIN}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisDeclared:
    """``[resources.x]`` with ``kind = "redis"``."""

    url: str = field(metadata=SETTING)
    keys: tuple[str, ...] | None = None
    """How every key of staging's logical database must begin; ``[]``: it must be empty."""
    reach: bool = False
    """Try staging's login once at production's server."""
    rows: Literal["sampled", "exact", "private"] | None = None
    """Look for production's keys in staging: in a sample, in all, or so that neither side can guess."""
    detect: str = DETECT
    """What a sample must not miss, and how surely."""
    may_share: tuple[str, ...] = ()
    """Prefixes of keys that both sides may hold."""
    databases: Literal["all", "own"] = field(default="all", metadata=ADDED)
    """Which logical databases of staging's server are looked through: all, or the address's own."""
    baseline: str | None = None
    """File of what both sides may hold, learnt by ``disjoint baseline``; relative to the manifest."""
    rows_seconds: int = 300
    """How long the comparison may take, beyond the budget."""
    rows_at_most: int = 20_000_000
    """So many keys of one side are read at most, of all its logical databases; beyond, it is unproven."""

    def __post_init__(self) -> None:
        detection(self.detect)

    def terms(self) -> Terms | None:
        """What a census is asked for."""
        if self.rows is None:
            return None
        strength, detect = Strength(self.rows), detection(self.detect)
        return Terms(strength, detect, self.rows_seconds, baseline=self.baseline or "")

    def alone(self) -> RedisDeclared:
        """The same, of the address's own logical database: beside it may stand what no seed put there."""
        return replace(self, databases="own")


class Scan(NamedTuple):
    """One whole walk over the keys of a logical database; no names, only keyed digests."""

    seen: int
    foreign: int
    """Keys that begin with none of the declared prefixes."""
    sample: tuple[str, ...]
    """Digests of the first few of them."""


@dataclass(frozen=True, slots=True)
class Knock:
    """What production's server answered to staging's login."""

    let_in: bool
    words: str
    """For people; no user name in them."""


@dataclass(frozen=True, slots=True)
class RedisFacts:
    """What a server said of itself in ``INFO``, and what its address says."""

    address: Fact[RedisAddress]
    transport: Fact[str]
    """``no TLS``, ``TLS, verified``, ``TLS, not verified`` ...: how far the answers can be trusted."""
    run_id: Fact[str]
    """Digest of the process's random id: new at every start, never copied."""
    steady: Fact[bool]
    """Whether further connections met the same process: behind a balancer one of them meets another.

    Where the run id is not told, it looks for a mark that the first one holds.
    """
    replication_ids: Fact[tuple[str, ...]]
    """Digests of master_replid and master_replid2, the all-zero one left out."""
    role: Fact[str]
    """``primary`` or ``replica``."""
    linked: Fact[bool]
    """False on a replica that has no link to its primary, and may not carry its id yet."""
    clustered: Fact[bool]
    nodes: Fact[tuple[str, ...]]
    """Digests of the ids of its cluster's nodes, as it knows them; none where it is no node."""
    server: Fact[str]
    """``valkey 9.1.2``."""
    database: Fact[int]
    """The logical database that the address selects, and that the server let us select."""
    databases: Fact[tuple[tuple[int, int], ...]]
    """Every logical database that holds keys, and how many."""
    namespace: Fact[Scan]
    """Only where ``keys`` is declared, and only on staging: production is never scanned."""
    since: Fact[float] = field(default_factory=lambda: Unknown("when the server started was not read"))
    """When its process started, in seconds of this machine's clock."""


def from_text(target: Target[RedisDeclared], reason: str) -> RedisFacts:
    """What the address alone says; everything else Unknown for one reason."""
    return unread(target, Unknown(reason))


def unread(target: Target[RedisDeclared], why: Unknown) -> RedisFacts:
    """As `from_text`, with the remedy that goes with the reason."""
    return RedisFacts(
        address=_address(target),
        transport=why,
        run_id=why,
        steady=why,
        replication_ids=why,
        role=why,
        linked=why,
        clustered=why,
        nodes=why,
        server=why,
        database=why,
        databases=why,
        namespace=why,
        since=why,
    )


def _address(target: Target[RedisDeclared]) -> Fact[RedisAddress]:
    return mapped(target.setting("url"), lambda secret: parse(secret.reveal()))


def identities(facts: RedisFacts) -> tuple[Identity, ...]:
    """The process, and whatever holds a copy of its data."""
    return (
        Identity("redis/same-server", "server", _marks(facts.run_id)),
        Identity("redis/replica-or-copy", "server or a copy of it", _marks(facts.replication_ids)),
    )


def _marks(fact: Fact[str] | Fact[tuple[str, ...]]) -> Fact[frozenset[str]]:
    match fact:
        case Known(str(one)):
            return Known(frozenset({one}))
        case Known(several):
            return Known(frozenset(several))
        case Unknown():
            return fact


def stable(facts: RedisFacts) -> Mapping[str, Fact[Plain | Address]]:
    """Where the database is, and whether it leads or follows: a replica holds another server's keys.

    Run and replication ids are new after a restart without a file, and the latter where a first replica
    joins: by them nobody would know a staging that was told to follow production.
    """
    return {"address": facts.address, "database": facts.database, "role": facts.role}


def aged(theirs: RedisFacts, ours: RedisFacts, sealed_at: datetime) -> RedisFacts:
    """Ids that differ count where staging's process is older than the seal: it is none that came after it.

    A replica takes the ids of its primary whenever it is told to follow one, so that only a primary's count.
    One that bears two was promoted: it may be a replica of production's that came to lead it since.
    """
    if isinstance(ours.replication_ids, Known) and len(ours.replication_ids.value) > 1:
        return replace(theirs, run_id=NEW_IDS, replication_ids=NEW_IDS)
    if not (isinstance(ours.since, Known) and elder(ours.since.value, sealed_at)):
        return replace(theirs, run_id=NEW_IDS, replication_ids=NEW_IDS)
    return theirs if ours.role == Known("primary") else replace(theirs, replication_ids=NEW_IDS)
