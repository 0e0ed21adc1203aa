"""What a few values say: an address is somebody's, a setting's name is not; no message is passed over."""

from __future__ import annotations

import timeit
from collections.abc import Iterator
from typing import Any, LiteralString

import pytest
from census_world import compared
from postgres_world import World, build
from psycopg import sql

from disjoint.demo.servers.postgres import PostgresServer
from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.postgres import queries
from disjoint.model.census import Overlap

pytestmark = pytest.mark.live

FEW = """
CREATE TABLE people (id serial, mail text, city text);
INSERT INTO people (mail, city)
SELECT '{side}' || n || '@example.test', 'City ' || n % 9 FROM generate_series(1, 300) n;
CREATE TABLE settings (key text PRIMARY KEY, value text);
INSERT INTO settings SELECT 'feature.number.' || n, 'enabled by default' FROM generate_series(1, 40) n;
CREATE TABLE sessions (id serial, token text);
INSERT INTO sessions (token) SELECT md5('{side}' || n) FROM generate_series(1, 200) n;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO app;
"""
COPIED = "INSERT INTO people (mail) VALUES ('production7@example.test');"
MESSAGES = """
CREATE TABLE messages (id serial, body text);
INSERT INTO messages (body) SELECT string_agg(md5(n::text || m::text), '') FROM generate_series(1, 20) n,
  generate_series(1, 90) m GROUP BY n;
GRANT SELECT ON messages TO app;
"""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with Supervisor() as running:
        yield build(running)


def filled(world: World, server: PostgresServer, name: str, sql: str) -> str:
    """A database of that name with that content, never analysed; its URL."""
    with server.admin() as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name}".encode())
        admin.execute(f"CREATE DATABASE {name}".encode())
    with server.admin(name) as admin:
        admin.execute(sql.encode())
    return world.url(server, database=name)


def came(world: World, production: str = "", staging: str = "", **declared: Any) -> Overlap:
    there = filled(world, world.production, "few", FEW.format(side="production") + production)
    here = filled(world, world.staging, "few", FEW.format(side="staging") + staging)
    return compared(there, here, **declared)


def test_few_addresses_and_tokens_are_somebodys(world: World) -> None:
    """In a table of three hundred that was never analysed one copied address is a leak."""
    found = came(world, staging=COPIED)
    leaks = {(hit.production, hit.values) for hit in found.shared if hit.identifying}
    assert leaks == {("public.people.mail", 1)}
    assert set(found.weak) & {"public.people.mail", "public.sessions.token"} == set()


def test_names_of_settings_are_an_open_question(world: World) -> None:
    """Every fresh database has them: no leak, and no proof either until people say so."""
    (hit,) = came(world).shared
    assert (hit.production, hit.values, hit.identifying, hit.alone) == (
        "public.settings.key",
        40,
        False,
        True,
    )
    assert not came(world, reference=("settings",)).shared


BROUGHT = """
CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY, checksum varchar(64), name text);
INSERT INTO _prisma_migrations
SELECT gen_random_uuid()::text, encode(sha256(n::text::bytea), 'hex'), 'migration ' || n
FROM generate_series(1, 12) n;
CREATE TABLE roles (id uuid PRIMARY KEY, name text);
INSERT INTO roles VALUES ('00000000-0000-0000-0000-000000000001', 'admin'),
  ('11111111-1111-4111-8111-111111111111', 'guest'), (md5('a')::uuid, 'user');
CREATE TABLE countries (id serial PRIMARY KEY, iso text, name text, capital text, currency text);
INSERT INTO countries (iso, name, capital, currency)
SELECT 'i' || n, 'Country ' || n, 'Capital ' || n, 'cur' || n % 150 FROM generate_series(1, 250) n;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO app;
"""


def test_what_migrations_bring_is_no_leak(world: World) -> None:
    """Checksums, written keys and countries: an open question each, and nobody's row."""
    found = came(world, BROUGHT, BROUGHT)
    assert not [hit for hit in found.shared if hit.identifying]
    assert {"public._prisma_migrations.checksum", "public.roles.id"} <= {h.production for h in found.shared}


