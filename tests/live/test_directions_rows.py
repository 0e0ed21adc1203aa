"""Rows of PostgreSQL that travel as digests: up as they are, down sealed; and what a fresh database holds."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from psycopg import sql
from test_directions import KEY, ORDER, Sides

from disjoint import split
from disjoint.certify import envelope
from disjoint.cli.main import run as command
from disjoint.demo import shop
from disjoint.demo.catalogue.databases import lead
from disjoint.demo.world import HALVES, Half, World, place
from disjoint.directions.asked import Order
from disjoint.directions.compare import Compared, compare_sealed
from disjoint.directions.down import Envelope, seal
from disjoint.directions.learn import learn, load_seeded
from disjoint.directions.take import partial_of
from disjoint.errors import TamperedError, UnprovenError
from disjoint.model.census import Detection
from disjoint.model.finding import Finding, Outcome

pytestmark = pytest.mark.live
RULE = "postgres/production-rows"
TABLES = """
CREATE TABLE people (id bigint GENERATED ALWAYS AS IDENTITY, email text, ticket uuid, country text);
INSERT INTO people (email, ticket, country)
  SELECT 'p' || n || {mail}, gen_random_uuid(), 'country ' || n % 40 FROM generate_series(1, {rows}) n;
ANALYZE people;
"""
SEEDS = """
INSERT INTO people (email, ticket) VALUES ('staff@everywhere', '0b1e7a4c-52f3-4f0e-9a63-1d2c3b4a5968')
"""


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


class Rows:
    """A database on each side with people of its own, and a way to copy some over."""

    def __init__(self, world: World) -> None:
        self.world = world.declaring(
            "database", {"rows": "sampled", "columns": ("people.email", "people.ticket")}
        )
        self.logins: dict[Half, shop.Login] = {}
        for half in HALVES:
            self._build(half)

    def _build(self, half: Half) -> None:
        server, name = self.world.stack.servers(half).postgres, self.world.stack.fresh("people")
        rows = shop.PRODUCTION_ROWS if half == "production" else shop.STAGING_ROWS
        login = shop.add_database(server, name, name, rows)
        with server.admin(login.database) as admin:
            admin.execute(sql.SQL(TABLES).format(mail=sql.Literal(f"@{half}.people"), rows=sql.Literal(500)))
            admin.execute(sql.SQL("GRANT SELECT ON people TO {}").format(sql.Identifier(login.user)))
        self.world = lead(self.world, place("people", half, 5432), server.port, login, half)
        self.logins[half] = login

    def all(self, half: Half) -> list[tuple[object, ...]]:
        with self.world.stack.servers(half).postgres.admin(self.logins[half].database) as admin:
            return admin.execute("SELECT email, ticket, country FROM people ORDER BY id").fetchall()

    def copy(self, number: int, *, email: bool = True, ticket: bool = True) -> None:
        with self.world.stack.staging.postgres.admin(self.logins["staging"].database) as admin:
            for row in self.all("production")[:number]:
                copied = (row[0] if email else None, row[1] if ticket else None)
                admin.execute("INSERT INTO people (email, ticket) VALUES (%s, %s)", copied)
            admin.execute("ANALYZE people")


@pytest.fixture
def rows(world: World) -> Rows:
    return Rows(world)


def only(found: Compared) -> Finding:
    (finding,) = found.proof.findings
    assert finding.rule == RULE
    return finding


@pytest.mark.parametrize("copied", [0, 7])
def test_rows_go_up(rows: Rows, tmp_path: Path, copied: int) -> None:
    """Seven copied people are fourteen values, each compared in full, and staging was not asked again."""
    rows.copy(copied)
    apart = Sides(rows.world, tmp_path / "sides")
    written = apart.take().read_bytes()
    assert not [row for row in rows.all("production")[:9] if str(row[0]).encode() in written]
    found = apart.compare()
    finding = only(found)
    assert finding.outcome is (Outcome.SHARED if copied else Outcome.ISOLATED), finding
    logged = json.loads(found.log.read_text().splitlines()[1]) if found.log else {}
    hits = logged["found"]["counts"]["database"]["shared"]
    assert hits == ([{"values": copied, "confirmed": copied}] * 2 if copied else [])


def test_a_database_beside_stagings_goes_up_and_is_compared_below(rows: Rows, tmp_path: Path) -> None:
    """No URL names it; staging's role may read it. A baseline is learnt of the seeded database alone."""
    server, own = rows.world.stack.staging.postgres, rows.logins["staging"]
    beside = shop.add_database(server, name := rows.world.stack.fresh("beside"), name, shop.STAGING_ROWS)
    with server.admin(beside.database) as admin:
        admin.execute(b"CREATE TABLE people (email text, ticket uuid)")
        for email, ticket, _ in rows.all("production")[:6]:
            admin.execute("INSERT INTO people VALUES (%s, %s)", (email, ticket))
        admin.execute(sql.SQL("GRANT SELECT ON people TO {}").format(sql.Identifier(own.user)))
    apart = Sides(rows.world, tmp_path / "sides")
    apart.take()
    finding = only(apart.compare())
    assert finding.outcome is Outcome.SHARED, finding
    assert f"{beside.database}.public.people.ticket holds, of public.people.ticket, 6" in str(finding)
    finding = only(unsealed(apart, *sealed(apart, tmp_path)))
    assert f"{beside.database}.public.people.ticket holds, of public.people.ticket, 6" in str(finding)
    manifest = apart.manifest("staging")
    learnt = learn(
        load_seeded(manifest, _seeded(manifest)), "Ada", datetime.now(UTC).date() + timedelta(30), "database"
    )
    assert beside.database not in learnt
    assert "public.people.ticket" in learnt


