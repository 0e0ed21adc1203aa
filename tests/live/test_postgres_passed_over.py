"""No rows are passed over in silence: odd schemas, odd roles, odd columns, a lock at the wrong time."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from census_world import compared, everything, shared, side, sieve_for
from postgres_world import World, build, target

from disjoint.demo.servers.postgres import PostgresServer
from disjoint.demo.supervisor import Supervisor

pytestmark = pytest.mark.live

PEOPLE = """
CREATE TABLE people (mail text);
INSERT INTO people SELECT 'person' || n || '@production.test' FROM generate_series(1, 40) n;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO app;
"""
COPY = "SELECT 'person' || n || '@production.test' AS mail FROM generate_series(1, 40) n"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with Supervisor() as running:
        yield build(running)


def filled(world: World, server: PostgresServer, sql: str) -> str:
    """A fresh database with that content; its URL."""
    with server.admin() as admin:
        admin.execute(b"DROP DATABASE IF EXISTS passed")
        admin.execute(b"CREATE DATABASE passed")
    with server.admin("passed") as admin:
        admin.execute(sql.encode())
    return world.url(server, database="passed")


@pytest.mark.parametrize("schema", ["pgboss", "pg7", "information_schema"])
def test_a_schema_that_is_called_nearly_as_the_servers_own_is_read(world: World, schema: str) -> None:
    """Whatever a role's setting makes of a backslash in a pattern; and a superuser's table among views."""
    own = "" if schema == "information_schema" else f"CREATE SCHEMA {schema};"
    copied = f"{own} CREATE TABLE {schema}.kept AS {COPY}; GRANT USAGE ON SCHEMA {schema} TO app;"
    production = filled(world, world.production, PEOPLE)
    staging = filled(world, world.staging, f"{copied} GRANT SELECT ON {schema}.kept TO app;")
    with world.staging.admin() as admin:
        admin.execute(b"ALTER ROLE app SET standard_conforming_strings TO off")
    try:
        found = compared(production, staging)
    finally:
        with world.staging.admin() as admin:
            admin.execute(b"ALTER ROLE app RESET standard_conforming_strings")
    assert shared(found) == {("public.people.mail", f"{schema}.kept.mail"): (40, 40)}
    assert not found.blind


LETTERS = """
CREATE TABLE letters (id serial, body text, document jsonb);
INSERT INTO letters (body, document) SELECT string_agg(md5(n::text || m), ''),
  jsonb_build_object('of', string_agg(md5(m || n::text), ''))
