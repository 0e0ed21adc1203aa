"""A Flask application as a user would write it, and the same behind the guard of any WSGI application."""

from __future__ import annotations

from flask import Flask

import disjoint.guard.frameworks.flask
from disjoint.guard.frameworks import wsgi

app = Flask(__name__)
disjoint.guard.frameworks.flask.guard(app)


@app.get("/health")
def health() -> str:
    """What a platform asks."""
    return str(app.extensions["disjoint"].role)


application = wsgi.guard(app)