def _seeded(manifest: Path) -> Path:
    """The same variables in a file that is no environment's."""
    return Path(shutil.copy(manifest.with_name(".env.staging"), manifest.with_name(".env.seeded")))


def sealed(
    apart: Sides, folder: Path, order: Order = ORDER, *, guessable: bool = False
) -> tuple[Path, bytes]:
    """Production's digests for a reader of their own, and that reader's key."""
    key = folder / os.urandom(4).hex()
    public = envelope.new_reader(key)
    declared = split.load_side(apart.manifest("production"), protected=True)
    seal(declared, KEY, folder / "p.census", order, Envelope(envelope.public_key(public), guessable))
    return folder / "p.census", envelope.private_key(key)


def unsealed(apart: Sides, path: Path, reader: bytes) -> Compared:
    declared = split.load_side(apart.manifest("staging"), protected=False)
    return compare_sealed(declared, KEY, path, ORDER, reader)


def test_random_values_go_down_and_others_stay(rows: Rows, tmp_path: Path) -> None:
    """Tickets are compared; addresses are not sent, which the finding says; with leave they are."""
    rows.copy(5, ticket=False)
    apart = Sides(rows.world, tmp_path / "sides")
    found = unsealed(apart, *sealed(apart, tmp_path))
    finding = only(found)
    assert finding.outcome is Outcome.ISOLATED, finding
    assert found.proof.footprint.reads == 0
    assert "people.email (its values can be guessed" in finding.judgement.limits
    assert only(unsealed(apart, *sealed(apart, tmp_path, guessable=True))).outcome is Outcome.SHARED
    rows.copy(3, email=False)
    finding = only(unsealed(apart, *sealed(apart, tmp_path)))
    assert finding.outcome is Outcome.SHARED
    assert "3 values" in finding.judgement.summary


