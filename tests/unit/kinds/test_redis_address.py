"""Redis addresses agree with redis-py, hold the properties of addresses, and keep their passwords."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from address_texts import CREDENTIALS, SECRET, hostile, planted, urls, with_credentials
from hypothesis import assume, example, given
from hypothesis import strategies as st
from redis.connection import SSLConnection, parse_url

from disjoint.kinds.redis.address import compare, compare_text, login, parse

SCHEMES = ("redis", "rediss", "unix", "redis+sentinel", "valkey")
URL = "redis://cache.shop.example/0"

PARSE_URL: Callable[[str], dict[str, Any]] = parse_url

PIECES = st.sampled_from(
    [
        *("a", "1", "2", ".", ":", "@", "/", "?", "#", "%41", "%2F", "%31", "&", "=", ",", "[", "]", "::1"),
        *("host=", "port=", "db=", "path=", "cache.shop.example", "6379", "/0", "-", "_", "\u00e9"),
    ]
)


def redis_py(text: str) -> tuple[object, ...] | None:
    """What redis-py would connect to, with its defaults; None where it refuses the text."""
    try:
        found = PARSE_URL(text)
        socket = text.startswith("unix")
        return (
            "" if socket else found.get("host", "localhost"),
            0 if socket else int(found.get("port", 6379)),
            found.get("path", "") if socket else "",
            found.get("db", 0),
            found.get("username", ""),
            found.get("password", ""),
            found.get("connection_class") is SSLConnection,
        )
    except ValueError:
        return None


@given(
    st.sampled_from(["redis://", "rediss://", "unix://"]),
    st.lists(PIECES, max_size=10).map("".join),
)
@example("redis://", "u:p@h.example:0/1/2?db=&port=7")
@example("redis://", "?host=h.example&port=7&db=3")
@example("unix://", "u:p@/run/x%20y?db=2&db=3")
def test_a_url_says_what_redis_py_finds_in_it(scheme: str, rest: str) -> None:
    """Host, port, socket, database, user, password and TLS are redis-py's, wherever we read the text."""
    entry, theirs = login(scheme + rest), redis_py(scheme + rest)
    assume(not entry.fault and theirs is not None)
    password = entry.password.reveal() if entry.password else ""
    mine = (entry.host, entry.port, entry.path, entry.db, entry.username, password, entry.tls)
    assert mine == theirs


@given(urls("redis", "rediss"))
def test_a_url_that_redis_py_refuses_has_a_fault(text: str) -> None:
    """And one that it takes has none, on hosts that resolvers take."""
    assert bool(parse(text).fault) == (redis_py(text) is None)


@given(hostile(*SCHEMES), hostile(*SCHEMES))
def test_hostile_text_is_answered(a: str, b: str) -> None:
    """Whatever the text, there is an answer, the same in both orders, and never different from itself."""
    answer, swapped = compare_text(a, b), compare_text(b, a)
    assert (answer.verdict, answer.server) == (swapped.verdict, swapped.server)
    assert compare_text(a, a).verdict != "different"
    assert parse(a).shown.isprintable()


@given(urls("redis", "rediss"), urls("redis", "valkey"), CREDENTIALS, CREDENTIALS)
def test_credentials_never_change_the_answer(a: str, b: str, first: str, second: str) -> None:
    """Any user and password, properly encoded, leave the verdict as it was."""
    plain = compare_text(a, b)
    dressed = compare_text(with_credentials(a, first), with_credentials(b, second))
    assert (plain.verdict, plain.server) == (dressed.verdict, dressed.server)


@given(planted("redis", "rediss", "redis+sentinel"), urls("redis"))
@example(f"redis://user:/{SECRET}@db.shop.example/1", "redis://db.shop.example/1")
@example(f"redis://user:@/{SECRET}@db.shop.example/1", "redis://db.shop.example/1")
@example(f"redis://user:@{SECRET}/@db.shop.example/1", "redis://db.shop.example/1")
@example(f"redis://user:1?{SECRET}@db.shop.example/1", "redis://db.shop.example/1")
@example(f"redis://user:1#{SECRET}@db.shop.example/1", "redis://db.shop.example/1")
def test_a_password_comes_out_of_nothing(text: str, other: str) -> None:
    """A raw password full of delimiters is in no text that people may see, and in no repr."""
    address, entry = parse(text), login(text)
    answers = (compare(address, parse(other)), compare(parse(other), address), compare(address, address))
    seen = [address.shown, address.fault, address.doubt, repr(address), repr(entry), entry.fault]
    assert SECRET.lower() not in " ".join([*seen, *(answer.why for answer in answers)]).lower()


@given(urls("redis"), urls("redis"))
def test_another_name_alone_is_never_different(a: str, b: str) -> None:
    """Different needs another database number; servers are the same or unknown."""
    answer = compare_text(a, b)
    assert answer.of_server in {"same", "unknown"} or answer.verdict == "different"
    assert answer.verdict != "different" or parse(a).db != parse(b).db


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("redis://u:p@cache.shop.example", "cache.shop.example:6379/0"),
        ("rediss://[2606:4700::2]:1/3", "[2606:4700::2]:1/3"),
        ("unix:///run/redis.sock?db=2", "/run/redis.sock/2"),
        ("redis+sentinel://s1.example/main/1", "sentinel s1.example:26379 main/1"),
        ("redis://u:12/34@cache.shop.example/0", "•••"),
        ("unix:///run/\x1b[31m", "/run/\\x1b[31m/0"),
        ("", "(unset)"),
        ("nonsense", "(invalid)"),
    ],
)
def test_an_address_is_shown_without_credentials(text: str, shown: str) -> None:
    """Host, port and database; inert, and masked where the text may have cut its password in two."""
    assert parse(text).shown == shown
    assert len({parse(text), parse(text)}) == 1
    assert parse(text).kind == "redis"


def test_a_login_holds_tls_as_the_url_says() -> None:
    """TLS parameters as written, never weaker and never stronger; no credential among them."""
    entry = login(
        "rediss://u:p@cache.shop.example/1?ssl_cert_reqs=none&ssl_ca_certs=/ca&password=x&protocol=3"
    )
    assert entry.tls
    assert entry.parameters == {"ssl_cert_reqs": "none", "ssl_ca_certs": "/ca", "protocol": "3"}
    assert entry.password is not None
    assert entry.password.reveal() == "p"


@pytest.mark.parametrize(
    "text", ["", "${X}", "https://x.example", "redis+sentinel://s/m", "redis://h:x", " " + URL]
)
def test_what_cannot_be_used_is_a_fault_of_the_login(text: str) -> None:
    """A Sentinel, another engine, a reference: nothing to connect to, and the reason."""
    assert login(text).fault
