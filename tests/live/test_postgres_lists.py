"""What both sides have filled from one list is nobody's row; what nobody else has is found all the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from census_world import compared, side
from postgres_world import TAKEN_AT, World, build, target, visit

from disjoint.demo.servers.postgres import PostgresServer
from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.postgres.facts import PostgresDeclared
from disjoint.kinds.postgres.rules import RULES
from disjoint.model.census import Overlap
from disjoint.model.fact import Known
from disjoint.model.finding import Judgement, Outcome
from disjoint.model.kind import Question, Side

pytestmark = pytest.mark.live
SHARED, UNPROVEN, ISOLATED = Outcome.SHARED, Outcome.UNPROVEN, Outcome.ISOLATED

TOWNS = """
CREATE TABLE places AS SELECT 'Town ' || k % 1100 AS city, 'P' || k * 7919 % 100000 AS postcode,
  'Region ' || k % 40 AS region, k * 11 % 1500 / 16.0 AS height
FROM (SELECT (hashint4(n + {0}) & 65535) % 1500 AS k FROM generate_series(1, 3000) n) s;
"""
"""Drawn by each side's own dice from one list of 1,500."""
LIST = """
CREATE TABLE towns AS SELECT 'Town ' || k AS city, 'P' || k * 7919 % 100000 AS postcode,
  'Region ' || k % 40 AS region, 'prefix ' || k % 700 AS prefix,
  45 + (hashint4(k) & 1048575) / 1e5 AS latitude, 5 + (hashint4(-k) & 1048575) / 1e5 AS longitude
FROM generate_series(1, 3000) k;
"""
CALENDAR = """
CREATE TABLE days AS SELECT d::date AS day, trim(to_char(d, 'Day')) AS weekday, to_char(d, 'Month') AS month,
  extract(week FROM d)::int AS week, extract(doy FROM d)::int AS doy, extract(year FROM d)::int AS year
FROM generate_series(date '2015-01-01', date '2026-12-31', interval '1 day') d;
"""
PRODUCTS = """
CREATE TABLE products AS SELECT 'Product ' || k AS name, 'SKU-' || k AS sku,
  (hashint4(k) & 1023) + 0.99 AS price, 'plan ' || k % 5 AS plan FROM generate_series(1, 2000) k;
"""
SERIES = """
CREATE TABLE series AS SELECT n, 'label ' || n AS label, n * 10 AS tens FROM generate_series(1, 2000) n;
"""
PEOPLE = """
CREATE TABLE people AS SELECT 'First' || (hashtext('f{0}' || n) & 65535) % 200 AS first,
  'Last' || (hashtext('l{0}' || n) & 65535) % 1500 AS last,
  'Town ' || (hashtext('t{0}' || n) & 65535) % 300 AS town,
  date '1950-01-01' + (hashtext('b{0}' || n) & 65535) % 18000 AS born FROM generate_series(1, 3000) n;
"""
READINGS = """
CREATE TABLE readings AS SELECT 'sensor ' || n % 90 AS sensor, 'mast ' || n * 7 % 400 AS mast,
  timestamptz '2026-01-01' + n * interval '7.3 s' AS at, hashtext('{0}' || n) / 7e3 AS value
FROM generate_series(1, 12000) n;
"""
"""Each at a moment of its own: nothing that repeats tells them apart, and there are many."""
KEYED = "ALTER TABLE name ADD token text; UPDATE name SET token = md5('{0}' || ctid::text);"
OTHERS = """
CREATE TABLE people_here AS SELECT '{0}' || n || '@{0}.test' AS mail FROM generate_series(1, 40) n;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO app;
"""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with Supervisor() as running:
        yield build(running)


def filled(world: World, server: PostgresServer, content: str) -> str:
    """A fresh database with that content and addresses of its own, counted; its URL."""
    with server.admin() as admin:
        admin.execute(b"DROP DATABASE IF EXISTS listed WITH (FORCE)")
        admin.execute(b"CREATE DATABASE listed")
    with server.admin("listed") as admin:
        admin.execute((content + OTHERS.format(server.name)).encode())
        admin.execute(b"SELECT pg_stat_force_next_flush()")
        admin.execute(b"ANALYZE")
    return world.url(server, database="listed")


def judge(found: Overlap, *urls: str) -> Judgement:
    (rule,) = (rule for rule in RULES if rule.id == "postgres/production-rows")
    production, staging = (
        Side(name, name == "production", TAKEN_AT, visit(target(url, name))[0])
        for name, url in zip(("production", "staging"), urls, strict=True)
    )
    declared = PostgresDeclared(url="$DATABASE_URL")
    return rule.judge(Question(production, staging, declared, {"census": Known(found)}))


@pytest.mark.parametrize(
    ("theirs", "ours", "outcome"),
    [
        pytest.param(TOWNS.format(0), TOWNS.format(50_000), UNPROVEN, id="drawn from one list"),
        pytest.param(LIST, LIST, UNPROVEN, id="one list"),
        pytest.param(CALENDAR, CALENDAR, UNPROVEN, id="calendar"),
        pytest.param(PRODUCTS, PRODUCTS, UNPROVEN, id="catalogue"),
        pytest.param(SERIES, SERIES, UNPROVEN, id="series"),
        pytest.param(PEOPLE.format(0), PEOPLE.format(0), SHARED, id="people copied"),
        pytest.param(PEOPLE.format(0), PEOPLE.format(50_000), ISOLATED, id="people apart"),
        pytest.param(READINGS.format(0), READINGS.format(0), SHARED, id="readings copied"),
        pytest.param(READINGS.format(0), READINGS.format(50_000), ISOLATED, id="readings apart"),
    ],
)
def test_a_table_without_an_identifying_column(
    world: World, theirs: str, ours: str, outcome: Outcome
) -> None:
    """A list accuses nobody, and leaves nothing unasked: what is alike everywhere is declared."""
    urls = filled(world, world.production, theirs), filled(world, world.staging, ours)
    found = compared(*urls)
    judged = judge(found, *urls)
    assert judged.outcome is outcome
    assert any(place.name.endswith(")") for place in found.looked)
    if outcome is not ISOLATED:
        assert "calendars, exchange rates" in judged.remedy
        assert "reference" in judged.remedy


@pytest.mark.parametrize(("own", "outcome"), [(LIST, UNPROVEN), (PEOPLE.format(0), SHARED)])
def test_a_list_beside_a_column_that_identifies(world: World, own: str, outcome: Outcome) -> None:
    """Each side has keys of its own for the same towns; and masked addresses for the same people."""
    name = "towns" if "towns" in own else "people"
    keyed = own + KEYED.replace("name", name)
    urls = [
        filled(world, server, keyed.replace("{0}", server.name))
        for server in (world.production, world.staging)
    ]
    found = compared(*urls)
    assert f"public.{name}.token" in {place.name for place in found.looked if place.identifying}
    assert judge(found, *urls).outcome is outcome


def test_a_look_that_a_lock_kept_from_accuses_nobody(world: World) -> None:
    """Statistics are there, and rows are not: what is found is an open question."""
    url = filled(world, world.production, PEOPLE.format(0))
    with world.production.admin("listed") as admin:
        admin.execute(b"BEGIN; LOCK TABLE people IN ACCESS EXCLUSIVE MODE")
        with side(target(url)) as opened:
            places = {place.name: place for place in opened.reader.survey.places}
    together = places["public.people (born, first, last, town)"]
    assert (together.identifying, "could not be looked at" in together.why) == (False, True)
