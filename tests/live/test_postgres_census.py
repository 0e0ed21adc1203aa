"""A census on real servers: what it finds, what it names as unread, and that two majors agree."""

from __future__ import annotations

import dataclasses
import hashlib

import debian_postgres
import pytest
from census_world import compared, digests, everything, shared, side, sides, sieve_for, with_replica
from debian_postgres import DebianServer
from postgres_world import World, build, target, visit

from disjoint.demo.servers.postgres import PostgresServer
from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.postgres.digesting import HASH_ANSWER
from disjoint.model.census import Method, Planted, Strength
from disjoint.model.probe import ProbeError

pytestmark = pytest.mark.live

KINDS = """
DROP SCHEMA IF EXISTS kinds CASCADE;
CREATE SCHEMA kinds;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE DOMAIN kinds.mail AS text CHECK (value LIKE '%@%');
CREATE DOMAIN kinds.work_mail AS kinds.mail;
CREATE TABLE kinds.all_of_them (
  id bigint GENERATED ALWAYS AS IDENTITY, nr serial, plain text, short varchar(60), fixed char(40),
  folded citext, named name, unique_id uuid, octets bytea, address kinds.work_mail, document jsonb,
  twice text GENERATED ALWAYS AS (plain || plain) STORED, "Mixed Case" text, "per%cent" text,
  "br{}ace {0}" text, "quo""te" text, $$;--$$ int);
"""
KINDS = KINDS.replace(", $$;--$$ int", "")
FILL = """
INSERT INTO kinds.all_of_them (plain, short, fixed, folded, named, unique_id, octets, address, document,
                               "Mixed Case", "per%cent", "br{}ace {0}", "quo""te")
SELECT 'plain Ünï 漢字 ' || n, 'short one ' || n, 'fixed one ' || n, 'Folded-' || n || '@X.test',
       'a name ' || n, md5(n::text)::uuid, decode(md5('o' || n), 'hex'), n || '@example.test',
       jsonb_build_object('n', n, 'a', 'b'),
       'mixed case ' || n, 'per cent ' || n, 'brace of ' || n, 'quoted ' || n
FROM generate_series(1, 300) n;
INSERT INTO kinds.all_of_them (plain) VALUES (NULL), (''), ('n/a');
GRANT USAGE ON SCHEMA kinds TO app;
GRANT SELECT ON ALL TABLES IN SCHEMA kinds TO app;
"""
COMPARED = (
    "plain", "short", "fixed", "folded", "named", "unique_id", "octets", "address",
    "Mixed Case", "per%cent", "br{}ace {0}", 'quo"te',
)  # fmt: skip


@pytest.fixture(scope="module")
def world(supervisor: Supervisor) -> World:
    world = build(supervisor)
    for server in (world.production, world.staging):
        with server.admin("shop") as admin:
            admin.execute(b"DROP TABLE guarded")
    return world


@pytest.fixture(scope="module")
def debian(supervisor: Supervisor, world: World) -> DebianServer:
    server = debian_postgres.start(supervisor)
    with server.admin() as admin:
        admin.execute(f"CREATE ROLE app LOGIN PASSWORD '{world.password}'".encode())
        admin.execute(b"CREATE DATABASE shop")
    return server


def fresh_database(server: PostgresServer | DebianServer, name: str, sql: str, options: str = "") -> None:
    """A database of that name with that content, and no other."""
    with server.admin() as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name}".encode())
        admin.execute(f"CREATE DATABASE {name} {options}".encode())
    with server.admin(name) as admin:
        admin.execute(b"SET client_encoding TO 'UTF8'")
        admin.execute(sql.encode())


def test_two_majors_make_the_same_digests_of_every_type(world: World, debian: DebianServer) -> None:
    """PostgreSQL 18 and Debian's: text, blobs, ids, domains, whatever the columns are called."""
    fresh_database(world.production, "kinds", KINDS + FILL)
    fresh_database(debian, "kinds", KINDS + FILL)
    production = world.url(world.production, database="kinds")
    staging = debian.url("app", world.password, "kinds")
    with sides(production, staging) as (there, here):
        for reader in (there.reader, here.reader):
            assert dict(reader.survey.header.known)[Method.HASH.value] == HASH_ANSWER
            assert reader.survey.header.methods == (Method.HASH, Method.SHA256)
        assert there.reader.survey.header.known == here.reader.survey.header.known
    for careful in (True, False):
        found = compared(production, staging, careful=careful)
        assert not found.gaps
        assert not found.blind
        for column in COMPARED:
            place = f"kinds.all_of_them.{column}"
            assert shared(found)[place, place] == (300, 300), column
        assert found.production.rows == found.staging.rows == 303


