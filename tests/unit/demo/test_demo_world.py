"""What the demo writes, and what its catalogue promises, without a server."""

from __future__ import annotations

import os
import signal
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from disjoint.demo.catalogue.every import BY_NAME, LEAKS, named
from disjoint.demo.place import fill, prepare
from disjoint.demo.programs.sweep import clear, orphans
from disjoint.demo.servers import pgbouncer
from disjoint.demo.signals import orderly
from disjoint.demo.stack import Stack
from disjoint.demo.world import HALVES, Side, World
from disjoint.errors import UsageError, WriteError
from disjoint.model.finding import Outcome

NOT_STARTED = cast("Stack", None)
"""Nothing here asks a world for its servers."""


@pytest.fixture
def small() -> World:
    """A world of two variables and one name."""
    side = Side({"DATABASE_URL": "postgresql://u:p@db.test/x", "EMPTY": ""}, {"db.test:5432": "127.0.0.1:1"})
    return World(NOT_STARTED, side, side, {"database": {"kind": "postgres", "url": "$DATABASE_URL"}})


def test_written_manifest_is_toml_with_one_protected_environment(small: World, tmp_path: Path) -> None:
    """The manifest parses, protects production only, and maps names in both environments."""
    read = tomllib.loads(small.write(tmp_path).read_text())
    environments = read["environments"]
    assert [name for name in HALVES if environments[name].get("protected")] == ["production"]
    assert all(environments[name]["reach_at"] == {"db.test:5432": "127.0.0.1:1"} for name in HALVES)
    assert read["resources"] == {"database": {"kind": "postgres", "url": "$DATABASE_URL"}}


def test_files_of_credentials_are_for_their_owner_only(small: World, tmp_path: Path) -> None:
    """No other account reads the variables."""
    small.write(tmp_path)
    for name in (".env.staging", ".env.production", "disjoint.toml"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


def test_a_world_is_a_value(small: World) -> None:
    """A leak makes another world and leaves the one it was given as it was."""
    other = small.setting("staging", EMPTY="full", DATABASE_URL="").reaching("cache.test:6379", 2)
    assert other.staging.variables == {"EMPTY": "full"}
    assert small.staging.variables["EMPTY"] == ""
    assert "cache.test:6379" in other.production.reach_at
    assert "cache.test:6379" not in small.production.reach_at


def test_a_name_can_mean_two_places(small: World) -> None:
    """A private name is mapped in one environment without touching the other."""
    other = small.reaching("db.test:5432", 9, "staging")
    assert other.staging.reach_at != other.production.reach_at


def test_what_is_public_or_accepted_stands_in_the_manifest(small: World, tmp_path: Path) -> None:
    """Two people accept a finding for a month, in a TOML date without quotes."""
    other = small.publishing("SENTRY_DSN").waiving("absent-in-production", "database", "none is needed")
    read = tomllib.loads(other.write(tmp_path).read_text())
    (waiver,) = read["waivers"]
    assert read["public"] == ["SENTRY_DSN"]
    assert waiver["owner"] != waiver["approver"]
    assert timedelta(days=28) < waiver["expires"] - datetime.now(UTC).date() <= timedelta(days=30)
    assert (small.public, small.waivers) == ((), ())


def test_a_world_says_which_package_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only where it needs one, and only where it is not installed."""
    needing = [leak for leak in LEAKS if leak.needs]
    monkeypatch.setattr(pgbouncer, "program", lambda: None)
    assert {leak.lacks for leak in needing} == {"apt install pgbouncer"}
    assert not any(leak.lacks for leak in LEAKS if not leak.needs)
    monkeypatch.setattr(pgbouncer, "program", lambda: "/usr/sbin/pgbouncer")
    assert not any(leak.lacks for leak in needing)


def test_ready_is_written_after_everything_else(small: World, tmp_path: Path) -> None:
    """Who sees `ready` may read the other files."""
    prepare(tmp_path)
    fill(tmp_path, small)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".env.production",
        ".env.staging",
        "disjoint.toml",
        "ready",
    ]


def test_an_earlier_demos_files_are_replaced_and_nobody_elses(small: World, tmp_path: Path) -> None:
    """A user's own disjoint.toml is never overwritten."""
    fill(tmp_path, small)
    prepare(tmp_path)
    assert not (tmp_path / "ready").exists()
    (tmp_path / ".env.staging").write_text("SECRET_KEY=mine\n")
    with pytest.raises(UsageError, match="not the demo's"):
        prepare(tmp_path)
    assert (tmp_path / ".env.staging").read_text() == "SECRET_KEY=mine\n"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """The error says which folder, and ends the command with 4."""
    (tmp_path / "file").touch()
    with pytest.raises(WriteError, match="file/inside"):
        prepare(tmp_path / "file" / "inside")


def test_names_in_the_catalogue_do_not_repeat() -> None:
    """One name, one world."""
    assert len(BY_NAME) == len(LEAKS)


def test_a_rule_and_a_grade_stand_exactly_where_something_must_be_found() -> None:
    """Isolated worlds name neither."""
    for leak in LEAKS:
        expected = leak.outcome is not Outcome.ISOLATED
        assert (leak.rule is not None, leak.grade is not None) == (expected, expected), leak.name


def test_an_unknown_leak_is_answered_with_near_names() -> None:
    """A slip of the finger costs one look."""
    with pytest.raises(UsageError, match="same-postgres"):
        named("same-postgress")


def test_the_sweeper_knows_who_still_ran() -> None:
    """Started and not stopped means orphaned; the word `done` means there is nothing to sweep."""
    assert orphans(["+10\n", "+11\n", "-10\n"]) == [11]
    assert orphans(["+10\n", "done\n"]) is None
    assert orphans([]) == []


def test_the_sweeper_removes_a_tree_and_nothing_that_it_links_to(tmp_path: Path) -> None:
    """A link inside the folder goes; what it leads to stays."""
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    (outside / "kept").mkdir(parents=True)
    (inside / "deep" / "er").mkdir(parents=True)
    (inside / "deep" / "file").touch()
    (inside / "deep" / "link").symlink_to(outside)
    clear(inside)
    assert not inside.exists()
    assert (outside / "kept").is_dir()


def test_a_polite_signal_leaves_like_an_exception() -> None:
    """SIGTERM unwinds the stack, and the handler of before is back afterwards."""
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as left, orderly():
        os.kill(os.getpid(), signal.SIGTERM)
    assert left.value.code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before
