"""disjoint.toml -> Manifest: strict, and every refusal names its place."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from disjoint.errors import ManifestError
from disjoint.files import read_text
from disjoint.model.kind import Kind
from disjoint.model.manifest import Manifest

from .document import PYPROJECT, Table, open_document
from .environments import Read, read_environments
from .resources import read_resources
from .waivers import read_waivers

FILE = "disjoint.toml"
KEYS = ("environments", "resources", "waivers", "public")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def load(path: Path, kinds: Sequence[Kind[Any, Any]], read: Read) -> Manifest:
    """Read a manifest and both environments' variables.

    Args:
        path: ``disjoint.toml``, or a ``pyproject.toml`` with ``[tool.disjoint]``.
        kinds: what resources may be declared.
        read: `disjoint.sources.read`.

    Raises:
        ManifestError: one error, with file, line, column, key and the nearest valid name.
        SourceError: an environment's variables cannot be read.
    """
    top = open_document(path)
    top.only(KEYS)
    public = _public(top)
    sides = read_environments(top, read, path.parent)
    resources = read_resources(top, kinds, sides, public)
    waivers = read_waivers(top, kinds, resources)
    return Manifest(sides.production, sides.staging, resources, waivers, public, str(path.parent), str(path))


def find(directory: Path) -> Path | None:
    """The manifest of a directory: its disjoint.toml, else a pyproject.toml that has our table."""
    if (directory / FILE).exists():
        return directory / FILE
    candidate = directory / PYPROJECT
    try:
        tools = tomllib.loads(read_text(candidate, str(candidate), ManifestError).text).get("tool")
    except (ManifestError, ValueError, RecursionError):
        return None
    return candidate if isinstance(tools, dict) and "disjoint" in tools else None


def _public(top: Table) -> tuple[str, ...]:
    if "public" not in top.values:
        return ()
    names = top.convert("public", tuple[str, ...])
    if not isinstance(names, tuple):
        raise top.refuse("public", "expected a list of names")
    for position, name in enumerate(names):
        if not _VARIABLE.fullmatch(name):
            raise _at(top, position, "expected the name of a variable, without $")
        if name in names[:position]:
            raise _at(top, position, f"{name} stands twice")
    return names


def _at(top: Table, position: int, what: str) -> ManifestError:
    return top.document.refuse((*top.path, "public", position), what)
