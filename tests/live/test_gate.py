"""What a deploy passes with, and what it is refused for: the demo's staging, certified and then changed."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from disjoint.certification.history import open_journal
from disjoint.certify.keys import ProjectKey
from disjoint.cli.main import run
from disjoint.demo.stack import Stack
from disjoint.demo.world import World, clean
from disjoint.journal import Entry

pytestmark = pytest.mark.live
KEY = "7c" * 32
Gate = Callable[..., int]


@pytest.fixture(scope="module")
def certified(running: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """A folder with a manifest, a certificate and the state it was made in; to be copied, never changed."""
    folder, state = tmp_path_factory.mktemp("world"), tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(state))
        patch.setenv("DISJOINT_SEAL_KEY", KEY)
        patch.setenv("GITHUB_ACTOR", "octocat")
        manifest = clean(running).write(folder)
        assert run(["certify", "--manifest", str(manifest), "--output", str(folder)]) == 0
        yield folder, state


@pytest.fixture
def here(certified: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of both, as this process' own."""
    shutil.copytree(certified[1], tmp_path / "state")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("DISJOINT_SEAL_KEY", KEY)
    monkeypatch.setenv("GITHUB_ACTOR", "octocat")
    return Path(shutil.copytree(certified[0], tmp_path / "world"))


@pytest.fixture
def gate(here: Path) -> Gate:
    """`disjoint gate` over that copy, with the machine's word alone unless the options say more."""

    def gate(*options: str) -> int:
        people = () if "--allowed-signers" in options else ("--approvals", "0")
        where = ("--manifest", str(here / "disjoint.toml"))
        return run(
            ["gate", *where, "--certificate", str(here / "certificate.intoto.jsonl"), *people, *options]
        )

    return gate


def changed(file: Path, pattern: str, becomes: str) -> None:
    """Rewrite what a pattern finds, once or more."""
    text, count = re.subn(pattern, becomes, file.read_text())
    assert count
    file.write_text(text)


def entries() -> list[Entry]:
    """What the project's journal holds."""
    return list(open_journal(ProjectKey(bytes.fromhex(KEY), ""), create=False).entries())


