"""An address is given another name and nothing else; what cannot have one says why."""

from __future__ import annotations

import pytest

from disjoint.model.fact import Known, Unknown
from disjoint.selftest.rename import renamed

DOOR = {"DB.production.test.:5432": "127.0.0.1:6001"}


@pytest.mark.parametrize(
    ("text", "another", "leads"),
    [
        (
            "postgresql://u:p%40x@db.production.test/app?sslmode=require",
            "postgresql://u:p%40x@url.selftest.invalid/app?sslmode=require",
            {"url.selftest.invalid:5432": "127.0.0.1:6001"},
        ),
        (
            "postgresql+asyncpg://u:a@b@db.production.test:5432/app",
            "postgresql+asyncpg://u:a@b@url.selftest.invalid:5432/app",
            {"url.selftest.invalid:5432": "127.0.0.1:6001"},
        ),
        ("redis://:p@cache", "redis://:p@url.selftest.invalid", {"url.selftest.invalid:6379": "cache:6379"}),
        ("redis://[::1]:7/0", "redis://url.selftest.invalid:7/0", {"url.selftest.invalid:7": "[::1]:7"}),
        ("http://a.x:81/v?a", "http://url.selftest.invalid:81/v?a", {"url.selftest.invalid:81": "a.x:81"}),
    ],
)  # fmt: skip
def test_only_the_host_is_another(text: str, another: str, leads: dict[str, str]) -> None:
    """Credentials, port, path and parameters stay; the new name leads where the old one does."""
    match renamed(text, "url", DOOR):
        case Known(found):
            assert (found.text, dict(found.reach_at)) == (another, leads)
            assert "p%40x" not in repr(found)
        case Unknown(reason):
            pytest.fail(reason)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("https://api.example", "over TLS"),
        ("rediss://cache.example", "over TLS"),
        ("postgresql://db.example/app?sslmode=verify-full", "over TLS"),
        ("postgresql://db.example/app?sslrootcert=system", "over TLS"),
        ("postgresql://a.example,b.example/app", "no single host"),
        ("postgresql://db.example/app?hostaddr=10.0.0.1", "no single host"),
        ("postgresql:///app?host=/run/postgresql", "no single host"),
        ("postgresql://%2Frun%2Fpostgresql/app", "socket"),
        ("amqp://mq.example/v", "no single host"),
        ("host=db.example dbname=app", "no URL"),
        ("storage.example:9000", "no URL"),
        ("redis://:pa@ss/word@host/0", "no URL"),
    ],
)
def test_what_cannot_have_another_name_says_why(text: str, why: str) -> None:
    """A reason without any piece of the text in it."""
    found = renamed(text, "url", {})
    assert isinstance(found, Unknown)
    assert why in found.reason
    assert "example" not in found.reason
