"""An environment by its seal: it has no variables here, and the seal is opened when it is judged."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from disjoint.errors import SourceError
from disjoint.model.environment import Environment


def read_sealed(
    seal: Path, by: Path | Literal[""], *, name: str, reach_at: Mapping[str, str], shown: str
) -> Environment:
    """A protected environment that another process has sealed.

    Raises:
        SourceError: a file is not there.
    """
    for file, what in ((seal, "the seal"), (by, "the public key")):
        if file and not file.is_file():
            raise SourceError(f"{shown if file is seal else file}: {what} is not there")
    return Environment(name, True, {}, shown, reach_at, held=False, seal=str(seal), sealed_by=str(by))
