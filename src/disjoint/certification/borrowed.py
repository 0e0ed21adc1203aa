"""Was staging given one of production's secrets since it was certified, under whatever name? Pure.

The stable part holds digests of what is called a secret, so that another text in any other variable voids
nothing. One of production's secrets does, and the certified part of production says which those are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from disjoint.certify.drift import Part
from disjoint.certify.guarded import Held, secrets_of
from disjoint.errors import BarredError, UnprovenError
from disjoint.model.fact import Known, Unknown
from disjoint.model.finding import Waiver
from disjoint.model.manifest import Manifest
from disjoint.sealed.strengthening import STRETCHED, VARIABLES, resolved, texts_in

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
        UnprovenError: they hold too much to be compared.
    """
    theirs = _theirs(production)
    waivers = [each for each in manifest.waivers if each.rule == RULE and now < each.expires]
    for each in _held(manifest, key, slow=any(form.startswith(STRETCHED) for form in theirs)):
        names = frozenset[str]().union(*(theirs[form] for form in each.forms & theirs.keys()))
        if names and not _accepted(waivers, {each.variable, *map(_bare, names)}):
            raise BarredError(
                f"{VARIABLES}: {manifest.staging.name}'s {each.label} is {manifest.production.name}'s "
                f"{min(names)}: make a new value for it, and rotate that one; see `disjoint verify`"
            )


def _held(manifest: Manifest, key: bytes, *, slow: bool) -> tuple[Held, ...]:
    public = frozenset(manifest.public)
    match texts_in(manifest.staging, public, key, slow=slow):
        case Known(texts):
            named = secrets_of(key, resolved(manifest.staging), public, stretch=False)
            return (*named, *texts)
        case Unknown(reason, remedy):
            raise UnprovenError(f"{reason}: {remedy}")


def _theirs(production: Part) -> Theirs:
    found: dict[str, frozenset[str]] = {}
    for resource in production["resources"].values():
        secrets: Any = resource["facts"].get("secrets") if resource["kind"] == VARIABLES else None
        for name, forms in secrets.items() if isinstance(secrets, dict) else ():
            for form in forms if isinstance(forms, list) else ():
                found[form] = found.get(form, frozenset()) | {name}
    return found


def _accepted(waivers: Iterable[Waiver], names: set[str]) -> bool:
    return any(not each.variables or names <= set(each.variables) for each in waivers)


def _bare(label: str) -> str:
    """Without where in it: ``DATABASE_URL (password)``."""
    return label.partition(" (")[0]
