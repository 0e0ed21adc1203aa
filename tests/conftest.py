"""Fixtures that more than one folder of tests uses."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from disjoint.demo import stack
from disjoint.demo.supervisor import Supervisor
from disjoint.demo.world import World, clean

settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.register_profile("searching", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
"""One seed for every run that decides something; `make test-all` searches on."""


@pytest.fixture(scope="session", autouse=True)
def _no_ambient_credentials() -> None:
    """A developer's own PGHOST or AWS_PROFILE has no part in any test."""
    for name in [name for name in os.environ if name.startswith(("PG", "AWS_", "REDIS", "DISJOINT_"))]:
        del os.environ[name]


@pytest.fixture(scope="session")
def running() -> Iterator[stack.Stack]:
    """Both embedded environments, started once for all live tests; add to them, change nothing."""
    with Supervisor() as supervisor:
        yield stack.start(supervisor, lambda _part: None)


@pytest.fixture
def world(running: stack.Stack) -> World:
    """The isolated world over the running servers."""
    return clean(running)
