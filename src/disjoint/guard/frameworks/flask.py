"""Flask: `disjoint.guard.flask.guard(app)`, before the first line that connects to anything."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask

from disjoint.guard import check


def guard(
    app: Flask,
    seal: str | None = None,
    *,
    mode: str | None = None,
    variables: Mapping[str, str] | None = None,
    deep: bool = False,
) -> Flask:
    """The same application, in a process that may serve it; the arguments are those of `check`.

    What was found is kept as `app.extensions["disjoint"]`, a `Checked`.

    Raises:
        Refused: with code 78, or 3 in a worker of gunicorn's, which then stops.
    """
    app.extensions["disjoint"] = check(seal, mode=mode, variables=variables, deep=deep)
    return app
