"""Applications as a user would write them, each with the route in front."""

# ruff: noqa: PLC0415  (a process loads what it serves)
from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import disjoint.guard

HELD: list[Any] = []
"""Connections of the process."""


def health() -> str:
    """What a platform asks; connects on the way to whatever the code says."""
    import redis

    elsewhere = Path("elsewhere.txt")
    if elsewhere.exists() and not HELD:
        HELD.append(redis.Redis.from_url(elsewhere.read_text()))
        HELD[-1].ping()
    return "healthy"


def bare(_environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
    """Of no framework."""
    start("200 OK", [("Content-Type", "text/plain")])
    return [health().encode()]


def fastapi() -> Any:
    """The line that the documentation has."""
    from fastapi import FastAPI

    app = FastAPI()
    app.add_middleware(disjoint.guard.route.Asgi)
    app.add_api_route("/health", health)
    return app


def starlette() -> Any:
    """Behind compression, as many are."""
    from starlette.applications import Starlette
    from starlette.middleware.gzip import GZipMiddleware
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    async def healthy(_request: Request) -> PlainTextResponse:
        return PlainTextResponse(health())

    app = Starlette(routes=[Route("/health", healthy)])
    app.add_middleware(disjoint.guard.route.Asgi)
    app.add_middleware(GZipMiddleware)
    return app


def flask() -> Any:
    """With a variable that its code sets."""
    from flask import Flask

    os.environ.setdefault("SET_BY_CODE", "1")
    app: Any = Flask(__name__)
    app.add_url_rule("/health", view_func=health)
    app.wsgi_app = disjoint.guard.route.Wsgi(app.wsgi_app)
    return app


def django() -> None:
    """Settings in one file."""
    from django.conf import settings
    from django.http import HttpRequest, HttpResponse
    from django.urls import path

    def healthy(_request: HttpRequest) -> HttpResponse:
        return HttpResponse(health())

    if not settings.configured:
        settings.configure(
            ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF=(path("health", healthy),), SECRET_KEY="x"
        )


def django_wsgi() -> WSGIApplication:
    """`wsgi.py`."""
    from django.core.wsgi import get_wsgi_application

    django()
    return disjoint.guard.route.Wsgi(get_wsgi_application())


def django_asgi() -> Any:
    """`asgi.py`."""
    from django.core.asgi import get_asgi_application

    django()
    return disjoint.guard.route.Asgi(get_asgi_application())


_APPLICATIONS: dict[str, Callable[[], Any]] = {
    "of_fastapi": fastapi, "of_starlette": starlette, "of_flask": flask, "of_django": django_wsgi,
    "of_django_asgi": django_asgi, "of_nobody": lambda: disjoint.guard.route.Wsgi(bare),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """The application of this name, made when a server loads it."""
    if name not in _APPLICATIONS:
        raise AttributeError(name)
    made = _APPLICATIONS[name]()
    globals()[name] = made
    return made


def serve(port: str) -> None:
    """By the standard library's server, one request after another."""
    from wsgiref.simple_server import make_server

    make_server("127.0.0.1", int(port), disjoint.guard.route.Wsgi(bare)).serve_forever()


if __name__ == "__main__":
    import sys

    serve(sys.argv[1])
