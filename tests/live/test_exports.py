"""`disjoint exports` on real files, beside a real server, and by real workers."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from postgres_world import build

from disjoint.cli.main import run as command
from disjoint.demo.supervisor import Supervisor

pytestmark = pytest.mark.live
THEIRS = [f"user-{n}@shop.test" for n in range(300)]


def export(folder: Path, mails: list[str]) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"id": [*range(len(mails))], "mail": mails}), folder / "0.parquet")
    return str(folder)


@pytest.mark.parametrize(("copied", "code", "word"), [(0, 0, "ISOLATED"), (3, 1, "SHARED")])
@pytest.mark.parametrize("dask", [(), pytest.param(("--dask", "local"), marks=pytest.mark.long)])
def test_two_exports(
    tmp_path: Path,
    copied: int,
    code: int,
    word: str,
    dask: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:
    production = export(tmp_path / "p" / "users", THEIRS)
    staging = export(tmp_path / "s" / "users", [f"own-{n}@shop.test" for n in range(99)] + THEIRS[:copied])
    assert command(["exports", "--production", production, "--staging", staging, *dask]) == code
    told = capsys.readouterr().out
    assert told.startswith(f"{word}: ")
    assert "numbers, dates and flags" in told, "what was left is said"
    assert "@shop.test" not in told


def test_nothing_there_proves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    production = export(tmp_path / "p", THEIRS)
    assert command(["exports", "--production", production, "--staging", str(tmp_path / "no")]) == 3
    assert "there is no Parquet file" in capsys.readouterr().out


def test_json_says_the_same(tmp_path: Path) -> None:
    production, staging = export(tmp_path / "p", THEIRS), export(tmp_path / "s", THEIRS[:7])
    where = ["--production", production, "--staging", staging, "--format", "json"]
    assert command(["exports", *where, "--exact", "--output", str(tmp_path / "found")]) == 1
    found = json.loads((tmp_path / "found").read_text())
    assert (found["outcome"], "7 values" in found["summary"]) == ("SHARED", True)


@pytest.mark.parametrize(
    "options", [(), ("--production", "p", "--staging", "s", "--exact", "--detect", "9@99%")]
)
def test_a_call_that_means_nothing_is_refused(options: tuple[str, ...]) -> None:
    assert command(["exports", *options]) == 2


def test_an_export_beside_a_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Production's export against staging's server, and an export of staging's against production's."""
    with Supervisor() as supervisor:
        world = build(supervisor)
        for half, server in (("production", world.production), ("staging", world.staging)):
            (tmp_path / f".env.{half}").write_text(f"DATABASE_URL={world.url(server)}\n")
            with server.admin("shop") as admin:
                admin.execute(b"DROP TABLE guarded; ANALYZE users")
        (tmp_path / "disjoint.toml").write_text(
            """
            [environments.production]
            variables = { dotenv = ".env.production" }
            protected = true
            [environments.staging]
            variables = { dotenv = ".env.staging" }
            [resources.database]
            kind = "postgres"
            url = "$DATABASE_URL"
            rows = "sampled"
            """
        )
        manifest = ["--manifest", str(tmp_path / "disjoint.toml")]
        leaked = export(tmp_path / "leaked", [f"u{n}@example.test" for n in range(40, 60)])
        clean = export(tmp_path / "clean", THEIRS)
        for option in ("--production", "--staging"):
            assert command(["exports", *manifest, option, leaked]) == 1
            assert "11 values" in capsys.readouterr().out
            assert command(["exports", *manifest, option, clean]) == 0, capsys.readouterr()
        assert "production: " in capsys.readouterr().out
