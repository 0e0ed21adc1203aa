"""What the journal knows against a certificate, and what no gate waits for."""

from __future__ import annotations

import os
from pathlib import Path

import click
import pytest

from disjoint.certification.history import open_journal
from disjoint.certification.opposed import expect_unopposed
from disjoint.certify.claims import Proof, proof_in
from disjoint.certify.keys import ProjectKey
from disjoint.certify.lines import lines_of
from disjoint.cli.gate import command as gate
from disjoint.cli.main import run
from disjoint.errors import BarredError
from disjoint.journal import Journal
from disjoint.model.plain import Plain

KEY = "5a" * 32
MANIFEST = """
[environments.production]
variables = { dotenv = "production" }
protected = true
[environments.staging]
variables = { dotenv = "staging" }
[resources.variables]
kind = "variables"
"""
CERTIFICATE = Path(__file__).parents[3] / "conformance" / "machine-alone" / "certificate.intoto.jsonl"


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    """A project's, in a state folder of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("DISJOINT_SEAL_KEY", KEY)
    return open_journal(ProjectKey(bytes.fromhex(KEY), ""))


@pytest.fixture
def proof() -> Proof:
    """Of a certificate that holds."""
    return proof_in(lines_of(CERTIFICATE.read_bytes())[0])


def about(of: Proof, **more: Plain) -> dict[str, Plain]:
    """As certify writes an entry down."""
    return {"environment": of.environment, "reference": of.reference, **more}


def test_a_rejection_counts_that_somebody_took_out_of_the_file(journal: Journal, proof: Proof) -> None:
    """Of this proof alone; and an approval of it is none."""
    journal.append("certified", "alice", about(proof, proof=proof.digest, verdict="ISOLATED"))
    journal.append("signed-off", "bob", {"proof": proof.digest, "decision": "APPROVED"})
    journal.append("signed-off", "bob", {"proof": "0" * 64, "decision": "REJECTED"})
    expect_unopposed(proof, journal.entries())
    journal.append("signed-off", "bob", {"proof": proof.digest, "decision": "REJECTED"})
    with pytest.raises(BarredError, match="bob rejected this proof"):
        expect_unopposed(proof, journal.entries())


def test_what_was_found_shared_since_counts_until_it_is_isolated_again(
    journal: Journal, proof: Proof
) -> None:
    """An older certificate is no answer to it; what was left open, or is about others, opposes none."""
    journal.append("certified", "alice", about(proof, proof=proof.digest, verdict="ISOLATED"))
    journal.append("proven", "alice", about(proof, verdict="UNPROVEN"))
    journal.append("proven", "alice", {**about(proof, verdict="SHARED"), "environment": "preview"})
    expect_unopposed(proof, journal.entries())
    journal.append("proven", "alice", about(proof, verdict="SHARED"))
    journal.append("proven", "alice", about(proof, verdict="UNPROVEN"))
    with pytest.raises(BarredError, match="was found to share something with production"):
        expect_unopposed(proof, journal.entries())
    journal.append("certified", "alice", about(proof, proof="1" * 64, verdict="ISOLATED"))
    expect_unopposed(proof, journal.entries())


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", ["pipe", "/dev/zero", "\udcff"])
def test_no_certificate_is_waited_for_and_every_refusal_is_written_down(
    name: str, journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe without a writer, a device without an end, a name that is no text."""
    (tmp_path / "disjoint.toml").write_text(MANIFEST)
    (tmp_path / "staging").write_text("ENVIRONMENT=staging\n")
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)
    assert run(["gate", "--certificate", name, "--key", str(CERTIFICATE.with_name("prover.pub.pem"))]) in {
        2,
        3,
    }
    assert [entry.event for entry in journal.entries()] == ["gate-refused"]


def test_an_empty_challenge_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A variable that nobody set must not let every proof answer it."""
    (tmp_path / "disjoint.toml").write_text(MANIFEST)
    assert run(["gate", "--manifest", str(tmp_path / "disjoint.toml"), "--challenge", ""]) == 2
    assert "is its variable set?" in capsys.readouterr().err


def test_a_byte_order_mark_is_seen(
    journal: Journal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The gate takes no other octets for a certificate than verify-certificate does."""
    for name, content in (("disjoint.toml", MANIFEST), ("staging", "ENVIRONMENT=staging\n")):
        (tmp_path / name).write_text(content)
    (tmp_path / "marked").write_bytes(b"\xef\xbb\xbf" + CERTIFICATE.read_bytes())
    asked = ["gate", "--manifest", str(tmp_path / "disjoint.toml"), "--certificate", str(tmp_path / "marked")]
    assert run([*asked, "--key", str(CERTIFICATE.with_name("prover.pub.pem"))]) == 1
    assert "line 1: no envelope" in capsys.readouterr().err
    assert [entry.event for entry in journal.entries()] == ["gate-refused"]


def test_no_variable_lowers_what_a_deploy_must_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where staging's own variables are the process's, whoever may set one of them would open the gate."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("DISJOINT_SEAL_KEY", KEY)
    monkeypatch.setenv("DISJOINT_GATE_NO_JOURNAL", "1")
    (tmp_path / "disjoint.toml").write_text(MANIFEST)
    (tmp_path / "staging").write_text("ENVIRONMENT=staging\n")
    asked = ["gate", "--manifest", str(tmp_path / "disjoint.toml"), "--certificate", str(CERTIFICATE)]
    assert run([*asked, "--key", str(CERTIFICATE.with_name("prover.pub.pem"))]) == 3
    assert "there is no journal here" in capsys.readouterr().err
    deciding = {"keys", "allowed_signers", "approvals", "strict", "max_age", "challenge", "no_journal"}
    options = [each for each in gate.params if isinstance(each, click.Option) and each.name in deciding]
    assert [each.allow_from_autoenv for each in options] == [False] * len(deciding)
