"""What `verify` and `certify` have in common: the limits of a run, and the run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from disjoint.errors import UsageError
from disjoint.model.manifest import Manifest
from disjoint.model.proof import Proof
from disjoint.report.inert import inert

from .output import quiet_process
from .progress import progress
from .splitting import half

if TYPE_CHECKING:
    from disjoint.certify.meeting import Rows

Command = Callable[..., Any]


class Limits(NamedTuple):
    """What a run may do."""

    budget: float
    no_reach: bool
    no_census: bool
    dask: str
    overlap: Path | None
    offline: bool = False


def limits(command: Command) -> Command:
    """The options that say what is left out, and how much a sample must find."""
    for option in (
        click.option(
            "--dask",
            metavar="ADDRESS",
            default="",
            help="Have a census made by this Dask scheduler's workers (tls://host:8786), or by `local` ones.",
        ),
        click.option(
            "--overlap",
            type=click.Path(path_type=Path, readable=False),
            help="Where production is sealed, or staging attested: what came of staging's rows, as "
            "`disjoint overlap --half` left it.",
        ),
        click.option(
            "--detect",
            metavar="N@P%",
            help="How many copied values a sample must find, and how surely. [default: 1000@99.9%]",
        ),
        click.option(
            "--no-census",
            is_flag=True,
            help="Compare no rows, keys or objects; what the manifest asks of them is then unproven.",
        ),
        click.option(
            "--no-reach",
            is_flag=True,
            help="Try no credential of staging's at production; "
            "what the manifest asks of it is then unproven.",
        ),
    ):
        command = option(command)
    return command


def attested(stated: Manifest, within: Limits) -> Proof:
    """Ask staging's deployed process, and look for its marks meanwhile.

    Raises:
        UsageError: an option asks for what takes staging's own variables; or as `disjoint.attested.proven`.
    """
    from disjoint.attested import proven, shown  # noqa: PLC0415  (few manifests name a process)
    from disjoint.certify.keys import project_key  # noqa: PLC0415  (as above)

    if within.offline or within.dask:
        raise UsageError(
            f"{stated.staging.name} is attested: its process is asked, and gives no rows; leave out "
            "--offline and --dask"
        )
    rows = compared(stated, within)
    quiet_process()
    click.echo(f"asking the process at {shown(stated.staging.attested)}, which asks its servers", err=True)
    return proven(stated, project_key(), within.budget, lambda line: click.echo(inert(line), err=True), rows)


def compared(stated: Manifest, within: Limits) -> Rows | None:
    """What came of staging's rows on production's side, where a file says so.

    Raises:
        UsageError: this run compares them itself, or is not to; or the file is no such half.
        TamperedError, UnprovenError: as `disjoint.directions.half.rows_of`.
    """
    if within.overlap is None:
        return None
    if within.no_census or within.offline:
        raise UsageError("--overlap: leave out --no-census and --offline, which ask for no rows")
    if not (stated.production.seal or stated.staging.attested):
        raise UsageError("--overlap: neither side is sealed or attested, and this run reads rows itself")
    from disjoint.certify.keys import project_key  # noqa: PLC0415  (few runs bring a file)
    from disjoint.directions.half import rows_of  # noqa: PLC0415  (as above)

    return rows_of(stated, project_key(), half(within.overlap), str(within.overlap))


def proven(stated: Manifest, within: Limits, key: bytes | None = None) -> Proof:
    """Announce what production's log will show, run, and tell how far it is.

    Raises:
        DisjointError: as `compared`, and as `disjoint.pipeline.verify`.
    """
    from disjoint import pipeline  # noqa: PLC0415  (parsing and checking need none of it)

    rows = compared(stated, within)
    quiet_process()
    if not within.offline and not within.no_reach:
        for line in pipeline.announced(stated):
            click.echo(inert(line), err=True)  # addresses as reports show them, without credentials
    left_out = [name for name, out in (("reach", within.no_reach), ("census", within.no_census)) if out]
    with progress(stated) as (tell, steps):
        options: dict[str, Any] = {
            "without": left_out,
            "steps": steps,
            "dask": within.dask,
            "key": key,
            "rows": rows,
        }
        return pipeline.verify(stated, offline=within.offline, budget=within.budget, progress=tell, **options)
