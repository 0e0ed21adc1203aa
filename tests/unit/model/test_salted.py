"""Digests that are made here follow the convention of those that a server makes."""

from __future__ import annotations

import hashlib

from disjoint.model import salted
from disjoint.model.census import HALF, WHOLE, Method, Sieve

SIEVE = Sieve(Method.SHA256, 1, 2, b"0123456789abcdef", 16, False)


def test_a_digest_is_the_first_half_of_a_salted_hash() -> None:
    """16 octets, the selector first."""
    assert salted.digest(SIEVE, b"x") == hashlib.sha256(SIEVE.salt + b"x").digest()[:WHOLE]


def test_about_one_in_so_many_is_kept_by_the_lowest_bits() -> None:
    """Of the selector, big-endian: a server that reads it as a number keeps the same."""
    whole = [salted.digest(SIEVE, b"%d" % n) for n in range(8000)]
    kept = [d for d in whole if salted.kept(SIEVE, d)]
    assert all(d[HALF - 1] & 0x0F == 0 for d in kept)
    assert 400 < len(kept) < 600


def test_a_planted_text_is_kept_and_new_each_time() -> None:
    """Its digest is the one that the text gives."""
    one, other = salted.planted(SIEVE), salted.planted(SIEVE)
    assert salted.kept(SIEVE, one.digest)
    assert one.digest == salted.digest(SIEVE, one.text.encode())
    assert one.text != other.text


def test_a_tray_hands_every_value_on_once_and_the_planted_one_first() -> None:
    """Rows are told with the first place alone."""
    sieve = Sieve(Method.SHA256, 1, 2, b"s" * 16, 1, False)
    tray = salted.Tray(sieve, 2)
    tray.add(0, b"a")
    tray.add(1, b"b")
    first, again = tray.handed(7), tray.handed(0)
    assert [(p.place, p.values, p.rows, len(p.packed)) for p in first] == [(0, 1, 7, 16), (1, 1, 0, 16)]
    assert first[0].packed[HALF:] == salted.digest(sieve, b"a")[:HALF]
    assert [p.packed for p in again] == [b"", b""]


def test_a_header_names_one_method_and_its_answer() -> None:
    """Two sides whose digests are made here always agree."""
    assert salted.header("a").known == salted.header("b").known
    assert salted.header("a").methods == (Method.SHA256,)


def test_a_baseline_names_values_only_where_there_is_one() -> None:
    """Without a salt nothing is marked."""
    assert salted.mark(b"", b"x") == b""
    assert len(salted.mark(b"s" * 16, b"x")) == WHOLE
