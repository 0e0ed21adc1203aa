"""Programs that are asked about octets: what they are given, and what becomes of those that do not answer."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from disjoint.certify import asking
from disjoint.certify.asking import agrees, found

SHELL = "/bin/sh"


def test_a_program_agrees_by_its_exit_code() -> None:
    """0, and nothing else."""
    assert agrees(SHELL, ["-c", "exit 0"], b"")
    assert not agrees(SHELL, ["-c", "exit 3"], b"")
    assert not agrees(SHELL, ["-c", "kill -9 $$"], b"")


def test_octets_are_readable_where_they_are_told_and_nothing_else_is(tmp_path: Path) -> None:
    """In order, each from its beginning, the first on standard input; no variable of ours goes along."""
    own = "grep -vx -e PWD -e _ -e SHLVL -e OLDPWD"
    script = f'cat - "$1" "$2" >"$0"; env | cut -d= -f1 | {own} | sort >"$0.env"'
    place = tmp_path / "seen"
    assert agrees(SHELL, ["-c", script, str(place), b"two\0", b"three" * 100_000], b"one\n")
    assert place.read_bytes() == b"one\ntwo\0" + b"three" * 100_000
    assert place.with_name("seen.env").read_text().split() == ["LC_ALL", "PATH", "TZ"]


def test_nothing_is_left_open() -> None:
    """Neither after an answer nor after none."""
    before = sorted(Path("/dev/fd").iterdir())
    agrees(SHELL, ["-c", "exit 0", b"octets"], b"")
    with pytest.raises(OSError, match="No such file"):
        agrees("/nowhere/program", [b"octets"], b"")
    assert sorted(Path("/dev/fd").iterdir()) == before


def test_a_program_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Within its time, and it is gone afterwards."""
    monkeypatch.setattr(asking, "PATIENCE_SECONDS", 0.3)
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        agrees(SHELL, ["-c", f"echo $$ >{tmp_path}/pid; exec sleep 60"], b"")
    assert time.monotonic() - started < 10
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_program_is_found_as_a_shell_finds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In PATH, executable; never in the working directory."""
    (tmp_path / "tool").write_text("#!/bin/sh\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f":{tmp_path}/none")
    assert found("tool") is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert found("tool") is None
    (tmp_path / "tool").chmod(0o755)
    assert found("tool") == f"{tmp_path}/tool"
