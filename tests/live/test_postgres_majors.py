"""PostgreSQL 14 to 18 make the same digests of the same rows: of each type, by each method, in each way."""

from __future__ import annotations

import dataclasses
from contextlib import ExitStack

import debian_postgres
import postgres_majors
import pytest
from census_world import Opened, compared, digests, everything, shared, side, sieve_for
from debian_postgres import DebianServer
from postgres_world import World, build, target
from test_postgres_census import COMPARED, FILL, KINDS, TOGETHER, fresh_database

from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.postgres.digesting import HASH_ANSWER
from disjoint.model.census import HALF, WHOLE, Method, Sieve

pytestmark = [pytest.mark.live, pytest.mark.long]
MAJORS = (14, 15, 16, 17)
"""Beside 18, which the demo's own wheel is."""
SETTINGS = ("TimeZone TO 'America/Caracas'", "DateStyle TO 'German'", "extra_float_digits TO -3")
CASELESS = """
CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
ALTER TABLE collated ALTER word TYPE text COLLATE caseless;
"""
"""By which one hash stands for many spellings; the wheel's build knows no such collation."""
COLLATED = """
CREATE TABLE collated (word text);
INSERT INTO collated SELECT 'Wörd-' || n || '-ẞ@x.test' FROM generate_series(1, 300) n;
GRANT SELECT ON collated TO app;
"""
MORE = """
CREATE TABLE more (id bigserial PRIMARY KEY, note json, notes jsonb, words text[], names varchar(40)[],
                   keys uuid[]);
INSERT INTO more (note, notes, words, names, keys)
SELECT format('{"b": %s,  "a": 1.50}', n)::json, format('{"b": %s,  "a": 1.50}', n)::jsonb,
       ARRAY['a "quoted" ' || n, NULL, '', 'Ünï, {}'], ARRAY['name ' || n], ARRAY[md5(n::text)::uuid]
FROM generate_series(1, 300) n;
CREATE TABLE measured (id bigserial PRIMARY KEY, label text, small float4, counted int, big bigint,
                       moment timestamp, price numeric, ratio float8, day date);
INSERT INTO measured (label, small, counted, big, moment, price, ratio, day)
SELECT 'label ' || n % 70, (n % 300) / 7.0, n % 400, 10000000000 * (n % 500),
       '2026-01-01'::timestamp + n % 600 * interval '1.25 s', (n % 400)::numeric / 80, (n % 500) / 3.0,
       '0044-03-15 BC'::date + n % 300 FROM generate_series(1, 1400) n;
GRANT SELECT ON more, measured TO app;
"""
READINGS = TOGETHER.format(first=1)
ROWS = KINDS + FILL + READINGS + MORE + COLLATED


@pytest.fixture(scope="module")
def world(supervisor: Supervisor) -> World:
    world = build(supervisor)
    fresh_database(world.production, "kinds", ROWS)
    return world


@pytest.fixture(scope="module", params=MAJORS)
def older(request: pytest.FixtureRequest, supervisor: Supervisor, world: World) -> DebianServer:
    """A server of one major, whose role is set to show its values otherwise."""
    server = debian_postgres.start(supervisor, postgres_majors.programs(request.param, supervisor))
    with server.admin() as admin:
        ((number,),) = admin.execute(b"SELECT current_setting('server_version_num')::int").fetchall()
        assert int(str(number)) // 10_000 == request.param, "another major than was asked for"
        admin.execute(f"CREATE ROLE app LOGIN PASSWORD '{world.password}'".encode())
        for setting in SETTINGS:
            admin.execute(f"ALTER ROLE app SET {setting}".encode())
    fresh_database(server, "kinds", ROWS + CASELESS)
    return server


def test_every_way_makes_the_same_digests(world: World, older: DebianServer) -> None:
    """Octet for octet, of every column and of several together; each server gives the known answers."""
    newest, url = world.url(world.production, database="kinds"), older.url("app", world.password, "kinds")
    ways = [(newest, False), (url, False), (url, True)]
    with ExitStack() as stack:
        asked = stack.enter_context(side(target(newest))).reader
        opened = [stack.enter_context(side(target(u, "staging"), careful=careful)) for u, careful in ways]
        for each in opened:
            each.reader.narrow(asked.survey)
            header = each.reader.survey.header
            assert dict(header.known)[Method.HASH.value] == HASH_ANSWER
            assert header.known == asked.survey.header.known
            assert header.methods == (Method.HASH, Method.SHA256)
        for method in (Method.HASH, Method.SHA256):
            for one_in, fold, width in ((1, False, WHOLE), (1, True, HALF), (8, False, HALF)):
                drawn = dataclasses.replace(sieve_for(asked, fold=fold), method=method, width=width)
                sieve = dataclasses.replace(drawn, one_in=one_in)
                found = [_digested(each, sieve) for each in opened]
                assert found[1:] == [found[0]] * 2
                assert {*PLACES, *OTHERS} <= found[0].keys()
                assert all(len(found[0][name]) > 20 for name in (*PLACES, *OTHERS)), (method, one_in, fold)


def _digested(opened: Opened, sieve: Sieve) -> dict[str, list[bytes]]:
    read = everything(opened.reader, sieve)
    return {name: sorted(digests(portions, sieve.width)) for name, portions in read.items()}


SEVERAL = {
    "public.readings (at, on_day, price, sensor, value)": 1401,
    "public.measured (big, counted, day, label, moment, price, ratio, small)": 1400,
}
PLACES = (*(f"kinds.all_of_them.{column}" for column in COMPARED), "public.collated.word", *SEVERAL)
OTHERS = (
    "kinds.all_of_them.document",
    *(f"public.more.{column}" for column in ("note", "notes", "words", "names", "keys")),
)
"""What production looks for only where it is named."""


def test_a_census_finds_every_row(world: World, older: DebianServer) -> None:
    """Of the newest major's database in an older one's."""
    production = world.url(world.production, database="kinds")
    for careful in (True, False):
        found = compared(production, older.url("app", world.password, "kinds"), careful=careful)
        assert not found.blind
        assert not found.gaps
        hits = shared(found)
        assert {name: hits[name, name][0] for name in PLACES} == {**dict.fromkeys(PLACES, 300), **SEVERAL}
