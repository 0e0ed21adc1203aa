"""All facts of one environment at one time: no secrets by construction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from .address import Address
from .fact import Fact


@dataclass(frozen=True, slots=True)
class Observed:
    """What is known of one resource in one environment."""

    resource: str
    kind: str
    facts: object
    """The kind's own facts."""
    present: Fact[str]
    """Known(where it is written), or Absent where this environment does not name it."""
    seconds: float
    """How long the observer took; 0 offline."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A variable whose value reads as some kind's address."""

    variable: str
    where: str
    address: Address
    owned: bool = False
    """An environment's own store by scheme or name: strangers share a vendor's API, not a database."""


@dataclass(frozen=True, slots=True)
class NamedHost:
    """A host that stands in a variable of its own, without a scheme that says what is there."""

    variable: str
    where: str
    host: str
    """In lower case: a name with a dot, or an IP address without brackets."""
    ports: tuple[int, ...]
    """Those that stand with it, or in a variable named like its own; none where nobody states one."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The facts of one environment."""

    environment: str
    protected: bool
    taken_at: datetime
    resources: Mapping[str, Observed]
    endpoints: tuple[Endpoint, ...]
    """Every variable that reads as an address, claimed or not."""
    override: Mapping[str, Fact[str]]
    """Host-like variables that redirect a client (PGHOST, PGHOSTADDR ...) -> their values."""
    unread: tuple[str, ...] = ()
    """Address-like variables whose value only the platform can resolve, and that no resource claims."""
    hosts: tuple[NamedHost, ...] = ()
    """Those that stand alone in a variable, and that no resource claims."""
