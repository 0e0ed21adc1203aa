"""What may go down: random values, whatever stands around them; and nothing that a list of guesses has."""

from __future__ import annotations

import base64
import hashlib
import random
import secrets
import uuid

import pytest

from disjoint.overlap.guess import unguessable

GUESSABLE = [
    "", "a", "ada@example.com", "a.very.long.address.of.somebody@a-very-long-host.example.com",
    "+49 170 1234567", "00491701234567890123456789", "4111111111111111", "1985-04-12T23:20:50.52Z",
    "Lovelace, Augusta Ada King, Countess of", "Order2024Item15Warehouse3Shelf7",
    "CamelCaseNameOfAFeatureFlag2024",
    "the-quick-brown-fox-jumps-over-13-lazy-dogs", "production_database_backup_2024_11_25",
    "https://example.com/Path/To/Some/Page2?query=Value1",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "0123456789abcdef0123456789abcdef", "AAAAAAAA1AAAAAAAA1AAAAAAAA1a",
    hashlib.md5(b"ada@example.com").hexdigest(),  # noqa: S324  (as gravatars are made)
    hashlib.sha256(b"ada@example.com").hexdigest(),
    base64.b64encode(hashlib.sha256(b"ada@example.com").digest()).decode(),
    str(uuid.uuid5(uuid.NAMESPACE_DNS, "ada@example.com")), str(uuid.uuid3(uuid.NAMESPACE_DNS, "x")),
    str(uuid.uuid1()), uuid.uuid4().hex, str(uuid.UUID(int=0)), "00000000-0000-4000-8000-000000000001",
    "11111111-1111-4111-8111-111111111111",
]  # fmt: skip
RANDOM = [
    str(uuid.uuid4()), str(uuid.uuid4()).upper(), f"36:{uuid.uuid4()}5:Hello", f"session:{uuid.uuid4()}",
    "018f6c2e-5b7a-7cc3-98c4-dc0c0c07398f",
]  # fmt: skip


@pytest.mark.parametrize("value", GUESSABLE, ids=range(len(GUESSABLE)))
def test_what_can_be_guessed_stays(value: str) -> None:
    """Addresses, numbers, names, and hashes of them."""
    assert not unguessable(value.encode())


@pytest.mark.parametrize("value", RANDOM, ids=range(len(RANDOM)))
def test_what_is_random_goes(value: str) -> None:
    """UUIDs of versions 4 and 7, in a text of their own or in a row's."""
    assert unguessable(value.encode())


def test_most_tokens_go() -> None:
    """128 bits and more, as token_urlsafe writes them; the few that look like words stay."""
    tokens = [secrets.token_urlsafe(24) for _ in range(1000)]
    assert sum(unguessable(token.encode()) for token in tokens) > 900


def test_no_hash_goes() -> None:
    """Whatever a hash's digits are, they may be of something known."""
    rng = random.Random(7)
    for length in (32, 40, 56, 64, 96, 128):
        for _ in range(200):
            digits = rng.randbytes(length // 2).hex()
            assert not unguessable(digits.encode())
            assert not unguessable(digits.upper().encode())


def test_any_octets_are_answered() -> None:
    """In time, whatever they are."""
    for octets in (b"\xff" * 70_000, b"a-" * 100_000, b"0" * 1_000_000, secrets.token_bytes(10_000)):
        unguessable(octets)