def test_a_column_of_documents_is_compared_where_it_is_named(world: World, debian: DebianServer) -> None:
    """And nothing else is, then."""
    production = world.url(world.production, database="kinds")
    staging = debian.url("app", world.password, "kinds")
    found = compared(production, staging, columns=("kinds.all_of_them.document",))
    assert shared(found) == {("kinds.all_of_them.document",) * 2: (300, 300)}


def test_other_encodings_are_compared_by_sha256(world: World) -> None:
    """LATIN1 against UTF8: what a server stores a text in makes no difference."""
    rows = "CREATE TABLE t (v text); INSERT INTO t SELECT 'Jörg Müller ' || n FROM generate_series(1, 40) n;"
    grant = "GRANT SELECT ON ALL TABLES IN SCHEMA public TO app;"
    latin = "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    fresh_database(world.production, "utf", rows + grant)
    fresh_database(world.staging, "latin", rows + grant, latin)
    production = world.url(world.production, database="utf")
    staging = world.url(world.staging, database="latin")
    for careful in (True, False):
        found = compared(production, staging, careful=careful)
        assert shared(found) == {("public.t.v", "public.t.v"): (40, 40)}
        assert not found.blind


def test_octets_of_no_encoding_are_no_text(world: World) -> None:
    """In SQL_ASCII nobody knows what a value says."""
    rows = "CREATE TABLE t (v text); GRANT SELECT ON t TO app;"
    ascii_only = "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    fresh_database(world.staging, "octets", rows, ascii_only)
    with pytest.raises(ProbeError, match="SQL_ASCII"):
        compared(world.url(world.production), world.url(world.staging, database="octets"))


def test_case_and_blanks_are_folded_in_ascii_alone(world: World) -> None:
    """With fold; without it they are other values."""
    create = "CREATE TABLE t (v text); GRANT SELECT ON t TO app;"
    one = "INSERT INTO t VALUES ('Anna@Example.TEST'), ('ÉCOLE@x.test')"
    other = "INSERT INTO t VALUES (E' anna@example.test\\t'), ('école@x.test')"
    fresh_database(world.production, "fold_a", create + one)
    fresh_database(world.staging, "fold_b", create + other)
    production = world.url(world.production, database="fold_a")
    staging = world.url(world.staging, database="fold_b")
    assert shared(compared(production, staging)) == {}
    assert shared(compared(production, staging, fold=True)) == {("public.t.v", "public.t.v"): (1, 1)}


RELATIONS = """
CREATE TABLE whole (email text); INSERT INTO whole SELECT 'w' || n || '@x.test' FROM generate_series(1, 50) n;
CREATE TABLE parted (at date, email text) PARTITION BY RANGE (at);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO parted SELECT '2025-06-01'::date + n * 10, 'p' || n || '@x.test' FROM generate_series(1, 50) n;
CREATE VIEW seen AS SELECT email FROM whole;
CREATE MATERIALIZED VIEW kept AS SELECT 'k' || email AS email FROM whole;
CREATE MATERIALIZED VIEW never AS SELECT email FROM whole WITH NO DATA;
CREATE TABLE parent (email text); CREATE TABLE child () INHERITS (parent);
INSERT INTO parent SELECT 'o' || n || '@x.test' FROM generate_series(1, 9) n;
INSERT INTO child SELECT 'c' || n || '@x.test' FROM generate_series(1, 9) n;
CREATE TABLE nothing (email text);
CREATE TABLE numbers (n int); INSERT INTO numbers SELECT generate_series(1, 9);
CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE far (email text) SERVER files OPTIONS (filename '/nonexistent');
GRANT SELECT ON ALL TABLES IN SCHEMA public TO app;
"""


@pytest.mark.parametrize("careful", [True, False])
def test_every_sort_of_table_is_read_or_named(world: World, careful: bool) -> None:
    """Parts and not their parent, a parent's own rows once, nothing of what stands elsewhere."""
    for server in (world.production, world.staging):
        fresh_database(server, "sorts", RELATIONS)
    found = compared(
        world.url(world.production, database="sorts"), world.url(world.staging, database="sorts"),
        careful=careful,
    )  # fmt: skip
    one = {p: n for (p, s), (n, _) in shared(found).items() if p == s}
    assert one == {
        "public.whole.email": 50, "public.parted_1.email": 21, "public.parted_2.email": 29,
        "public.kept.email": 50, "public.parent.email": 9, "public.child.email": 9,
    }  # fmt: skip
    left = {each.place.removeprefix("production: "): each.why for each in found.left}
    assert {"public.seen", "public.parted", "public.far", "public.never", "public.numbers"} <= left.keys()
    assert not found.gaps
    assert not found.blind
    # what an empty table's place was read for, its control was found in
    assert found.production.places == 7
    assert found.production.rows == found.staging.rows == 50 + 50 + 50 + 18