def test_a_copy_whose_addresses_were_masked_is_an_open_question(world: World) -> None:
    """Its telephone numbers were not: nothing else tells of those rows any more."""
    people = """
CREATE TABLE members (id serial, mail text, phone text);
INSERT INTO members (mail, phone) SELECT '{0}' || n || '@corp.test', '+49170' || (n * 7919 + 1000000)
FROM generate_series(1, 500) n;
GRANT SELECT ON members TO app;
"""
    (hit,) = (
        h for h in came(world, people.format("p"), people.format("s")).shared if "members" in h.production
    )
    assert (hit.production, hit.values, hit.identifying, hit.alone) == (
        "public.members.phone",
        500,
        False,
        True,
    )


def test_a_column_without_a_grant_is_a_gap(world: World) -> None:
    """No statistics of it are shown: it is not left out as if it had few values."""
    hidden = "REVOKE ALL ON people FROM app; GRANT SELECT (id, city) ON people TO app;"
    places = {gap.place for gap in came(world, production=hidden).gaps}
    assert places == {"production: public.people.mail"}


def test_what_only_wide_values_tell_of_is_a_gap(world: World) -> None:
    """They lie beside their table, where reading them would be felt."""
    (gap,) = came(world, production=MESSAGES).gaps
    assert gap.place == "production: public.messages.body"
    assert not came(world, production=MESSAGES, reference=("messages",)).gaps


@pytest.mark.parametrize(
    ("text", "formed"),
    [
        ("anna@example.test", True),
        ("a@b.c", True),
        ("@example.test", False),
        ("anna@example", False),
        ("anna @example.test", False),
        ("anna@b@c.test", False),
        ("0123456789abcde-", True),
        ("0123456789ABCDEF", True),
        ("0123456789abcde", False),
        ("0123456789012345", False),
        ("0123456789abcdeg", False),
        ("Zx9_+/=Zx9_+/=Zx9_+/", True),
        ("Zx9_+/=Zx9_+/=Zx9_+", False),
        ("ZxY_+/=ZxY_+/=ZxY_+/", False),
        ("999_+/=999_+/=999_+/", False),
        ("Zx9_+/=Zx9_+/=Zx9_+.", False),
        ("0123456789abcdef\nabcdef", False),
        ("0123456789abcdefß", False),
        ("", False),
    ],
)
def test_forms_that_nobody_counts_up_to(world: World, text: str, formed: bool) -> None:
    """An address; sixteen hex digits with a letter; twenty letters and digits in one word."""
    with world.staging.admin("shop") as admin:
        found = sql.SQL("SELECT {} FROM (VALUES ({}), (NULL)) s (v)").format(
            sql.SQL(queries.SHAPED).format(sql.Identifier("v")), sql.Literal(text)
        )
        assert admin.execute(found).fetchone() == (int(formed), 1)


@pytest.mark.parametrize("words", ["md5(n::text) || 'x'", "'v' || n % 5"])
def test_to_look_for_forms_costs_half_of_what_looking_ahead_costs(world: World, words: LiteralString) -> None:
    """Ten thousand rows of each table are looked at on production."""
    asked = sql.SQL("SELECT {} FROM words")
    with world.staging.admin("shop") as admin:
        admin.execute("DROP TABLE IF EXISTS words")
        made = "CREATE TEMPORARY TABLE words AS SELECT {} AS v FROM generate_series(1, 10000) n"
        admin.execute(sql.SQL(made).format(sql.SQL(words)))

        def seconds(form: LiteralString) -> float:
            """Of the fastest of ten."""
            statement = asked.format(sql.SQL(form).format(sql.Identifier("v")))
            return min(timeit.repeat(lambda: admin.execute(statement).fetchall(), number=1, repeat=10))

        assert seconds(queries.SHAPED) < 0.5 * seconds(AHEAD)


AHEAD: LiteralString = """
count(*) FILTER (WHERE {0} ~ '^(?=.*[a-fA-F])[0-9a-fA-F-]{{16,}}$'
                 OR {0} ~ '^(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9_+/=]{{20,}}$'), count({0})"""
