"""`disjoint journal`: list, show, verify, freeze and lift, as somebody calls them."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from disjoint.canonical import canonical, digest_of
from disjoint.certification.history import actor, folder_of, open_journal
from disjoint.certify.dsse import STATEMENT, line_of
from disjoint.certify.keys import project_key
from disjoint.certify.names import PROOF_TYPE
from disjoint.certify.sign import machine_signer, sealed_line
from disjoint.cli.main import run
from disjoint.journal import Head, Journal, frozen

HOSTILE = "\x1b[2J\u202e\x9b1mover\n  9  2026-01-01 00:00:00Z  certified  alice\x7f"


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    """A project of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("DISJOINT_SEAL_KEY", "5" * 64)
    return open_journal(project_key())


def certificate(path: Path, head: Head | None, journal: Journal | None = None) -> Path:
    """A proof that saw this head, signed; written down as `certify` does if a journal is given."""
    stated = None if head is None else {"seq": head.seq, "sha256": head.digest}
    payload = canonical({"predicateType": PROOF_TYPE, "predicate": {"journalHead": stated}})
    if journal is not None:
        journal.append("certified", "alice", {"proof": digest_of(payload)})
    path.write_text(line_of(sealed_line(machine_signer(), STATEMENT, payload)) + "\n")
    return path


