"""Two sides that never meet: what stands in another logical database of staging's is read, too."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from test_directions import KEY, ORDER, Sides, asking, holding, names

from disjoint import split
from disjoint.certify import envelope
from disjoint.cli.main import run as command
from disjoint.demo.world import HALVES, World, place
from disjoint.directions.asked import Order
from disjoint.directions.compare import Compared, compare_sealed
from disjoint.directions.down import Envelope, seal
from disjoint.errors import UnprovenError
from disjoint.kinds.redis import walk
from disjoint.kinds.redis.session import Session
from disjoint.model.finding import Finding, Outcome
from disjoint.model.probe import ProbeError
from lacking import lacking

pytestmark = pytest.mark.live
OWN, OTHER = 9, 10


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("DISJOINT_SEAL_KEY", KEY.octets.hex())


def apart(world: World, tmp_path: Path, copied: int, *others: int) -> Sides:
    """Staging's address names a logical database of its own; some of production's keys stand beside it."""
    theirs = names(40)
    broken = holding(world, "production", theirs, OWN)
    for database in (OTHER, *others):
        holding(world, "staging", names(5) + theirs[:copied], database)
    return Sides(holding(broken, "staging", names(20), OWN), tmp_path / "sides")


def beside(world: World, keys: Sequence[str]) -> None:
    holding(world, "staging", keys, OTHER)


def only(found: Compared) -> Finding:
    (finding,) = found.proof.findings
    return finding


@pytest.mark.parametrize(("copied", "outcome"), [(0, Outcome.ISOLATED), (3, Outcome.SHARED)])
def test_a_file_that_goes_up_holds_every_logical_database(
    world: World, tmp_path: Path, copied: int, outcome: Outcome
) -> None:
    """The verdict says in which of them; staging's types are in no file, production's are told."""
    sides = apart(asking(world), tmp_path, copied)
    sides.take()
    finding = only(sides.compare())
    assert finding.outcome is outcome, finding
    if copied:
        assert "logical database 10 holds, of key names, 3 values" in finding.judgement.summary
        told = [each.value for each in finding.judgement.evidence if each.what == "logical database 10"]
        assert told == ["3 values of key names; types in production: 3 string"]


@pytest.fixture
def bound(world: World) -> Iterator[str]:
    """A cache's address whose user selects nothing: its keys stand where others' do, and go with the test."""
    server, where = world.stack.staging.cache, place("cache", "staging", 6379)
    account, keys = server.account(world.stack.fresh("bound"), "~*", "&*", "+@all", "-select"), names(20)
    with closing(server.admin()) as client:
        client.mset(dict.fromkeys(keys, "1"))
        yield server.url(where, 0, account)
        client.delete(*keys)


def test_a_file_says_which_logical_database_it_could_not_read(
    world: World, tmp_path: Path, bound: str
) -> None:
    """Staging's user may not go there: nothing is proven of it, and the finding says what to grant."""
    sides = apart(asking(world), tmp_path, 3)
    variables = sides.folder / "staging" / ".env.staging"
    lines = [line for line in variables.read_text().splitlines() if not line.startswith("REDIS_URL=")]
    variables.write_text("\n".join([*lines, f"REDIS_URL={bound}", ""]))
    sides.take()
    finding = only(sides.compare())
    assert finding.outcome is Outcome.UNPROVEN
    assert "it cannot be selected: this user may not run SELECT" in finding.judgement.summary
    assert finding.judgement.remedy == "ACL SETUSER <that user> +select"


