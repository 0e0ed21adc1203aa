"""Where a journal may be: nothing of ours is ever written to a database of production's."""

from __future__ import annotations

from pathlib import Path

import pytest

from disjoint.cli.main import run

MANIFEST = """
[environments.production]
variables = { dotenv = "production" }
protected = true
[environments.staging]
variables = { dotenv = "staging" }
[resources.database]
kind = "postgres"
url = "$DATABASE_URL"
"""
REFUSED = "DISJOINT_JOURNAL leads to"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two environments whose names lead nowhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("DISJOINT_SEAL_KEY", "5a" * 32)
    (tmp_path / "disjoint.toml").write_text(MANIFEST)
    (tmp_path / "production").write_text(
        "DATABASE_URL=postgres://app:secret@db.prod.invalid/shop\n"
        "REPORTS_URL=postgres://app:secret@dw.prod.invalid/reports\n"
        "DISJOINT_JOURNAL=postgresql://j:pw@db.ops.invalid/ops\n"
    )
    (tmp_path / "staging").write_text("DATABASE_URL=postgres://app:secret@db.stag.invalid/shop\n")


@pytest.mark.parametrize(
    ("command", "url"),
    [
        (["certify", "--output", "proof"], "postgresql+psycopg://j:pw@DB.prod.invalid:5432/shop"),
        (["certify", "--output", "proof"], "postgresql://j:pw@db.prod.invalid/ops"),
        (["certify", "--output", "proof"], "postgresql://j:pw@db.stag.invalid/shop"),
        (
            ["seal", "--environment", "production", "--output", "s.json"],
            "postgresql://j:pw@db.prod.invalid/ops",
        ),
        (["gate", "--key", "prover.pub.pem"], "postgresql://j:pw@db.stag.invalid/shop"),
        (["certify", "--output", "proof"], "postgresql://j:pw@dw.prod.invalid/reports"),
        (["certify", "--output", "proof"], "postgresql:///reports?host=dw.prod.invalid&user=j&password=pw"),
    ],
)
def test_no_journal_is_kept_in_an_environments_database(
    command: list[str], url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Refused before anybody connects: the name would not even resolve."""
    monkeypatch.setenv("DISJOINT_JOURNAL", url)
    assert run(command) == 2
    said = capsys.readouterr().err
    assert REFUSED in said
    assert "pw" not in said


def test_a_database_of_its_own_is_tried(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The control: another server, which does not answer."""
    monkeypatch.setenv("DISJOINT_JOURNAL", "postgresql://j:pw@db.ops.invalid/ops")
    assert run(["certify", "--output", "proof"]) == 4
    assert REFUSED not in capsys.readouterr().err
