"""A snapshot as it may leave its environment: guessable secrets stretched, no piece of one shown."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from disjoint.certify.guarded import SECRET, Held, digest, guessable, secrets_of, stretched
from disjoint.certify.plain_address import in_variable
from disjoint.kinds.variables.facts import Digested
from disjoint.kinds.variables.forms import normal_forms
from disjoint.kinds.variables.held import words
from disjoint.kinds.variables.shapes import published
from disjoint.model.environment import Environment
from disjoint.model.fact import Fact, Known, Unknown, mapped
from disjoint.model.host import MASKED
from disjoint.model.plain import plain
from disjoint.model.snapshot import Observed, Snapshot
from disjoint.model.url import ENCODE, SEVERED

VARIABLES = "variables"
STRETCHED = "scrypt:"
"""How the digest of a secret begins that guessing finds."""
MOST = 500
"""Texts of a run that are stretched: 20 seconds of one core."""
BLIND: Unknown = Unknown(
    "production's seal is blind: it names no host, database or bucket",
    "run `disjoint seal` in production without --blind",
)
_NOWHERE: Unknown = Unknown("where a name leads is told by each network for itself")
_PLACES = frozenset({"copies", "announces", "links", "subscriptions", "jobs", "hops"})
"""Facts that name other places than the environment's own."""


def resolved(environment: Environment) -> list[tuple[str, str]]:
    """Names and values of an environment's variables, those left out that only a platform resolves."""
    variables = environment.variables.values()
    return [(v.name, v.value.value.reveal()) for v in variables if isinstance(v.value, Known)]


def secrets_in(environment: Environment, public: Iterable[str], key: bytes) -> tuple[Held, ...]:
    """The environment's secrets as digests under `key`."""
    return tuple(secrets_of(key, resolved(environment), frozenset(public)))


def texts_in(
    environment: Environment, public: Iterable[str], key: bytes, *, slow: bool
) -> Fact[tuple[Held, ...]]:
    """Every text of a secret's length in any variable that is not public, whatever it is called.

    Args:
        environment: whose variables they are.
        public: names of variables whose values are no secrets.
        key: of the digests.
        slow: whether what guessing finds is stretched as well: needed where the other side has such a secret.
    """
    texts = {name: _forms(value) for name, value in resolved(environment) if _is_private(name, public)}
    weak = {form for forms in texts.values() for form in forms if guessable(form)} if slow else set[str]()
    if len(weak) > MOST:
        return Unknown(
            f"{environment.name}'s variables hold {len(weak)} texts that a dictionary may find, and no more "
            f"than {MOST} are held against a secret of that sort",
            "draw the secrets anew that `disjoint seal` names, and seal production",
        )
    once = {form: stretched(key, form) for form in weak}
    return Known(tuple(_text(name, forms, key, once) for name, forms in texts.items()))


def _is_private(name: str, public: Iterable[str]) -> bool:
    return not (name in public or name.startswith("DISJOINT_") or published(name))


def _forms(value: str) -> frozenset[str]:
    return frozenset(form for word in words(value) for form in normal_forms(word))


def _text(name: str, forms: frozenset[str], key: bytes, once: Mapping[str, str]) -> Held:
    plain = frozenset(digest(key, SECRET, form) for form in forms)
    return Held(name, name, plain | {once[form] for form in forms & once.keys()}, stretched=bool(once))


def strengthened(
    snapshot: Snapshot,
    environment: Environment,
    secrets: Iterable[Held],
    others: Fact[tuple[Held, ...]] | None = None,
) -> Snapshot:
    """The snapshot with these digests for its secrets', so that two that share a key compare.

    Args:
        snapshot: of the environment.
        environment: where the variables are written.
        secrets: what is called a secret in it.
        others: what else may be one; as the snapshot has it where none are given.
    """
    stronger: dict[str, Fact[Any]] = {"secrets": Known(_digested(secrets, environment))}
    if others is not None:
        stronger["others"] = mapped(others, lambda held: _digested(held, environment))
    return _changed(snapshot, lambda name, fact: _stronger(name, fact, stronger))


def _digested(held: Iterable[Held], environment: Environment) -> tuple[Digested, ...]:
    return tuple(Digested(s.label, environment.variables[s.variable].where, s.forms) for s in held)


def _stronger(name: str, fact: Fact[Any], stronger: Mapping[str, Fact[Any]]) -> Fact[Any]:
    return stronger[name] if name in stronger and isinstance(fact, Known) else fact


def portable(snapshot: Snapshot) -> Snapshot:
    """Without what means something else on another machine, or may hold a piece of a password."""
    kept = tuple(e for e in snapshot.endpoints if not _masked(e.address))
    hidden = {e.variable for e in snapshot.endpoints} - {e.variable for e in kept}
    sound = _changed(snapshot, _sound)
    return replace(sound, endpoints=kept, unread=tuple(sorted({*snapshot.unread, *hidden})))


def _sound(name: str, fact: Fact[Any]) -> Fact[Any]:
    if isinstance(fact, Known):
        if name == "place":
            return _NOWHERE
        if _masked(fact.value):
            return Unknown(SEVERED, ENCODE)
    return fact


def _masked(value: object) -> bool:
    shown = str(getattr(value, "shown", ""))
    return MASKED in shown or any(leaf == MASKED or MASKED in leaf for leaf in _texts(plain(value)))


def blinded(snapshot: Snapshot, environment: Environment) -> Snapshot:
    """Without a name of a host, a database or a bucket: what needs one is then unknown, and says so."""
    names = _names(environment)
    hidden = _changed(snapshot, lambda name, fact: _blind(name, fact, names))
    override: Mapping[str, Fact[str]] = dict.fromkeys(snapshot.override, BLIND)
    return replace(hidden, endpoints=(), hosts=(), override=override)


def _names(environment: Environment) -> frozenset[str]:
    places = [p for name, value in resolved(environment) for p in in_variable(name, value)]
    texts = {text.lower() for place in places for text in (place.host, place.name) if len(text) > 2}
    buckets = {v.lower() for name, v in resolved(environment) if "BUCKET" in name.upper() and len(v) > 2}
    return frozenset(texts | buckets)


def _blind(name: str, fact: Fact[Any], names: frozenset[str]) -> Fact[Any]:
    if name in _PLACES and isinstance(fact, Known) and not fact.value:
        return fact
    told = [leaf.lower() for leaf in _texts(plain(fact))]
    shows = any(_tells(leaf, named) for leaf in told for named in names)
    return BLIND if shows or name in _PLACES or hasattr(getattr(fact, "value", None), "shown") else fact


def _tells(leaf: str, name: str) -> bool:
    return leaf == name or (("." in name or "-" in name) and name in leaf)


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for inner in value.values():
                yield from _texts(inner)
        case list():
            for inner in value:
                yield from _texts(inner)
        case _:
            pass


def _changed(snapshot: Snapshot, change: Callable[[str, Fact[Any]], Fact[Any]]) -> Snapshot:
    """Every fact of every resource, changed or as it was."""
    changed = {name: _each(observed, change) for name, observed in snapshot.resources.items()}
    return replace(snapshot, resources=changed)


def _each(observed: Observed, change: Callable[[str, Fact[Any]], Fact[Any]]) -> Observed:
    facts: Any = observed.facts
    fields = {f.name: change(f.name, getattr(facts, f.name)) for f in dataclasses.fields(facts)}
    return replace(observed, facts=replace(facts, **fields))
