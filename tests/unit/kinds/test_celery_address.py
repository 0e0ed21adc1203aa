"""Brokers and result backends agree with kombu, hold addresses' properties, and keep their passwords."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from address_texts import CREDENTIALS, SECRET, hostile, planted, urls, with_credentials
from hypothesis import assume, example, given
from hypothesis import strategies as st
from kombu.connection import Connection
from kombu.transport.redis import Channel

from disjoint.kinds.celery.address import compare, compare_text, login, parse
from disjoint.kinds.celery.transport import read_entry
from disjoint.model.host import read_host

SCHEMES = (
    "redis",
    "rediss",
    "amqp",
    "amqps",
    "pyamqp",
    "sentinel",
    "db+postgresql",
    "redis+socket",
    "memory",
)

CONNECT: Callable[[str], Any] = Connection
"""kombu without its types, which it does not state."""

PIECES = st.sampled_from(
    [
        *("a", "1", "2", ".", ":", "@", "/", "?", "#", "%41", "%2F", "%31", "&", "=", "::1", "ssl=1", "-"),
        *("mq.shop.example", "6379", "/0", "/1", "_", "\u00e9"),
    ]
)


def kombu(text: str) -> tuple[str, int, str] | None:
    """Host, port and virtual host or database as kombu would connect; None where it refuses the text."""
    try:
        connection = CONNECT(text)
        transport = connection.transport
        if "redis" not in connection.transport_cls:
            defaults = transport.default_connection_params
            host, port = connection.hostname or defaults["hostname"], connection.port or defaults["port"]
            return str(host), int(port), str(connection.virtual_host)
        channel: Any = Channel.__new__(Channel)
        channel.connection = transport
        transport.client = connection
        found = channel._connparams()
        return found.get("host", ""), int(found.get("port", 0)), str(found["db"])
    except (ValueError, TypeError, KeyError):
        return None


@given(
    st.sampled_from(["redis://", "rediss://", "amqp://", "amqps://", "pyamqp://"]),
    st.lists(PIECES, max_size=9).map("".join),
)
@example("amqp://", "u:p@mq.shop.example//")
@example("amqp://", "mq.shop.example/a%2Fb?ssl=0")
@example("redis://", "cache.shop.example//01")
def test_a_url_says_what_kombu_finds_in_it(scheme: str, rest: str) -> None:
    """Host, port and virtual host or database are kombu's, wherever both read the text."""
    entry, theirs = read_entry(scheme + rest), kombu(scheme + rest)
    assume(not entry.fault and theirs is not None)
    assert theirs is not None
    local = {"localhost", "127.0.0.1"}
    host = read_host(theirs[0], numeric_dot=False).name
    assert entry.doors[0].host.name == host or {entry.doors[0].host.name, host} == local
    assert (entry.doors[0].port, entry.item) == theirs[1:]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "redis://r.example/orders",
            "redis://r.example/1/2",
            "redis://r.example///1",
            "redis://r.example/0?db=1",
        ),
        *(
            "redis://r.example?virtual_host=1",
            "redis://r.example:x",
            "redis://u:p#w@r.example/0",
            "gopher://x",
        ),
        *("amqp://mq.example/x?virtual_host=y", "redis://[::1/0", "valkey://r.example/0"),
    ],
)
def test_what_kombu_refuses_has_a_fault(text: str) -> None:
    """Both refuse the text; ours says why and quotes nothing of it."""
    assert kombu(text) is None
    assert parse(text).fault


@pytest.mark.parametrize("path", ["/run/redis.sock", "/run/redis.sock?virtual_host=3", "/run/a%20b/1"])
def test_a_socket_says_what_kombu_finds_in_it(path: str) -> None:
    """The path is the socket; the database stands in the query."""
    connection = CONNECT(f"redis+socket://{path}")
    channel: Any = Channel.__new__(Channel)
    channel.connection = connection.transport
    channel.connection.client = connection
    found = channel._connparams()
    entry = login(f"redis+socket://{path}")
    assert entry is not None
    assert (entry.path, entry.db) == (found["path"], found["db"])


@given(hostile(*SCHEMES), hostile(*SCHEMES))
def test_hostile_text_is_answered(a: str, b: str) -> None:
    """Whatever the text, there is an answer, the same in both orders, and never different from itself."""
    answer, swapped = compare_text(a, b), compare_text(b, a)
    assert (answer.verdict, answer.server) == (swapped.verdict, swapped.server)
    assert compare_text(a, a).verdict != "different"
    assert parse(a).shown.isprintable()
    assert login(a) is None or not parse(a).fault