HIDDEN = """
CREATE TABLE open_to_all (email text);
CREATE TABLE "No ""Grant" (email text, n int);
CREATE TABLE a_part (email text, phone text); GRANT SELECT (email) ON a_part TO app;
CREATE SCHEMA "Shut"; CREATE TABLE "Shut".users (email text);
CREATE TABLE guarded (email text); ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY nobody ON guarded USING (false);
INSERT INTO guarded VALUES ('secret@example.test');
GRANT SELECT ON open_to_all, guarded TO app;
"""


def test_what_may_not_be_read_is_named_with_what_lifts_it(world: World) -> None:
    """On either side; and the very words of the remedies make it readable."""
    fresh_database(world.staging, "hidden", HIDDEN)
    url = world.url(world.staging, database="hidden")
    gaps: dict[str, str] = {}
    for name in ("production", "staging"):
        with side(target(url, name)) as opened:
            gaps = {gap.place: gap.remedy for gap in opened.reader.survey.gaps}
        assert gaps.keys() == {
            'public.No "Grant', "public.a_part.phone", "Shut.users", "public.guarded",
        }  # fmt: skip
    with world.staging.admin("hidden") as admin:
        for remedy in gaps.values():
            admin.execute(
                remedy.split(" -- ")[0].replace("TO role", "TO app").replace("ROLE role", "ROLE app").encode()
            )
    try:
        found = compared(world.url(world.production), url)
        assert not found.gaps
        assert found.staging.places == 6
        assert found.staging.rows == 1
    finally:
        with world.staging.admin() as admin:
            admin.execute(b"ALTER ROLE app NOBYPASSRLS")


def test_a_right_that_goes_during_the_reading_is_a_gap(world: World) -> None:
    """The survey saw the table; its rows were refused."""
    fresh_database(world.staging, "going", "CREATE TABLE t (v text); GRANT SELECT ON t TO app")
    with side(target(world.url(world.staging, database="going"), "staging")) as opened:
        sieve = sieve_for(opened.reader)
        (task,) = opened.reader.tasks(sieve)
        with world.staging.admin("going") as admin:
            admin.execute(b"REVOKE SELECT ON t FROM app")
        with pytest.raises(ProbeError, match="permission denied"):
            list(opened.reader.read(task, sieve))


MANY = """
CREATE TABLE t (v text); INSERT INTO t SELECT md5(n::text) FROM generate_series(1, 200000) n;
GRANT SELECT ON t TO app; ANALYZE t;
"""
SOURCE = """
CREATE TABLE users (id bigserial, email text);
INSERT INTO users (email) SELECT md5(n::text) || '@x.test' FROM generate_series(1, 2000) n;
GRANT SELECT ON users TO app;
"""
COPIED = """
CREATE TABLE notes (n int, body varchar(200));
INSERT INTO notes SELECT n, CASE WHEN n = 7 THEN md5('1234') || '@x.test' ELSE 'note ' || n END
FROM generate_series(1, 9) n;
GRANT SELECT ON notes TO app;
"""


@pytest.mark.parametrize("one_in", [1, 64])
def test_a_sample_is_the_same_on_both_sides_and_so_large(
    world: World, debian: DebianServer, one_in: int
) -> None:
    """By cursor in answers of bounded size, and in one: the same digests of the same values."""
    fresh_database(world.production, "sampled", MANY)
    fresh_database(debian, "sampled", MANY)
    production = target(world.url(world.production, database="sampled"))
    staging = target(debian.url("app", world.password, "sampled"), "staging")
    with side(production) as there, side(staging, careful=False) as here:
        sieve = sieve_for(here.reader, one_in)
        one, other = everything(there.reader, sieve), everything(here.reader, sieve)
    (ours, theirs) = one["public.t.v"], other["public.t.v"]
    assert sorted(digests(ours)) == sorted(digests(theirs))
    assert abs(len(digests(ours)) - 200_000 / one_in) < 6 * (200_000 / one_in) ** 0.5 * (one_in > 1) + 2
    assert sieve.planted.digest[:8] in digests(ours)
    assert len(theirs) == 1 or one_in == 1
    for portions in (ours, theirs):
        assert sum(p.rows for p in portions) == sum(p.values for p in portions) == 200_000
    assert ("FETCH {} FROM census" in dict(there.tally.footprint().commands)) is True


