"""The whole way of a certificate: proven on the demo's servers, signed off, verified by us and without us."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from certificates import World as People
from disjoint.cli.main import run
from disjoint.demo.world import World

pytestmark = pytest.mark.live
SCRIPT = Path(__file__).parents[2] / "conformance" / "verify.sh"


@pytest.fixture
def folder(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a team keeps: manifest, certificate, parts, report, the prover's key, who may sign off."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("DISJOINT_SEAL_KEY", "5e" * 32)
    monkeypatch.setenv("GITHUB_ACTOR", "octocat")
    made, people = tmp_path / "world", People(tmp_path)
    made.mkdir()
    manifest = world.write(made)
    monkeypatch.chdir(made)
    bob = ["--as", "bob@example.com", "--key", str(people.bob.key), "--name", "Bob"]
    assert run(["keygen"]) == 0
    assert run(["certify", "--manifest", str(manifest), "--output", "."]) == 0
    assert run(["sign-off", "--role", "reviewer", *bob, "--reviewed", "report.json", "--yes"]) == 0
    (made / "prover.pub.pem").write_bytes((tmp_path / "state" / "disjoint" / "machine.pub.pem").read_bytes())
    (made / "allowed_signers").write_text(people.allowed())
    return made


def verify(*options: str) -> int:
    known = ["--key", "prover.pub.pem", "--allowed-signers", "allowed_signers"]
    asked = ["--manifest", "disjoint.toml", "--staging-part", "staging.stable.json"]
    asked += ["--production-part", "production.stable.json", "--max-age", "1h", "--evidence", "."]
    return run(["verify-certificate", *known, *asked, *options])


def test_what_was_certified_and_signed_off_holds(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For this manifest, these servers, this report; and no longer once one of them is another."""
    capsys.readouterr()
    assert verify() == 0
    assert "signed off by bob@example.com (reviewer)" in capsys.readouterr().out
    assert verify("--strict") == 3
    assert verify("--challenge", "nonce") == 3
    manifest = folder / "disjoint.toml"
    manifest.write_text(_raised(manifest.read_text()))
    assert verify() == 3
    assert "made for another manifest" in capsys.readouterr().err


def _raised(manifest: str) -> str:
    """One row asks for more than before."""
    assert 'kind = "redis"' in manifest
    return manifest.replace('kind = "redis"', 'kind = "redis"\nminimum = "canary"', 1)


def test_the_signatures_hold_without_us(folder: Path) -> None:
    """By jq, openssl and ssh-keygen; and not once an octet was changed."""
    asked = [str(SCRIPT), "certificate.intoto.jsonl", "prover.pub.pem", "allowed_signers"]
    ran = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.splitlines()[0]) == (0, "signed by bob@example.com: APPROVED"), (
        ran.stderr
    )
    certificate = folder / "certificate.intoto.jsonl"
    certificate.write_bytes(certificate.read_bytes().replace(b"A", b"B", 1))
    assert subprocess.run(asked, capture_output=True, check=False).returncode == 1
