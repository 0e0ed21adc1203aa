"""Which texts may stand in a report where an environment's name belongs."""

from __future__ import annotations

import pytest

from disjoint.model.names import readable


@pytest.mark.parametrize(
    "text",
    ["production", "Staging-2", "pr-1234", "feature/login", "eu-west-1", "acme prod", "blue2024", "stg"],
)
def test_what_people_call_environments_reads_as_a_name(text: str) -> None:
    """Words with short numbers."""
    assert readable(text)


@pytest.mark.parametrize(
    "text",
    [
        "5f31neeqvzxu9k2d",
        "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "d41d8cd98f00b204e9800998ecf8427e",
        "495765611597",
        "hunter2@db",
        "postgres://app:word@db/app",
        "correct-horse-battery-staple-and-then-some-more",
        "staging\n",
        "",
    ],
)
def test_what_may_be_a_secret_does_not_read_as_a_name(text: str) -> None:
    """Tokens, keys, digests, numbers, addresses and sentences stay hidden."""
    assert not readable(text)
