"""The `variables` kind, wired."""

from __future__ import annotations

from disjoint.model.address import Address, Nearness
from disjoint.model.fact import Absent, Fact
from disjoint.model.kind import Kind, Observer

from .address import compare, compare_text, parse
from .facts import VariablesDeclared, VariablesFacts, from_text, stable
from .rules import LINTS, RULES


def _load() -> Observer[VariablesDeclared, VariablesFacts]:
    from .observe import observe  # noqa: PLC0415  (an observer loads when it is first asked)

    return observe


def _address(_facts: VariablesFacts) -> Fact[Address]:
    return Absent("variables have no address")


_ANY = frozenset({""})
"""Any two values may be one in some form."""

KIND = Kind(
    name="variables",
    declared=VariablesDeclared,
    facts=VariablesFacts,
    rules=RULES,
    lints=LINTS,
    from_text=from_text,
    load_observer=_load,
    read=parse,
    compare=compare,
    near=lambda _address: Nearness(_ANY, _ANY),
    compare_text=compare_text,
    address_of=_address,
    stable=stable,
    recipes=lambda: {
        "verify": "nothing is granted: the variables are read where the manifest says they are written",
        "look, production's side": "nothing is granted: only production's variables are read",
    },
    networked=False,
)
