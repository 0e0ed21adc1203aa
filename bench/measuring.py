"""Time commands in turn, so that noise falls on all of them alike."""

from __future__ import annotations

import resource
import statistics
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = str(ROOT / ".venv/bin/python")
DISJOINT = str(ROOT / ".venv/bin/disjoint")

Command = Sequence[str]


def seconds(command: Command) -> float:
    """Wall time of one run, whatever it ends with."""
    started = time.perf_counter()
    subprocess.run(command, capture_output=True, check=False)
    return time.perf_counter() - started


def in_turn(commands: dict[str, Command], rounds: int) -> dict[str, float]:
    """The median of each command's times over rounds in which each runs once; a first round warms up."""
    return {name: statistics.median(taken) for name, taken in each_in_turn(commands, rounds).items()}


def each_in_turn(commands: dict[str, Command], rounds: int) -> dict[str, list[float]]:
    """Every time of each command, round by round."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(rounds + 1):
        for name, command in commands.items():
            taken = seconds(command)
            if turn:
                times[name].append(taken)
    return times


def peak_megabytes(command: Command) -> float:
    """The largest resident set of a command, asked by a parent that has no other child."""
    program = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], capture_output=True); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    found = subprocess.run([PYTHON, "-c", program, *command], capture_output=True, text=True, check=True)
    return round(int(found.stdout) * resource.getpagesize() / 4096 / 1024, 1)


def result(ours: float, reference: float, against: str) -> dict[str, object]:
    """One line of bench/results.json."""
    return {
        "ours": round(ours, 3),
        "reference": round(reference, 3),
        "ratio": round(ours / reference, 2),
        "against": against,
    }