def test_what_happened_is_listed(journal: Journal, capsys: pytest.CaptureFixture[str]) -> None:
    """One line each, oldest first; as JSON with everything."""
    journal.append(
        "certified", "alice", {"verdict": "ISOLATED", "environment": "staging", "proof": "ab" * 32}
    )
    journal.append("signed-off", "bob@example.com", {"decision": "APPROVED"})
    assert run(["journal", "list"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.split()[3:] == ["certified", "alice", "ISOLATED,", "staging,", "proof", "abababababab"]
    assert second.split()[0] == "2"
    assert second.endswith("Z  signed-off  bob@example.com  APPROVED")
    assert run(["journal", "list", "--last", "1", "--format", "json"]) == 0
    stated = json.loads(capsys.readouterr().out)
    assert [each["body"] for each in stated["entries"]] == [{"decision": "APPROVED"}]
    assert run(["journal", "list", "--event", "certified"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    journal.append("sealed", "a1b2c3d4" * 8, {"environment": "production"})
    assert run(["journal", "list"]) == 0
    assert capsys.readouterr().out.endswith("  sealed      key a1b2c3d4a1b2c3d4  production\n")


def test_one_entry_is_shown(journal: Journal, capsys: pytest.CaptureFixture[str]) -> None:
    """Whole; a number that there is not is a wrong call."""
    entry = journal.append("sealed", "alice", {"a": {"b": [1, 2]}})
    assert run(["journal", "show", "1", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["sha256"] == entry.digest
    assert run(["journal", "show", "1"]) == 0
    assert f"sha256  {entry.digest}" in capsys.readouterr().out
    assert run(["journal", "show", "2"]) == 2
    assert "there is no entry 2" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["list"], ["show", "1"], ["show", "1", "--format", "json"]])
def test_nobody_forges_a_line(
    journal: Journal, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Actors, events and reasons come from others: no control of theirs reaches a terminal."""
    journal.append(HOSTILE, HOSTILE, {"reason": HOSTILE, HOSTILE: HOSTILE})
    assert run(["journal", *arguments]) == 0
    shown = capsys.readouterr().out
    assert all(letter == "\n" or letter.isprintable() for letter in shown)
    assert not any(line.lstrip().startswith("9 ") for line in shown.splitlines())
    assert arguments != ["list"] or len(shown.splitlines()) == 1


def test_a_freeze_and_its_end_are_written_down(journal: Journal, capsys: pytest.CaptureFixture[str]) -> None:
    """With who and why; what is not frozen cannot be lifted, and a reason is said."""
    assert run(["journal", "lift", "--reason", "over"]) == 2
    assert "there is nothing to lift" in capsys.readouterr().err
    for reason in ("", "  ", "x" * 1001):
        assert run(["journal", "freeze", "--reason", reason]) == 2
    assert run(["journal", "freeze", "--reason", "INC-7 \udcff"]) == 0
    assert run(["journal", "lift", "--reason", "over"]) == 0
    told = [(entry.event, entry.actor, entry.body) for entry in journal.entries()]
    assert told == [
        ("frozen", actor(), {"reason": "INC-7 \\udcff"}),
        ("lifted", actor(), {"reason": "over", "freeze": 1}),
    ]


def test_the_end_of_one_incident_is_none_of_anothers(
    journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where several freezes stand, whoever lifts says which; nothing is written else."""
    for reason in ("INC-7", "INC-8"):
        assert run(["journal", "freeze", "--reason", reason]) == 0
    assert run(["journal", "lift", "--reason", "over"]) == 2
    assert "say which is over: --freeze 1: INC-7" in capsys.readouterr().err
    assert run(["journal", "lift", "--reason", "over", "--freeze", "3"]) == 2
    assert "entry 3 is no freeze that stands" in capsys.readouterr().err
    assert run(["journal", "lift", "--reason", "INC-7 is over", "--freeze", "1"]) == 0
    assert [each.body["reason"] for each in frozen(journal.entries())] == ["INC-8"]
    assert run(["journal", "lift", "--reason", "INC-8, too"]) == 0
    assert frozen(journal.entries()) == ()


def test_the_actor_is_who_the_ci_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not whoever owns the runner."""
    monkeypatch.setenv("GITHUB_ACTOR", "alice")
    assert actor() == "alice"


def test_a_journal_that_holds_is_said_to(
    journal: Journal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Alone, and against certificates; one that saw an empty journal too."""
    first = certificate(tmp_path / "first.jsonl", None, journal)
    head = journal.append("sealed", "alice", {}).head
    second = certificate(tmp_path / "second.jsonl", head, journal)
    assert run(["journal", "verify"]) == 0
    said = capsys.readouterr()
    assert "the journal holds: 3 entries" in said.out
    assert "--certificate FILE" in said.err
    both = ["--certificate", str(first), "--certificate", str(second)]
    assert run(["journal", "verify", *both, "--format", "json"]) == 0
    stated = json.loads(capsys.readouterr().out)
    assert (stated["holds"], stated["head"]["seq"]) == (True, 3)


def test_what_certificates_know_better_is_found(
    journal: Journal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A journal put back to before a certificate; one that never saw it; a file that is none."""
    folder = folder_of(project_key())
    journal.append("sealed", "alice", {})
    older = shutil.copytree(folder, tmp_path / "older")
    head = journal.append("sealed", "alice", {}).head
    proof = ["--certificate", str(certificate(tmp_path / "proof.jsonl", head, journal))]
    shutil.rmtree(folder)
    shutil.copytree(older, folder)
    assert run(["journal", "verify"]) == 0
    assert run(["journal", "verify", *proof]) == 1
    assert "it ends at entry 1" in capsys.readouterr().err
    assert run(["journal", "verify", *proof, "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["holds"] is False
    stranger = ["--certificate", str(certificate(tmp_path / "stranger.jsonl", journal.head()))]
    assert run(["journal", "verify", *stranger]) == 1
    assert "has no entry of" in capsys.readouterr().err
    (tmp_path / "nonsense").write_text("{}")
    for path in (tmp_path / "nonsense", tmp_path / "nowhere"):
        assert run(["journal", "verify", "--certificate", str(path)]) == 2


def test_nothing_is_not_a_journal_that_holds(journal: Journal, capsys: pytest.CaptureFixture[str]) -> None:
    """Absence is no success."""
    assert run(["journal", "verify"]) == 3
    assert "nothing to verify" in capsys.readouterr().err
    assert run(["journal", "list"]) == 0


def test_a_changed_journal_stops_whoever_would_act(
    journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1, and the reason in one line."""
    journal.append("sealed", "alice", {})
    journal.append("sealed", "alice", {})
    (folder_of(project_key()) / "journal.sqlite").unlink()
    for arguments in (["verify"], ["freeze", "--reason", "x"]):
        assert run(["journal", *arguments]) == 1
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert "2 were cut off" in said


def test_a_url_that_names_no_postgresql_is_not_repeated(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may hold a password."""
    monkeypatch.setenv("DISJOINT_JOURNAL", "mysql://alice:hunter2@db/x")
    assert run(["journal", "list"]) == 2
    said = capsys.readouterr()
    assert "hunter2" not in said.out + said.err


def test_a_missing_library_is_named(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the command that installs it."""
    monkeypatch.setenv("DISJOINT_JOURNAL", "postgresql://alice:hunter2@db/x")
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    assert run(["journal", "list"]) == 2
    assert "pip install 'disjoint[journal]'" in capsys.readouterr().err
