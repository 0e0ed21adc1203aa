"""`disjoint check`: what a commit can be told before any server is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from disjoint.errors import SourceError, UnprovenError, UsageError

from .exits import Exit
from .output import quiet_process
from .spoken import show, spoken

if TYPE_CHECKING:
    from disjoint.model.proof import Proof

PATH = click.Path(path_type=Path, readable=False)


@click.command(
    epilog="Exit codes: 0 nothing is wrong with what was read, 1 something is shared, 2 usage or manifest."
)
@click.argument("manifests", nargs=-1, type=PATH)
def command(manifests: tuple[Path, ...]) -> int:
    """Check manifests without a network: for a commit hook.

    Reads each manifest strictly: a misspelt key, an unknown resource, a waiver that is over. Where both
    sides' variables are at hand, they are compared as `disjoint verify --offline` does, and what is shared by
    its text alone (a reused secret, production's address in staging) is an error. Nothing is proven by that:
    a certificate, and what the servers say, is `disjoint certify`'s.

    \b
    disjoint check                            disjoint.toml, or pyproject.toml's [tool.disjoint]
    disjoint check deploy/disjoint.toml
    """
    found = [path for path in manifests if _is_one(path)] if manifests else [_own()]
    quiet_process()
    shared = [line for path in found for line in _checked(path)]
    for line in shared:
        show(spoken(line))
    return Exit.BAD if shared else Exit.HOLDS


def _own() -> Path:
    from disjoint.manifest.load import find  # noqa: PLC0415  (--help needs none of it)

    if (found := find(Path())) is None:
        raise UsageError(
            "there is no disjoint.toml here, and no [tool.disjoint] in a pyproject.toml: name it"
        )
    return found


def _is_one(path: Path) -> bool:
    """False for a pyproject.toml without a table of ours: a hook names every file that might have one."""
    from disjoint.manifest.load import find  # noqa: PLC0415  (as above)

    return path.name != "pyproject.toml" or find(path.parent) == path


def _checked(path: Path) -> Iterator[str]:
    from disjoint import pipeline  # noqa: PLC0415  (as above)
    from disjoint.split import load_side  # noqa: PLC0415  (as above)

    load_side(path, protected=None)
    try:
        stated = pipeline.load(path)
        proof = pipeline.verify(stated, offline=True)
    except (SourceError, UnprovenError) as error:
        click.echo(spoken(f"{path}: read; not compared, for {error}"), err=True)
        return
    yield from _shared(proof, path)


def _shared(proof: Proof, path: Path) -> Iterator[str]:
    from disjoint.model.finding import Outcome  # noqa: PLC0415  (as above)

    places = {row.resource: row.declared_at for row in proof.matrix}
    for finding in proof.findings:
        if finding.judgement.outcome is Outcome.SHARED and finding.waiver is None:
            place = places.get(finding.resource) or path
            yield f"{place}: {finding.rule}: {finding.judgement.summary}; fix: {finding.judgement.remedy}"