FROM generate_series(1, 200) n, generate_series(1, 120) m GROUP BY n;
GRANT SELECT ON letters TO app;
"""


FETCHED = b"SELECT idx_scan FROM pg_stat_all_tables WHERE relid = \
(SELECT reltoastrelid FROM pg_class WHERE relname = 'letters')"


def test_what_lies_beside_a_table_is_not_fetched_though_statistics_call_it_narrow(world: World) -> None:
    """ANALYZE counts a value that lies in TOAST as the 18 octets of its pointer."""
    url = filled(world, world.production, PEOPLE + LETTERS)
    with world.production.admin("passed") as admin:
        admin.execute(b"VACUUM ANALYZE letters")
        widths = admin.execute(b"SELECT DISTINCT avg_width FROM pg_stats WHERE attname = 'body'").fetchall()
        assert widths == [(18,)]
        admin.execute(b"SELECT pg_stat_force_next_flush()")
        before = admin.execute(FETCHED).fetchone()
        with side(target(url)) as opened:
            sieve = sieve_for(opened.reader)
            places = everything(opened.reader, sieve).keys()
            gaps = {gap.place for gap in opened.reader.survey.gaps}
        assert admin.execute(FETCHED).fetchone() == before
    assert places == {"public.people.mail"}
    assert gaps == {"public.letters.body", "public.letters.document"}


LATE = """
CREATE TABLE busy (n int);
CREATE TABLE late (mail text) WITH (autovacuum_enabled = off);
INSERT INTO late SELECT NULL FROM generate_series(1, 500);
GRANT SELECT ON ALL TABLES IN SCHEMA public TO app;
"""


def test_statistics_of_other_rows_are_known_though_no_size_is(world: World) -> None:
    """A migration of one table keeps the sizes of all from being told."""
    url = filled(world, world.production, LATE)
    with world.production.admin("passed") as admin:
        admin.execute(b"ANALYZE late")
        admin.execute(b"INSERT INTO late SELECT md5(n::text) || '@x.test' FROM generate_series(1, 2000) n")
        admin.execute(b"SELECT pg_stat_force_next_flush()")
        admin.execute(b"BEGIN; LOCK TABLE busy IN ACCESS EXCLUSIVE MODE")
        with side(target(url)) as opened:
            assert [place.name for place in opened.reader.survey.places] == ["public.late.mail"]


def test_a_look_that_a_lock_kept_from_is_no_word_on_values(world: World) -> None:
    """Addresses whose form nobody saw are not told as values that say nothing."""
    url = filled(world, world.production, PEOPLE)
    with world.production.admin("passed") as admin:
        admin.execute(b"ANALYZE people")
        admin.execute(b"BEGIN; LOCK TABLE people IN ACCESS EXCLUSIVE MODE")
        with side(target(url)) as opened:
            assert [gap.place for gap in opened.reader.survey.gaps] == ["public.people.mail"]


def test_a_role_that_is_shown_masked_values_proves_nothing(world: World) -> None:
    """PostgreSQL Anonymizer rewrites what it reads, and goes by a label of the role, or of one above it."""
    url = filled(world, world.staging, f"CREATE TABLE kept AS {COPY}; GRANT SELECT ON kept TO app;")
    label = "INSERT INTO pg_shseclabel SELECT oid, 'pg_authid'::regclass, 'anon', 'MASKED' FROM pg_roles"
    with world.staging.admin() as admin:
        admin.execute(b"CREATE ROLE masked_ones")
        for masked in ("app", "masked_ones"):
            admin.execute(f"{label} WHERE rolname = '{masked}'".encode())
            admin.execute(f"GRANT {masked} TO app".encode() if masked != "app" else b"SELECT")
            with side(target(url, "staging")) as opened:
                (gap,) = opened.reader.survey.gaps
            assert "masked" in gap.reason
            admin.execute(b"DELETE FROM pg_shseclabel")
        with side(target(url, "staging")) as opened:
            assert not opened.reader.survey.gaps


def test_a_key_that_was_never_validated_refers_to_nothing_that_is_read(world: World) -> None:
    """NOT VALID lets values stand that no other table has."""
    kept = """
CREATE TABLE orders (mail text); INSERT INTO orders SELECT mail || '.uk' FROM people;
ALTER TABLE people ADD PRIMARY KEY (mail);
ALTER TABLE orders ADD FOREIGN KEY (mail) REFERENCES people NOT VALID;
GRANT SELECT ON orders TO app;
"""
    with side(target(filled(world, world.production, PEOPLE + kept))) as opened:
        names = {place.name for place in opened.reader.survey.places}
    assert names == {"public.people.mail", "public.orders.mail"}


MEMBERS = """
CREATE TABLE members (id bigserial PRIMARY KEY, mail text, name text, street text, town text, born date);
INSERT INTO members (mail, name, street, town, born)
SELECT '{0}' || n || '@corp.test', 'Name ' || (hashint4(n) & 65535) % 300,
       'Street ' || (hashint4(-n) & 65535) % 451, '{0} ' || (hashint8(n) >> 8 & 65535) % 200,
       date '1950-01-01' + (hashint4(n + 10000) & 65535) % 899 FROM generate_series(1, 2000) n;
CREATE TABLE shops (mail text, town text, code text, region text);
INSERT INTO shops SELECT '{0}' || n || '@shop.test', 'Town ' || n % 900, 'code ' || n % 900,
       'Region ' || n % 90 FROM generate_series(1, 1500) n;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO app;
