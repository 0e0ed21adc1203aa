"""`verify-certificate`: what its options mean, and that its short way says what the long one says."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest

from certificates import NOW, REPORT, World
from disjoint.cli.main import run
from disjoint.cli.quick import holds
from disjoint.cli.verifying import Asked, asked_in

CASES = sorted(path.parent for path in (Path(__file__).parents[3] / "conformance").glob("*/args"))
PLAIN = ["verify-certificate", "--key", "prover.pub.pem", "--allowed-signers", "allowed_signers", "--at", NOW]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A certificate that holds, and what it is verified with, in the working directory."""
    world = World(tmp_path)
    (tmp_path / "certificate.intoto.jsonl").write_bytes(world.certificate())
    (tmp_path / "prover.pub.pem").write_bytes(world.machine.pem)
    (tmp_path / "allowed_signers").write_text(world.allowed())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_short_way_says_what_the_long_one_says(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And says nothing at all of what does not hold."""
    words = ["verify-certificate", *(case / "args").read_text().split()]
    with contextlib.chdir(case):
        held, short = holds(words), capsys.readouterr()
        code, long = run(words), capsys.readouterr()
    assert held is (code == 0)
    assert short == (long if held else ("", ""))


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--key", "nothing.pem"], "nothing.pem: there is no such file"),
        (["--key", "allowed_signers"], "allowed_signers: no public key in PEM"),
        (["--key", "."], ".: is not a regular file"),
        (["--max-age", "soon"], "--max-age soon: a number with its unit"),
        (["--at", "2026-11-22"], "--at 2026-11-22: a time with its zone"),
        (["--at", "yesterday"], "--at yesterday: a time with its zone"),
        (["--at", "9999-12-31T23:59:59Z"], "--at 9999-12-31T23:59:59Z: no time"),
        (["--at", "0001-01-01T00:00:00+14:00"], "--at 0001-01-01T00:00:00+14:00: no time"),
        (["--approvals", "many"], "--approvals many: a number of people"),
        (["--strict", "--approvals", "1"], "--strict wants two people"),
        (["--evidence", "nowhere"], "nowhere: No such file or directory"),
        (["--manifest", "nowhere.toml"], "nowhere.toml"),
        (["--staging-part", "nowhere.json"], "nowhere.json: there is no such file"),
        (["--no-such-option"], "no such option"),
        (["--challenge", ""], "--challenge is empty"),
        (["--environment", ""], "--environment is empty"),
        (["--reference", ""], "--reference is empty"),
    ],
)
def test_an_option_that_cannot_be_used_is_the_callers(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, and the option is named."""
    assert run([*PLAIN, *words]) == 2
    assert said.lower() in capsys.readouterr().err.lower()


def test_evidence_is_read_where_it_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever else lies in the folder, be it too large to be a report."""
    (folder / "report.json").write_bytes(REPORT)
    with (folder / "disk.img").open("wb") as file:
        file.truncate(1 << 40)
    assert run([*PLAIN, "--evidence", "."]) == 0
    (folder / "report.json").write_bytes(REPORT + b" ")
    assert run([*PLAIN, "--evidence", "."]) == 1
    assert "report.json was changed" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_without_a_key_nothing_is_verified(capsys: pytest.CaptureFixture[str]) -> None:
    """No key is believed because it came along."""
    assert run(["verify-certificate"]) == 2
    assert "--key prover.pub.pem" in capsys.readouterr().err


def test_a_certificate_that_is_not_there_is_missing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 3: nothing can be said."""
    (folder / "certificate.intoto.jsonl").unlink()
    assert run(PLAIN) == 3
    assert "there is no certificate: certificate.intoto.jsonl does not exist" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_variables_are_left_to_click(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What one asks there must not be passed over."""
    monkeypatch.setenv("DISJOINT_VERIFY_CERTIFICATE_APPROVALS", "2")
    assert not holds(PLAIN)
    assert run(PLAIN) == 3
    assert "missing sign-off: 1 of 2" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["--help"], ["--key"], ["a", "b"], ["--at", "x", "--at", "y"], ["--key=x"], ["--strictly"]]
)
def test_unusual_words_are_left_to_click(words: list[str]) -> None:
    """So that help and errors are those of every command."""
    with pytest.raises(LookupError):
        asked_in(words)


def test_plain_words_are_read_as_they_stand() -> None:
    """In any order, keys more than once."""
    asked = asked_in(
        ["--strict", "--key", "a", "c.jsonl", "--key", "b", "--evidence", ".", "--approvals", "3"]
    )
    assert asked == Asked("c.jsonl", ("a", "b"), approvals="3", strict=True, evidence=".")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("missing", ["openssl", "both"])
def test_it_does_without_openssl_and_says_so_without_ssh_keygen(
    missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The library answers where the program is missing; for people there is no other way."""
    programs = tmp_path / "bin"
    programs.mkdir()
    if missing == "openssl":
        (programs / "ssh-keygen").symlink_to("/usr/bin/ssh-keygen")
    monkeypatch.setenv("PATH", str(programs))
    assert run(PLAIN) == (0 if missing == "openssl" else 3)
    assert missing == "openssl" or "ssh-keygen is not here" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_nothing_slow_is_loaded() -> None:
    """Neither click nor cryptography, nor what starts processes and makes temporary folders."""
    program = (
        "import sys; sys.argv[1:] = " + repr(PLAIN) + "; from disjoint.__main__ import main; main(); "
        "slow = {'click', 'cryptography', 'subprocess', 'tempfile', 'dataclasses'}; "
        "print(*sorted(slow & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("HOLDS until ")
    assert ran.stdout.splitlines()[-1] == ""