@given(urls("redis", "amqp", "db+postgresql"), urls("redis", "pyamqp"), CREDENTIALS, CREDENTIALS)
def test_credentials_never_change_the_answer(a: str, b: str, first: str, second: str) -> None:
    """Any user and password, properly encoded, leave the verdict as it was."""
    plain = compare_text(a, b)
    dressed = compare_text(with_credentials(a, first), with_credentials(b, second))
    assert (plain.verdict, plain.server) == (dressed.verdict, dressed.server)


@given(planted("redis", "amqp", "sentinel", "db+postgresql", "azureblockblob"), urls("amqp"))
@example(f"amqp://user:/{SECRET}@db.shop.example/1", "amqp://db.shop.example/1")
@example(f"amqp://user:@/{SECRET}@db.shop.example/1", "amqp://db.shop.example/1")
@example(f"amqp://user:@{SECRET}/@db.shop.example/1", "amqp://db.shop.example/1")
@example(f"amqp://user:1?{SECRET}@db.shop.example/1", "amqp://db.shop.example/1")
@example(f"amqp://user:1#{SECRET}@db.shop.example/1", "amqp://db.shop.example/1")
def test_a_password_comes_out_of_nothing(text: str, other: str) -> None:
    """A raw password full of delimiters is in no text that people may see, and in no repr."""
    address = parse(text)
    answers = (compare(address, parse(other)), compare(parse(other), address), compare(address, address))
    seen = [
        address.shown,
        address.fault,
        address.doubt,
        repr(address),
        repr(address.entries),
        repr(login(text)),
    ]
    assert SECRET.lower() not in " ".join([*seen, *(answer.why for answer in answers)]).lower()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("redis://u:p@cache.shop.example/1", "redis://cache.shop.example:6379/1"),
        ("amqps://u:p@mq.shop.example", "amqp://mq.shop.example:5671//"),
        ("amqp://a.example/x;amqp://b.example/y", "amqp://a.example:5672/x;amqp://b.example:5672/y"),
        ("sentinel://s1.example", "sentinel://s1.example:26379/0"),
        ("amqp://u:12/34@mq.shop.example/x", "•••"),
        ("redis://u:1;34@cache.shop.example/0", "•••"),
        ("django-db", "django-db"),
        ("memory://", "memory://"),
        ("", "(unset)"),
    ],
)
def test_an_address_is_shown_without_credentials(text: str, shown: str) -> None:
    """Family, host, port and object; masked where the text may have cut its password in two."""
    assert parse(text).shown == shown
    assert len({parse(text), parse(text)}) == 1
    assert parse(text).kind == "celery"


def test_a_failover_list_keeps_what_kombu_keeps() -> None:
    """A later entry without a virtual host stays in the first one's; both readings count."""
    connection = CONNECT("amqp://a.example/orders;amqp://b.example")
    connection.maybe_switch_next()
    assert (connection.hostname, connection.virtual_host) == ("b.example", "orders")
    listed = "amqp://a.example/orders;amqp://b.example"
    assert compare_text(listed, "amqp://b.example/orders").verdict == "same"
    assert compare_text(listed, "amqp://b.example//").verdict == "same"


def test_a_redis_broker_has_a_redis_login() -> None:
    """kombu's own default for rediss is TLS that verifies nothing; what is stated is kept."""
    entry = login("rediss://u:p%40@cache.shop.example:6380/3")
    assert entry is not None
    assert (entry.host, entry.port, entry.db, entry.username) == ("cache.shop.example", 6380, 3, "u")
    assert entry.password is not None
    assert entry.password.reveal() == "p@"
    assert (entry.tls, entry.parameters) == (True, {"ssl_cert_reqs": "none"})
    verified = login("rediss://cache.shop.example/0?ssl_cert_reqs=CERT_REQUIRED")
    assert verified is not None
    assert verified.parameters == {"ssl_cert_reqs": "required"}


@pytest.mark.parametrize(
    "text", ["amqp://mq.shop.example/x", "sentinel://s1.example", "", "${X}", "sqs://", "x://y"]
)
def test_any_other_transport_has_no_redis_login(text: str) -> None:
    """There is nothing that a Redis client could ask."""
    assert login(text) is None