FILLED = """
CREATE TABLE people (declared text NOT NULL, open text, unsure text);
INSERT INTO people SELECT 'declared ' || n, CASE WHEN n % 3 = 0 THEN 'open ' || n END,
                          CASE WHEN n % 5 = 0 THEN 'unsure ' || n END FROM generate_series(1, 900) n;
ALTER TABLE people ADD CONSTRAINT unsure_is_there NOT NULL unsure NOT VALID;
GRANT SELECT ON people TO app;
"""


def test_values_are_counted_where_the_server_does_not_vouch_for_one_in_every_row(world: World) -> None:
    """A constraint that was never looked through vouches for nothing."""
    fresh_database(world.staging, "filled", FILLED)
    columns = tuple(f"people.{name}" for name in ("declared", "open", "unsure"))
    where = target(world.url(world.staging, database="filled"), "staging", columns=columns)
    with side(where, careful=False) as here:
        found = everything(here.reader, sieve_for(here.reader))
    counted = {name: sum(each.values for each in portions) for name, portions in found.items()}
    assert counted == {"public.people.declared": 900, "public.people.open": 300, "public.people.unsure": 180}
    kept = {name: len(digests(portions)) for name, portions in found.items()}
    assert kept == {name: values + 1 for name, values in counted.items()}


def test_a_copied_column_is_found_under_another_name(world: World) -> None:
    """In a table of its own, among others' values."""
    fresh_database(world.production, "source", SOURCE)
    fresh_database(world.staging, "copied", COPIED)
    found = compared(
        world.url(world.production, database="source"), world.url(world.staging, database="copied"),
        strength=Strength.SAMPLED,
    )  # fmt: skip
    assert shared(found) == {("public.users.email", "public.notes.body"): (1, 1)}


TOGETHER = """
SET TimeZone TO 'Asia/Tokyo';
CREATE TABLE readings (id bigserial PRIMARY KEY, sensor text, at timestamptz, value float8, price numeric,
                       on_day date);
INSERT INTO readings (sensor, at, value, price, on_day)
SELECT 'sensor ' || n % 70, '2026-01-01 00:00+00'::timestamptz + n % 600 * interval '1.5 s',
       (n % 500) / 3.0,
       (n % 400)::numeric / 4, '2026-01-01'::date + n % 300 FROM generate_series({first}, 1400) n;
INSERT INTO readings (sensor) VALUES (NULL);
INSERT INTO readings (sensor, price) VALUES ('', 1.50);
GRANT SELECT ON readings TO app;
"""


def test_several_columns_together_find_a_row_that_no_column_tells(world: World, debian: DebianServer) -> None:
    """Whatever a server's zone, dates and floats look like; NULL is no empty text; keys are no part of it."""
    fresh_database(world.production, "together", TOGETHER.format(first=1))
    staging = TOGETHER.format(first=1301).replace("Asia/Tokyo", "UTC").replace("1.50)", "1.5)")
    fresh_database(debian, "together", staging.replace("bigserial PRIMARY KEY", "bigserial"))
    with debian.admin() as admin:
        admin.execute(b"ALTER ROLE app SET TimeZone TO 'America/Caracas'")
        admin.execute(b"ALTER ROLE app SET DateStyle TO 'German'")
        admin.execute(b"ALTER ROLE app SET extra_float_digits TO -3")
    place = "public.readings (at, on_day, price, sensor, value)"
    found = compared(
        world.url(world.production, database="together"), debian.url("app", world.password, "together")
    )
    assert shared(found)[place, place] == (101, 101)  # the row of NULLs is nobody's
    assert not found.blind


@pytest.mark.long
def test_a_replica_is_read_instead_where_it_is_one(world: World, supervisor: Supervisor) -> None:
    """By ranges; another server's is not, and neither is the primary itself."""
    declared = target(world.url(world.production))
    facts, _ = visit(declared)
    replica = world.production.standby("replica")
    try:
        before = _started(world.production)
        with side(with_replica(declared, world.url(replica)), facts=facts) as opened:
            assert opened.reader.survey.way == "ranges of blocks under one snapshot"
            sieve = sieve_for(opened.reader)
            assert len(digests(everything(opened.reader, sieve)["public.users.email"])) == 51
        assert _started(world.production) == before
        for url, why in (
            (world.url(world.staging), "another server"),
            (world.url(world.production), "is none"),
        ):
            with pytest.raises(ProbeError, match=why), side(with_replica(declared, url), facts=facts):
                pass
        with pytest.raises(ProbeError, match="not known"), side(with_replica(declared, world.url(replica))):
            pass
        elsewhere = world.url(replica, database="other")
        with pytest.raises(ProbeError, match="another database"):
            side(with_replica(declared, elsewhere), facts=facts).__enter__()
        with replica.admin() as admin:
            admin.execute(b"SELECT pg_wal_replay_pause()")
        with world.production.admin("shop") as admin:
            admin.execute(b"CREATE TABLE lately (email text)")
        with pytest.raises(ProbeError, match="lacks what was written lately"):
            side(with_replica(declared, world.url(replica)), facts=facts).__enter__()
    finally:
        replica.stop()


