"""`disjoint selftest` tells every mutation on a line, and ends as the worst of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from disjoint import pipeline
from disjoint.cli.main import run
from disjoint.model.finding import Grade
from disjoint.model.proof import Footprint
from disjoint.selftest.answer import Answer, Line, SelfTest
from disjoint.selftest.mutation import POINTED, RENAMED

SEEN = Line("database", "postgres", POINTED, Answer.CAUGHT, "one", "postgres/same-server", Grade.CANARY)
BLIND = Line("cache", "redis", RENAMED, Answer.BLIND, "two servers", "redis/same-server", Grade.IDENTITY)
OPEN = Line("files", "bucket", POINTED, Answer.OPEN, "not read", remedy="allow s3:ListBucket")
SKIPPED = Line("api", "web", RENAMED, Answer.SKIPPED, "over TLS the server proves its name")
MANIFEST = """
[environments.production]
variables = { dotenv = ".env.production" }
protected = true
[environments.staging]
variables = { dotenv = ".env.staging" }
"""


@pytest.fixture
def manifest(tmp_path: Path) -> str:
    for name in ("production", "staging"):
        (tmp_path / f".env.{name}").write_text(f"ENVIRONMENT={name}\n")
    (tmp_path / "disjoint.toml").write_text(MANIFEST)
    return str(tmp_path / "disjoint.toml")


def answering(monkeypatch: pytest.MonkeyPatch, *lines: Line) -> None:
    """Let the pipeline answer so."""
    found = SelfTest(lines, Footprint(7, 0, 0.25, (("GET", 7),)))
    monkeypatch.setattr(pipeline, "selftest", lambda *_a, **_k: found)


@pytest.mark.parametrize(
    ("lines", "code"),
    [((SEEN, SKIPPED), 0), ((SEEN, BLIND, OPEN), 1), ((SEEN, OPEN), 3), ((SKIPPED,), 3), ((), 3)],
)
def test_the_worst_answer_ends_it(
    manifest: str, monkeypatch: pytest.MonkeyPatch, lines: tuple[Line, ...], code: int
) -> None:
    """In either format."""
    answering(monkeypatch, *lines)
    assert run(["selftest", "--manifest", manifest]) == code
    assert run(["selftest", "--manifest", manifest, "--format", "json"]) == code


def test_each_mutation_stands_on_a_line(
    manifest: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who caught it and how well, what is blind, what would tell, what was skipped and why."""
    monkeypatch.setenv("COLUMNS", "140")
    answering(monkeypatch, SEEN, BLIND, OPEN, SKIPPED)
    run(["selftest", "--manifest", manifest])
    told = capsys.readouterr().out
    lines = [" ".join(line.split()) for line in told.splitlines()]
    assert f"✓ caught database {POINTED} postgres/same-server (canary)" in lines
    blind = f"✗ BLIND cache {RENAMED} redis/same-server (identity) finds production isolated from itself"
    assert f"{blind}: two servers" in " ".join(lines)
    assert f"? cannot say files {POINTED} not read; allow s3:ListBucket" in lines
    assert f"– skipped api {RENAMED} over TLS the server proves its name" in lines
    assert lines[-1] == (
        "1 caught, 1 BLIND, 1 cannot say, 1 skipped · production touched: 7 reads, 0 writes · exit 1"
    )


def test_a_narrow_terminal_breaks_lines_at_blanks(
    manifest: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No sentence is lost."""
    monkeypatch.setenv("COLUMNS", "60")
    answering(monkeypatch, SEEN, BLIND)
    run(["selftest", "--manifest", manifest])
    told = capsys.readouterr().out.split("\n\n")[1]
    assert all(len(line) <= 60 for line in told.splitlines())
    assert "finds production isolated from itself: two servers" in " ".join(told.split())


def test_the_json_has_every_answer(
    manifest: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """For whoever reads it by program."""
    answering(monkeypatch, SEEN, SKIPPED)
    run(["selftest", "--manifest", manifest, "--format", "json"])
    read = json.loads(capsys.readouterr().out)
    assert read["schema"] == "disjoint.selftest/v1"
    assert read["outcome"] == "caught"
    assert [line["answer"] for line in read["mutations"]] == ["caught", "skipped"]
    assert [line["rule"] for line in read["mutations"]] == ["postgres/same-server", None]
    assert read["footprint"]["production"] == {
        "reads": 7,
        "writes": 0,
        "seconds": 0.25,
        "commands": {"GET": 7},
    }


def test_a_wrong_manifest_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As for every command."""
    assert run(["selftest", "--manifest", str(tmp_path / "none.toml")]) == 2
    assert "no such file" in capsys.readouterr().err
