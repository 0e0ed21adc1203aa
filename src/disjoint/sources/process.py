"""The variables of this process: the only place where sealed values are visible."""

from __future__ import annotations

import os
from collections.abc import Mapping

from disjoint.model.environment import Environment, Variable
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.secret import Secret

SOURCE = "this process"


def read_process(
    *,
    name: str,
    protected: bool,
    reach_at: Mapping[str, str],
    environ: Mapping[str, str] = os.environ,
) -> Environment:
    """Read every variable that this process was started with; nothing is resolved."""
    variables = {key: Variable(key, _value(value), SOURCE) for key, value in environ.items()}
    return Environment(name, protected, variables, SOURCE, reach_at)


def _value(value: str) -> Fact[Secret]:
    """Octets that are no UTF-8 come as lone surrogates, which nothing can compare or digest."""
    if value.isascii() or value.encode("utf-8", "replace").decode() == value:
        return Known(Secret(value))
    return Unknown("the value is not UTF-8 text", "write it as UTF-8, or as base64")
