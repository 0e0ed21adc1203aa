"""The `postgres` kind, wired."""

from __future__ import annotations

from collections.abc import Mapping

from disjoint.model.address import Nearness
from disjoint.model.engine import near_foreign
from disjoint.model.experiment import Canary, Census, Experiment, Marking, Reading, Trial
from disjoint.model.kind import Kind, Observer
from disjoint.model.url import near

from .address import PostgresAddress, as_libpq, compare, compare_text, parse
from .facts import Knock, PostgresDeclared, PostgresFacts, aged, as_whom, from_text, identities, stable
from .rules import LINTS, RULES

SCHEMES = (
    *("postgres", "postgresql", "postgis", "pgsql", "psql", "timescale", "ecto"),
    *("cockroach", "cockroachdb", "crdb", "redshift"),
)
"""As settings of frameworks write them: dialects of one protocol, which `address` reads."""


def _load() -> Observer[PostgresDeclared, PostgresFacts]:
    from .observe import observe  # noqa: PLC0415  (psycopg loads only for a visit)

    return observe


def _marking() -> Marking[PostgresDeclared]:
    from . import canary  # noqa: PLC0415  (as above)

    return canary


def _reach() -> Trial[PostgresDeclared]:
    from .reach import reach  # noqa: PLC0415  (as above)

    return reach


def _census() -> Reading[PostgresDeclared]:
    from . import census  # noqa: PLC0415  (as above)

    return census


def _recipes() -> Mapping[str, str]:
    from .grants import RECIPES  # noqa: PLC0415  (asked for by people, hardly ever by a run)

    return RECIPES


def _near(address: PostgresAddress) -> Nearness:
    if address.foreign or not address.readings:
        return near_foreign(address.foreign) if address.foreign else near((), "")
    # what all readings agree on, the first says; Neon's two hosts have had one name since they were read
    first = address.readings[0]
    return near(first.doors, first.database or "")


KIND = Kind(
    name="postgres",
    declared=PostgresDeclared,
    facts=PostgresFacts,
    rules=RULES,
    lints=LINTS,
    from_text=from_text,
    load_observer=_load,
    read=parse,
    compare=compare,
    near=_near,
    compare_text=compare_text,
    address_of=lambda facts: facts.address,
    stable=stable,
    aged=aged,
    identities=identities,
    as_whom=as_whom,
    schemes=SCHEMES,
    lane="postgres",
    experiments=(
        Canary("canary", _marking),
        Experiment(
            "reach",
            Knock,
            _reach,
            applies=lambda declared: declared.reach,
            announces="{staging}'s login is tried once at {place}: its log will show one refused login",
        ),
        Census(_census, PostgresDeclared.terms, PostgresDeclared.alone),
    ),
    followed=as_libpq,
    recipes=_recipes,
    dialled=("url",),
)
