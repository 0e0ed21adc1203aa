"""The published cases: our own verifier over all of them, and verify.sh over those that it can tell."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from certificates import World
from conformance_cases import CASES
from disjoint.cli.main import run
from lacking import lacking

ROOT = Path(__file__).parents[3] / "conformance"
FOLDERS = sorted(path.parent for path in ROOT.glob("*/args"))
SCRIPT = ROOT / "verify.sh"
MARK = "Mark: `signature`"
CALLED = (
    "plain",
    "strict",
    "changed-payload_fail",
    "self-look-alike_fail",
    "other-manifest_fail",
    "stale_fail",
)
"""Run as a person runs them, in a process of their own."""


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_verifier_says_what_the_case_says(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Accepts what holds, and refuses the others with the stated reason and with 1 or 3."""
    with contextlib.chdir(folder):
        code = run(["verify-certificate", *(folder / "args").read_text().split()])
    said = capsys.readouterr()
    if folder.name.endswith("_fail"):
        assert code in {1, 3}
        assert (folder / "reason").read_text().strip() in said.err
        assert said.out == ""
        assert said.err.count("\n") == 1
    else:
        assert (code, said.err) == (0, "")
        assert said.out.startswith("HOLDS until ")
        assert re.search(r"^how: \w+ (declared|identity|canary|refused)", said.out, re.MULTILINE)


@pytest.mark.parametrize("name", CALLED)
def test_a_case_reads_the_same_in_a_process(name: str) -> None:
    """As `disjoint` itself starts it."""
    program = shutil.which("disjoint", path=str(Path(sys.executable).parent))
    assert program is not None
    asked = [program, "verify-certificate", *(ROOT / name / "args").read_text().split()]
    ran = subprocess.run(asked, cwd=ROOT / name, capture_output=True, text=True, check=False)
    assert (ran.returncode == 0) is not name.endswith("_fail")
    if ran.returncode:
        assert (ROOT / name / "reason").read_text().strip() in ran.stderr


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_script_agrees_where_it_can_tell(folder: Path) -> None:
    """Signatures by jq, openssl and ssh-keygen; the other cases say why it cannot see them."""
    for needed in ("jq", "openssl", "ssh-keygen"):
        if shutil.which(needed) is None:
            lacking(f"verify.sh needs {needed}: apt install jq openssl openssh-client")
    readme = (folder / "README.md").read_text()
    if MARK not in readme:
        assert "verify.sh cannot tell: it " in readme
        return
    asked = [str(SCRIPT), "certificate.intoto.jsonl", "prover.pub.pem", "allowed_signers"]
    ran = subprocess.run(asked, cwd=folder, capture_output=True, text=True, check=False)
    assert (ran.returncode == 0) is not folder.name.endswith("_fail"), ran.stderr


def test_the_script_shows_a_strangers_name_as_it_is_written(tmp_path: Path) -> None:
    """Whoever can append to a file would forge a line on the terminal of whoever verifies it."""
    world, name = World(tmp_path), "eve\x1b[2K\\0033\nsignatures hold; proof \u202e0"
    proof = world.proof()
    said = world.sign_off(proof, edit=lambda stated: stated["predicate"]["signer"].update(principal=name))
    (tmp_path / "c.jsonl").write_bytes(proof + said)
    (tmp_path / "p.pem").write_bytes(world.machine.pem)
    (tmp_path / "allowed").write_text(world.allowed())
    asked = [str(SCRIPT), "c.jsonl", "p.pem", "allowed"]
    ran = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (1, "", 1)
    assert ran.stderr.startswith("line 2: eve\\u001b[2K")
    assert ran.stderr.rstrip("\n").isprintable()


def test_the_script_says_how_it_is_called() -> None:
    ran = subprocess.run(
        [str(SCRIPT), "certificate.intoto.jsonl"], capture_output=True, text=True, check=False
    )
    assert ran.returncode
    assert "verify.sh certificate.intoto.jsonl prover.pub.pem allowed_signers" in ran.stderr


def test_every_case_has_its_folder() -> None:
    """What is published is what the generator makes: as many, and of the same names and reasons."""
    assert {folder.name for folder in FOLDERS} == {case.name for case in CASES}
    for case in CASES:
        folder = ROOT / case.name
        assert (folder / "args").read_text() == f"{case.arguments}\n"
        assert (folder / "reason").exists() is bool(case.reason) is case.name.endswith("_fail")


def test_there_are_enough_of_both_sorts() -> None:
    """At least seventy, and more than two thirds of them wrong."""
    wrong = [folder for folder in FOLDERS if folder.name.endswith("_fail")]
    assert len(FOLDERS) >= 70
    assert len(wrong) * 3 > len(FOLDERS) * 2


def test_no_private_key_is_published() -> None:
    """Whoever finds one could sign as the cases' people."""
    assert all(b"PRIVATE KEY" not in path.read_bytes() for path in ROOT.rglob("*") if path.is_file())
