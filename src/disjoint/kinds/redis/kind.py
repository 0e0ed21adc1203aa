"""The redis kind: Redis, Valkey and what speaks like them."""

from __future__ import annotations

from disjoint.model.kind import Kind, Observer

from .address import compare, compare_text, parse
from .facts import RedisDeclared, RedisFacts, from_text, identities
from .rules import LINTS, RULES


def _observer() -> Observer[RedisDeclared, RedisFacts]:
    from .observe import observe  # noqa: PLC0415  (the client library loads when it is asked for)

    return observe


KIND = Kind(
    name="redis",
    declared=RedisDeclared,
    facts=RedisFacts,
    rules=RULES,
    lints=LINTS,
    from_text=from_text,
    load_observer=_observer,
    read=parse,
    compare=compare,
    compare_text=compare_text,
    address_of=lambda facts: facts.address,
    identities=identities,
    schemes=("redis", "rediss", "valkey", "valkeys"),
    lane="redis",
    beyond=("redis/cross-login", "redis/production-keys"),
)
