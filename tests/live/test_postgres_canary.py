"""Marks on real PostgreSQL servers: seen where they are, believed absent only beside both controls."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from postgres_world import KEY, TAKEN_AT, World, build, target, visit

from disjoint.demo.servers.pgbouncer import MISSING, Pool, Pooler, Pooling, program
from disjoint.demo.servers.postgres import PostgresServer
from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.postgres.canary import hold, look, nonce
from disjoint.kinds.postgres.facts import PostgresDeclared
from disjoint.kinds.postgres.kind import KIND
from disjoint.kinds.postgres.rules import RULES
from disjoint.model.environment import Target
from disjoint.model.experiment import Blind, Party, Seen, Sight, Sightings, Unseen, sight
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.finding import Grade, Judgement, Outcome
from disjoint.model.kind import Question, Side
from disjoint.runner.deadline import Deadline
from disjoint.runner.tally import Tally
from disjoint.runner.visit import Seats, Visit
from disjoint.runner.work import Trial, tried
from lacking import lacking

pytestmark = pytest.mark.live
LOCK, NAME = "advisory lock", "application_name"
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def world(supervisor: Supervisor) -> World:
    return build(supervisor)


class Came(NamedTuple):
    """What came of one live test, and what production was sent."""

    found: Fact[Any]
    production: Tally

    @property
    def sightings(self) -> Sightings:
        assert isinstance(self.found, Known), self.found
        assert isinstance(self.found.value, Sightings)
        return self.found.value

    @property
    def sight(self) -> Sight:
        return sight(iter([self.found]))


def carry_out(name: str, production: str, staging: str, budget: float = 10.0) -> Came:
    """One live test of the kind between two URLs, over seats that both sides share as in a run."""
    test = next(test for test in KIND.experiments if test.name == name)
    tallies = {side: Tally(protected=side == "production") for side in ("production", "staging")}
    seats = Seats()
    with Deadline(budget) as deadline:

        def visits(where: Target[Any]) -> Visit:
            return Visit(where.environment, deadline, seats, tallies[where.environment.name], KEY)

        trial = Trial(KIND, test, target(production, reach=True), target(staging, "staging", reach=True))
        return Came(tried(trial, visits), tallies["production"])


def judge(rule: str, production: str, staging: str, **came: Fact[Any]) -> Judgement:
    """What one rule makes of two visits and of what came of live tests."""
    sides = [
        Side(name, name == "production", TAKEN_AT, visit(target(url, name))[0])
        for name, url in (("production", production), ("staging", staging))
    ]
    found = next(r.judge for r in RULES if r.id == f"postgres/{rule}")
    return found(Question(sides[0], sides[1], PostgresDeclared(url="$DATABASE_URL", reach=True), came))


def held(server: PostgresServer) -> list[tuple[object, ...]]:
    """Advisory locks and names of ours that a server shows now."""
    with server.admin() as admin:
        return admin.execute(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' UNION ALL "
            "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'disjoint%'"
        ).fetchall()


@pytest.mark.parametrize("database", ["shop", "other"])
def test_a_mark_is_seen_on_its_own_server(world: World, database: str) -> None:
    """From another database and by a role with no grant at all, in both channels."""
    came = carry_out(
        "canary", world.url(world.production, "bare"), world.url(world.production, database=database)
    )
    assert came.sight == Seen(LOCK)
    assert {each.channel: each.seen for each in came.sightings.channels} == dict.fromkeys(
        (LOCK, NAME), Known(True)
    )


def test_a_mark_is_not_seen_on_another_server_and_both_controls_hold(world: World) -> None:
    """Staging saw its own mark twice, production's session saw its own through the same queries."""
    came = carry_out("canary", world.url(world.production, "bare"), world.url(world.staging))
    assert came.sight == Unseen(LOCK)
    for each in came.sightings.channels:
        assert (each.held, each.control, each.seen) == (Known(True), Known(True), Known(False))
    assert held(world.production) == held(world.staging) == []


def test_two_servers_are_isolated_at_grade_canary(world: World) -> None:
    """The rule believes what came of it, and shows every control."""
    sides = world.url(world.production), world.url(world.staging)
    found = judge("same-server", *sides, canary=carry_out("canary", *sides).found)
    assert (found.outcome, found.grade) == (Outcome.ISOLATED, Grade.CANARY)
    shown = [e for e in found.evidence if e.what.endswith("own mark")]
    assert [(e.what, e.environment, e.value) for e in shown] == [
        (f"{channel}: own mark", side, "yes")
        for channel in (LOCK, NAME)
        for side in ("production", "staging")
    ]


