"""The redis kind: Redis, Valkey and what speaks like them."""

from __future__ import annotations

from collections.abc import Mapping

from disjoint.model.address import Nearness
from disjoint.model.engine import near_foreign
from disjoint.model.experiment import Canary, Census, Experiment, Marking, Reading, Trial
from disjoint.model.kind import Kind, Observer
from disjoint.model.url import near

from .address import RedisAddress, compare, compare_text, parse
from .facts import Knock, RedisDeclared, RedisFacts, aged, from_text, identities, stable
from .rules import LINTS, RULES


def _observer() -> Observer[RedisDeclared, RedisFacts]:
    from .observe import observe  # noqa: PLC0415  (the client library loads when it is asked for)

    return observe


def _presence() -> Marking[RedisDeclared]:
    from .canary import PRESENCE  # noqa: PLC0415  (as above)

    return PRESENCE


def _message() -> Marking[RedisDeclared]:
    from .canary import MESSAGE  # noqa: PLC0415  (as above)

    return MESSAGE


def _reach() -> Trial[RedisDeclared]:
    from .reach import reach  # noqa: PLC0415  (as above)

    return reach


def _census() -> Reading[RedisDeclared]:
    from . import census  # noqa: PLC0415  (as above)

    return census


def _recipes() -> Mapping[str, str]:
    from .grants import RECIPES  # noqa: PLC0415  (asked for by people, hardly ever by a run)

    return RECIPES


def _near(address: RedisAddress) -> Nearness:
    return near_foreign(address.foreign) if address.foreign else near(address.doors, str(address.db))


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
    near=_near,
    compare_text=compare_text,
    address_of=lambda facts: facts.address,
    stable=stable,
    aged=aged,
    identities=identities,
    schemes=("redis", "rediss", "valkey", "valkeys"),
    experiments=(
        Canary("canary", _presence),
        Canary("canary:message", _message, stored=True),
        Experiment(
            "reach",
            Knock,
            _reach,
            applies=lambda declared: declared.reach,
            announces="{staging}'s login is tried once at {place}: its log will show one refused login",
        ),
        Census(_census, RedisDeclared.terms, alone=RedisDeclared.alone),
    ),
    apart=("redis/same-server",),
    lane="redis",
    recipes=_recipes,
    dialled=("url",),
)
