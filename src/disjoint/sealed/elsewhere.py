"""A journal is written to, and so is kept in no database of either environment."""

from __future__ import annotations

from typing import NoReturn

from disjoint.errors import UsageError
from disjoint.kinds.registry import BY_NAME
from disjoint.model.manifest import Manifest, target

from .remembering import VARIABLE, journal_url
from .strengthening import resolved

KIND = BY_NAME["postgres"]


def expect_elsewhere(manifest: Manifest) -> None:
    """Whether the journal's URL leads to none of the databases whose variables are at hand.

    Raises:
        UsageError: it leads to a server of production's, to a database of staging's, or to one that any
            variable of production's names, declared or not.
    """
    url = journal_url()
    for resource in manifest.resources if url else ():
        for side in (manifest.production, manifest.staging):
            text = target(resource, side).text("url") if resource.kind == KIND.name else None
            if text is not None and _is_one(text, url, protected=side.protected):
                _refuse(side.name, resource.name)
    for name, value in resolved(manifest.production) if url else ():
        if "://" in value and not name.startswith("DISJOINT_") and _is_one(value, url, protected=False):
            _refuse(manifest.production.name, name)


def _refuse(environment: str, what: str) -> NoReturn:
    raise UsageError(
        f"{VARIABLE} leads to {environment}'s {what}: a journal is written to: keep it in a database that is "
        "neither environment's"
    )


def _is_one(text: str, url: str, *, protected: bool) -> bool:
    found = KIND.compare_text(text, url)
    return (found.of_server if protected else found.verdict) == "same"
