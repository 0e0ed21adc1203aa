"""What a holder of a file learns: a million guesses against what goes up, and against what goes down.

docs/census.md has the table; `pytest -s` prints the rates of this machine.
"""

from __future__ import annotations

import hmac
import io
import time
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from psycopg import sql
from test_directions import Sides
from test_directions_rows import Rows, _own_state, rows, sealed

from disjoint.certify import envelope
from disjoint.model.census import WHOLE, Sieve
from disjoint.overlap.digester import KEY
from disjoint.overlap.file import File

__all__ = ["_own_state", "rows"]
pytestmark = pytest.mark.live
GUESSES = 1_000_000
HELD = 500
RANDOM_KEY = bytes(range(100, 116))
TRIED = """
SELECT pg_catalog.string_agg(pg_catalog.int8send(pg_catalog.hashtextextended(t COLLATE "C", {seed}))
  || pg_catalog.int8send(pg_catalog.hashtextextended(t COLLATE "C", {second})), ''::bytea)
FROM (SELECT 'p' || n || {mail} AS t FROM pg_catalog.generate_series(1, {guesses}) n) g
"""


def told(what: str, found: int, guesses: int, seconds: float) -> None:
    print(f"{what}: {found} of {HELD} in {guesses:,} guesses, {guesses / seconds / 1e6:.2f} M/s")


def held(file: File, place: str) -> tuple[Sieve, set[bytes]]:
    """A file's own sieve, and all digests of one place: what anybody reads in it, without any key."""
    filed = file.resources()["database"]
    reader = file.reader(filed)
    sieve = filed.section.sieve
    number = next(n for n, p in enumerate(reader.survey.places) if p.name == place)
    packed = [
        portion.packed
        for task in reader.tasks(sieve)
        for portion in reader.read(task, sieve)
        if portion.place == number
    ]
    return sieve, {*_cut(b"".join(packed))} - {sieve.planted.digest}


def _cut(octets: bytes) -> Iterator[bytes]:
    return (octets[at : at + WHOLE] for at in range(0, len(octets), WHOLE))


def keyed(guesses: Iterable[bytes], key: bytes, wanted: set[bytes]) -> int:
    return sum(hmac.digest(key, guess, "sha256")[:WHOLE] in wanted for guess in guesses)


def addresses() -> Iterator[bytes]:
    return (f"p{n}@production.people".encode() for n in range(1, GUESSES + 1))


def test_what_goes_up_is_as_sensitive_as_its_rows(rows: Rows, tmp_path: Path) -> None:
    """The seed stands in the file, so that whatever in it can be guessed falls."""
    apart = Sides(rows.world, tmp_path / "sides")
    with File.open(apart.take()) as file:
        sieve, wanted = held(file, "public.people.email")
    assert len(wanted) == HELD
    statement = sql.SQL(TRIED).format(
        seed=sql.Literal(sieve.seed),
        second=sql.Literal(sieve.second),
        mail=sql.Literal("@staging.people"),
        guesses=sql.Literal(GUESSES),
    )
    with rows.world.stack.staging.postgres.admin() as anybodys:
        started = time.monotonic()
        ((octets,),) = anybodys.execute(statement).fetchall()
        assert isinstance(octets, bytes)
        found = len(wanted & {*_cut(octets)})
    told("up, file alone, addresses", found, GUESSES, time.monotonic() - started)
    assert found == HELD


def opened(path: Path, reader: bytes, plain: Path) -> bytes:
    """A sealed file's digests as a file, and their key."""
    secret, frames = envelope.opened(io.BytesIO(path.read_bytes()), reader, KEY, "p.census")
    plain.write_bytes(b"".join(frames))
    return secret


@pytest.mark.long
def test_what_goes_down_tells_nothing_without_its_key(rows: Rows, tmp_path: Path) -> None:
    """A million addresses under other keys: not one, even where they are in it and it was decrypted."""
    apart = Sides(rows.world, tmp_path / "sides")
    path, reader = sealed(apart, tmp_path, guessable=True)
    secret = opened(path, reader, tmp_path / "plain")
    assert not [
        value
        for row in rows.all("production")
        for value in row[:2]
        if str(value).encode() in path.read_bytes()
    ]
    assert secret not in (tmp_path / "plain").read_bytes()
    with File.open(tmp_path / "plain") as file:
        sieve, wanted = held(file, "public.people.email")
    assert len(wanted) == HELD
    started = time.monotonic()
    found = keyed(addresses(), sieve.salt, wanted) + keyed(addresses(), RANDOM_KEY, wanted)
    told("down, no key, addresses", found, 2 * GUESSES, time.monotonic() - started)
    assert found == 0


@pytest.mark.long
def test_its_reader_may_guess_what_was_sent_with_leave(rows: Rows, tmp_path: Path) -> None:
    """With leave its reader finds every address; without it none is there, and no ticket falls."""
    apart = Sides(rows.world, tmp_path / "sides")
    secret = opened(*sealed(apart, tmp_path, guessable=True), tmp_path / "plain")
    with File.open(tmp_path / "plain") as file:
        _, wanted = held(file, "public.people.email")
    started = time.monotonic()
    found = keyed(addresses(), secret, wanted)
    told("down, reader's key, addresses, with leave", found, GUESSES, time.monotonic() - started)
    assert found == HELD
    secret = opened(*sealed(apart, tmp_path), tmp_path / "plain")
    with File.open(tmp_path / "plain") as file:
        assert held(file, "public.people.email")[1] == set()
        _, tickets = held(file, "public.people.ticket")
    assert len(tickets) == HELD
    started = time.monotonic()
    found = keyed((str(uuid.uuid4()).encode() for _ in range(GUESSES)), secret, tickets)
    told("down, reader's key, random UUIDs", found, GUESSES, time.monotonic() - started)
    assert found == 0
