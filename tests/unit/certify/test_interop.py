"""The machine's line by an independent implementation: sigstore's libraries for Node."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from certificates import Machine, World
from lacking import lacking

SCRIPT = Path(__file__).parents[2] / "interop" / "verify.cjs"
PACKAGES = ("@sigstore/verify@3.1.1", "@sigstore/bundle@4.0.0")


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which they are installed, beside the script."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        lacking("sigstore's libraries need Node: apt install nodejs npm")
    folder = tmp_path_factory.mktemp("npm")
    (folder / "package.json").write_text('{"private": true}')
    asked = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent", *PACKAGES]
    if not _installed(asked, folder):
        lacking(f"npm reaches no registry that has {' '.join(PACKAGES)}")
    shutil.copy(SCRIPT, folder)
    return folder


def _installed(asked: list[str], folder: Path) -> bool:
    """Whether npm could fetch them: a machine may have Node and no way to where packages are."""
    try:
        return subprocess.run(asked, cwd=folder, capture_output=True, timeout=60, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def asked(libraries: Path, folder: Path, line: bytes, pem: bytes) -> str:
    """What the script answers."""
    (folder / "line").write_bytes(line)
    (folder / "pem").write_bytes(pem)
    words = ["node", str(libraries / SCRIPT.name), str(folder / "line"), str(folder / "pem")]
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (ran.returncode == 0) is (ran.stdout == "VERIFIED\n"), ran.stderr
    return ran.stdout.strip()


@pytest.mark.parametrize("type_", ["ed25519", "p256"])
def test_sigstore_accepts_what_a_machine_signed(tmp_path: Path, libraries: Path, type_: str) -> None:
    """With both sorts of keys; not with another's, and not once it was changed."""
    machine = Machine(type_)
    line = World(tmp_path, machine).proof()
    assert asked(libraries, tmp_path, line, machine.pem) == "VERIFIED"
    assert asked(libraries, tmp_path, line, Machine(type_).pem) == "SIGNATURE_ERROR"
    envelope = json.loads(line)
    payload = base64.b64decode(envelope["payload"]).replace(b"ISOLATED", b"isolated", 1)
    changed = envelope | {"payload": base64.b64encode(payload).decode()}
    assert asked(libraries, tmp_path, json.dumps(changed).encode(), machine.pem) == "SIGNATURE_ERROR"
