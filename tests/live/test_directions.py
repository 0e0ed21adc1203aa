"""Two sides that never meet: staging's digests travel in a file, and production's side compares."""

from __future__ import annotations

import json
import os
import stat
import uuid
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from disjoint import split
from disjoint.certify import envelope, ledger
from disjoint.certify.filed import ending_written
from disjoint.certify.keys import ProjectKey
from disjoint.cli.main import run as command
from disjoint.demo.world import HALVES, Half, World, place
from disjoint.directions.asked import Order
from disjoint.directions.compare import Compared, compare, compare_sealed
from disjoint.directions.down import Envelope, seal
from disjoint.directions.take import partial_of, take
from disjoint.errors import TamperedError, UnprovenError, UsageError
from disjoint.model.census import Overlap
from disjoint.model.fact import Known
from disjoint.model.finding import Outcome
from disjoint.overlap.records import ENDS, payload, record
from disjoint.overlap.writing import Writer
from disjoint.runner.long import TellStep, nobody

pytestmark = pytest.mark.live
KEY = ProjectKey(b"k" * 32, "the test")
RULE = "redis/production-keys"
ORDER = Order()


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def names(number: int) -> list[str]:
    """So many keys of which no two sides have one by chance."""
    return [f"session:{uuid.uuid4()}" for _ in range(number)]


def holding(world: World, half: Half, keys: Sequence[str], database: int) -> World:
    """With keys in a logical database of its own."""
    server = world.stack.servers(half).cache
    with closing(server.admin(database)) as client:
        client.flushdb()
        client.mset(dict.fromkeys(keys, "1"))
    return world.setting(half, REDIS_URL=server.url(place("cache", half, 6379), database))


