"""What hold, look and join have in common: one side's manifest, the key, a half's text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from disjoint.errors import UsageError

if TYPE_CHECKING:
    from disjoint.certify.keys import ProjectKey
    from disjoint.model.manifest import Manifest

MANIFEST = click.option(
    "--manifest",
    type=click.Path(path_type=Path, readable=False),
    help="The manifest. [default: disjoint.toml, then pyproject.toml]",
)


def side(path: Path | None, *, protected: bool | None, attesting: bool = False) -> Manifest:
    """The manifest with one side's variables, or nobody's; this process's own where it attests.

    Raises:
        UsageError: there is none, or it cannot be read.
    """
    from disjoint.manifest.load import find  # noqa: PLC0415  (--help needs none of it)
    from disjoint.split import load_side  # noqa: PLC0415

    found = path or find(Path())
    if found is None:
        raise UsageError(
            "there is no disjoint.toml here, and no [tool.disjoint] in a pyproject.toml: name it"
        )
    return load_side(found, protected=protected, attesting=attesting)


def key() -> ProjectKey:
    """The project's key; told on standard error where it is one of this machine alone.

    Raises:
        UsageError, WriteError: there is none to be had.
    """
    from disjoint.certify.keys import VARIABLE, project_key  # noqa: PLC0415

    found = project_key()
    if found.source != VARIABLE:
        said = f"the project's key is this machine's own, {found.source}"
        click.echo(f"{said}; where several work together, give all of them one {VARIABLE}", err=True)
    return found


def half(path: Path) -> str:
    """The text of a half.

    Raises:
        UsageError: it cannot be read, or is too long to be one.
    """
    from disjoint.certify.half import OCTETS  # noqa: PLC0415
    from disjoint.files import read_text  # noqa: PLC0415

    return read_text(path, str(path), UsageError, OCTETS).text


def forget(path: Path) -> None:
    """Take an older half away, so that nobody takes it for the one that is to come; no other file.

    Raises:
        UsageError: something else is there.
    """
    if not path.exists():
        return
    from disjoint.certify.half import SCHEMA  # noqa: PLC0415

    if not path.is_file() or SCHEMA not in half(path):
        raise UsageError(f"{path} is there and no half of an earlier run: name another file")
    path.unlink()