"""
MASKED = (
    "DELETE FROM members WHERE id % 25 <> 0; UPDATE members SET mail = 'masked' || id || '@example.test';"
)


@pytest.mark.parametrize("copied", [True, False])
def test_a_part_of_a_copy_whose_addresses_were_masked_is_found(world: World, copied: bool) -> None:
    """A twenty-fifth of the people: too few to be seen by their streets, and each is known by all together.

    Towns with their codes are in everybody's database, and go together in all of them.
    """
    staging = MEMBERS.format("production") + MASKED if copied else MEMBERS.format("staging")
    staging += "UPDATE shops SET mail = 'other' || ctid::text || '@shop.test';"
    urls = [filled(world, world.production, MEMBERS.format("production"))]
    urls.append(filled(world, world.staging, staging))
    for server in (world.production, world.staging):
        with server.admin("passed") as admin:
            admin.execute(b"SELECT pg_stat_force_next_flush()")
            admin.execute(b"ANALYZE")
    found = compared(*urls)
    together = "public.members (born, name, street, town)"
    leaks = {(hit.production, hit.values) for hit in found.shared if hit.identifying}
    assert leaks == ({(together, 80)} if copied else set())
    assert together in {place.name for place in found.looked}
    assert not [hit for hit in found.shared if "shops (" in hit.production]


def test_a_large_catalogue_is_read_without_a_temporary_file(world: World) -> None:
    """Whatever little memory a role has: production's disk is not written to."""
    columns = ", ".join(f"column_number_{n} text" for n in range(60))
    each = f"EXECUTE format('CREATE TABLE t%s ({columns})', n);"
    many = f"DO $$ BEGIN FOR n IN 1..60 LOOP {each} END LOOP; END $$;"
    url = filled(
        world, world.production, PEOPLE + many + "GRANT SELECT ON ALL TABLES IN SCHEMA public TO app;"
    )
    with world.production.admin("passed") as admin:
        admin.execute(b"ALTER ROLE app SET work_mem TO '64kB'")
        before = admin.execute(TEMPORARY).fetchone()
        try:
            with side(target(url)) as opened:
                assert len(opened.reader.survey.places) > 3_000
        finally:
            admin.execute(b"ALTER ROLE app RESET work_mem")
        time.sleep(0.2)  # a session that ends tells what it took
        assert admin.execute(TEMPORARY).fetchone() == before == (0,)


TEMPORARY = b"SELECT temp_files FROM pg_stat_database WHERE datname = 'passed'"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("jsonb[]", "ARRAY[jsonb_build_object('who', 'person ' || n), '{}']"),
        ("json[]", "ARRAY[json_build_object('who', 'person ' || n)]"),
        ("citext[]", "ARRAY[('Person ' || n || '@real.example')::citext]"),
        ("name[]", "ARRAY[('person ' || n || ' of many')::name]"),
        ("bytea[]", "ARRAY[convert_to('person ' || n || ' of many', 'UTF8')]"),
    ],
)
def test_an_array_of_documents_or_octets_is_compared(world: World, kind: str, value: str) -> None:
    """It was called a type that nobody can compare, and its table said nothing."""
    made = f"CREATE TABLE bags (held) AS SELECT ({value})::{kind} FROM generate_series(1, 12000) n"  # noqa: S608 (constants)
    for server in (world.production, world.staging):
        with server.admin("shop") as admin:
            admin.execute(b"CREATE EXTENSION IF NOT EXISTS citext")
            admin.execute(f"{made}; GRANT SELECT ON bags TO app".encode())
    try:
        found = shared(compared(world.url(world.production), world.url(world.staging)))
    finally:
        for server in (world.production, world.staging):
            with server.admin("shop") as admin:
                admin.execute(b"DROP TABLE bags; DROP EXTENSION citext")
    values, confirmed = found["public.bags.held", "public.bags.held"]
    assert values == 12_000
    assert confirmed
