"""The celery kind: a broker and its result backend."""

from __future__ import annotations

from disjoint.model.kind import Kind, Observer

from .address import compare, compare_text, parse
from .facts import CeleryDeclared, CeleryFacts, from_text, identities
from .rules import LINTS, RULES


def _observer() -> Observer[CeleryDeclared, CeleryFacts]:
    from .observe import observe  # noqa: PLC0415  (the client library loads when it is asked for)

    return observe


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
    compare_text=compare_text,
    address_of=lambda facts: facts.broker,
    identities=identities,
    schemes=("amqp", "amqps", "pyamqp", "sqs", "sentinel"),
    lane="redis",
    dialled=("broker", "result_backend"),
)
