"""Digests under a key are HMAC-SHA256 as everybody makes it, one at a time and many at once."""

from __future__ import annotations

import hmac
import sys
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disjoint.model.census import HALF, WHOLE, Method, Sieve
from disjoint.model.probe import ProbeError
from disjoint.overlap import digester as digesters
from disjoint.overlap.digester import KEY, alongside, at_once, digester, drawn, many, narrowed
from disjoint.overlap.hashed import packed

KEYS = st.one_of(st.binary(min_size=16, max_size=16), st.builds(drawn))
VALUES = st.lists(st.binary(max_size=200), max_size=20)


def expected(key: bytes, values: Sequence[bytes], width: int = WHOLE) -> bytes:
    return b"".join(hmac.digest(key, value, "sha256")[:width] for value in values)


@pytest.fixture
def afresh() -> Iterator[None]:
    """What was found out about a library is forgotten."""
    at_once.cache_clear()
    yield
    at_once.cache_clear()


@given(KEYS, VALUES)
def test_a_digest_is_the_first_half_of_the_standards(key: bytes, values: list[bytes]) -> None:
    made = digester(key)
    assert b"".join(map(made, values)) == expected(key, values)


@given(KEYS, VALUES)
def test_many_at_once_are_the_same(key: bytes, values: list[bytes]) -> None:
    assert many(key)(values) == expected(key, values)


def test_polars_hash_is_used_where_it_is() -> None:
    """It is installed wherever these tests run in earnest; without it the one before says nothing of it."""
    pytest.importorskip("polars_hash", reason="pip install 'disjoint[fast]'")
    assert at_once()


def test_a_library_that_panics_breaks_the_reading_aloud(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its error is no Exception: a thread that reads a range would be gone, and the range passed over."""
    pl = pytest.importorskip("polars", reason="pip install 'disjoint[fast]'")
    made = digesters._vectorised(drawn().decode())

    def panic(*_: object, **__: object) -> NoReturn:
        raise pl.exceptions.PanicException("secret")

    monkeypatch.setattr(pl, "Series", panic)
    with pytest.raises(RuntimeError, match=r"\Apolars gave up\Z"):
        made([b"x"])


def test_a_key_is_128_random_bits_that_are_a_text() -> None:
    keys = {drawn() for _ in range(50)}
    assert len(keys) == 50
    assert {len(key) for key in keys} == {KEY}
    assert {len(bytes.fromhex(key.decode())) for key in keys} == {16}


@pytest.mark.usefixtures("afresh")
def test_without_the_extra_hashlib_makes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars_hash", None)
    key, values = drawn(), [b"one", b"", b"three" * 50]
    assert not at_once()
    assert many(key)(values) == expected(key, values)


@pytest.mark.usefixtures("afresh")
@pytest.mark.parametrize("limit", [63, 1000])
def test_a_library_that_answers_otherwise_is_not_used(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    """Wrong for long texts alone: the planted value, a short one, would be found all the same."""

    def wrong(key: str) -> object:
        return lambda values: expected(key.encode(), [value[:limit] for value in values])

    monkeypatch.setattr(digesters, "_vectorised", wrong)
    key, values = drawn(), [b"x" * 2000]
    assert not at_once()
    assert many(key)(values) == expected(key, values)


@given(KEYS, VALUES, st.sampled_from([1, 2, 8]), st.sampled_from([HALF, WHOLE]))
def test_what_the_sieve_keeps_is_kept(key: bytes, values: list[bytes], one_in: int, width: int) -> None:
    sieve = Sieve(Method.HMAC, 0, 0, key, one_in, fold=False, width=width)
    kept = [v for v in values if expected(key, [v], HALF)[-1] % one_in == 0]
    assert narrowed(many(key)(values), sieve) == expected(key, kept, width)


@given(KEYS, VALUES)
def test_a_file_is_digested_as_a_server_is(key: bytes, values: list[bytes]) -> None:
    """Short values count in neither."""
    sieve = Sieve(Method.HMAC, 0, 0, key, 2, fold=False)
    long_enough = [value for value in values if len(value) >= 4]
    assert packed(values, sieve) == narrowed(expected(key, long_enough), sieve)


def test_the_digest_is_known() -> None:
    """RFC 4231, test cases 1 and 2, of which others' implementations are known to be right."""
    assert many(b"\x0b" * 20)([b"Hi There"]).hex() == "b0344c61d8db38535ca8afceaf0bf12b"
    assert many(b"Jefe")([b"what do ya want for nothing?"]).hex() == "5bdcc146bf60754e6a042426089575c7"


@pytest.fixture(params=[True, False], ids=["thread", "no thread"])
def threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With polars-hash and cores to spare, and as where they are not."""
    monkeypatch.setattr(digesters, "at_once", lambda: request.param)
    monkeypatch.setattr(digesters, "FEW_CORES", 0)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("number", [0, 1, 2, 7])
def test_what_is_made_alongside_stays_with_its_item(number: int) -> None:
    """Even where the first takes longest."""

    def made(item: int) -> bytes:
        time.sleep(0.02 if item == 0 else 0)
        return bytes([item])

    assert list(alongside(range(number), made)) == [(item, bytes([item])) for item in range(number)]


@pytest.mark.usefixtures("threads")
def test_a_reading_that_breaks_or_is_given_up_ends_its_thread() -> None:
    before = threading.active_count()

    def broken() -> Iterator[int]:
        yield from (1, 2, 3)
        raise ProbeError("gone")

    with pytest.raises(ProbeError):
        list(alongside(broken(), lambda item: bytes([item])))
    given_up = alongside(range(9), lambda item: bytes([item]))
    assert next(given_up) == (0, b"\0")
    assert isinstance(given_up, Generator)
    given_up.close()
    assert threading.active_count() == before


@pytest.mark.usefixtures("threads")
def test_what_cannot_be_digested_is_told() -> None:
    def refuse(item: int) -> bytes:
        raise ProbeError(f"{item}")

    with pytest.raises(ProbeError, match="0"):
        list(alongside(range(3), refuse))
