"""A waiver that is malformed or over stops every command that reads the manifest, before anything runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from disjoint.cli.main import run

MANIFEST = """\
[environments.production]
variables = {{ dotenv = ".env.production" }}
protected = true

[environments.staging]
variables = {{ dotenv = ".env.staging" }}

[resources.cache]
kind = "redis"
url = "$CACHE_URL"

[[waivers]]
rule = "absent-in-production"
resource = "cache"
reason = "production keeps its sessions elsewhere"
owner = "Ada"
approver = "{approver}"
expires = {expires}
"""
YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
COMMANDS = {
    "verify": [],
    "certify": [],
    "selftest": [],
    "seal": ["--environment", "production", "--output", "seal.json"],
    "gate": ["--approvals", "0"],
    "hold": ["--output", "hold.json"],
    "look": ["--hold", "there.json", "--output", "look.json"],
    "join": ["--hold", "there.json", "--look", "there.json"],
    "census": ["--environment", "staging", "--output", "census.json"],
}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with both sides' variables, whose servers nobody could reach, and a state of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("DISJOINT_SEAL_KEY", "6b" * 32)
    (tmp_path / ".env.staging").write_text("CACHE_URL=redis://192.0.2.1/0\nENVIRONMENT=staging\n")
    (tmp_path / ".env.production").write_text("ENVIRONMENT=production\n")
    (tmp_path / "there.json").write_text("{}")
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_a_waiver_that_is_over_stops_it(command: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2 with file, line and what to do; no file of an outcome, no journal, no key."""
    (here / "disjoint.toml").write_text(MANIFEST.format(approver="Grace", expires=YESTERDAY))
    before = set(here.rglob("*"))
    assert run([command, *COMMANDS[command]]) == 2
    told = capsys.readouterr().err
    assert f"disjoint.toml:18:1: waivers[0].expires: is over since {YESTERDAY} 00:00 UTC" in told
    assert "have its approver accept it anew" in told
    assert set(here.rglob("*")) == before


@pytest.mark.parametrize("command", COMMANDS)
def test_a_malformed_waiver_stops_it(command: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody approves their own exception."""
    (here / "disjoint.toml").write_text(MANIFEST.format(approver="ada", expires="2999-01-31"))
    before = set(here.rglob("*"))
    assert run([command, *COMMANDS[command]]) == 2
    assert "disjoint.toml:17:1: waivers[0].approver: is the owner" in capsys.readouterr().err
    assert set(here.rglob("*")) == before


def test_one_that_stands_stops_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same manifest with a date to come is verified, and its waiver is shown in every format."""
    (here / "disjoint.toml").write_text(MANIFEST.format(approver="Grace", expires="2999-01-31"))
    for format_ in ("text", "json", "markdown"):
        assert run(["verify", "--offline", "--format", format_]) == 3
        told = capsys.readouterr().out
        assert "production keeps its sessions elsewhere" in told
        assert "2999-01-31" in told
