"""What staging's role may enter on its server belongs to staging: a dump restored beside its database."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest
from census_world import shared
from postgres_world import KEY, World, build, target, visit
from test_postgres_census import fresh_database
from wire import Wire

from disjoint.demo.servers.pgbouncer import MISSING, Pool, Pooler, program
from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.postgres import census as postgres
from disjoint.kinds.postgres import ways
from disjoint.kinds.postgres.joined import Joined
from disjoint.model.census import Detection, Method, Overlap, Reader, Strength, Terms
from disjoint.model.experiment import Party
from disjoint.model.telling import Telling
from disjoint.overlap import bound, private
from disjoint.overlap.baseline import NONE
from disjoint.overlap.engine import Sides, census, drawn
from disjoint.overlap.keyed import Keyed
from disjoint.overlap.read import TOLD_NOBODY
from disjoint.runner.deadline import Deadline
from disjoint.runner.tally import Tally
from disjoint.runner.visit import Seats, Visit
from lacking import lacking

pytestmark = pytest.mark.live
NAMES = ("production", "staging")
PEOPLE = """
CREATE TABLE people (mail text, note text);
INSERT INTO people SELECT '{side}' || n || '@example.test', '{side} note ' || n
  FROM generate_series(1, {rows}) n;
GRANT SELECT ON people TO app;
"""
COPY = """
CREATE TABLE archive AS SELECT 'production' || n || '@example.test' AS contact FROM generate_series(1, 40) n;
CREATE TABLE more AS SELECT 'more ' || n || ' of it' AS text FROM generate_series(1, 3000) n;
"""
GRANT = "GRANT SELECT ON ALL TABLES IN SCHEMA public TO app;"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with Supervisor() as running:
        made = build(running)
        fresh_database(made.production, "app", PEOPLE.format(side="production", rows=400))
        fresh_database(made.staging, "app", PEOPLE.format(side="staging", rows=400))
        for server in (made.production, made.staging):
            with server.admin() as admin:
                admin.execute(b"DROP DATABASE shop")
        yield made


@pytest.fixture
def beside(world: World) -> Iterator[list[str]]:
    """Names of the databases that a test makes on staging's server; gone after it."""
    made: list[str] = []
    yield made
    with world.staging.admin() as admin:
        for name in made:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


def copied(world: World, made: list[str], name: str, sql: str = COPY + GRANT, options: str = "") -> None:
    made.append(name)
    fresh_database(world.staging, name, sql, options)


@contextlib.contextmanager
def opened(world: World, careful: bool, *, url: str = "", **declared: Any) -> Iterator[tuple[Reader, Reader]]:
    """Both sides as a run opens them, over seats that they share."""
    urls = world.url(world.production, database="app"), url or world.url(world.staging, database="app")
    wheres = [
        target(url, name, **{"databases": "all", **declared}) for url, name in zip(urls, NAMES, strict=True)
    ]
    seats = Seats()
    with Deadline(30) as deadline, contextlib.ExitStack() as stack:
        readers = []
        for at, where in enumerate(wheres):
            probe = Visit(where.environment, deadline, seats, Tally(protected=not at), KEY)
            party = Party(where, probe)
            readers.append(stack.enter_context(postgres.reading(party, careful=careful or not at)))
        yield readers[0], readers[1]


def compared(world: World, careful: bool, terms: Terms | None = None, **declared: Any) -> Overlap:
    with opened(world, careful, **declared) as (there, here):
        return census(Sides(there, here, NAMES), terms or EXACT)


EXACT = Terms(Strength.EXACT, Detection(1000, 0.999), 30)


