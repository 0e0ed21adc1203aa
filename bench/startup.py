"""`disjoint --version` against a bare import of its CLI library."""

from __future__ import annotations

from measuring import DISJOINT, PYTHON, in_turn, result


def measure() -> dict[str, dict[str, object]]:
    """At most twice the import of click."""
    times = in_turn({"ours": [DISJOINT, "--version"], "click": [PYTHON, "-c", "import click"]}, 9)
    return {"startup/version": result(times["ours"], times["click"], 'python -c "import click"')}