@contextlib.contextmanager
def revoked(server: PostgresServer, *rights: str) -> Iterator[None]:
    """Rights that every role has by default, taken away from the database for a while."""
    with server.admin("shop") as admin:
        for right in rights:
            admin.execute(f"REVOKE {right} FROM PUBLIC".encode())
        try:
            yield
        finally:
            for right in rights:
                admin.execute(f"GRANT {right} TO PUBLIC".encode())


IDENTITY = ("EXECUTE ON FUNCTION pg_control_system()", "EXECUTE ON FUNCTION pg_postmaster_start_time()")
LOCKS, ACTIVITY = "SELECT ON pg_locks", "SELECT ON pg_stat_activity"


def test_names_of_sessions_serve_where_locks_are_hidden(world: World) -> None:
    """The second channel is enough, and the first one's grant is named."""
    with revoked(world.production, LOCKS):
        same = carry_out("canary", world.url(world.production), world.url(world.production, "bare"))
        apart = carry_out("canary", world.url(world.production), world.url(world.staging))
    assert (same.sight, apart.sight) == (Seen(NAME), Unseen(NAME))
    lock = next(each for each in apart.sightings.channels if each.channel == LOCK)
    assert isinstance(lock.control, Unknown)
    assert "GRANT SELECT ON pg_catalog.pg_locks" in lock.control.remedy


def test_a_blind_observer_proves_nothing(world: World) -> None:
    """Production hides both channels: the row stays at identity, and the failed control is named."""
    sides = world.url(world.production), world.url(world.staging)
    with revoked(world.production, LOCKS, ACTIVITY):
        came = carry_out("canary", *sides)
        found = judge("same-server", *sides, canary=came.found)
    assert isinstance(came.sight, Blind)
    assert (found.outcome, found.grade) == (Outcome.ISOLATED, Grade.IDENTITY)
    assert "permission denied" in found.limits


def test_without_identity_a_canary_tells_servers_but_not_copies(world: World) -> None:
    """Identity revoked on both sides: two servers by canary, one by canary, and copies left open."""
    production, staging = world.url(world.production), world.url(world.staging)
    with revoked(world.production, *IDENTITY), revoked(world.staging, *IDENTITY):
        apart, same = (
            carry_out("canary", production, staging),
            carry_out("canary", production, world.url(world.production, "bare")),
        )
        assert judge("same-server", production, staging).outcome is Outcome.UNPROVEN
        two = judge("same-server", production, staging, canary=apart.found)
        one = judge(
            "same-server", production, world.url(world.production, "bare", "other"), canary=same.found
        )
        copy = judge("replica-or-copy", production, staging, canary=apart.found)
    assert (two.outcome, two.grade) == (Outcome.ISOLATED, Grade.CANARY)
    assert (one.outcome, one.grade) == (Outcome.SHARED, Grade.CANARY)
    assert copy.outcome is Outcome.UNPROVEN
    assert "GRANT EXECUTE" in copy.remedy


def party(url: str, name: str, deadline: Deadline) -> Party[PostgresDeclared]:
    where = target(url, name)
    return Party(
        where, Visit(where.environment, deadline, Seats(), Tally(protected=name == "production"), KEY)
    )


def test_a_mark_that_was_taken_away_is_not_believed(world: World) -> None:
    """The holder's session is ended in the middle: its own side does not see it any more."""
    with Deadline(10) as deadline, hold(party(world.url(world.staging), "staging", deadline), 5) as mark:
        before = mark.alive()
        with world.staging.admin() as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s",
                (nonce(mark.token).name,),
            )
        time.sleep(0.1)
        after = mark.alive()
    assert before == dict.fromkeys((LOCK, NAME), Known(True))
    assert after == dict.fromkeys((LOCK, NAME), Known(False))


@pytest.mark.long
def test_a_mark_goes_by_itself_when_its_window_is_over(world: World) -> None:
    """Whatever becomes of us, the server ends the holder five seconds after its window."""
    with Deadline(20) as deadline, hold(party(world.url(world.staging), "staging", deadline), 0):
        with world.staging.admin() as admin:
            limit = admin.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'disjoint-%' "
                "AND state = 'idle in transaction'"
            ).fetchone()
        assert limit == (1,)
        time.sleep(5.5)
        assert held(world.staging) == []


