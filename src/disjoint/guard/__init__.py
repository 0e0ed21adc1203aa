"""An application that refuses to start against production.

    import disjoint.guard

    disjoint.guard.check()

`check` compares this process's variables with production's seal, and ends a process of staging that is not
disjoint from production with exit code 78. `assess` answers the same and ends nothing.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from .checking import assessed
from .telling import told
from .verdict import Checked, Override, Reason, Refused
from .watched import code_here

TYPE_CHECKING = False  # type checkers know the name, and nothing that a check needs loads typing
if TYPE_CHECKING:  # what __getattr__ answers
    from . import route as route
    from .frameworks import asgi as asgi
    from .frameworks import celery as celery
    from .frameworks import django as django
    from .frameworks import fastapi as fastapi
    from .frameworks import flask as flask
    from .frameworks import pytest as pytest
    from .frameworks import starlette as starlette
    from .frameworks import wsgi as wsgi

__all__ = ["Checked", "Override", "Reason", "Refused", "assess", "check"]

_FRAMEWORKS = ("celery", "django", "fastapi", "flask", "pytest", "starlette", "asgi", "wsgi")


def check(
    seal: str | None = None,
    *,
    mode: str | None = None,
    variables: Mapping[str, str] | None = None,
    deep: bool = False,
) -> Checked:
    """Let this process go on only if it is production, or disjoint from production.

    Args:
        seal: production's seal, a path; by default `$DISJOINT_SEAL`, then `production.sealed.json`.
        mode: `enforce`, or `report` to say the same and go on; by default `$DISJOINT_GUARD_MODE`.
        variables: what the process takes from elsewhere than its environment, which is compared as well.
        deep: ask the servers who they are, too, within 3 s in all.

    Raises:
        Refused: a `SystemExit` with code 78, after the reasons were said on standard error and the log;
            in a worker of gunicorn's or uvicorn's with code 3, on which its server stops, too.
    """
    checked = assess(seal, mode=mode, variables=variables, deep=deep)
    code = code_here()
    told(checked, code)
    if checked.refuses:
        raise Refused(checked, code)
    return checked


def assess(
    seal: str | None = None,
    *,
    mode: str | None = None,
    variables: Mapping[str, str] | None = None,
    deep: bool = False,
) -> Checked:
    """What `check` would find; says nothing, ends nothing, and never raises for a verdict."""
    return assessed(seal, mode, variables, deep=deep)[0]


def __getattr__(name: str) -> object:
    """A framework's module, or the route's, loaded when it is asked for."""
    if name == "route":
        return importlib.import_module(f"{__name__}.route")
    if name not in _FRAMEWORKS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module(f"{__name__}.frameworks.{name}")
