"""Private set intersection of two sides that never meet: three commands, each with one side's variables."""

from __future__ import annotations

import importlib.util
import json
import stat
from pathlib import Path
from typing import Self

import pytest
from test_directions import Sides, holding, names
from test_directions_rows import Rows

from disjoint.certify import ledger
from disjoint.cli.main import run as command
from disjoint.demo.world import World
from lacking import lacking

pytestmark = pytest.mark.live
if importlib.util.find_spec("private_set_intersection") is None:
    lacking("pip install 'disjoint[psi]'")


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("DISJOINT_SEAL_KEY", "6b" * 32)


class Apart:
    """Two sides with keys of their own, some of them production's."""

    def __init__(self, world: World, folder: Path, copied: int, rows: str = "private") -> None:
        self.theirs = names(40)
        own = names(20) + self.theirs[:copied]
        stated = world.declaring("cache", {"rows": rows})
        both = holding(holding(stated, "production", self.theirs, 11), "staging", own, 11)
        self._at(Sides(both, folder / "sides"), folder)

    @classmethod
    def of(cls, world: World, folder: Path) -> Self:
        """Two sides of a world as it stands."""
        apart = cls.__new__(cls)
        apart._at(Sides(world, folder / "sides"), folder)
        return apart

    def _at(self, sides: Sides, folder: Path) -> None:
        self.sides = sides
        self.request, self.answer = folder / "request", folder / "answer"
        self.state, self.report = folder / "request.state", folder / "report.json"

    def ask(self, *options: str) -> int:
        where = ("--manifest", str(self.sides.manifest("staging")), "--detect", "1@99.9%")
        files = ("--output", str(self.request), "--state", str(self.state))
        return command(["private", "request", *where, *files, *options])

    def reply(self, *options: str) -> int:
        where = ("--manifest", str(self.sides.manifest("production")))
        files = ("--request", str(self.request), "--output", str(self.answer))
        return command(["private", "answer", *where, *files, *options])

    def count(self) -> int:
        where = ("--manifest", str(self.sides.manifest("staging")), "--format", "json")
        files = ("--answer", str(self.answer), "--state", str(self.state), "--output", str(self.report))
        return command(["private", "count", *where, *files])

    @property
    def finding(self) -> dict[str, str]:
        (finding,) = json.loads(self.report.read_text())["findings"]
        return dict(finding)


@pytest.mark.parametrize(("copied", "code"), [(0, 0), (1, 1), (17, 1)])
def test_three_steps_make_a_proof(world: World, tmp_path: Path, copied: int, code: int) -> None:
    """No process opens both sides' variables, and neither message holds a key's name or its digest."""
    apart = Apart(world, tmp_path, copied)
    assert apart.ask() == 0
    for path in (apart.state, apart.request):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert apart.reply() == 0
    assert apart.count() == code
    assert not any(
        key.encode() in path.read_bytes() for key in apart.theirs for path in (apart.request, apart.answer)
    )
    assert not apart.state.exists(), "the number that opens the answer is gone"
    finding = apart.finding
    assert finding["rule"] == "redis/production-keys"
    assert finding["outcome"] == ("SHARED" if copied else "ISOLATED")
    if copied:
        assert f"{copied} value" in finding["summary"]


def test_every_answer_is_logged_and_ten_a_day_are_given(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ledger, "MOST", 2)
    apart = Apart(world, tmp_path, 0)
    assert apart.ask() == 0
    assert [apart.reply(), apart.reply(), apart.reply()] == [0, 0, 3]
    assert "compared within a day" in capsys.readouterr().err
    assert apart.reply("--despite-limit") == 0


@pytest.mark.parametrize("which", ["request", "answer"])
def test_a_changed_octet_is_seen(world: World, tmp_path: Path, which: str) -> None:
    apart = Apart(world, tmp_path, 0)
    assert apart.ask() == 0
    if which == "answer":
        assert apart.reply() == 0
    path: Path = getattr(apart, which)
    octets = bytearray(path.read_bytes())
    octets[-5] ^= 1
    path.write_bytes(octets)
    assert (apart.reply() if which == "request" else apart.count()) == 1


def test_an_answer_to_another_request_is_none(world: World, tmp_path: Path) -> None:
    apart = Apart(world, tmp_path, 0)
    assert apart.ask() == 0
    assert apart.reply() == 0
    assert apart.ask() == 0
    assert apart.count() == 2


def test_another_project_key_opens_nothing(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apart = Apart(world, tmp_path, 0)
    assert apart.ask() == 0
    monkeypatch.setenv("DISJOINT_SEAL_KEY", "6c" * 32)
    assert apart.reply() == 1


def test_a_thinner_sample_than_the_manifest_allows_is_not_answered(world: World, tmp_path: Path) -> None:
    apart = Apart(world, tmp_path, 0)
    assert apart.ask("--detect", "100000@99.9%") == 0
    assert apart.reply() == 3


def test_every_value_is_no_sample(world: World, tmp_path: Path) -> None:
    assert Apart(world, tmp_path, 0, rows="exact").ask() == 2


def test_one_process_takes_the_same_steps(world: World, tmp_path: Path) -> None:
    """`rows = "private"` in `disjoint verify`; workers do not change how Redis is read."""
    apart = Apart(world, tmp_path, 2)
    manifest = apart.sides.folder / "both" / "disjoint.toml"
    for options in ((), ("--dask", "local")):
        told = ("--format", "json", "--output", str(apart.report), "--no-reach")
        assert command(["verify", "--manifest", str(manifest), *told, *options]) == 1
        found = json.loads(apart.report.read_text())["findings"]
        (finding,) = [each for each in found if each["rule"] == "redis/production-keys"]
        assert finding["outcome"] == "SHARED"
        assert "2 values" in finding["summary"]


@pytest.mark.parametrize(("copied", "code"), [(0, 0), (4, 1)])
def test_rows_of_two_servers(world: World, tmp_path: Path, copied: int, code: int) -> None:
    """Digests are made in either server, and compared under numbers that neither knows of the other."""
    rows = Rows(world)
    rows.copy(copied)
    apart = Apart.of(rows.world.declaring("database", {"rows": "private"}), tmp_path)
    assert apart.ask("--resource", "database") == 0
    assert apart.reply() == 0
    assert apart.count() == code
    finding = apart.finding
    assert finding["rule"] == "postgres/production-rows"
    assert finding["outcome"] == ("SHARED" if copied else "ISOLATED"), finding
    if copied:
        assert f"{2 * copied} values" in finding["summary"], "an address and a ticket each"
