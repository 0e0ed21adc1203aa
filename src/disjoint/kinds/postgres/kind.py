"""The `postgres` kind, wired."""

from __future__ import annotations

from disjoint.model.address import Address, Likeness
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.kind import Kind, Observer

from .address import PostgresAddress, as_libpq, compare, compare_text, parse
from .facts import PostgresDeclared, PostgresFacts, from_text, identities
from .rules import LINTS, RULES


def _load() -> Observer[PostgresDeclared, PostgresFacts]:
    from .observe import observe  # noqa: PLC0415  (psycopg loads only for a visit)

    return observe


def _address(facts: PostgresFacts) -> Fact[Address]:
    match facts.address:
        case Known(address):
            return Known(address)
        case Unknown() as why:
            return why


def _compare(a: Address, b: Address) -> Likeness:
    if isinstance(a, PostgresAddress) and isinstance(b, PostgresAddress):
        return compare(a, b)
    return Likeness("invalid", "the two are not both PostgreSQL addresses")


KIND = Kind(
    name="postgres",
    declared=PostgresDeclared,
    facts=PostgresFacts,
    rules=RULES,
    lints=LINTS,
    from_text=from_text,
    load_observer=_load,
    read=parse,
    compare=_compare,
    compare_text=compare_text,
    address_of=_address,
    identities=identities,
    schemes=("postgres", "postgresql"),
    beyond=("postgres/cross-login", "postgres/production-rows"),
    followed=as_libpq,
)
