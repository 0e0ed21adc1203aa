"""The `web` kind, wired."""

from __future__ import annotations

from disjoint.model.address import Address, Likeness
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.kind import Kind, Observer

from .address import WebAddress, compare, compare_text, parse
from .facts import WebDeclared, WebFacts, from_text, identities
from .rules import LINTS, RULES


def _load() -> Observer[WebDeclared, WebFacts]:
    from .observe import observe  # noqa: PLC0415  (an observer loads when it is first asked)

    return observe


def _address(facts: WebFacts) -> Fact[Address]:
    match facts.address:
        case Known(address):
            return Known(address)
        case Unknown() as unknown:
            return unknown


def _compare(a: Address, b: Address) -> Likeness:
    if isinstance(a, WebAddress) and isinstance(b, WebAddress):
        return compare(a, b)
    return Likeness("invalid", "the two are not both web addresses")


KIND = Kind(
    name="web",
    declared=WebDeclared,
    facts=WebFacts,
    rules=RULES,
    lints=LINTS,
    from_text=from_text,
    load_observer=_load,
    read=parse,
    compare=_compare,
    compare_text=compare_text,
    address_of=_address,
    identities=identities,
    schemes=("http", "https", "ws", "wss"),
    beyond=("web/cross-token", "web/cors", "web/cookie-scope", "web/redirect", "web/bundle"),
)