@pytest.mark.parametrize("strength", [Strength.EXACT, Strength.SAMPLED])
@pytest.mark.parametrize("careful", [True, False], ids=["gently", "ranges"])
def test_a_dump_restored_beside_stagings_database_is_found(
    world: World, beside: list[str], monkeypatch: pytest.MonkeyPatch, careful: bool, strength: Strength
) -> None:
    """In its place; each place has its control, and a database that was looked through in vain is named."""
    monkeypatch.setattr(bound, "SMALL", 0)
    monkeypatch.setattr(ways, "RANGE", 2)
    copied(world, beside, "another", PEOPLE.format(side="other", rows=900) + GRANT)
    copied(world, beside, "prod_copy")
    copied(world, beside, "zlast", PEOPLE.format(side="last", rows=900) + GRANT)
    found = compared(world, careful, Terms(strength, Detection(10, 0.999), 30))
    assert shared(found) == {("public.people.mail", "prod_copy.public.archive.contact"): (40, 40)}
    assert (found.gaps, found.blind) == ((), ())
    assert (found.staging.places, found.staging.rows) == (2 * 3 + 2, 400 + 900 + 900 + 3_040)
    assert "another, prod_copy, zlast beside it" in found.staging.way
    assert connections(world) == 0


def connections(world: World) -> object:
    with world.staging.admin() as admin:
        (number,) = admin.execute(CONNECTED).fetchone() or ()
    return number


CONNECTED = b"SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'"


def test_a_server_carries_two_connections_whatever_stands_on_it(
    world: World, beside: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ways, "RANGE", 1)
    for name in ("one", "two", "three"):
        copied(world, beside, name, PEOPLE.format(side=name, rows=3_000) + GRANT)
    most = 0
    with opened(world, careful=False) as (there, here):
        assert isinstance(here, Joined)
        assert here.abreast == 2
        real = Joined._entered

        @contextlib.contextmanager
        def entered(self: Joined, at: int) -> Iterator[None]:
            nonlocal most
            with real(self, at):
                most = max(most, int(str(connections(world))))
                yield

        monkeypatch.setattr(Joined, "_entered", entered)
        found = census(Sides(there, here, NAMES), EXACT)
    assert not found.gaps
    assert found.staging.rows == 400 + 9_000
    assert 1 <= most <= 2


@pytest.mark.parametrize("careful", [True, False])
def test_what_was_read_before_keeps_no_connection_from_the_next_one(
    world: World, beside: list[str], monkeypatch: pytest.MonkeyPatch, careful: bool
) -> None:
    """A census that is resumed reads some of each: nobody waits for the last task of a database."""
    monkeypatch.setattr(ways, "RANGE", 1)
    for name in ("one", "two"):
        copied(world, beside, name, PEOPLE.format(side=name, rows=3_000) + COPY + GRANT)
    with opened(world, careful) as (there, here):
        sieve = drawn(Sides(there, here, NAMES), EXACT)
        names = [place.name for place in here.survey.places]
        tasks = {task.what: task for task in here.tasks(sieve)}  # the last one of each table
        read = [portion.place for task in [*tasks.values()][::2] for portion in here.read(task, sieve)]
        assert connections(world) == 1
    assert {names[place].partition(".")[0] for place in read} == {"public", "one", "two"}


@pytest.mark.parametrize("careful", [True, False])
def test_what_the_role_cannot_reach_is_named_and_is_no_gap(
    world: World, beside: list[str], careful: bool
) -> None:
    """Neither the application nor whoever has its credentials reads these."""
    secured = "ALTER TABLE more ENABLE ROW LEVEL SECURITY; CREATE POLICY nobody ON more USING (false);"
    copied(world, beside, "unreadable", COPY)
    copied(
        world,
        beside,
        "half",
        COPY + "GRANT SELECT ON more TO app;" + secured + PEOPLE.format(side="h", rows=9),
    )
    copied(world, beside, "template_of_it")
    copied(world, beside, "closed")
    copied(world, beside, "crowded")
    with world.staging.admin() as admin:
        admin.execute(b"ALTER DATABASE template_of_it IS_TEMPLATE true")
        admin.execute(b"ALTER DATABASE closed ALLOW_CONNECTIONS false")
        admin.execute(b"ALTER DATABASE crowded CONNECTION LIMIT 0")
        try:
            found = compared(world, careful)
        finally:
            admin.execute(b"ALTER DATABASE template_of_it IS_TEMPLATE false")
    assert (found.shared, found.gaps, found.blind) == ((), (), ())
    left = {left.place: left.why for left in found.left}
    assert left["staging: database unreadable"] == "this role may read none of its tables"
    assert "permission denied" in left["staging: half.public.archive"]
    assert "row-level security" in left["staging: half.public.more"]
    assert "a template" in left["staging: database template_of_it"]
    assert not [place for place in left if "closed" in place or "crowded" in place]
    assert found.staging.places == 4
    assert not [place for place in left if "postgres" in place]


