"""`disjoint check` as a commit hook calls it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

MANIFEST = """\
[environments.production]
variables = { dotenv = ".env.production" }
protected = true
[environments.staging]
variables = { dotenv = ".env.staging" }

[resources.cache]
kind = "redis"
url = "$REDIS_URL"
"""
KEY = "SECRET_KEY=kq2fbv8Zt4RZx0sHqGm1uYw7\n"


def check(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "disjoint", "check", *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env={"HOME": str(folder)},
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A manifest, and both sides' variables."""
    (tmp_path / "disjoint.toml").write_text(MANIFEST)
    (tmp_path / ".env.production").write_text("REDIS_URL=redis://:p@r.production.test/0\n" + KEY)
    (tmp_path / ".env.staging").write_text("REDIS_URL=redis://:s@r.staging.test/0\n")
    return tmp_path


def test_what_is_well_is_silent(folder: Path) -> None:
    """A hook that talks is switched off."""
    ran = check(folder)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_a_reused_secret_is_an_error(folder: Path) -> None:
    """Named by its rule, and told without its value."""
    with (folder / ".env.staging").open("a") as stream:
        stream.write(KEY)
    ran = check(folder, "disjoint.toml")
    assert ran.returncode == 1
    assert ran.stdout.startswith("disjoint.toml: variables/secret-reused: ")
    assert "kq2f" not in ran.stdout + ran.stderr


def test_productions_address_in_staging_stands_beside_its_line(folder: Path) -> None:
    """As an editor or a reviewer finds it."""
    (folder / ".env.staging").write_text("REDIS_URL=redis://:s@r.production.test/0\n")
    ran = check(folder)
    assert ran.returncode == 1
    assert ran.stdout.startswith("disjoint.toml:7: redis/same-server: ")


def test_without_variables_the_manifest_is_read(folder: Path) -> None:
    """In a checkout there are none; it says so, and fails nothing."""
    (folder / ".env.production").unlink()
    ran = check(folder)
    assert (ran.returncode, ran.stdout) == (0, "")
    assert ran.stderr.startswith("disjoint.toml: read; not compared, for ")


def test_a_fault_is_told_although_variables_are_missing(folder: Path) -> None:
    """With its line; a misspelt key is the likeliest."""
    (folder / ".env.production").unlink()
    (folder / "disjoint.toml").write_text(MANIFEST.replace("url =", "ulr ="))
    ran = check(folder)
    assert (ran.returncode, "disjoint.toml:9" in ran.stderr) == (2, True)


def test_a_waiver_that_is_over_is_told(folder: Path) -> None:
    """The morning after, and not at the next deploy."""
    waiver = (
        '[[waivers]]\nrule = "variables/secret-reused"\nresource = "variables"\nreason = "r"\nowner = "a"\n'
    )
    with (folder / "disjoint.toml").open("a") as stream:
        stream.write(
            f'[resources.variables]\nkind = "variables"\n{waiver}approver = "b"\nexpires = 2020-01-01\n'
        )
    ran = check(folder)
    assert (ran.returncode, "is over since 2020" in ran.stderr) == (2, True)


def test_a_pyproject_without_our_table_is_passed_over(folder: Path) -> None:
    """A hook hands over every file that might be ours."""
    (folder / "other").mkdir()
    (folder / "other" / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert check(folder, "other/pyproject.toml", "disjoint.toml").returncode == 0
    assert check(folder / "other").returncode == 2
