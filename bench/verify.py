"""`disjoint verify` of the demo's worlds against the slowest of its resources verified alone."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from measuring import DISJOINT, in_turn, peak_megabytes, result

ROUNDS = 5


def measure() -> dict[str, dict[str, object]]:
    """Everything at once costs little more than the slowest alone: process start is in both."""
    with kept_demo() as directory:
        alone = {name: verify(path) for name, path in single_resources(directory).items()}
        everything = verify(directory / "disjoint.toml")
        times = in_turn({"everything": everything, **alone}, ROUNDS)
        slowest = max(alone, key=lambda name: times[name])
        measured = result(times["everything"], times[slowest], f"the slowest resource alone ({slowest})")
        return {"verify/demo": {**measured, "rss_mb": peak_megabytes(everything)}}


def verify(manifest: Path) -> list[str]:
    """The command that verifies one manifest."""
    return [DISJOINT, "verify", "--manifest", str(manifest), "--format", "json"]


@contextlib.contextmanager
def kept_demo() -> Iterator[Path]:
    """The demo's two environments, running."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o755)
        command = [DISJOINT, "demo", "--keep", "--directory", name]
        demo = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while not (directory / "ready").exists():
                assert demo.poll() is None, "the demo ended early"
                time.sleep(0.05)
            yield directory
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(30)


def single_resources(directory: Path) -> dict[str, Path]:
    """A manifest for each declared resource, with that resource only."""
    text = (directory / "disjoint.toml").read_text()
    head, *tables = re.split(r"(?m)^(?=\[resources\.)", text)
    found = {}
    for table in tables:
        name = table.partition("]")[0].removeprefix("[resources.").strip('"')
        found[name] = directory / f"only-{name}.toml"
        found[name].write_text(head + table)
    return found
