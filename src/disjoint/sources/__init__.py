"""Where an environment's variables come from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from disjoint.errors import SourceError
from disjoint.model.environment import Environment

SOURCES = ("dotenv", "process", "sealed", "attested")
"""The sources of this version, as the manifest's `variables` table names them."""


def read(
    spec: Mapping[str, str | bool],
    *,
    name: str,
    protected: bool,
    reach_at: Mapping[str, str],
    directory: Path,
) -> Environment:
    """Read an environment from the one source that `spec` names.

    Args:
        spec: ``{"dotenv": ".env.staging"}``, ``{"process": True}`` or ``{"sealed": "…"}``, which may name
            a public key beside it: ``{"sealed": "…", "sealed_by": "prover.pub.pem"}``; or
            ``{"attested": "https://…"}``, at which the deployed process answers for itself.
        name: what the manifest calls the environment.
        protected: True for production.
        reach_at: where this machine finds its endpoints; see `Environment.reach_at`.
        directory: what a relative path is relative to.

    Raises:
        SourceError: no such source, or it cannot be read; the text never holds a value.
    """
    match dict(spec):
        case {"dotenv": str(file), **rest} if not rest:
            from .dotenv import read_dotenv  # noqa: PLC0415 - its library loads only where it is used

            return read_dotenv(
                directory / file, name=name, protected=protected, reach_at=reach_at, shown=file
            )
        case {"process": True, **rest} if not rest:
            from .process import read_process  # noqa: PLC0415

            return read_process(name=name, protected=protected, reach_at=reach_at)
        case {"sealed": str(file), **rest} if rest.keys() <= {"sealed_by"}:
            from .sealed import read_sealed  # noqa: PLC0415

            by = str(rest.get("sealed_by", ""))
            return read_sealed(
                directory / file, by and directory / by, name=name, reach_at=reach_at, shown=file
            )
        case {"attested": str(url), **rest} if not rest:
            return Environment(name, protected, {}, url, reach_at, held=False, attested=url)
        case _:
            raise SourceError(f"{name}: variables come from exactly one of: {', '.join(SOURCES)}")