def test_a_name_of_no_encoding_leaves_the_list_open(world: World) -> None:
    """Names of databases are stored as whoever made them sent them: one may be no text."""
    with world.staging.admin() as admin:
        admin.execute(b"CREATE DATABASE raw ENCODING 'SQL_ASCII' TEMPLATE template0")
        with contextlib.closing(world.staging.admin("raw")) as raw:
            raw.execute(b"SET client_encoding = 'SQL_ASCII'")
            raw.pgconn.exec_(b'CREATE DATABASE "caf\xe9"')
            try:
                found = compared(world, careful=False)
            finally:
                raw.pgconn.exec_(b'DROP DATABASE "caf\xe9"')
        admin.execute(b"DROP DATABASE raw")
    (gap,) = found.gaps
    assert gap.place == "staging: other databases"
    assert "not in the encoding" in gap.reason
    assert "RENAME" in gap.remedy


def test_a_door_that_is_shut_is_named_and_a_full_one_is_open(world: World, beside: list[str]) -> None:
    """By pg_hba.conf nobody enters; where every seat is taken the application gets one later."""
    for name in ("barred", "prod_copy"):
        copied(world, beside, name)
    rules = world.staging.cluster / "pg_hba.conf"
    before = rules.read_text()
    rules.write_text(f"host barred app all reject\n{before}")
    with world.staging.admin() as admin:
        admin.execute(b"SELECT pg_reload_conf()")
        admin.execute(b"ALTER DATABASE prod_copy CONNECTION LIMIT 1")
        try:
            with contextlib.closing(world.staging.admin("prod_copy")):
                found = compared(world, careful=False)
        finally:
            rules.write_text(before)
            admin.execute(b"SELECT pg_reload_conf()")
    assert [left.place for left in found.left if "from here" in left.why] == ["staging: database barred"]
    assert [(gap.place, "free connection" in gap.reason) for gap in found.gaps] == [
        ("staging: database prod_copy", True)
    ]


@contextlib.contextmanager
def turning(server: int, words: bytes, answer: bytes) -> Iterator[int]:
    """A forward that answers whoever asks for these words itself, and hangs up."""

    class Turning(Wire):
        def _carry(self, one: socket.socket, other: socket.socket, kept: bytearray) -> None:
            asks = kept is self.asked
            with contextlib.suppress(OSError):
                while (octets := one.recv(65536)) and not (asks and words in octets):
                    other.sendall(octets)
                if octets:
                    one.sendall(answer)
                    one.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(OSError):
                other.shutdown(socket.SHUT_RDWR)

    with Turning(server) as forward:
        yield forward.port


FULL = "für Datenbank »prod_copy« sind zu viele Verbindungen aktiv".encode()
SAID = b"SFATAL\0VFATAL\0C53300\0M" + FULL + b"\0\0"


@pytest.mark.parametrize(
    "answer", [b"", b"E" + (len(SAID) + 4).to_bytes(4, "big") + SAID], ids=["cut", "full, in German"]
)
def test_what_is_turned_away_for_a_reason_that_nobody_reads_is_a_gap(
    world: World, beside: list[str], answer: bytes
) -> None:
    """It may be let in tomorrow, and the application with it."""
    copied(world, beside, "prod_copy")
    with turning(world.staging.port, b"\0prod_copy\0", answer) as port:
        url = world.staging.url(f"127.0.0.1:{port}", "app", world.password, "app")
        found = compared(world, careful=False, url=url)
    assert [gap.place for gap in found.gaps] == ["staging: database prod_copy"], (found.left, found.shared)
    assert not [left for left in found.left if "prod_copy" in left.place]


