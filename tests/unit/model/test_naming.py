"""Which names nobody else gives."""

from __future__ import annotations

import hashlib
import secrets
import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disjoint.model.naming import Naming, informative, naming

OWN = [
    "celery-task-meta-7f9c24e8-3b12-4e0a-9c55-d2f0a1b7c6e3",
    "user:7F9C24E8-3B12-4E0A-9C55-D2F0A1B7C6E3:cart",
    "018f4e9c-7a2b-7c3d-8e4f-5a6b7c8d9e0f",
    ":1:django.contrib.sessions.cache8k2v0p1x5z7q3m9c4n6b8l1j2h5g7f3d",
    "sess:Vq3kT9xL2mNpR7wYbZc4",
    "laravel_cache:aB3dE5fG7hJ9kL2mN4pQ6rS8tU0vW1xY3zA5bC7d",
    "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "session:2::0f3e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c1d0e9f",
    "login-attempts:anna.schmidt@mail.acme.io",
    "uploads/018f4e9c-7a2b-7c3d-8e4f-5a6b7c8d9e0f/avatar.png",
]
DOUBTFUL = [
    "template.cache.sidebar.d41d8cd98f00b204e9800998ecf8427e",
    "cache:" + hashlib.sha256(b"SELECT 1").hexdigest(),
    "886313e1-3b8a-5372-9b90-0c9aee199e5d",  # version 5: a name's hash
    "guild:184926480231905283",
    "query:eyJmaWx0ZXIiOiB7InVzZXIiOiAxMjN9fQ",
    "digest:2jmj7l5rSw0yVb3vlWAYkK5Yabc=",
    "7f9c24e83b124e0a9c55d2f0a1b7c6e3",
]
PLAIN = [
    "user:1:profile",
    "user:83120374",
    "_kombu.binding.celery",
    "00000000-0000-0000-0000-000000000001",
    "11111111-1111-4111-8111-111111111111",
    "rate:1700000000000000000",
    "internationalization-strings-for-checkout",
    "GetUserProfileByAccountIdentifier2",
    "login-attempts:admin@example.com",
    "login-attempts:test@shop.test",
    "root@localhost",
    "report-2026-01-10T12:00:00.000000",
    "deadbeefdeadbeef",
    "",
]


@pytest.mark.parametrize("name", OWN)
def test_what_is_drawn_at_random_is_its_own(name: str) -> None:
    """Random ids, tokens and addresses of people."""
    assert naming(name) is Naming.OWN
    assert informative(name)


@pytest.mark.parametrize("name", DOUBTFUL)
def test_what_may_be_a_hash_is_doubtful(name: str) -> None:
    """The same code hashes the same to the same."""
    assert naming(name) is Naming.DOUBTFUL


@pytest.mark.parametrize("name", PLAIN)
def test_what_is_counted_or_worded_is_plain(name: str) -> None:
    """Numbers, words, made-up ids, times, and addresses at which nobody is."""
    assert naming(name) is Naming.PLAIN


def test_nearly_every_random_name_is_known_for_one() -> None:
    """Of a copy enough names tell; a few that do not are no loss."""
    drawn = [f"s:{secrets.token_urlsafe(32)}" for _ in range(500)]
    assert sum(map(informative, drawn)) > 300
    assert all(informative(f"job:{uuid.uuid4()}") for _ in range(500))


def test_no_hash_is_taken_for_a_random_name() -> None:
    """Hex of any length, of things that both environments know."""
    for number in range(2000):
        digest = hashlib.sha512(b"%d" % number).hexdigest()
        for length in (16, 24, 32, 40, 64):
            assert not informative(f"cache:{digest[:length]}"), digest


@given(st.text(max_size=200))
def test_any_text_is_of_one_kind(name: str) -> None:
    """It never raises."""
    assert naming(name) in Naming


@pytest.mark.parametrize("part", ["a", "-", "@", "a@", "0", "f", "Az9", "session:", "=", "a.", "a@a."])
def test_a_name_of_a_million_characters_takes_no_time(part: str) -> None:
    """Whoever may write a key must not be able to hold a census up."""
    started = time.process_time()
    naming(part * 1_000_000)
    assert time.process_time() - started < 0.2
