"""This process is a source of its own variables."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from disjoint.model.fact import Known
from disjoint.sources import read
from disjoint.sources.process import read_process


def test_every_variable_is_read_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is resolved: the platform or the shell has done so."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:${X}@h/d")
    found = read({"process": True}, name="staging", protected=False, reach_at={}, directory=Path())
    value = found.variable("DATABASE_URL")
    assert isinstance(value, Known)
    assert value.value.reveal() == "postgresql://u:${X}@h/d"
    assert (found.source, found.variables["DATABASE_URL"].where) == ("this process", "this process")
    assert found.variables.keys() == os.environ.keys()


def test_octets_that_are_no_text_are_unknown() -> None:
    """Lone surrogates can be neither compared nor digested."""
    found = read_process(name="staging", protected=False, reach_at={}, environ={"A": "\udcff", "B": "grün"})
    assert not isinstance(found.variable("A"), Known)
    assert isinstance(found.variable("B"), Known)
