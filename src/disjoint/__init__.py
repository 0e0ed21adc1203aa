"""Prove that a staging environment touches no production data and no production resource.

    from pathlib import Path
    import disjoint

    proof = disjoint.verify(disjoint.load(Path("disjoint.toml")))
    if proof.verdict is not disjoint.Outcome.ISOLATED:
        print(disjoint.render(proof, "text"))

Importing the package loads nothing else; each name loads what it needs when it is used.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False  # as every type checker reads it; `typing` itself takes long to load
if TYPE_CHECKING:
    from .errors import DisjointError
    from .model.finding import Grade, Outcome
    from .model.proof import Proof
    from .pipeline import compare, infer, load, render, verify

__version__ = "0.1.0"
__all__ = [
    "DisjointError",
    "Grade",
    "Outcome",
    "Proof",
    "compare",
    "infer",
    "load",
    "render",
    "verify",
]

_HOMES = {
    "DisjointError": "errors",
    "Grade": "model.finding",
    "Outcome": "model.finding",
    "Proof": "model.proof",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = importlib.import_module(f"{__name__}.{_HOMES.get(name, 'pipeline')}")
    return getattr(home, name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
