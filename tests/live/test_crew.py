"""Lanes in processes of their own: the same facts, the same footprint, and no process left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from disjoint.demo.catalogue.every import BY_NAME
from disjoint.demo.world import World
from disjoint.runner.crew import END, Crew, Message

pytestmark = pytest.mark.live

VERIFY = """
import json, re, sys
from pathlib import Path
from disjoint import pipeline
from disjoint.runner import run as runner
if sys.argv[2] == "threads":
    runner.may_fork = lambda: False
forked = []
crew = runner.Crew
def fork(work):
    forked.append(1)
    if sys.argv[2] == f"no process {len(forked)}":
        raise OSError("Resource temporarily unavailable")
    return crew(work)
runner.Crew = fork
proof = pipeline.verify(pipeline.load(Path(sys.argv[1])))
rows = [[r.resource, r.outcome.value, r.grade and r.grade.word] for r in proof.matrix]
bare = lambda text: re.sub("hmac:[0-9a-f]+", "digest", text)
findings = [[f.rule, f.outcome.value, bare(f.judgement.summary)] for f in proof.findings]
print(json.dumps({"crews": len(forked), "rows": rows, "findings": findings,
                  "commands": proof.footprint.commands, "writes": proof.footprint.writes}))
"""


def verified(manifest: Path, how: str) -> dict[str, object]:
    program = [sys.executable, "-c", VERIFY, str(manifest), how]
    done = subprocess.run(program, capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    found: dict[str, object] = json.loads(done.stdout)
    return found


OTHERS = [
    pytest.param(leak, marks=pytest.mark.long)
    for leak in ("cache-is-broker", "same-postgres", "redis-copy", "wrong-tls")
]


@pytest.mark.parametrize("leak", [None, *OTHERS])
def test_lanes_and_threads_find_the_same_and_ask_the_same(
    leak: str | None, world: World, tmp_path: Path
) -> None:
    """Where observers run changes no row, no finding and no command, whether or not something is shared."""
    manifest = (BY_NAME[leak].breaks(world) if leak else world).write(tmp_path)
    lanes, threads = verified(manifest, "lanes"), verified(manifest, "threads")
    assert (lanes.pop("crews"), threads.pop("crews")) == (2, 0)
    assert lanes == threads


@pytest.mark.parametrize("refused", ["no process 1", pytest.param("no process 2", marks=pytest.mark.long)])
def test_a_lane_that_gets_no_process_is_observed_here(refused: str, world: World, tmp_path: Path) -> None:
    """A refused fork costs nothing: every row is as it would be."""
    manifest = BY_NAME["same-redis"].breaks(world).write(tmp_path)
    lanes, threads = verified(manifest, refused), verified(manifest, "threads")
    assert lanes["rows"] == threads["rows"]
    assert lanes["commands"] == threads["commands"]


def test_a_crew_whose_parent_was_killed_tells_and_sends_nothing_more(tmp_path: Path) -> None:
    """A command is told before it is sent, and telling ends an orphan, though a sibling holds its pipe."""
    program = f"""
import os, signal, time
from pathlib import Path
from disjoint.runner.crew import Crew
def works(name):
    def work(tell):
        while True:
            tell(("production", "PING"))
            (Path({str(tmp_path)!r}) / name).write_text(str(time.monotonic()))
            time.sleep(0.02)
    return work
crews = [Crew(works("first")), Crew(works("second"))]
time.sleep(0.3)
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", program], check=False, timeout=20)
    time.sleep(0.2)
    before = {name: (tmp_path / name).read_text() for name in ("first", "second")}
    time.sleep(0.3)
    assert {name: (tmp_path / name).read_text() for name in before} == before


def heard(crew: Crew, seconds: float) -> list[Message]:
    messages: list[Message] = []
    crew.listen(messages.append)
    deadline = time.monotonic() + seconds
    while END not in messages and time.monotonic() < deadline:
        time.sleep(0.01)
    crew.dismiss()
    return messages


def test_a_crew_that_dies_is_heard_to_the_end(capfd: pytest.CaptureFixture[str]) -> None:
    """What it told before stands, its death is an end, and nothing is printed."""

    def dies(tell: object) -> None:
        assert callable(tell)
        tell((0, "found"))
        os.kill(os.getpid(), signal.SIGKILL)

    assert heard(Crew(dies), 5) == [(0, "found"), END]
    assert capfd.readouterr().err == ""


def test_what_cannot_be_pickled_ends_the_crew_in_silence(capfd: pytest.CaptureFixture[str]) -> None:
    """A value that must not cross leaves no half of itself behind, and no traceback."""

    def leaks(tell: object) -> None:
        assert callable(tell)
        tell((0, lambda: None))

    assert heard(Crew(leaks), 5) == [END]
    assert capfd.readouterr().err == ""


def test_a_crew_that_hangs_ends_when_it_is_dismissed() -> None:
    """Whatever it waits for, dismissal ends it at once and leaves no process."""
    crew = Crew(lambda _tell: time.sleep(60))
    started = time.monotonic()
    assert heard(crew, 0.2) == [END]
    assert time.monotonic() - started < 2
    with pytest.raises(ChildProcessError):
        os.waitpid(crew._pid, os.WNOHANG)
