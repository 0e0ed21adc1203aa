"""Was staging given one of production's secrets since it was certified, under whatever name? Pure.

The stable part holds digests of what is called a secret, so that another text in any other variable voids
nothing. One of production's secrets does, and the certified part of production says which those are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from disjoint.certify.drift import Part
from disjoint.certify.guarded import SECRET, Held, digest, guessable, secrets_of, stretched
from disjoint.errors import BarredError
from disjoint.kinds.variables.forms import normal_forms
from disjoint.kinds.variables.held import words
from disjoint.kinds.variables.shapes import published
from disjoint.model.environment import Environment
from disjoint.model.finding import Waiver
from disjoint.model.manifest import Manifest
from disjoint.sealed.strengthening import VARIABLES, resolved

RULE = "variables/secret-reused"
Theirs = Mapping[str, frozenset[str]]
"""By digest of a form: the variables of production's that hold it."""


def expect_nothing_borrowed(manifest: Manifest, production: Part, key: bytes, now: datetime) -> None:
    """Whether staging's variables hold no secret of production's but those that people accepted.

    Args:
        manifest: with staging's variables, and the waivers.
        production: its certified stable part.
        key: of the digests in it.
        now: when a waiver must count.

    Raises:
        BarredError: one of them holds one.
    """
    theirs = _theirs(production)
    waivers = [each for each in manifest.waivers if each.rule == RULE and now < each.expires]
    slow = any(form.startswith("scrypt:") for form in theirs)
    for each in _held(manifest.staging, frozenset(manifest.public), key, slow=slow):
        names = frozenset[str]().union(*(theirs[form] for form in each.forms & theirs.keys()))
        if names and not _accepted(waivers, {each.variable, *map(_bare, names)}):
            raise BarredError(
                f"{VARIABLES}: {manifest.staging.name}'s {each.label} is {manifest.production.name}'s "
                f"{min(names)}: make a new value for it, and rotate that one; see `disjoint verify`"
            )


def _theirs(production: Part) -> Theirs:
    found: dict[str, frozenset[str]] = {}
    for resource in production["resources"].values():
        secrets: Any = resource["facts"].get("secrets") if resource["kind"] == VARIABLES else None
        for name, forms in secrets.items() if isinstance(secrets, dict) else ():
            for form in forms if isinstance(forms, list) else ():
                found[form] = found.get(form, frozenset()) | {name}
    return found


def _held(environment: Environment, public: frozenset[str], key: bytes, *, slow: bool) -> Iterator[Held]:
    """What is called a secret, and every text of a secret's length in any other variable."""
    yield from secrets_of(key, resolved(environment), public, stretch=False)
    for name, value in resolved(environment):
        if name in public or name.startswith("DISJOINT_") or published(name):
            continue
        forms = frozenset(form for word in words(value) for form in normal_forms(word))
        plain = frozenset(digest(key, SECRET, form) for form in forms)
        yield Held(name, name, plain | frozenset(_stretched(forms, key) if slow else ()), stretched=slow)


def _stretched(forms: Iterable[str], key: bytes) -> Iterator[str]:
    """What a dictionary may find is slow to digest: done where production has a secret of that sort."""
    return (stretched(key, form) for form in forms if guessable(form))


def _accepted(waivers: Iterable[Waiver], names: set[str]) -> bool:
    return any(not each.variables or names <= set(each.variables) for each in waivers)


def _bare(label: str) -> str:
    """Without where in it: ``DATABASE_URL (password)``."""
    return label.partition(" (")[0]
