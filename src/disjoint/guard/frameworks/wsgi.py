"""Any WSGI application: `application = disjoint.guard.wsgi.guard(application)`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from disjoint.guard import check

App = TypeVar("App", bound=Callable[..., object])


def guard(
    app: App,
    seal: str | None = None,
    *,
    mode: str | None = None,
    variables: Mapping[str, str] | None = None,
    deep: bool = False,
) -> App:
    """The same application, in a process that may serve it; the arguments are those of `check`.

    Raises:
        Refused: with code 78, or 3 in a worker of gunicorn's, which then stops.
    """
    check(seal, mode=mode, variables=variables, deep=deep)
    return app
