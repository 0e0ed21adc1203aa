"""What live tests across both environments add to `disjoint verify` of the demo: with them and without."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from measuring import PYTHON, Command, each_in_turn, result
from verify import kept_demo

from disjoint.kinds.registry import KINDS

ROUNDS = 9
BOUND_SECONDS = 0.5
PROGRAM = """
import sys
from pathlib import Path
from disjoint import pipeline
proof = pipeline.verify(pipeline.load(Path(sys.argv[1])), without=sys.argv[2:])
assert proof.footprint.writes == 0
"""


def measure() -> dict[str, dict[str, object]]:
    """All canaries at once, and all live tests at once, against none; a fresh process each, in turn."""
    names = {test.name for kind in KINDS for test in kind.experiments}
    canaries = sorted(name for name in names if name.startswith("canary"))
    with kept_demo() as directory:
        manifest = directory / "disjoint.toml"
        times = each_in_turn(
            {
                "everything": run(manifest),
                "canaries alone": run(manifest, *sorted(names - {*canaries})),
                "nothing": run(manifest, *sorted(names)),
            },
            ROUNDS,
        )
    return {
        f"behaviour/{what}": compared(times[measured], times["nothing"])
        for what, measured in (("canaries", "canaries alone"), ("every live test", "everything"))
    }


def run(manifest: Path, *without: str) -> Command:
    """One verification without the named live tests, in a process of its own."""
    return [PYTHON, "-c", PROGRAM, str(manifest), *without]


def compared(ours: list[float], reference: list[float]) -> dict[str, object]:
    """The ratio, and what is added in seconds: the median over rounds, and by the quietest run of each.

    The runs of one round are neighbours, so that what else this machine does falls on both.
    """
    told = result(median(ours), median(reference), "the same run without live tests")
    added = median(one - other for one, other in zip(ours, reference, strict=True))
    least = min(ours) - min(reference)
    return {
        **told,
        "added": round(added, 3),
        "quietest": round(least, 3),
        "bound": BOUND_SECONDS,
        "rounds": ROUNDS,
    }
