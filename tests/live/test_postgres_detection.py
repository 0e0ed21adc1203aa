"""Samples that PostgreSQL itself draws hold a leak as often as is stated: a thousand of each size."""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterator

import pytest
from postgres_world import World, build
from psycopg import sql

from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.postgres.digesting import kept
from disjoint.model.census import Method, Sieve
from disjoint.overlap.bound import found, missed

pytestmark = pytest.mark.live
SIZES = (1, 10, 100, 439, 1_000, 10_000)
LEAKS = 1_000
DEVIATIONS = 4.5
"""By chance further off once in 150,000 figures."""
FIRST = "SELECT min(n) FROM copied WHERE {}"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with Supervisor() as running:
        made = build(running)
        with made.staging.admin("shop") as admin:
            admin.execute(
                b"CREATE TABLE copied AS SELECT n, 'user-' || n || '@example.test' AS mail "
                b"FROM generate_series(1, 10000) n"
            )
        yield made


@pytest.mark.parametrize("one_in", [64, 128])
def test_a_thousand_leaks_of_each_size_are_found_as_often_as_is_stated(world: World, one_in: int) -> None:
    """Alike addresses, counted up, under a fresh seed each time: the first so many of them are the leak."""
    firsts = []
    with world.staging.admin("shop") as admin:
        for _ in range(LEAKS):
            seed = int.from_bytes(secrets.token_bytes(8), "big", signed=True)
            sieve = Sieve(Method.HASH, seed, 0, bytes(16), one_in, fold=False)
            statement = sql.SQL(FIRST).format(kept(sql.Identifier("mail"), sieve))
            ((first,),) = admin.execute(statement).fetchall()
            firsts.append(first if isinstance(first, int) else max(SIZES) + 1)
    for copied in SIZES:
        rate, stated = sum(first <= copied for first in firsts) / LEAKS, found(one_in, copied)
        assert abs(rate - stated) <= DEVIATIONS * math.sqrt(stated * (1 - stated) / LEAKS) + 1 / LEAKS, copied
        if copied >= missed(one_in, 0.999):
            assert rate >= 0.999 - DEVIATIONS * math.sqrt(0.999 * 0.001 / LEAKS), copied
