"""The `web` kind, wired."""

from __future__ import annotations

from disjoint.model.kind import Kind, Observer

from .address import compare, compare_text, parse
from .facts import WebDeclared, WebFacts, from_text, identities, leads
from .rules import LINTS, RULES


def _load() -> Observer[WebDeclared, WebFacts]:
    from .observe import observe  # noqa: PLC0415  (an observer loads when it is first asked)

    return observe


KIND = Kind(
    name="web",
    declared=WebDeclared,
    facts=WebFacts,
    rules=RULES,
    lints=LINTS,
    from_text=from_text,
    load_observer=_load,
    read=parse,
    compare=compare,
    compare_text=compare_text,
    address_of=lambda facts: facts.address,
    identities=identities,
    leads=leads,
    mark=lambda facts: facts.mark,
    schemes=("http", "https", "ws", "wss"),
    beyond=("web/cross-token", "web/cors"),
)
