"""Tables of more columns than a server's one answer has: read in pieces, and every piece has its control."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from census_world import sides
from postgres_world import World, build
from test_postgres_census import fresh_database

from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.postgres.ways import batch
from disjoint.model.census import Detection, Method, Sieve, Strength, Terms
from disjoint.overlap import bound
from disjoint.overlap.engine import Sides, census

pytestmark = pytest.mark.live
COLUMNS, ROWS = 1_250, 400


def filled(side: str, copied: int = -1) -> str:
    """A row in ten has a value in each column; in one of them, under staging's name, it is production's."""
    texts = (
        f"CASE WHEN (n + {17 if at == copied else at}) % 10 = 0 THEN "
        f"substr(md5('{'production 17' if at == copied else f'{side} {at}'} ' || n), 1, 20) END"
        for at in range(COLUMNS)
    )
    columns = ", ".join(f"c{at} text" for at in range(COLUMNS))
    made = f"{', '.join(texts)} FROM generate_series(1, {ROWS}) n"
    return f"CREATE TABLE wide ({columns}); INSERT INTO wide SELECT {made}; GRANT SELECT ON wide TO app;"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with Supervisor() as running:
        made = build(running)
        fresh_database(made.production, "wide", filled("production"))
        fresh_database(made.staging, "wide", filled("staging", copied=940))
        yield made


@pytest.mark.parametrize(
    ("careful", "strength"),
    [
        pytest.param(True, Strength.EXACT, id="cursor, exact"),
        pytest.param(True, Strength.SAMPLED, id="cursor, sampled", marks=pytest.mark.long),
        pytest.param(False, Strength.EXACT, id="ranges, exact"),
        pytest.param(False, Strength.SAMPLED, id="ranges, sampled", marks=pytest.mark.long),
    ],
)
def test_a_column_among_more_than_a_server_answers_with_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch, careful: bool, strength: Strength
) -> None:
    """Each place has its control, that of the 1,250 columns together, of which staging has none, as well."""
    monkeypatch.setattr(bound, "SMALL", 0)  # or a sample of so few would be all of them
    urls = (world.url(server, database="wide") for server in (world.production, world.staging))
    terms = Terms(strength, Detection(10, 0.999), 60)
    with sides(*urls, careful=careful, cache_pressure=not careful) as (there, here):
        found = census(Sides(there.reader, here.reader, ("production", "staging")), terms)
    assert {(hit.production, hit.staging, hit.values, hit.confirmed) for hit in found.shared} == {
        ("public.wide.c17", "public.wide.c940", 40, 40)
    }
    assert not found.gaps
    assert not found.blind
    for side in (found.production, found.staging):
        assert (side.places, side.rows) == (COLUMNS + 1, ROWS)
    assert any(place.name.startswith("public.wide (c0, c1, ") for place in found.looked)


def test_an_answer_has_fewer_rows_where_they_are_wide() -> None:
    """A million values of it, whatever a sample would bring of so many rows."""
    for kept in (1, 64):
        sieve = Sieve(Method.HASH, 0, 0, b"", kept, fold=False)
        assert batch(COLUMNS, sieve) * COLUMNS <= 1 << 20
        assert batch(4, sieve) == 65_536 * (4 if kept > 1 else 1) // kept
