"""Compare an export in Parquet with another one, or with a declared database: what was found, judged.

An export says nothing of the server that it came from: what is proven is of the files that lie there.
"""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from disjoint.errors import UsageError
from disjoint.model.census import Overlap, Reader, Terms
from disjoint.model.environment import Environment
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.finding import Judgement
from disjoint.model.kind import Question
from disjoint.model.kind import Side as Of
from disjoint.model.manifest import Manifest
from disjoint.model.overlapping import Words, judged
from disjoint.model.probe import ProbeError
from disjoint.model.proof import Footprint
from disjoint.overlap.distributed import Afar, cluster
from disjoint.overlap.engine import Gather, Sides, census, gathered
from disjoint.overlap.parquet import Exports
from disjoint.overlap.read import Steps
from disjoint.runner.long import TellStep, Voice
from disjoint.runner.run import Run

from .asked import BUDGET_SECONDS, Order, asked_of, observed, opened
from .judging import CENSUS

NAME = "exports"
WORDS = Words(
    one="row",
    grant="let this user read every file",
    purge="find out where the rows came from, and delete them from staging's own storage",
    unseen="values that were altered (masked, truncated, encoded anew{case}) are others to an equality test; "
    "an export is as old as it is",
)


class Declared(NamedTuple):
    """A side that is no export: one resource of a manifest, with that side's variables."""

    manifest: Manifest
    resource: str | None


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be compared, and how much of it."""

    production: Path | None
    """None: the declared one."""
    staging: Path | None
    declared: Declared | None
    terms: Terms
    dask: str = ""


class Found(NamedTuple):
    """What came of it."""

    judgement: Judgement
    footprint: Footprint | None
    """What a declared production was asked."""


def compare(wish: Wish, tell: TellStep) -> Found:
    """Read both sides, compare, and judge.

    Raises:
        UsageError: workers are to read a declared side, or the manifest does not say which resource.
    """
    now, names = datetime.now(UTC), _names(wish)
    with contextlib.ExitStack() as stack:
        came, run = _came(wish, names, stack, tell)
        footprint = run.tally(names[0]).footprint() if run and wish.production is None else None
    production, staging = (Of(name, not n, now, None) for n, name in enumerate(names))
    return Found(judged(Question(production, staging, None, {CENSUS: came}), WORDS), footprint)


def _came(
    wish: Wish, names: tuple[str, str], stack: contextlib.ExitStack, tell: TellStep
) -> tuple[Fact[Overlap], Run | None]:
    run: Run | None = None
    try:
        readers = [Exports(str(path)).open() for path in (wish.production, wish.staging) if path]
        sides: list[Reader] = [*readers]
        if wish.declared is not None:
            reader, run = _opened(wish.declared, wish.production is None, stack)
            sides.insert(0 if wish.production is None else 1, reader)
        gather = _gather(wish, stack)
        steps = Steps(*(Voice(name, NAME, tell) for name in names))
        both = Sides(sides[0], sides[1], names)
        return Known(census(both, wish.terms, steps=steps, gather=gather)), run
    except ProbeError as error:
        return Unknown(error.reason, error.remedy), run


def _opened(declared: Declared, production: bool, stack: contextlib.ExitStack) -> tuple[Reader, Run]:
    manifest = declared.manifest
    here: Environment = manifest.production if production else manifest.staging
    asked = asked_of(manifest, here, Order(only=declared.resource))
    if len(asked) != 1:
        raise UsageError(f"name one of {', '.join(each.resource for each in asked)} with --resource")
    run = stack.enter_context(Run((here,), BUDGET_SECONDS, forks=False, key=secrets.token_bytes(32)))
    snapshot = observed(manifest, here, asked, run, datetime.now(UTC))
    return stack.enter_context(opened(asked[0], here, snapshot, run)), run


def _gather(wish: Wish, stack: contextlib.ExitStack) -> Gather:
    if not wish.dask:
        return gathered
    if wish.production is None or wish.staging is None:
        raise UsageError("--dask reads two exports here; for declared databases: disjoint verify --dask")
    client = stack.enter_context(cluster(wish.dask))
    there, here = (Exports(str(path.absolute())) for path in (wish.production, wish.staging))
    return Afar(client, there, here, connections=None)


def _names(wish: Wish) -> tuple[str, str]:
    if wish.declared is None:
        return "production", "staging"
    return wish.declared.manifest.production.name, wish.declared.manifest.staging.name
