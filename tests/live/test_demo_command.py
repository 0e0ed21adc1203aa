"""`disjoint demo` from outside: ends of every kind leave nothing, and any account may run it."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import disjoint
from disjoint.demo.account import mirror, open_to_others

pytestmark = pytest.mark.live

DEMO = "from disjoint.cli.main import main; main()"


def command(*arguments: str, python: str = sys.executable) -> list[str]:
    """The command line of a demo."""
    return [python, "-c", DEMO, "demo", *arguments]


def tree(pid: int) -> list[int]:
    """All descendants, however their sessions are called."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        tasks = Path(f"/proc/{pid}/task").iterdir()
        children = [int(word) for task in tasks for word in (task / "children").read_text().split()]
        return children + [grandchild for child in children for grandchild in tree(child)]
    return []


def living(pids: list[int]) -> list[int]:
    """Those that have not ended; a zombie has."""
    states = {}
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            states[pid] = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    return [pid for pid, state in states.items() if state != "Z"]


def until_ready(demo: subprocess.Popen[bytes], directory: Path) -> list[int]:
    """Wait for the sign; the processes that then run."""
    deadline = time.monotonic() + 60
    while not (directory / "ready").exists():
        assert demo.poll() is None, "the demo ended before it was ready"
        assert time.monotonic() < deadline, "the demo was not ready within 60 s"
        time.sleep(0.05)
    return tree(demo.pid)


@contextlib.contextmanager
def kept(directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A kept demo that does not outlive a failed test."""
    demo = subprocess.Popen(
        command("--keep", "--directory", str(directory)), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        yield demo
    finally:
        demo.kill()
        demo.communicate()


@pytest.mark.long
def test_two_at_once_one_killed_one_terminated(tmp_path: Path) -> None:
    """SIGKILL leaves no process after five seconds; SIGTERM ends in order; neither hurts the other."""
    with kept(tmp_path / "a") as killed, kept(tmp_path / "b") as told:
        orphans, children = until_ready(killed, tmp_path / "a"), until_ready(told, tmp_path / "b")
        assert len(orphans) >= 13
        killed.kill()
        killed.wait()
        time.sleep(4)
        assert living(orphans) == []
        assert len(living(children)) >= 13
        assert (tmp_path / "b" / "disjoint.toml").read_text() != (
            tmp_path / "a" / "disjoint.toml"
        ).read_text()
        told.send_signal(signal.SIGTERM)
        output, _ = told.communicate(timeout=20)
        assert (told.returncode, output) == (0, b"")
        assert living(children) == []
        assert not (tmp_path / "b" / "ready").exists()


def test_ctrl_c_while_it_starts() -> None:
    """Half a world is stopped as well as a whole one."""
    demo = subprocess.Popen(command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 20
    while len(tree(demo.pid)) < 6 and time.monotonic() < deadline:
        time.sleep(0.02)
    children = tree(demo.pid)
    demo.send_signal(signal.SIGINT)
    output, errors = demo.communicate(timeout=20)
    assert (demo.returncode, output) == (130, b"")
    assert b"Traceback" not in errors
    assert living(children) == []


SKIPPED = shutil.ignore_patterns("site-packages", "test", "tests", "idlelib", "ensurepip", "*.a")


def readable(tree: Path, copies: Path, ignore: Callable[[str, list[str]], set[str]] | None = None) -> Path:
    """The folder, or a linked copy of it where another account could not read it."""
    if open_to_others(tree):
        return tree
    mirror((tree,), copies, ignore or (lambda _folder, _names: set()))
    return copies / tree.name


def python_for_others(copies: Path) -> tuple[str, dict[str, str]]:
    """An interpreter that any account may run, and the variables that it needs for that."""
    library = readable(Path(sysconfig.get_path("stdlib")), copies / "lib", SKIPPED)
    program = Path(sys.executable).resolve()
    if library.is_relative_to(copies):  # an interpreter finds its library by where it is itself
        (copies / "bin").mkdir()
        program = Path(shutil.copy2(program, copies / "bin"))
        for shared in Path(sysconfig.get_config_var("LIBDIR")).glob("libpython*.so*"):
            shutil.copy2(shared, copies / "lib")
    packages = Path(sysconfig.get_path("purelib")), Path(disjoint.__file__).parents[1]
    path = os.pathsep.join(str(readable(folder, copies)) for folder in packages)
    return str(program), {"PYTHONPATH": path, "LD_LIBRARY_PATH": str(copies / "lib")}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
def test_an_ordinary_user_sees_a_leak_caught() -> None:
    """No root, no Docker, and standard output holds the report alone."""
    nobody = pwd.getpwnam("nobody")
    with tempfile.TemporaryDirectory() as shown:  # pytest's own folders are root's alone
        copies, home = Path(shown) / "copies", Path(shown) / "home"
        Path(shown).chmod(0o755)
        copies.mkdir()
        home.mkdir()
        os.chown(home, nobody.pw_uid, nobody.pw_gid)
        python, variables = python_for_others(copies)
        ended = subprocess.run(
            command("--leak", "same-secret", "--format", "json", python=python),
            capture_output=True, timeout=60, check=False, cwd=home,
            user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[],
            env={"PATH": os.environ["PATH"], "TMPDIR": str(home), **variables},
        )  # fmt: skip
        left = list(home.iterdir())
    assert ended.stdout, ended.stderr.decode()
    report = json.loads(ended.stdout)
    assert (ended.returncode, report["verdict"]) == (1, "SHARED")
    assert b"variables/secret-reused: seen" in ended.stderr
    assert left == []


def test_an_unknown_leak_is_a_matter_of_usage() -> None:
    """Exit code 2, the near names, and nothing was started."""
    ended = subprocess.run(command("--leak", "same-postgre"), capture_output=True, check=False, timeout=30)
    assert ended.returncode == 2
    assert b"same-postgres" in ended.stderr
    assert b" s  " not in ended.stderr


def test_the_list_says_what_every_world_must_give() -> None:
    """Six fields each; rule and grade null exactly where the world is isolated."""
    listed = subprocess.run(
        command("--list-leaks", "--format", "json"), capture_output=True, check=True, timeout=30
    )
    entries = json.loads(listed.stdout)
    assert all(list(e) == ["name", "family", "rule", "outcome", "grade", "about"] for e in entries)
    assert all((e["rule"] is None) == (e["grade"] is None) == (e["outcome"] == "ISOLATED") for e in entries)
