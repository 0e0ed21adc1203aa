"""What is inferred can be written down, read back, and means the same."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from disjoint import pipeline
from disjoint.cli.init import command
from disjoint.cli.main import run
from disjoint.errors import WriteError
from disjoint.kinds.registry import KINDS
from disjoint.manifest.load import load
from disjoint.manifest.starter import starter
from disjoint.model.environment import Environment
from disjoint.model.finding import Grade
from disjoint.model.manifest import Manifest, Resource
from disjoint.sources import read
from disjoint.sources.process import SOURCE

PRODUCTION = """\
DATABASE_URL=postgresql://u:hunter2@prod.example.com/app
REDIS_HOST=prod.example.com
REDIS_PASSWORD=hunter2
CELERY_BROKER_URL=redis://:hunter2@prod.example.com/1
CELERY_RESULT_BACKEND=redis://:hunter2@prod.example.com/2
GS_BUCKET_NAME=prod-files
STORAGE_BUCKET_NAME=prod-store
STORAGE_ENDPOINT_URL=https://s3.example.com
STORAGE_ACCESS_KEY=AKIA
STORAGE_SECRET_KEY=hunter2
API_URL=https://api.prod.example.com
SEARCH_URL=https://search.prod.example.com
"""


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with both files of variables."""
    (tmp_path / ".env.production").write_text(PRODUCTION)
    (tmp_path / ".env.staging").write_text(PRODUCTION.replace("prod", "stag"))
    for name in (".env.production", ".env.staging"):
        (tmp_path / name).chmod(0o600)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def bare(resources: tuple[Resource, ...]) -> list[Resource]:
    """Resources without the place they were declared at."""
    return [replace(resource, where="") for resource in resources]


def inferred() -> Manifest:
    return pipeline.infer(Path(".env.staging"), Path(".env.production"))


@pytest.mark.usefixtures("directory")
def test_loading_what_was_written_gives_the_same_resources() -> None:
    """The round trip loses nothing and adds nothing."""
    manifest = inferred()
    Path("disjoint.toml").write_text(starter(manifest))
    again = load(Path("disjoint.toml"), KINDS, read)
    assert bare(again.resources) == bare(manifest.resources)
    assert len(again.resources) == 7
    assert (again.production.source, again.staging.source) == (".env.production", ".env.staging")


def test_paths_are_relative_to_where_the_file_will_stand(directory: Path) -> None:
    """A manifest in another folder still finds its variables."""
    (directory / "conf").mkdir()
    Path("conf/disjoint.toml").write_text(starter(inferred(), Path("conf")))
    again = load(Path("conf/disjoint.toml"), KINDS, read)
    assert again.staging.source == "../.env.staging"
    assert bare(again.resources) == bare(inferred().resources)


@pytest.mark.usefixtures("directory")
def test_whatever_was_stated_is_written() -> None:
    """A grade, a list, places, this process, and text that TOML must escape."""
    manifest = inferred()
    database = manifest.resources[0]
    hard = 'a "quoted" \\ back\nslash \x7f \u00e9'
    stated = replace(
        database, declared=replace_field(database.declared, sentinels=(hard,), tables=3, stamp=True)
    )
    whole = replace(
        manifest,
        resources=(replace(stated, minimum=Grade.CANARY), manifest.resources[-1]),
        production=replace(manifest.production, reach_at={"db.test:5432": "127.0.0.1:1"}),
        staging=Environment("staging", False, manifest.staging.variables, SOURCE),
    )
    Path("disjoint.toml").write_text(starter(whole))
    again = load(Path("disjoint.toml"), KINDS, read)
    assert bare(again.resources) == bare(whole.resources)
    assert again.production.reach_at == whole.production.reach_at
    assert again.staging.source == SOURCE


def replace_field(declared: object, **values: object) -> object:
    """A declaration with other values, whatever its kind."""
    fields = {name: getattr(declared, name) for name in getattr(declared, "__slots__", ())}
    return type(declared)(**{**fields, **values})


@pytest.mark.usefixtures("directory")
def test_it_holds_names_and_no_value() -> None:
    """The file may be committed."""
    text = starter(inferred())
    assert "hunter2" not in text
    assert "example.com" not in text
    assert "#   SEARCH_URL" in text


@pytest.mark.usefixtures("directory")
def test_every_hint_is_a_line_that_may_be_used() -> None:
    """Taking the comment sign off a hint gives a manifest that loads."""
    lines = starter(inferred()).splitlines()
    hints = (
        "# sentinels = ",
        "# rows = ",
        "# reach = ",
        "# [[waivers]]",
        "# rule",
        "# resource =",
        "# variables =",
        "# reason",
        "# owner",
        "# approver",
        "# expires",
    )
    alone = (re.sub(r"^# .*: (?=(rows|reach) = )", "# ", line) for line in lines)
    used = [line[2:] if line.startswith(hints) else line for line in alone]
    assert used != lines
    Path("disjoint.toml").write_text("\n".join(used))
    loaded = load(Path("disjoint.toml"), KINDS, read)
    (waiver,) = loaded.waivers
    (database,) = (resource.declared for resource in loaded.resources if resource.name == "database")
    assert {"rows='sampled'", "reach=True"} <= set(re.findall(r"\w+='?\w+'?", repr(database)))
    assert (waiver.rule, waiver.variables) == ("variables/secret-reused", ("MAIL_PASSWORD",))


def test_init_writes_once_and_tells_names_only(directory: Path) -> None:
    """A manifest that is there is not replaced unless that is asked for."""
    arguments = ["--staging", ".env.staging", "--production", ".env.production"]
    first = CliRunner().invoke(command, arguments, standalone_mode=False)
    assert first.exception is None
    assert "database: postgres from DATABASE_URL" in first.stderr
    assert "not placed: SEARCH_URL" in first.stderr
    assert first.stderr.endswith("disjoint.toml written; now: disjoint verify\n")
    assert "hunter2" not in first.output
    written = (directory / "disjoint.toml").read_text()
    assert stat.S_IMODE((directory / "disjoint.toml").stat().st_mode) == 0o666 & ~_umask()
    (directory / "disjoint.toml").write_text("# mine")
    second = CliRunner().invoke(command, arguments, standalone_mode=False)
    assert isinstance(second.exception, WriteError)
    assert (directory / "disjoint.toml").read_text() == "# mine"
    assert run(["init", *arguments]) == 4
    assert run(["init", *arguments, "--force"]) == 0
    assert (directory / "disjoint.toml").read_text() == written
    assert not [path for path in directory.iterdir() if path.name.startswith("tmp")]


@pytest.mark.usefixtures("directory")
def test_init_ends_with_the_codes_of_every_command() -> None:
    """2 for what cannot be read, 4 for what cannot be written."""
    assert run(["init", "--staging", "gone", "--production", ".env.production"]) == 2
    assert run(["init", "--staging", ".env.staging"]) == 2
    arguments = [
        "--staging",
        ".env.staging",
        "--production",
        ".env.production",
        "--output",
        "no/such/folder.toml",
    ]
    assert run(["init", *arguments]) == 4


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
