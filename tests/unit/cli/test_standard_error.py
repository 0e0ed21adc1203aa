"""What commands say on standard error, and where they write: harmless, whatever stands in a name."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from disjoint.cli.main import run
from disjoint.errors import WriteError
from disjoint.manifest.load import find
from disjoint.writing import write_whole

URL = "postgres://app:hunter2-hunter2@db.example/app"
SIDES = ["--offline", "--staging", ".env.staging", "--production", ".env.production"]
HOSTILE = "/nowhere/\x1b[31m\u202e\nISOLATED: forged"


@pytest.mark.parametrize(
    "arguments",
    [
        ["verify", URL],
        ["verify", "--budget", URL],
        ["verify", "--format", URL],
        ["explain", URL],
        ["compare", "--kind", URL, "a", "b"],
        ["demo", "--leak", URL],
        [URL],
    ],
)
def test_a_url_in_the_wrong_place_is_not_repeated(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A command line that went wrong is logged; the password in it is not."""
    assert run(arguments) == 2
    said = capsys.readouterr()
    assert "hunter2" not in said.out + said.err


def test_a_url_as_the_kind_of_a_line_is_not_repeated(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Swapped columns of a stream are an error without their text."""
    from disjoint.cli import compare  # noqa: PLC0415

    answer = compare._answer(json.dumps({"kind": URL, "a": "x", "b": "y"}).encode(), 1)
    assert "error" in answer
    assert "hunter2" not in str(answer)


@pytest.mark.parametrize(
    "arguments", [["--manifest", HOSTILE], ["--staging", HOSTILE, "--production", HOSTILE]]
)
def test_an_error_stays_one_line_without_terminal_controls(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A file's name cannot forge a verdict, move the cursor or turn the text round."""
    assert run(["verify", *arguments]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.removesuffix("\n").isprintable()


def test_a_report_goes_through_a_link_and_replaces_the_file_behind_it(tmp_path: Path) -> None:
    """The link stays what it is."""
    (tmp_path / "old").write_text("old")
    (tmp_path / "link").symlink_to("old")
    write_whole(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "old").read_text() == "new"


def test_a_report_is_poured_into_a_pipe_and_the_pipe_stays(tmp_path: Path) -> None:
    """`--output >(less)` is read, not replaced; with no reader it is an error, not a wait."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(WriteError):
        write_whole(tmp_path / "pipe", "report")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_whole(tmp_path / "pipe", "report")
    assert os.read(reader, 100) == b"report"
    os.close(reader)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_pipe_in_the_manifests_place_is_not_waited_for(tmp_path: Path) -> None:
    """A pyproject.toml that is a pipe, huge or no table holds no manifest."""
    os.mkfifo(tmp_path / "pyproject.toml")
    assert find(tmp_path) is None
    (tmp_path / "pyproject.toml").unlink()
    (tmp_path / "pyproject.toml").write_text("tool = 1")
    assert find(tmp_path) is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["verfy"], "error: there is no command 'verfy'; did you mean verify?"),
        (["verify", "--formt", "json"], "error: no such option '--formt'. Did you mean '--format'?"),
        (
            ["verify", "--budget", "nan"],
            "error: invalid value for '--budget': nan is not between 0.1 and 600",
        ),
        (["verify", "--budget", "0"], "error: invalid value for '--budget': 0 is not between 0.1 and 600"),
        (["verify", "--fail-on", "variables/markr"], "error: --fail-on variables/markr: no note has this id"),
        (
            ["verify", "--fail-on", "postgres/same-server"],
            "error: --fail-on postgres/same-server: no note has",
        ),
        (["explain", "nope"], "error: no rule is called 'nope'."),
    ],
)
def test_a_wrong_call_is_one_line_that_names_the_right_one(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """All errors look alike; a misspelt lint would otherwise never fail anything."""
    assert run(arguments) == 2
    assert capsys.readouterr().err.startswith(said)


def test_how_to_write_an_address_is_not_masked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A whole URL would be, for it may hold a password; the hint is in two pieces."""
    (tmp_path / "production").write_text("ENVIRONMENT=production\n")
    (tmp_path / "disjoint.toml").write_text(
        '[environments.production]\nvariables = { dotenv = "production" }\nprotected = true\n'
        '[environments.staging]\nvariables = { attested = "ftp://me:secret@app.example" }\n'
    )
    assert run(["verify", "--manifest", str(tmp_path / "disjoint.toml")]) == 2
    said = capsys.readouterr().err
    assert "expected https, then ://host/path without a login" in said
    assert "secret" not in said


@pytest.mark.parametrize("place", [".", "nowhere/report.md"])
def test_a_report_that_could_not_be_written_costs_no_visit(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The place is looked at before the manifest is read and anyone is asked."""
    monkeypatch.chdir(tmp_path)
    assert run(["verify", "--staging", "a", "--production", "b", "--output", place]) == 4
    assert "cannot write" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["explain"],
        ["compare", "--kind", "web", "a.example", "b.example"],
        ["verify", *SIDES],
        ["demo", "--list-leaks"],
    ],
)
@pytest.mark.parametrize("target", [">/dev/full", ">&-"])
def test_an_answer_that_nobody_can_read_is_exit_4(arguments: list[str], target: str, tmp_path: Path) -> None:
    """A full disk or a closed standard output is no defect of ours, and no success."""
    for name in ("staging", "production"):
        (tmp_path / f".env.{name}").write_text(f"ENVIRONMENT={name}\n")
    command = ["sh", "-c", f'exec "$@" {target}', "sh", sys.executable, "-O", "-m", "disjoint", *arguments]
    ended = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 4
    assert ended.stderr.startswith("error: cannot write to standard output: ")
    assert ended.stderr.count("\n") == 1
