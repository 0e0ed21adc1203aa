"""What `certify` refuses before it asks anybody, and what `verify` leaves alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from disjoint.certification.history import open_journal
from disjoint.certify.keys import ProjectKey
from disjoint.cli.main import run

MANIFEST = """\
[environments.production]
variables = { dotenv = ".env.production" }
protected = true

[environments.staging]
variables = { dotenv = ".env.staging" }
"""
KEY = "6b" * 32


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two environments of variables alone: no server has any part in these tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("DISJOINT_SEAL_KEY", raising=False)
    (tmp_path / "disjoint.toml").write_text(MANIFEST)
    for name in ("staging", "production"):
        (tmp_path / f".env.{name}").write_text(f"ENVIRONMENT={name}\n")
        (tmp_path / f".env.{name}").chmod(0o600)
    return tmp_path


@pytest.mark.parametrize("span", ["31d", "0d", "721h", "d", "1", "1w", "-1d", "١d"])
def test_no_certificate_lasts_longer_than_thirty_days(span: str, here: Path) -> None:
    """Nor for a time that is none."""
    before = set(here.rglob("*"))
    assert run(["certify", "--valid-for", span]) == 2
    assert set(here.rglob("*")) == before


@pytest.mark.parametrize("nonce", ["", "a b", "a\n", "é", "x" * 257])
def test_a_challenge_is_one_plain_word(nonce: str, here: Path) -> None:
    """It is compared octet for octet, and shown."""
    before = set(here.rglob("*"))
    assert run(["certify", "--challenge", nonce]) == 2
    assert set(here.rglob("*")) == before


def test_a_key_that_is_not_there_is_an_error_of_the_call(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Named before anything is proven; no other key is taken in its place."""
    monkeypatch.setenv("DISJOINT_SEAL_KEY", KEY)
    assert run(["certify", "--key", "nowhere.pem", "--output", "out"]) == 2
    assert "nowhere.pem" in capsys.readouterr().err
    assert not (here / "out").exists()
    assert not list((here / "state").rglob("machine*"))


def test_the_two_files_of_a_pair_are_told_apart(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command names the one that it wants, and nobody is told to lock a public key away."""
    assert run(["keygen", "--output", "prover.pem"]) == 0
    (here / "prover.pub.pem").chmod(0o644)
    assert run(["certify", "--key", "prover.pub.pem", "--output", "out"]) == 2
    assert "prover.pub.pem is a public key: name the private one" in capsys.readouterr().err
    assert run(["gate", "--key", "prover.pem", "--no-journal"]) == 2
    assert "prover.pem: no public key in PEM; name the .pub.pem" in capsys.readouterr().err


def test_a_file_in_the_folder_s_place_stops_it_before_the_proof(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 4, nothing certified and nothing in the journal."""
    monkeypatch.setenv("DISJOINT_SEAL_KEY", KEY)
    (here / "out").write_text("a file")
    assert run(["certify", "--output", "out"]) == 4
    assert "cannot write into out" in capsys.readouterr().err
    assert list(open_journal(ProjectKey(bytes.fromhex(KEY), ""), create=False).entries()) == []


def test_variables_alone_are_no_certificate(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """UNPROVEN, signed as what it is; the machine's key is made and said so, once."""
    monkeypatch.setenv("DISJOINT_SEAL_KEY", KEY)
    assert run(["certify", "--output", "out"]) == 3
    assert "made this machine's key" in capsys.readouterr().err
    assert {path.name for path in (here / "out").iterdir()} == {"proof.intoto.jsonl", "proof.report.json"}
    assert run(["certify", "--output", "out"]) == 3
    assert "made this machine's key" not in capsys.readouterr().err


@pytest.mark.parametrize("key", [None, KEY])
def test_verify_makes_nothing_to_look_for_drift(
    key: str | None, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither a key nor a folder nor a journal, and no note where there is no certificate."""
    if key is not None:
        monkeypatch.setenv("DISJOINT_SEAL_KEY", key)
    before = set(here.rglob("*"))
    assert run(["verify", "--format", "json"]) == 3
    assert set(here.rglob("*")) == before
    assert [note for note in json.loads(capsys.readouterr().out)["notes"] if note["rule"] == "drift"] == []


@pytest.mark.parametrize("words", [(), ("--offline",)])
def test_who_wants_to_be_stopped_by_drift_hears_that_nobody_saw(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Absence is not success: without a certificate to compare with, no change is known."""
    assert run(["verify", "--fail-on", "drift", "--format", "json", *words]) == 3
    (note,) = (n for n in json.loads(capsys.readouterr().out)["notes"] if n["rule"] == "drift")
    assert note["summary"].startswith("what changed since the last certificate is not known: ")


def test_a_journal_that_cannot_be_read_is_a_note_and_no_verdict(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What has changed is not known, and is not said to be nothing."""
    monkeypatch.setenv("DISJOINT_SEAL_KEY", KEY)
    journal = open_journal(ProjectKey(bytes.fromhex(KEY), ""))
    journal.append("gate-passed", "nobody", {"at": datetime(2026, 1, 1, tzinfo=UTC).isoformat()})
    (file,) = (here / "state").rglob("journal.sqlite")
    file.write_bytes(b"no database" * 1000)
    assert run(["verify", "--format", "json"]) == 3
    (note,) = (n for n in json.loads(capsys.readouterr().out)["notes"] if n["rule"] == "drift")
    assert note["summary"].startswith("what changed since the last certificate is not known: ")