def test_a_table_that_only_guessable_values_tell_of_is_unproven_sealed(rows: Rows, tmp_path: Path) -> None:
    """Its addresses stay above: that no ticket of another table was found says nothing of them."""
    for half in HALVES:
        with rows.world.stack.servers(half).postgres.admin(rows.logins[half].database) as admin:
            admin.execute("CREATE TABLE leads AS SELECT email FROM people")
            admin.execute(
                sql.SQL("GRANT SELECT ON leads TO {}").format(sql.Identifier(rows.logins[half].user))
            )
    columns = ("people.ticket", "leads.email")
    rows.world = rows.world.declaring("database", {"rows": "sampled", "columns": columns})
    apart = Sides(rows.world, tmp_path / "sides")
    finding = only(unsealed(apart, *sealed(apart, tmp_path)))
    assert finding.outcome is Outcome.UNPROVEN, finding
    assert "public.leads" in finding.judgement.summary
    assert "--accept-guessable" in finding.judgement.remedy
    assert only(unsealed(apart, *sealed(apart, tmp_path, guessable=True))).outcome is Outcome.ISOLATED


def test_a_sealed_file_is_one_readers_and_whole(
    rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another reader, a changed octet, a missing frame, a day later: refused; and no digest shows in it."""
    apart = Sides(rows.world, tmp_path / "sides")
    path, reader = sealed(apart, tmp_path)
    whole = path.read_bytes()
    assert b"people.ticket" not in whole
    _, other = sealed(apart, tmp_path)
    path.write_bytes(whole)
    with pytest.raises(UnprovenError, match="another reader"):
        unsealed(apart, path, other)
    for damaged in (whole[:-1], whole[:-500], whole[:200], whole[:300] + b"\0" + whole[301:]):
        path.write_bytes(damaged)
        with pytest.raises(TamperedError):
            unsealed(apart, path, reader)
    path.write_bytes(whole)
    monkeypatch.setattr("disjoint.directions.compare.datetime", Later)
    with pytest.raises(UnprovenError, match="expired"):
        unsealed(apart, path, reader)


class Later:
    """A clock that is a day ahead."""

    @staticmethod
    def now(_zone: object) -> datetime:
        return datetime.now(UTC) + timedelta(hours=25)


def learnt(apart: Sides, fresh: World, output: Path, day: str) -> None:
    """A baseline by command, from a seeded database's variables."""
    seeded = output.with_name(".env.seeded")
    variables = fresh.staging.variables.items()
    seeded.write_text("".join(f"{name}={json.dumps(value)}\n" for name, value in variables))
    said = ["--manifest", str(apart.manifest("staging")), "--variables", str(seeded), "--output", str(output)]
    assert command(["baseline", *said, "--owner", "Ada", "--expires", day]) == 0
    for half in HALVES:
        (apart.folder / half / output.name).write_text(output.read_text())


def test_what_seeds_put_there_is_learnt_and_excused(rows: Rows, tmp_path: Path) -> None:
    """A database that holds seeds alone is learnt; the same rows on both sides are no leak then."""
    for half in HALVES:
        with rows.world.stack.servers(half).postgres.admin(rows.logins[half].database) as admin:
            admin.execute(SEEDS)
    assert only(_up(rows.world, tmp_path / "before")).outcome is Outcome.SHARED
    fresh = Rows(rows.world)
    with fresh.world.stack.staging.postgres.admin(fresh.logins["staging"].database) as admin:
        admin.execute("DELETE FROM people")
        admin.execute(SEEDS)
    stated = rows.world.declaring("database", {"baseline": "disjoint.baseline.json"})
    apart = Sides(stated, tmp_path / "sides")
    output, day = tmp_path / "disjoint.baseline.json", (datetime.now(UTC) + timedelta(days=30)).date()
    learnt(apart, fresh.world, output, day.isoformat())
    assert "everywhere" not in output.read_text()
    apart.take()
    finding = only(apart.compare())
    assert finding.outcome is Outcome.ISOLATED, finding
    assert any(said.what == "shared on purpose" for said in finding.judgement.evidence)
    rows.copy(1)
    apart.take()
    assert only(apart.compare()).outcome is Outcome.SHARED
    expired = output.read_text().replace(day.isoformat(), datetime.now(UTC).date().isoformat())
    (apart.folder / "production" / output.name).write_text(expired)
    finding = only(apart.compare())
    assert finding.outcome is Outcome.UNPROVEN
    assert "of Ada expired" in finding.judgement.summary


def _up(world: World, folder: Path) -> Compared:
    apart = Sides(world, folder)
    apart.take()
    return apart.compare()


def test_a_thinner_sample_than_the_manifest_asks_for_is_refused(
    rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What staging's side left out of its file is never proven; what it added is welcome."""
    monkeypatch.setattr("disjoint.overlap.bound.SMALL", 10)
    apart = Sides(rows.world, tmp_path / "sides")
    apart.take(Order(detect=Detection(9_000, 0.999)))
    finding = only(apart.compare())
    assert finding.outcome is Outcome.UNPROVEN
    assert "may miss" in finding.judgement.summary
    apart.take(Order(detect=Detection(10, 0.999)))
    assert only(apart.compare()).outcome is Outcome.ISOLATED


def until(holds: Callable[[], bool]) -> None:
    """Wait for at most ten seconds."""
    late = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < late
        time.sleep(0.02)


def stopped(apart: Sides, signal_: int) -> int:
    """A census of its own process, stopped soon after it began to read; its exit code."""
    disjoint = str(Path(sys.executable).with_name("disjoint"))
    said = ["census", "--manifest", str(apart.manifest("staging")), "--environment", "staging"]
    own = {**os.environ, "DISJOINT_SEAL_KEY": KEY.octets.hex()}
    line = [disjoint, *said, "--output", str(apart.file)]
    with subprocess.Popen(line, stderr=subprocess.DEVNULL, start_new_session=True, env=own) as taking:
        until(lambda: partial_of(apart.file).exists())
        time.sleep(0.2)
        taking.send_signal(signal_)
        began = time.monotonic()
        code = taking.wait(10)
        assert time.monotonic() - began < 2
    return code


@pytest.mark.parametrize("signal_", [pytest.param(signal.SIGINT, marks=pytest.mark.long), signal.SIGKILL])
def test_an_interrupted_census_is_gone_on_with(rows: Rows, tmp_path: Path, signal_: signal.Signals) -> None:
    """Nothing stands under its name, no query of its goes on, and the rest is read to a whole file."""
    rows.copy(4)
    login, server = rows.logins["staging"], rows.world.stack.staging.postgres
    with server.admin(login.database) as admin:
        admin.execute("CREATE TABLE z_slow AS SELECT 'slow ' || n AS text FROM generate_series(1, 400000) n")
        admin.execute("INSERT INTO z_slow SELECT pg_typeof(n)::text || n FROM generate_series(1, 400000) n")
        admin.execute(sql.SQL("GRANT SELECT ON z_slow TO {}").format(sql.Identifier(login.user)))
        admin.execute("ANALYZE z_slow")
    columns = ("people.email", "people.ticket", "z_slow.text")
    apart = Sides(rows.world.declaring("database", {"columns": columns}), tmp_path / "sides")
    assert stopped(apart, signal_) in {130, -signal_}
    assert not apart.file.exists()
    with server.admin() as admin:
        left = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND usename = %s"
        until(lambda: admin.execute(left, (login.database, login.user)).fetchall() == [(0,)])
    apart.take(Order(resume=True))
    assert only(apart.compare()).outcome is Outcome.SHARED


@pytest.mark.parametrize("half", HALVES)
def test_an_environments_own_rows_are_never_learnt(rows: Rows, tmp_path: Path, half: Half) -> None:
    """The likeliest mistake would excuse every leak there is."""
    rows.world.write(tmp_path)
    said = ["--manifest", str(tmp_path / "disjoint.toml"), "--variables", str(tmp_path / f".env.{half}")]
    day = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    output = tmp_path / "disjoint.baseline.json"
    assert command(["baseline", *said, "--owner", "Ada", "--expires", day, "--output", str(output)]) == 2
    assert not output.exists()