def test_another_server_than_was_observed_is_not_read(world: World) -> None:
    """A balancer's next choice, or a name that was moved in between: half of the rows would be another's."""
    facts, _ = visit(target(world.url(world.production)))
    for url, why in (
        (world.url(world.staging), "another server"),
        (world.url(world.production, database="other"), "another database"),
    ):
        with pytest.raises(ProbeError, match=why):
            side(target(url), facts=facts).__enter__()


def _started(server: PostgresServer) -> object:
    """Scans of the table that it saw."""
    with server.admin("shop") as admin:
        return admin.execute(b"SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'users'").fetchone()


LOCKED = """
CREATE TABLE a_first (v text); INSERT INTO a_first SELECT md5(n::text) FROM generate_series(1, 50) n;
CREATE TABLE b_second (v text); INSERT INTO b_second SELECT md5(n::text) FROM generate_series(1, 50) n;
GRANT SELECT ON a_first, b_second TO app;
"""


@pytest.mark.parametrize("careful", [True, False])
def test_a_table_under_migration_is_a_gap_and_the_next_one_is_read(world: World, careful: bool) -> None:
    """Nobody queues behind us: a lock that is not free is not waited for."""
    fresh_database(world.staging, "locked", LOCKED)
    url = world.url(world.staging, database="locked")
    with world.staging.admin("locked") as admin:
        admin.execute(b"BEGIN; LOCK TABLE a_first IN ACCESS EXCLUSIVE MODE")
        found = compared(url.replace("/locked", "/shop"), url, careful=careful)
    assert {gap.place for gap in found.gaps} == {"staging: public.a_first"}
    assert "lock" in found.gaps[0].reason
    assert found.staging.rows == 50
    assert found.staging.seconds < 3


@pytest.mark.parametrize("number", [130_000, 180_000])
def test_hits_are_confirmed_on_older_servers_too(world: World, number: int) -> None:
    """Where an array is searched from end to end, a joined one is looked up."""
    with side(target(world.url(world.production), columns=("users.email",))) as opened:
        reader = opened.reader
        sieve = sieve_for(reader)
        wanted = digests(everything(reader, sieve)["public.users.email"])
        reader._server = reader._server._replace(number=number)
        (salt, others) = b"baseline's salt!", [bytes(8), bytes([255] * 8)]
        found = list(reader.confirm(sieve, {0: [*wanted, *others]}, salt))
    assert {match.digest[:8] for match in found} == set(wanted)
    assert len(found) == len(wanted) == 51
    marks = {hashlib.sha256(salt + f"u{n}@example.test".encode()).digest()[:16] for n in range(1, 51)}
    assert marks <= {match.mark for match in found}


def test_what_is_not_planted_is_not_found(world: World) -> None:
    """The control is no more than its text: with another, each place is blind."""
    with side(target(world.url(world.staging), "staging")) as opened:
        sieve = sieve_for(opened.reader)
        other = dataclasses.replace(sieve, planted=Planted("disjoint-another", sieve.planted.digest))
        for one, there in ((sieve, True), (other, False)):
            for portions in everything(opened.reader, one).values():
                assert (sieve.planted.digest[:8] in digests(portions)) is there


OUTDATED = """
CREATE TABLE filled (email text, added text);
INSERT INTO filled SELECT NULL, NULL FROM generate_series(1, 2000);
ANALYZE filled;
UPDATE filled SET email = md5(ctid::text) || '@x.test';
CREATE TABLE behind (at int, email text);
INSERT INTO behind SELECT n, CASE WHEN n > 15000 THEN md5(n::text) || '@x.test' END
FROM generate_series(1, 30000) n;
GRANT SELECT ON filled, behind TO app;
"""


def test_statistics_of_other_rows_leave_no_column_out(world: World) -> None:
    """All NULL when it was analysed, and where the first rows are: full of values all the same."""
    fresh_database(world.production, "outdated", OUTDATED)
    url = world.url(world.production, database="outdated")
    with side(target(url)) as opened:
        names = {place.name: place.identifying for place in opened.reader.survey.places}
    assert names.get("public.filled.email") is True
    assert names.get("public.behind.email") is True
