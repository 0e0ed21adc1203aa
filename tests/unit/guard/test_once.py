"""What a framework is configured with, beside the environment."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from disjoint.guard.frameworks.once import Once

URL = "postgresql://shop@postgres.example.net/shop"


def test_a_value_of_a_looked_at_variable_is_not_said_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", URL)
    assert Once(lambda: {"settings.X": URL})._own() == {}


def test_a_platform_s_own_variable_hides_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks at those; whoever configures an application by one is bound to it nevertheless."""
    monkeypatch.setenv("RAILWAY_PRIVATE_DATABASE", URL)
    assert Once(lambda: {"settings.X": URL})._own() == {"settings.X": URL}


def test_a_configuration_that_cannot_be_read_stops_nothing() -> None:
    def taken() -> Mapping[str, str]:
        raise RuntimeError

    assert Once(taken)._own() == {}