class Sides:
    """Two folders: each has the manifest and its own side's variables, and nothing of the other's."""

    def __init__(self, world: World, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        both = folder / "both"
        both.mkdir()
        world.write(both)
        for half in HALVES:
            (folder / half).mkdir()
            for path in both.iterdir():
                other = ".env.staging" if half == "production" else ".env.production"
                if path.is_file() and path.name != other:
                    (folder / half / path.name).write_text(path.read_text())

    def manifest(self, half: Half) -> Path:
        return self.folder / half / "disjoint.toml"

    @property
    def file(self) -> Path:
        return self.folder / "staging.census"

    def take(self, order: Order = ORDER, tell: TellStep = nobody) -> Path:
        declared = split.load_side(self.manifest("staging"), protected=False)
        take(declared, KEY, self.file, order, lambda _line: None, tell)
        return self.file

    def compare(self, key: ProjectKey = KEY, *, despite_limit: bool = False) -> Compared:
        declared = split.load_side(self.manifest("production"), protected=True)
        return compare(declared, key, self.file, Order(), despite_limit=despite_limit)


def asking(world: World) -> World:
    return world.declaring("cache", {"rows": "sampled"})


def sides(world: World, tmp_path: Path, copied: int, database: int = 9) -> Sides:
    """Production has forty keys, staging twenty of its own and some of production's."""
    theirs, ours = names(40), names(20)
    broken = holding(asking(world), "production", theirs, database)
    return Sides(holding(broken, "staging", ours + theirs[:copied], database), tmp_path / "sides")


@pytest.mark.parametrize(("copied", "outcome"), [(0, Outcome.ISOLATED), (3, Outcome.SHARED)])
def test_digests_go_up_and_a_verdict_comes_of_them(
    world: World, tmp_path: Path, copied: int, outcome: Outcome
) -> None:
    """No process opened both sides' variables; the file is its owner's alone and holds no name."""
    apart = sides(world, tmp_path, copied)
    path = apart.take()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"session:" not in path.read_bytes()
    assert not partial_of(path).exists()
    found = apart.compare()
    assert found.proof.verdict is outcome
    (finding,) = found.proof.findings
    assert (finding.rule, finding.outcome) == (RULE, outcome)
    assert found.proof.footprint.writes == 0
    if copied:
        assert f"{copied} values" in finding.judgement.summary
    assert found.log is not None
    logged = [json.loads(line) for line in found.log.read_text().splitlines()]
    assert [*logged[0]] == ["compared"]
    shared = logged[1]["found"]["counts"]["cache"]["shared"]
    assert shared == ([{"values": copied, "confirmed": copied}] if copied else [])


def refusal(act: Callable[[], object], kind: type[Exception] = UnprovenError) -> str:
    with pytest.raises(kind) as refused:
        act()
    return str(refused.value)


def test_a_file_that_is_none_of_these_is_refused(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changed, of another key, another manifest, expired, replayed after a newer one, never finished."""
    apart = sides(world, tmp_path, 0)
    old = apart.take().read_bytes()
    new = apart.take().read_bytes()
    apart.compare()
    apart.file.write_bytes(old)
    assert "take the newest" in refusal(apart.compare)
    apart.file.write_bytes(new)
    assert "another project key" in refusal(lambda: apart.compare(ProjectKey(b"o" * 32, "another")))
    apart.file.write_bytes(new[:-1])
    assert "cut short" in refusal(apart.compare, UsageError)
    middle = bytearray(new)
    middle[len(new) // 2] ^= 1
    apart.file.write_bytes(middle)
    assert "damaged" in refusal(apart.compare, UsageError)
    apart.file.write_bytes(new)
    toml = apart.manifest("production")
    toml.write_text(toml.read_text().replace('"sampled"', '"exact"'))
    assert "another manifest" in refusal(apart.compare)
    toml.write_text(toml.read_text().replace('"exact"', '"sampled"'))
    monkeypatch.setattr("disjoint.directions.compare.datetime", Tomorrow)
    assert "expired" in refusal(apart.compare)


class Tomorrow:
    """A clock that is a day ahead."""

    @staticmethod
    def now(_zone: object) -> datetime:
        return datetime.now(UTC) + timedelta(hours=25)


def test_guesses_are_few_and_written_down(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever writes to staging may ask ten times a day, and every answer stands in a log."""
    monkeypatch.setattr(ledger, "MOST", 3)
    apart = sides(world, tmp_path, 1)
    apart.take()
    logs = {apart.compare().log for _ in range(3)}
    assert "within a day" in refusal(apart.compare)
    assert apart.compare(despite_limit=True).proof.verdict is Outcome.SHARED
    (log,) = logs
    assert log is not None
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert sum('"compared"' in line for line in log.read_text().splitlines()) == 4


def test_it_is_two_commands(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`census` here, `overlap` there; exit codes as everywhere; production's digests never travel up."""
    monkeypatch.setenv("DISJOINT_SEAL_KEY", os.urandom(32).hex())
    apart = sides(world, tmp_path, 2)
    here, there = (str(apart.manifest(half)) for half in ("staging", "production"))
    output = ["--output", str(apart.file)]
    refused = command(["census", "--manifest", there, "--environment", "production", *output])
    assert refused == 2
    assert not apart.file.exists()
    assert command(["census", "--manifest", here, "--environment", "staging", *output]) == 0
    report = str(tmp_path / "report.json")
    asked = ["overlap", "--manifest", there, "--census", str(apart.file), "--format", "json"]
    assert command([*asked, "--output", report]) == 1
    told = json.loads(Path(report).read_text())
    assert told["verdict"] == "SHARED"
    assert [finding["rule"] for finding in told["findings"]] == [RULE]
    monkeypatch.setenv("DISJOINT_SEAL_KEY", os.urandom(32).hex())
    assert command(asked) == 3
    assert "another project key" in capsys.readouterr().err


def test_a_change_that_keeps_every_digest_right_is_tampering(world: World, tmp_path: Path) -> None:
    """Whoever has no key can make a whole file, and no stamp."""
    apart = sides(world, tmp_path, 0)
    path = apart.take()
    whole = path.read_bytes()
    with Writer.go_on(path) as writer:
        dropped = [*writer.records[:-1]]
        kept = [(each, payload(writer.descriptor, each, "f")) for each in dropped]
    forged = Writer.begin(tmp_path / "forged", kept[0][0], kept[0][1])
    with forged:
        for head, octets in kept[1:]:
            forged.add(head, octets)
        ending = whole[whole.rindex(b'{"finished_at') :]
        forged.add(record(ENDS, ending), ending)
    apart.file.write_bytes((tmp_path / "forged").read_bytes())
    with pytest.raises(TamperedError):
        apart.compare()
    apart.file.write_bytes(whole)
    with Writer.go_on(path) as writer:
        ending = ending_written(writer.content(), datetime.now(UTC), ProjectKey(b"g" * 32, "a guess"))
        writer.finish(ending, path)
    with pytest.raises(TamperedError):
        apart.compare()


def test_what_is_learnt_while_reading_is_in_the_file(world: World, tmp_path: Path) -> None:
    """Names that tell nothing are known as such once they were read: the finding says so of both sides."""
    plain = [f"user:{n}:profile" for n in range(30)]
    broken = holding(asking(world), "production", names(40) + plain, 9)
    apart = Sides(holding(broken, "staging", names(20) + plain, 9), tmp_path / "sides")
    apart.take()
    came = apart.compare().tried["cache"]["census"]
    assert isinstance(came, Known)
    assert isinstance(came.value, Overlap)
    sides_told = {left.place.partition(":")[0] for left in came.value.left if "plain names" in left.why}
    assert sides_told == {"production", "staging"}


@pytest.mark.parametrize("copied", [0, 2])
def test_names_of_keys_go_down_sealed(world: World, tmp_path: Path, copied: int) -> None:
    """Those that nobody can guess, under a key of the file's own."""
    apart, own = sides(world, tmp_path, copied), tmp_path / "reader.key"
    public = envelope.new_reader(own)
    declared = split.load_side(apart.manifest("production"), protected=True)
    seal(declared, KEY, tmp_path / "p.census", ORDER, Envelope(envelope.public_key(public)))
    here = split.load_side(apart.manifest("staging"), protected=False)
    found = compare_sealed(here, KEY, tmp_path / "p.census", ORDER, envelope.private_key(own))
    assert found.proof.verdict is (Outcome.SHARED if copied else Outcome.ISOLATED), found.proof.findings
    assert found.proof.footprint.reads == 0