def test_a_census_that_broke_off_goes_on_with_the_logical_databases_that_are_missing(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One part of the file each."""
    sides, whole = apart(asking(world), tmp_path, 3), walk.walked
    asked: list[int] = []

    def cut(session: Session, run_id: str, database: int, *, careful: bool) -> Iterator[list[bytes]]:
        asked.append(database)
        if database == OTHER and asked.count(OTHER) == 1:
            raise ProbeError("the server went away", "ask again")
        yield from whole(session, run_id, database, careful=careful)

    monkeypatch.setattr(walk, "walked", cut)
    with pytest.raises(UnprovenError, match="keys of database 10 was not read"):
        sides.take()
    sides.take(Order(resume=True))
    assert (asked.count(OWN), asked.count(OTHER)) == (1, 2)
    finding = only(sides.compare())
    assert finding.outcome is Outcome.SHARED
    assert "of two snapshots" in finding.judgement.limits


@pytest.mark.parametrize(("copied", "outcome"), [(0, Outcome.ISOLATED), (3, Outcome.SHARED)])
def test_what_came_down_sealed_is_held_against_every_logical_database(
    world: World, tmp_path: Path, copied: int, outcome: Outcome
) -> None:
    sides, own = apart(asking(world), tmp_path, copied), tmp_path / "reader.key"
    public = envelope.new_reader(own)
    declared = split.load_side(sides.manifest("production"), protected=True)
    seal(declared, KEY, tmp_path / "p.census", ORDER, Envelope(envelope.public_key(public)))
    here = split.load_side(sides.manifest("staging"), protected=False)
    finding = only(compare_sealed(here, KEY, tmp_path / "p.census", ORDER, envelope.private_key(own)))
    assert finding.outcome is outcome, finding
    assert ("logical database 10" in finding.judgement.summary) is bool(copied)


@pytest.mark.parametrize(("copied", "code"), [(0, 0), (3, 1)])
def test_three_private_steps_take_every_logical_database_in(
    world: World, tmp_path: Path, copied: int, code: int
) -> None:
    if importlib.util.find_spec("private_set_intersection") is None:
        lacking("pip install 'disjoint[psi]'")
    sides = apart(world.declaring("cache", {"rows": "private"}), tmp_path, copied)
    request, answer, state = (str(tmp_path / name) for name in ("request", "answer", "own"))
    here, there = (("--manifest", str(sides.manifest(half))) for half in ("staging", "production"))
    asked = ["private", "request", *here, "--detect", "1@99.9%", "--output", request, "--state", state]
    assert command(asked) == 0
    assert command(["private", "answer", *there, "--request", request, "--output", answer]) == 0
    report = tmp_path / "report.json"
    counted = ["private", "count", *here, "--answer", answer, "--state", state, "--format", "json"]
    assert command([*counted, "--output", str(report)]) == code
    (finding,) = json.loads(report.read_text())["findings"]
    assert ("3 values" in finding["summary"]) is bool(copied)


def test_a_leak_is_one_though_another_logical_database_cannot_be_read_to_its_end(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hits on sealed names are confirmed by whole walks: one that breaks off hides no other's."""
    sides, own = apart(asking(world), tmp_path, 3, 14), tmp_path / "reader.key"
    public = envelope.new_reader(own)
    declared = split.load_side(sides.manifest("production"), protected=True)
    seal(declared, KEY, tmp_path / "p.census", ORDER, Envelope(envelope.public_key(public)))
    whole = walk.walked

    def cut(session: Session, run_id: str, database: int, *, careful: bool) -> Iterator[list[bytes]]:
        yield from whole(session, run_id, database, careful=careful)
        if database == 14:
            raise ProbeError("the server went away", "ask again")

    monkeypatch.setattr(walk, "walked", cut)
    here = split.load_side(sides.manifest("staging"), protected=False)
    finding = only(compare_sealed(here, KEY, tmp_path / "p.census", ORDER, envelope.private_key(own)))
    assert finding.outcome is Outcome.SHARED, finding
    assert "logical database 10 holds, of key names, 3 values" in finding.judgement.summary


def test_a_baseline_is_learnt_of_the_seeded_logical_database_alone(world: World, tmp_path: Path) -> None:
    """What stands beside it on the server is no seed: production's keys there would be excused for ever."""
    seeds, theirs = names(4), names(40)
    seeded = holding(world, "staging", seeds, 12)
    beside(world, theirs[:3])
    variables, output = tmp_path / ".env.seeded", tmp_path / "disjoint.baseline.json"
    lines = (f"{name}={json.dumps(value)}\n" for name, value in seeded.staging.variables.items())
    variables.write_text("".join(lines))
    stated = asking(world).declaring("cache", {"baseline": output.name})
    broken = holding(holding(stated, "production", theirs + seeds, OWN), "staging", names(20) + seeds, OWN)
    sides = Sides(broken, tmp_path / "sides")
    day = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    where = ["--manifest", str(sides.manifest("staging")), "--variables", str(variables)]
    assert command(["baseline", *where, "--owner", "Ada", "--expires", day, "--output", str(output)]) == 0
    for half in HALVES:
        (sides.folder / half / output.name).write_text(output.read_text())
    sides.take()
    finding = only(sides.compare())
    assert finding.outcome is Outcome.SHARED, finding
    assert "logical database 10 holds, of key names, 3 values" in finding.judgement.summary
    with closing(world.stack.staging.cache.admin(OTHER)) as client:
        client.flushdb()
    sides.take()
    assert only(sides.compare()).outcome is Outcome.ISOLATED
