"""Secrets show themselves to nobody, and digests tell only equality."""

from __future__ import annotations

import copy
import json
import pickle
import traceback

import pytest

from disjoint.model.environment import Environment, Variable
from disjoint.model.fact import Known
from disjoint.model.secret import RunKey, Secret

VALUE = "hunter2-hunter2-hunter2"


@pytest.mark.parametrize("show", [str, repr, "{}".format, "{:>40}".format, "%s".__mod__, "%r".__mod__])
def test_no_way_of_printing_reveals_a_secret(show: object) -> None:
    """str, repr, format and % give the mask."""
    assert callable(show)
    assert VALUE not in show(Secret(VALUE))


def test_a_secret_inside_other_values_stays_hidden() -> None:
    """Containers, dataclasses and tracebacks print the mask."""
    variable = Variable("KEY", Known(Secret(VALUE)), "f:1")
    environment = Environment("staging", False, {"KEY": variable}, "f")
    shown = "".join(traceback.format_exception(ValueError(variable)))
    assert VALUE not in shown + repr(environment) + str([variable])


@pytest.mark.parametrize("leave", [pickle.dumps, copy.deepcopy, json.dumps])
def test_a_secret_is_never_serialised(leave: object) -> None:
    """Pickling, deep copies and JSON refuse."""
    assert callable(leave)
    with pytest.raises(TypeError):
        leave(Secret(VALUE))


def test_secrets_compare_by_value_and_never_to_text() -> None:
    """Two secrets of one value are equal; a secret and its text are not."""
    assert Secret(VALUE) == Secret(VALUE)
    assert Secret(VALUE) != Secret("other")
    assert Secret(VALUE) != VALUE


def test_a_digest_tells_equality_within_one_run_and_one_meaning_only() -> None:
    """Another key or another meaning gives another digest, and no digest holds the value."""
    key = RunKey()
    assert key.digest("secret", VALUE) == key.digest("secret", VALUE)
    assert key.digest("secret", VALUE) != key.digest("run_id", VALUE)
    assert key.digest("secret", VALUE) != RunKey().digest("secret", VALUE)
    assert VALUE not in key.digest("secret", VALUE)