def test_what_a_pooler_leads_to_is_what_the_application_reaches(world: World, beside: list[str]) -> None:
    """A database that it does not know; another one under a name that the server has, too; one as it is."""
    if program() is None:
        lacking(MISSING)
    for name, rows in (("prod_copy", 40), ("renamed", 7), ("unknown_there", 9)):
        copied(world, beside, name, PEOPLE.format(side="production", rows=rows))
    port, password = world.staging.port, world.password
    leads = {"app": "app", "prod_copy": "prod_copy", "renamed": "app"}
    pools = {alias: Pool(port, base, "app", password) for alias, base in leads.items()}
    pooler = Pooler.start(world.staging.supervisor, "beside-pooler", pools)
    try:
        url = world.staging.url(f"127.0.0.1:{pooler.port}", "app", password, "app")
        found = compared(world, careful=False, url=url)
    finally:
        pooler.stop()
    assert {(hit.staging, hit.values) for hit in found.shared} == {
        ("prod_copy.public.people.mail", 40), ("prod_copy.public.people.note", 40),
    }  # fmt: skip
    left = {left.place: left.why for left in found.left}
    assert "leads to another database" in left["staging: database renamed"]
    assert "staging: database unknown_there" in left
    assert (found.gaps, found.blind) == ((), ())


