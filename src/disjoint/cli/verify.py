"""`disjoint verify`: the main job."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from disjoint.errors import UsageError

from .declared import PATH, declared, detecting, sources
from .declared import budget as budget_of
from .exits import Exit, code_of
from .output import FORMATS, Output, emit, expect_writable
from .proving import Limits, attested, limits, proven


@click.command(epilog="Exit codes: 0 isolated, 1 shared, 2 usage or manifest, 3 unproven, 4 could not write.")
@sources
@budget_of(30.0)
@click.option("--offline", is_flag=True, help="Touch no network: nothing is proven beyond what is declared.")
@limits
@click.option("--fail-on", multiple=True, metavar="RULE", help="A lint that makes the command end with 3.")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--output", type=PATH, help="Write the report here instead of standard output.")
def command(
    manifest: Path | None,
    staging: Path | None,
    production: Path | None,
    budget: float,
    offline: bool,
    no_reach: bool,
    no_census: bool,
    detect: str | None,
    dask: str,
    overlap: Path | None,
    fail_on: tuple[str, ...],
    format_: str,
    output: Path | None,
) -> int:
    """Prove that staging touches nothing of production's.

    Production is only ever read; what it was asked is counted and shown. Marks that store nothing (a lock, a
    subscription, a session's name) stand on both sides for a moment; what is stored goes to staging alone.
    Nothing that could not be read counts as proof: it is UNPROVEN, with the grant or setting that would
    prove it.

    Where the manifest says `reach`, staging's own credentials are tried at production once, and told of
    on standard error before: production's log will show it.

    Where it says `rows`, production's rows, keys or objects are looked for in staging by keyed digests; that
    may take the seconds of `rows_seconds` beyond the budget.

    Where the manifest says `attested`, the deployed process answers for staging at its URL, and production's
    observer looks for the marks that it places: docs/guard/attest.md. DISJOINT_ATTEST_TOKEN opens the route.
    Nobody holds both sides' rows then, nor where production is sealed: --overlap brings what production's
    side found of staging's (`disjoint census`, then `disjoint overlap --half`).

    Where the project's journal holds a certificate of these two environments, the notes say what has changed
    since then; `--fail-on drift` makes any change end with 3, and so does having nothing to compare with.

    \b
    disjoint verify                                   what disjoint.toml declares
    disjoint verify --staging .env.staging --production .env.production
    disjoint verify --format markdown --output proof.md
    """
    from disjoint import pipeline  # noqa: PLC0415  (parsing and checking need none of it)
    from disjoint.certification.drift import NOTHING, since_certified, with_drift  # noqa: PLC0415  (as above)
    from disjoint.certification.overridden import overrides_noted  # noqa: PLC0415  (as above)

    _known(fail_on, pipeline.lints())
    expect_writable(output)
    stated = detecting(declared(manifest, staging, production), detect)
    since, unknown = (None, ()) if offline or stated.staging.attested else since_certified(stated)
    if since is None and not unknown and NOTHING.rule in fail_on:
        unknown = (NOTHING,)
    within = Limits(budget, no_reach, no_census, dask, overlap, offline)
    attests = bool(stated.staging.attested)
    proof = attested(stated, within) if attests else proven(stated, within, since and since.key)
    proof = with_drift(stated, proof, since) if since else replace(proof, notes=(*proof.notes, *unknown))
    proof = replace(proof, notes=(*proof.notes, *overrides_noted()))
    emit(pipeline.render, proof, Output(format_, output))
    noted = [note.rule for note in proof.notes if note.rule in fail_on]
    return Exit.UNPROVEN if noted and code_of(proof) is Exit.HOLDS else code_of(proof)


def _known(asked: tuple[str, ...], lints: tuple[str, ...]) -> None:
    """A misspelt lint would never fail anything; a proof rule decides the exit code by itself."""
    for rule in asked:
        if rule not in lints:
            raise UsageError(f"--fail-on {rule}: no note has this id; use one of {', '.join(lints)}")