def test_what_was_certified_passes_and_is_written_down(
    gate: Gate, running: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    """Production's servers hear nothing of it."""
    before = asked(running)
    assert gate() == 0
    assert asked(running) - before <= {"config|resetstat", "info", "hello", "auth", "client|setinfo"}
    told = capsys.readouterr().out
    assert told.startswith("DEPLOY: staging is what was certified on ")
    assert "by address alone: storage" in told
    assert [entry.event for entry in entries()] == ["certified", "gate-passed"]


def asked(running: Stack) -> set[str]:
    """What production's cache was asked since it was asked this: every command is counted there."""
    with closing(running.production.cache.admin()) as client:
        told: Any = client.info("commandstats")
        client.config_resetstat()
    return {name.removeprefix("cmdstat_") for name in told}


def test_a_person_who_did_not_ask_for_it_signs_and_then_it_passes(
    gate: Gate, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Real keys: without their line it is missing a sign-off, with it it passes; two are not one."""
    key, allowed = here / "bob", here / "allowed_signers"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    public = (here / "bob.pub").read_text().split()
    allowed.write_text(f'bob@example.com namespaces="signoff@disjoint.dev" {public[0]} {public[1]}\n')
    trusting = ("--allowed-signers", str(allowed))
    assert gate(*trusting) == 3
    assert "missing sign-off: 0 of 1" in capsys.readouterr().err
    sign = [
        "sign-off",
        str(here / "certificate.intoto.jsonl"),
        "--as",
        "bob@example.com",
        "--role",
        "security",
    ]
    assert run([*sign, "--key", str(key), "--yes"]) == 0
    assert gate(*trusting) == 0
    assert "signed off by bob@example.com (security)" in capsys.readouterr().out
    assert gate(*trusting, "--strict") == 3
    assert [entry.event for entry in entries()][-2:] == ["gate-passed", "gate-refused"]


Change = Callable[[Path, World], None]


def _re_pointed(here: Path, world: World) -> None:
    changed(here / ".env.staging", r"(?m)^(REDIS_URL=.*:6379)/0", r"\1/5")


def _rotated(here: Path, world: World) -> None:
    changed(here / ".env.staging", r"(?m)^SECRET_KEY=.*$", "SECRET_KEY='0123456789abcdefghijklmnopqrstuv'")


def _named_elsewhere(here: Path, world: World) -> None:
    theirs = world.production.reach_at["cache.production.test:6379"]
    changed(here / "disjoint.toml", r'("cache\.staging\.test:6379") = "[^"]*"', rf'\1 = "{theirs}"')


def _gone(here: Path, world: World) -> None:
    changed(here / "disjoint.toml", r'("cache\.staging\.test:6379") = "[^"]*"', r'\1 = "127.0.0.1:1"')


def _declared_otherwise(here: Path, world: World) -> None:
    changed(here / "disjoint.toml", r'keys = \["staging:"\]', 'keys = ["staging:", "other:"]')


def _forged(here: Path, world: World) -> None:
    changed(here / "certificate.intoto.jsonl", r'"payload":"(.)', r'"payload":"f')


def _lost(here: Path, world: World) -> None:
    (here / "certificate.intoto.jsonl").unlink()


REFUSALS: list[tuple[Change, int, str]] = [
    (_re_pointed, 3, "cache: staging: address changed"),
    (_rotated, 3, "variables: staging: secret SECRET_KEY rotated"),
    (_named_elsewhere, 3, "cache: staging's server did not say who it is"),
    (_gone, 3, "cache: staging's server did not say who it is"),
    (_declared_otherwise, 3, "made for another manifest"),
    (_forged, 1, "line 1: its payload is no JSON"),
    (_lost, 3, "there is no certificate"),
]


@pytest.mark.parametrize(("change", "code", "why"), REFUSALS)
def test_what_has_changed_since_is_refused_with_the_reason(
    change: Change,
    code: int,
    why: str,
    gate: Gate,
    here: Path,
    world: World,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """And the refusal stands in the journal."""
    change(here, world)
    assert gate() == code
    told = capsys.readouterr()
    assert why in told.err
    assert told.out == ""
    assert entries()[-1].event == "gate-refused"


def test_a_name_that_leads_to_production_now_is_refused_as_that(
    gate: Gate, here: Path, world: World, running: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    """Same address, same password, same database: only the server's own mark tells."""
    _named_elsewhere(here, world)
    found = re.search(r":([^:@]+)@cache", world.staging.variables["REDIS_URL"])
    assert found is not None
    cache = running.production.cache
    cache.ask("ACL", "SETUSER", "default", f">{found[1]}")
    try:
        assert gate() == 1
    finally:
        cache.ask("ACL", "SETUSER", "default", f"<{found[1]}")
    assert "cache: staging's server bears a mark of production's" in capsys.readouterr().err
    assert entries()[-1].event == "gate-refused"


def test_a_secret_of_productions_under_another_name_is_refused(
    gate: Gate, here: Path, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """No secret's name is new, so that the stable part stays; without production's, who knows?"""
    with (here / ".env.staging").open("a") as file:
        file.write(f"VENDOR='{world.production.variables['SECRET_KEY']}'\n")
    assert gate() == 1
    assert "staging's VENDOR is production's SECRET_KEY" in capsys.readouterr().err
    assert gate("--no-journal") == 1
    (here / "production.stable.json").write_text("{}")
    assert gate() == 1
    assert gate("--no-journal") == 3
    assert "put production.stable.json, as" in capsys.readouterr().err


def test_a_clock_that_was_set_back_tells_no_age(
    gate: Gate, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An expired certificate would pass for a fresh one; staging's servers know better. Ahead, not."""
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() - 7200)
    assert gate() == 3
    assert "the clocks disagree: staging's servers are +7200 s ahead" in capsys.readouterr().err
    monkeypatch.setattr(time, "time", lambda: now() + 7200)
    assert gate() == 0


@pytest.mark.long
def test_a_staging_that_does_not_answer_in_time_is_not_told_from_a_changed_one(
    gate: Gate, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reason is the time, and the way out is more of it."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        changed(
            here / "disjoint.toml", r'("cache\.staging\.test:6379") = "[^"]*"', rf'\1 = "127.0.0.1:{port}"'
        )
        assert gate("--budget", "1") == 3
    assert "staging did not answer within 1 s: raise --budget" in capsys.readouterr().err


def test_while_a_freeze_stands_nothing_passes(gate: Gate, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever lifts it, lifts it in the journal."""
    assert run(["journal", "freeze", "--reason", "rows of production's were met"]) == 0
    assert gate() == 1
    assert "frozen since" in (told := capsys.readouterr().err)
    assert "rows of production's were met" in told
    assert run(["journal", "lift", "--reason", "purged and proven anew"]) == 0
    assert gate() == 0


def test_under_another_project_key_nothing_compares(
    gate: Gate, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The key is named by where it comes from, never by what it is."""
    monkeypatch.setenv("DISJOINT_SEAL_KEY", "8d" * 32)
    assert gate() == 3
    assert "there is no journal here" in capsys.readouterr().err
    assert gate("--no-journal") == 3
    assert "under another project key than DISJOINT_SEAL_KEY" in capsys.readouterr().err


def test_no_journal_is_no_word_that_nothing_is_frozen(
    gate: Gate, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """None at all, and one that was made anew: neither knows of a freeze, and both say what to do."""
    (folder,) = (here.parent / "state").rglob("projects")
    shutil.rmtree(folder)
    assert gate() == 3
    assert "there is no journal here" in capsys.readouterr().err
    open_journal(ProjectKey(bytes.fromhex(KEY), "")).append("compared", "somebody", {})
    assert gate() == 3
    assert "does not know this certificate" in capsys.readouterr().err
    assert gate("--no-journal") == 0


def test_a_journal_that_was_cut_off_lets_nothing_pass(
    gate: Gate, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may have held a freeze."""
    (journal,) = (here.parent / "state").rglob("journal.sqlite")
    for file in journal.parent.glob("journal.sqlite*"):
        file.unlink()
    assert gate() == 1
    assert "journal" in capsys.readouterr().err