def test_one_that_goes_half_way_is_a_gap(
    world: World, beside: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    copied(world, beside, "prod_copy")
    real = Joined.tasks

    def dropped(self: Joined, sieve: Any) -> Any:
        found = real(self, sieve)
        with world.staging.admin() as admin:
            admin.execute(b"DROP DATABASE prod_copy WITH (FORCE)")
        return found

    monkeypatch.setattr(Joined, "tasks", dropped)
    found = compared(world, careful=False)
    assert {gap.place for gap in found.gaps} == {
        "staging: prod_copy.public.archive", "staging: prod_copy.public.more",
    }  # fmt: skip
    assert not found.shared


def test_the_declared_database_alone_where_that_is_stated(world: World, beside: list[str]) -> None:
    """Each other one is named; a column that is declared and stands there only is no gap."""
    copied(world, beside, "prod_copy")
    found = compared(world, careful=False, databases="own")
    assert (found.shared, found.gaps) == ((), ())
    left = {left.place: left.why for left in found.left}
    assert 'databases = "own"' in left["staging: database prod_copy"]
    assert "staging: database postgres" in left
    found = compared(world, careful=False, columns=("people.mail",))
    assert (found.shared, found.gaps) == ((), ())
    copied(world, beside, "same", PEOPLE.format(side="production", rows=9) + GRANT)
    found = compared(world, careful=False, columns=("people.mail",))
    assert shared(found) == {("public.people.mail", "same.public.people.mail"): (9, 9)}


@pytest.mark.parametrize("careful", [True, False])
def test_another_encoding_is_read_by_what_both_can(world: World, beside: list[str], careful: bool) -> None:
    """One of no encoding cannot be: a gap."""
    options = "ENCODING '{}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
    copied(world, beside, "latin", options=options.format("LATIN1"))
    with opened(world, careful) as (_, here):
        assert here.survey.header.methods == (Method.SHA256,)  # the hash is of octets, which differ there
    found = compared(world, careful)
    assert shared(found) == {("public.people.mail", "latin.public.archive.contact"): (40, 40)}
    assert (found.gaps, found.blind) == ((), ())
    copied(world, beside, "octets", options=options.format("SQL_ASCII"))
    found = compared(world, careful)
    assert [gap.place for gap in found.gaps] == ["staging: database octets"]
    assert len(found.shared) == 1


def test_it_is_compared_by_digests_made_outside(world: World, beside: list[str]) -> None:
    copied(world, beside, "prod_copy")
    with opened(world, careful=True) as (there, here):
        assert isinstance(there, Telling)
        assert isinstance(here, Telling)
        keyed = [Keyed(side, accept_guessable=True) for side in (there, here)]
        found = census(Sides(keyed[0], keyed[1], NAMES), EXACT)
    assert shared(found) == {("public.people.mail", "prod_copy.public.archive.contact"): (40, 40)}
    assert (found.gaps, found.blind) == ((), ())


def test_it_is_compared_privately_too(world: World, beside: list[str]) -> None:
    if find_spec("private_set_intersection") is None:
        lacking("pip install 'disjoint[psi]'")
    copied(world, beside, "prod_copy")
    with opened(world, careful=True) as (there, here):
        terms = dataclasses.replace(EXACT, strength=Strength.PRIVATE)
        found = private.census(Sides(there, here, NAMES), terms, NONE, TOLD_NOBODY)
    assert [hit.values for hit in found.shared] == [40]
    assert (found.gaps, found.blind) == ((), ())


def test_several_columns_together_are_looked_for_beside_it(world: World, beside: list[str]) -> None:
    rows = "SELECT 'Name ' || n % 300 AS name, n * 7 % 451 AS cents, date '1950-01-01' + n * 13 % 899 AS born"
    table = f"CREATE TABLE bills AS {rows} FROM generate_series({{}}) n; {GRANT}"
    fresh_database(world.production, "bills", table.format("1, 2000"))
    copied(world, beside, "bills_copy", table.format("100, 200").replace("bills AS", "invoices AS"))
    seats = Seats()
    with Deadline(30) as deadline, contextlib.ExitStack() as stack:
        readers = []
        for server, name, base in (
            (world.production, "production", "bills"),
            (world.staging, "staging", "app"),
        ):
            where = target(world.url(server, database=base), name, databases="all")
            probe = Visit(where.environment, deadline, seats, Tally(protected=name == "production"), KEY)
            readers.append(stack.enter_context(postgres.reading(Party(where, probe), careful=True)))
        found = census(Sides(readers[0], readers[1], NAMES), EXACT)
    assert ("public.bills (born, cents, name)", "bills_copy.public.invoices (born, cents, name)") in shared(
        found
    )


def test_productions_own_database_on_one_server_is_no_copy(world: World) -> None:
    """Both roles share a server, which another rule says: a row is no copy of itself."""
    fresh_database(world.production, "app_staging", PEOPLE.format(side="staging", rows=50))
    with world.production.admin() as admin:
        admin.execute(b"GRANT EXECUTE ON FUNCTION pg_control_system(), pg_postmaster_start_time() TO app")
    urls = world.url(world.production, database="app"), world.url(world.production, database="app_staging")
    wheres = [target(url, name, databases="all") for url, name in zip(urls, NAMES, strict=True)]
    facts = [visit(where)[0] for where in wheres]
    for facing in (facts[0], None):
        with Deadline(30) as deadline:
            probe = Visit(wheres[1].environment, deadline, Seats(), Tally(protected=False), KEY)
            with postgres.reading(Party(wheres[1], probe, facts[1], facing), careful=True) as reader:
                names = {place.name for place in reader.survey.places}
                left = {left.place: left.why for left in reader.survey.left}
        assert ("app.public.people.mail" in names) == (facing is None)
        assert ("database app" in left) == (facing is not None)


def test_nothing_beside_productions_database_is_asked_for(world: World, beside: list[str]) -> None:
    fresh_database(world.production, "prod_copy", COPY + GRANT)
    where = target(world.url(world.production, database="app"), databases="all")
    tally = Tally(protected=True)
    with Deadline(30) as deadline:
        probe = Visit(where.environment, deadline, Seats(), tally, KEY)
        with postgres.reading(Party(where, probe), careful=True) as reader:
            assert {place.group for place in reader.survey.places} == {"public.people"}
    assert not [
        command
        for command, _ in tally.footprint().commands
        if "pg_database d WHERE d.datallowconn" in command
    ]


def test_large_objects_are_counted_on_both_sides(world: World) -> None:
    servers = (world.production, world.staging)
    for number, server in enumerate(servers, 1):
        with server.admin("app") as admin:
            admin.execute("SELECT lo_from_bytea(0, 'x') FROM generate_series(1, %s)", [number])
    try:
        found = compared(world, careful=False)
    finally:
        for server in servers:
            with server.admin("app") as admin:
                admin.execute(b"SELECT lo_unlink(oid) FROM pg_largeobject_metadata")
    told = [left.place for left in found.left if "content is not compared" in left.why]
    assert told == ["production: 1 large objects", "staging: 2 large objects"]
    assert not found.gaps
    assert not [left for left in compared(world, careful=False).left if "large" in left.place]