@pytest.fixture(scope="module", params=["transaction", "statement"])
def pools(
    request: pytest.FixtureRequest, supervisor: Supervisor, world: World
) -> Iterator[tuple[Pooler, Pooler]]:
    """A pooler in front of each server; `shop` is its database's own name on both."""
    if program() is None:
        lacking(MISSING)
    pooling: Pooling = request.param
    made = [
        Pooler.start(
            supervisor, f"{pooling}-{n}", {"shop": Pool(s.port, "shop", "app", world.password)}, pooling
        )
        for n, s in enumerate((world.production, world.staging))
    ]
    yield made[0], made[1]
    for pooler in made:
        pooler.stop()


def test_marks_pass_a_pooler(world: World, pools: tuple[Pooler, Pooler]) -> None:
    """Staging through its pooler: seen on production's server, unseen on its own; nothing is left behind."""
    to_production, to_staging = (
        world.production.url(f"127.0.0.1:{pooler.port}", "app", world.password, "shop") for pooler in pools
    )
    direct = world.url(world.production, "bare")
    assert carry_out("canary", direct, to_production).sight == Seen(LOCK)
    assert carry_out("canary", to_production, world.url(world.production, database="other")).sight == Seen(
        LOCK
    )
    assert carry_out("canary", direct, to_staging).sight == Unseen(LOCK)
    assert carry_out("canary", to_production, world.url(world.staging)).sight == Unseen(LOCK)
    time.sleep(1.6)
    assert held(world.production) == held(world.staging) == []


def test_a_visit_through_a_pooler_reads_what_a_direct_one_reads(
    world: World, pools: tuple[Pooler, Pooler]
) -> None:
    """Identity, database and tables are the server's own, whatever stands before it."""
    url = world.production.url(f"127.0.0.1:{pools[0].port}", "app", world.password, "shop")
    through, direct = visit(target(url))[0], visit(target(world.url(world.production)))[0]
    for name in (
        "system_identifier",
        "started_at",
        "database_oid",
        "table_count",
        "unreadable",
        "links",
        "version",
    ):
        assert getattr(through, name) == getattr(direct, name), name


HOLDER = """
import sys, time
sys.path[:0] = {tests!r}
from test_postgres_canary import party
from disjoint.kinds.postgres.canary import hold
from disjoint.runner.deadline import Deadline
with Deadline(30) as deadline, hold(party(sys.stdin.readline().strip(), "staging", deadline), 20) as mark:
    print(mark.token, flush=True)
    {then}
"""


