"""`disjoint keygen` as a person calls it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from disjoint.certify.public import keyid_of, public_key_of


def keygen(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, with a state folder of its own."""
    return subprocess.run(
        [sys.executable, "-m", "disjoint", "keygen", *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env={"HOME": str(folder), "PATH": "/usr/bin:/bin"},
        check=False,
    )


def test_it_prints_the_id_and_the_public_file(tmp_path: Path) -> None:
    """The private file is this user's alone, whatever the umask."""
    ran = keygen(tmp_path, "--output", "prover.pem", "--type", "p256")
    keyid, public = ran.stdout.split()
    assert (ran.returncode, public, ran.stderr) == (0, "prover.pub.pem", "")
    assert keyid_of(public_key_of((tmp_path / public).read_bytes())) == keyid
    assert (tmp_path / "prover.pem").stat().st_mode & 0o777 == 0o600
    assert "PRIVATE" not in ran.stdout


def test_a_second_time_it_refuses(tmp_path: Path) -> None:
    """With exit 2 and one line."""
    keygen(tmp_path, "--output", "prover.pem")
    ran = keygen(tmp_path, "--output", "prover.pem")
    assert ran.returncode == 2
    assert ran.stderr == "error: prover.pub.pem is there: a key is never overwritten; name another file\n"


def test_without_a_file_it_is_the_machines(tmp_path: Path) -> None:
    """And asking again shows the same one."""
    first, again = keygen(tmp_path), keygen(tmp_path)
    assert (first.returncode, first.stdout) == (0, again.stdout)
    assert first.stdout.split()[1] == str(tmp_path / ".local/state/disjoint/machine.pub.pem")
