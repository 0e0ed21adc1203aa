"""The `web` kind, wired."""

from __future__ import annotations

from disjoint.model.address import Nearness
from disjoint.model.experiment import Canary, Experiment, Marking, Trial
from disjoint.model.kind import Kind, Observer

from .address import compare, compare_text, parse
from .facts import Cors, Door, WebDeclared, WebFacts, aged, from_text, identities, leads, stable
from .rules import LINTS, RULES


def _load() -> Observer[WebDeclared, WebFacts]:
    from .observe import observe  # noqa: PLC0415  (an observer loads when it is first asked)

    return observe


def _marking() -> Marking[WebDeclared]:
    from . import canary  # noqa: PLC0415  (as above)

    return canary


def _reach() -> Trial[WebDeclared]:
    from .reach import reach  # noqa: PLC0415  (as above)

    return reach


def _cors() -> Trial[WebDeclared]:
    from .cors import ask_both  # noqa: PLC0415  (as above)

    return ask_both


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
    near=lambda address: Nearness(frozenset({address.host}), frozenset({address.host})),
    compare_text=compare_text,
    address_of=lambda facts: facts.address,
    stable=stable,
    aged=aged,
    identities=identities,
    leads=leads,
    mark=lambda facts: facts.mark,
    schemes=("http", "https", "ws", "wss"),
    experiments=(
        Canary("canary", _marking, stored=True, applies=lambda declared: declared.canary is not None),
        Experiment(
            "reach",
            Door,
            _reach,
            applies=lambda declared: declared.reach,
            announces="a token of {staging}'s key is tried once at {place}: its log will show one refusal",
        ),
        Experiment("cors", Cors, _cors, applies=lambda declared: declared.cors),
    ),
    apart=("web/same-deployment",),
    recipes=lambda: {
        "verify": "nothing is granted: the service is asked by GET and HEAD for what it answers to everybody",
        "look, production's side": "nothing is granted",
        "canary, each side": "the application offers one path (disjoint explain web/same-deployment)",
        "reach = true, production's side": "a path that answers 2xx to a valid token of nobody's, and the "
        "key that signs production's own tokens (disjoint explain web/cross-token)",
    },
    dialled=("url",),
)