@pytest.mark.parametrize(
    "then", ["time.sleep(30)", "mark.alive(); print('again', flush=True); time.sleep(30)"]
)
def test_no_mark_outlives_kill_9(world: World, then: str) -> None:
    """The server drops both marks with the connection."""
    holder = HOLDER.format(tests=[str(HERE), str(HERE.parent)], then=then)
    with subprocess.Popen(
        [sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin
        assert child.stdout
        child.stdin.write(world.url(world.staging) + "\n")
        child.stdin.flush()
        assert child.stdout.readline().strip()
        assert held(world.staging)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    until = time.monotonic() + 3
    while held(world.staging) and time.monotonic() < until:
        time.sleep(0.05)
    assert held(world.staging) == []


def test_production_is_marked_with_nothing_that_lasts(world: World) -> None:
    """The server's own log of statements: allow-listed ones only; no WAL, no lock, no row."""
    with world.production.admin("shop") as admin:
        admin.execute("ALTER SYSTEM SET log_statement = 'all'")
        admin.execute("SELECT pg_reload_conf()")
        time.sleep(0.3)
        before = admin.execute("SELECT pg_current_wal_insert_lsn()").fetchone()
        log = world.production.process.log
        begun = len(log.read_bytes())
        came = carry_out("canary", world.url(world.production), world.url(world.staging))
        after = admin.execute("SELECT pg_current_wal_insert_lsn()").fetchone()
        admin.execute("ALTER SYSTEM RESET log_statement")
        admin.execute("SELECT pg_reload_conf()")
    said = log.read_bytes()[begun:].decode()
    statements = [
        line.partition("statement:")[2].strip() for line in said.splitlines() if "statement:" in line
    ]
    ours = [s for s in statements if "pg_current_wal" not in s and "ALTER SYSTEM" not in s]
    allowed = ("BEGIN", "SET LOCAL", "SAVEPOINT", "SELECT", "ROLLBACK")
    assert ours
    assert all(s.startswith(allowed) for s in ours), ours
    assert before == after
    assert came.production.footprint().writes == 0
    assert held(world.production) == []


def test_staging_login_is_refused_by_production_itself(world: World) -> None:
    """Wrong password, unknown role: grade refused, one attempt each."""
    url = world.url(world.production)
    for user, password in (("app", "wrong-password"), ("nobody_of_that_name", world.password)):
        ours = world.staging.url(f"127.0.0.1:{world.staging.port}", user, password, "shop")
        log = world.production.process.log
        before = log.read_text().count("authentication failed")
        came = carry_out("reach", url, ours)
        assert log.read_text().count("authentication failed") == before + 1
        found = judge("cross-login", url, world.url(world.staging), reach=came.found)
        assert (found.outcome, found.grade) == (Outcome.ISOLATED, Grade.REFUSED), found
        assert came.production.footprint().commands == (("CONNECT", 1),)


def test_a_login_that_production_knows_is_shared(world: World) -> None:
    """One password for both, and a role that only this database is closed to."""
    url = world.url(world.production)
    found = judge(
        "cross-login",
        url,
        world.url(world.staging),
        reach=carry_out("reach", url, world.url(world.staging)).found,
    )
    assert found.outcome is Outcome.SHARED
    with world.production.admin() as admin:
        admin.execute("REVOKE CONNECT ON DATABASE shop FROM PUBLIC; GRANT CONNECT ON DATABASE shop TO app")
        came = carry_out("reach", url, world.url(world.staging, "bare"))
        admin.execute("GRANT CONNECT ON DATABASE shop TO PUBLIC")
    assert judge("cross-login", url, url, reach=came.found).outcome is Outcome.SHARED


@contextlib.contextmanager
def asking(server: PostgresServer, first: str) -> Iterator[None]:
    """A line before every other of pg_hba.conf."""
    rules = server.cluster / "pg_hba.conf"
    before = rules.read_text()
    with server.admin() as admin:
        for text in (f"{first}\n{before}", before):
            rules.write_text(text)
            admin.execute("SELECT pg_reload_conf()")
            time.sleep(0.3)
            if text is not before:
                yield


def test_what_somebody_else_says_of_a_login_is_no_refusal(world: World) -> None:
    """Ident asks who runs this machine: the very password would open production's server elsewhere."""
    with asking(world.production, "host all bare 127.0.0.1/32 ident"):
        came = carry_out("reach", world.url(world.production), world.url(world.staging, "bare"))
    assert isinstance(came.found, Unknown)
    assert "no word on the password" in came.found.reason
    found = carry_out("reach", world.url(world.production), world.url(world.staging, "bare")).found
    assert judge(
        "cross-login", world.url(world.production), world.url(world.staging), reach=found
    ).outcome is (Outcome.SHARED)


@pytest.mark.parametrize(
    "login",
    ["bare@", "bare@?passfile=/run/secrets/login", "x%22%20authentication%20failed%20%22:word@"],
    ids=["no password", "a password elsewhere", "a name that speaks"],
)
def test_a_login_that_was_not_wholly_put_is_not_refused(world: World, login: str) -> None:
    """The address states no password, or a name that would read as the answer."""
    user, _, query = login.partition("@")
    came = carry_out(
        "reach",
        world.url(world.production),
        f"postgresql://{user}@127.0.0.1:{world.staging.port}/shop{query}",
    )
    assert isinstance(came.found, Unknown)


def test_silence_is_no_refusal(world: World) -> None:
    """A closed port and a server in trouble leave the question open."""
    dead = "postgresql://app:x@127.0.0.1:1/shop"
    came = carry_out("reach", dead, world.url(world.staging))
    assert isinstance(came.found, Unknown)
    assert judge(
        "cross-login", world.url(world.production), world.url(world.staging), reach=came.found
    ).outcome is (Outcome.UNPROVEN)


def test_a_stopped_production_ends_the_canary_on_time(world: World) -> None:
    """SIGSTOP: the look ends with the deadline, as Unknown; staging keeps nothing."""
    os.kill(world.production.process.pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        came = carry_out("canary", world.url(world.production), world.url(world.staging), budget=2)
        assert time.monotonic() - started < 3.5
    finally:
        os.kill(world.production.process.pid, signal.SIGCONT)
    assert isinstance(came.found, Unknown)
    assert held(world.staging) == []


def test_a_look_needs_connect_and_nothing_else(world: World) -> None:
    """The observer's role reads no table, and sees the mark."""
    with Deadline(10) as deadline, hold(party(world.url(world.production), "staging", deadline), 5) as mark:
        seen = look(party(world.url(world.production, "bare", "other"), "production", deadline), mark.token)
    assert seen.theirs == seen.own == dict.fromkeys((LOCK, NAME), Known(True))
