"""What is told while rows are read: how far, how fast, how long it will take."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from disjoint.cli.main import run
from disjoint.cli.progress import Line, Log, told
from disjoint.runner.long import Step

STEP = Step("database", "public.users", 3_200_000, 5_000_000, 8.0)


def test_a_step_says_how_far_how_fast_and_how_long() -> None:
    """Rows behind and ahead, the rate, and the minutes left."""
    assert told("staging", STEP) == (
        "staging database: public.users, 3,200,000 of about 5,000,000 rows, 400,000 a second, 0:04 left"
    )
    assert told("staging", STEP._replace(done=0)) == (
        "staging database: public.users, 0 of about 5,000,000 rows"
    )
    assert told("staging", STEP._replace(seconds=0.0)).endswith("of about 5,000,000 rows")


def test_a_log_has_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    """What ends within ten seconds writes none."""
    log = Log()
    for _ in range(50):
        log.step("staging", STEP)
    assert capsys.readouterr().err == ""
    log._next["staging", "database"] = 0.0
    log.step("staging", STEP)
    log.step("staging", STEP)
    assert capsys.readouterr().err.count("\n") == 1


def test_a_terminal_has_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Servers that were not heard and rows that are read share it; what is read whole leaves it."""
    line = Line({("staging", "cache")})
    line.step("staging", STEP._replace(what="public.\x1b[31musers"))
    shown = capsys.readouterr().err
    assert "waiting for staging cache; staging database: public." in shown
    assert "\x1b[31m" not in shown
    line.answered("staging", "cache", 0.1)
    line.step("staging", STEP._replace(done=5_000_000))
    assert capsys.readouterr().err.endswith("\r")


def test_a_wrong_wish_is_one_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--detect` in other words ends with 2 and shows how it is written."""
    (tmp_path / "a").write_text("DATABASE_URL=postgresql://u:s3cret-word@127.0.0.1:1/x\n")
    files = ["--staging", str(tmp_path / "a"), "--production", str(tmp_path / "a")]
    assert run(["verify", *files, "--detect", "lots"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert '"1000@99.9%"' in said


def test_standard_error_may_be_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """No terminal: nothing of a line that is written over."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    Log().step("staging", STEP)
    assert stream.getvalue() == ""
