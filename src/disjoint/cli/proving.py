"""What `verify` and `certify` have in common: the limits of a run, and the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import click

from disjoint.errors import UsageError
from disjoint.model.manifest import Manifest
from disjoint.model.proof import Proof
from disjoint.report.inert import inert

from .output import quiet_process
from .progress import progress

Command = Callable[..., Any]


class Limits(NamedTuple):
    """What a run may do."""

    budget: float
    no_reach: bool
    no_census: bool
    dask: str
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
    quiet_process()
    click.echo(f"asking the process at {shown(stated.staging.attested)}, which asks its servers", err=True)
    return proven(stated, project_key(), within.budget, lambda line: click.echo(inert(line), err=True))


def proven(stated: Manifest, within: Limits, key: bytes | None = None) -> Proof:
    """Announce what production's log will show, run, and tell how far it is."""
    from disjoint import pipeline  # noqa: PLC0415  (parsing and checking need none of it)

    quiet_process()
    if not within.offline and not within.no_reach:
        for line in pipeline.announced(stated):
            click.echo(inert(line), err=True)  # addresses as reports show them, without credentials
    left_out = [name for name, out in (("reach", within.no_reach), ("census", within.no_census)) if out]
    with progress(stated) as (tell, steps):
        options: dict[str, Any] = {"without": left_out, "steps": steps, "dask": within.dask, "key": key}
        return pipeline.verify(stated, offline=within.offline, budget=within.budget, progress=tell, **options)
