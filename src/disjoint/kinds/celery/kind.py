"""The celery kind: a broker and its result backend."""

from __future__ import annotations

from collections.abc import Mapping

from disjoint.model.address import Nearness
from disjoint.model.experiment import Canary, Experiment, Marking, Sightings, Trial
from disjoint.model.kind import Kind, Observer
from disjoint.model.url import near

from .address import CeleryAddress, compare, compare_text, parse
from .facts import CeleryDeclared, CeleryFacts, Knocks, aged, from_text, identities, stable
from .rules import LINTS, RULES


def _observer() -> Observer[CeleryDeclared, CeleryFacts]:
    from .observe import observe  # noqa: PLC0415  (the client library loads when it is asked for)

    return observe


def _on_broker() -> Marking[CeleryDeclared]:
    from .canary import ON_BROKER  # noqa: PLC0415  (as above)

    return ON_BROKER


def _on_backend() -> Marking[CeleryDeclared]:
    from .canary import ON_BACKEND  # noqa: PLC0415  (as above)

    return ON_BACKEND


def _call() -> Trial[CeleryDeclared]:
    from .calling import call  # noqa: PLC0415  (as above)

    return call


def _reach() -> Trial[CeleryDeclared]:
    from .reach import reach  # noqa: PLC0415  (as above)

    return reach


def _recipes() -> Mapping[str, str]:
    from .grants import RECIPES  # noqa: PLC0415  (asked for by people, hardly ever by a run)

    return RECIPES


def _near(address: CeleryAddress) -> Nearness:
    # one entry in common is enough
    each = [near(entry.doors, entry.item) for entry in address.entries]
    return (
        Nearness(*(frozenset[str]().union(*sets) for sets in zip(*each, strict=True)))
        if each
        else near((), "")
    )


_BROKER = "broker_transport"

KIND = Kind(
    name="celery",
    declared=CeleryDeclared,
    facts=CeleryFacts,
    rules=RULES,
    lints=LINTS,
    from_text=from_text,
    load_observer=_observer,
    read=parse,
    compare=compare,
    near=_near,
    compare_text=compare_text,
    address_of=lambda facts: facts.broker,
    stable=stable,
    aged=aged,
    identities=identities,
    schemes=("amqp", "amqps", "pyamqp", "sqs", "sentinel"),
    experiments=(
        Canary("canary:broker", _on_broker, through=_BROKER),
        Canary(
            "canary:result-backend",
            _on_backend,
            applies=lambda d: d.result_backend is not None,
            through="backend_transport",
        ),
        Experiment(
            "canary:workers", Sightings, _call, stored=True, applies=lambda d: d.ping, through=_BROKER
        ),
        Experiment(
            "reach",
            Knocks,
            _reach,
            applies=lambda d: d.reach,
            announces="{staging}'s login is tried once at {place}: its log will show one refused login",
        ),
    ),
    apart=("celery/same-broker",),
    lane="redis",
    recipes=_recipes,
    dialled=("broker", "result_backend"),
)
