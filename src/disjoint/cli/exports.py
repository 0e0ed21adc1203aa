"""`disjoint exports`: look for production's rows in an export, or in staging's, by keyed digests."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from disjoint.errors import UsageError
from disjoint.writing import write_whole

from .exits import Exit
from .output import expect_writable, quiet_process
from .splitting import MANIFEST, side
from .spoken import show

if TYPE_CHECKING:
    from disjoint.directions.exports import Found, Wish
    from disjoint.model.census import Terms
    from disjoint.model.manifest import Manifest

PATH = click.Path(path_type=Path, readable=False)
_CODES = {"ISOLATED": Exit.HOLDS, "SHARED": Exit.BAD, "UNPROVEN": Exit.UNPROVEN}


@click.command(epilog="Exit codes: 0 isolated, 1 shared, 2 usage or manifest, 3 unproven, 4 could not write.")
@MANIFEST
@click.option("--production", type=PATH, help="Production's export: a folder of *.parquet, or one file.")
@click.option("--staging", type=PATH, help="Staging's export.")
@click.option("--resource", metavar="NAME", help="The declared database that an export is compared with.")
@click.option("--detect", metavar="N@P%", help="How many copied values a sample must find, and how surely.")
@click.option("--exact", is_flag=True, help="Compare every value.")
@click.option("--fold", is_flag=True, help="Compare without regard to ASCII case and surrounding blanks.")
@click.option(
    "--dask", metavar="ADDRESS", default="", help="Let this scheduler's workers read, or `local` ones."
)
@click.option("--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True)
@click.option("--output", type=PATH, help="Write what came of it here instead of standard output.")
def command(
    manifest: Path | None,
    production: Path | None,
    staging: Path | None,
    resource: str | None,
    detect: str | None,
    exact: bool,
    fold: bool,
    dask: str,
    format_: str,
    output: Path | None,
) -> int:
    """Look for production's rows where at least one side is an export in Parquet.

    A folder's files are one table, with those of its `key=value` folders. Without --production or --staging,
    that side is the manifest's resource, read as production is. Needs `pip install 'disjoint[dask]'`.

    \b
    disjoint exports --production lake/production --staging lake/staging
    disjoint exports --production lake/production --resource database
    disjoint exports --production p --staging s --dask tls://scheduler:8786
    """
    from disjoint.directions.exports import compare  # noqa: PLC0415  (parsing and checking need none of it)

    from .progress import progress  # noqa: PLC0415

    expect_writable(output)
    wish = _wish(manifest, production, staging, resource, _terms(detect, exact=exact, fold=fold))
    quiet_process()
    with progress(_nothing()) as (_, steps):
        found = compare(replace(wish, dask=dask), steps)
    text = _json(found) if format_ == "json" else _text(found)
    if output is None:
        show(text)
    else:
        write_whole(output, text + "\n")
    return _CODES[found.judgement.outcome.value]


def _terms(detect: str | None, *, exact: bool, fold: bool) -> Terms:
    from disjoint.model.census import Strength, Terms  # noqa: PLC0415  (--help needs none of it)
    from disjoint.model.terms import DETECT, detection  # noqa: PLC0415

    if detect and exact:
        raise UsageError("--detect is of a sample, and --exact of every value: give one")
    try:
        wanted = detection(detect or DETECT)
    except ValueError as error:
        raise UsageError(f"--{error}") from None
    return Terms(Strength.EXACT if exact else Strength.SAMPLED, wanted, 0.0, fold)


def _wish(
    manifest: Path | None, production: Path | None, staging: Path | None, resource: str | None, terms: Terms
) -> Wish:
    from disjoint.directions.exports import Declared, Wish  # noqa: PLC0415  (as above)

    if production is not None and staging is not None:
        if manifest is not None or resource is not None:
            raise UsageError("two exports need no manifest: leave out --manifest and --resource")
        return Wish(production, staging, None, terms)
    if production is None and staging is None:
        raise UsageError("give --production, --staging or both: folders of *.parquet")
    declared = Declared(side(manifest, protected=production is None), resource)
    return Wish(production, staging, declared, terms)


def _nothing() -> Manifest:
    """Nobody is waited for by name."""
    from disjoint.model.environment import Environment  # noqa: PLC0415  (as above)
    from disjoint.model.manifest import Manifest  # noqa: PLC0415

    production, staging = (Environment(name, False, {}, "") for name in ("production", "staging"))
    return Manifest(production, staging, ())


def _text(found: Found) -> str:
    from disjoint.report.inert import inert  # noqa: PLC0415  (as above)

    judged = found.judgement
    lines = [f"{each.environment}: {each.what}: {each.value} ({each.how})" for each in judged.evidence]
    lines += [f"do: {judged.remedy}"] if judged.remedy else []
    lines += [f"limits: {judged.limits}"] if judged.limits else []
    if found.footprint is not None:
        lines.append(f"production: {found.footprint.reads} reads, {found.footprint.writes} writes")
    return "\n  ".join(map(inert, (f"{judged.outcome.value}: {judged.summary}", *lines)))


def _json(found: Found) -> str:
    from disjoint.model.plain import plain  # noqa: PLC0415  (as above)

    stated = {"outcome": found.judgement.outcome.value, "footprint": plain(found.footprint)}
    words = ("summary", "remedy", "limits")
    told = {name: getattr(found.judgement, name) for name in words}
    evidence = [
        {"environment": e.environment, "what": e.what, "value": e.value} for e in found.judgement.evidence
    ]
    return json.dumps({"schema": "disjoint.exports/v1", **stated, **told, "evidence": evidence}, indent=1)
