"""Applications as a user would write them, one for each way to guard FastAPI and Starlette."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from disjoint.guard.frameworks import asgi, fastapi, starlette


@asynccontextmanager
async def own(_app: object) -> AsyncIterator[None]:
    """Where an application opens its connections."""
    print("opened connections", file=sys.stderr, flush=True)
    yield


def health() -> str:
    """What a platform asks."""
    return "healthy"


async def healthy(_request: Request) -> PlainTextResponse:
    """The same, for Starlette."""
    return PlainTextResponse("healthy")


routed = FastAPI()
routed.include_router(fastapi.router)
routed.add_api_route("/health", health)

routed_after_own = FastAPI(lifespan=own)
routed_after_own.include_router(fastapi.router)
routed_after_own.add_api_route("/health", health)

fronted = FastAPI(lifespan=own)
fronted.add_middleware(fastapi.Guard)
fronted.add_api_route("/health", health)

spanned = FastAPI(lifespan=fastapi.lifespan(own))
spanned.add_api_route("/health", health)

starlette_fronted = Starlette(routes=[Route("/health", healthy)], lifespan=own)
starlette_fronted.add_middleware(starlette.Guard)

starlette_spanned = Starlette(routes=[Route("/health", healthy)], lifespan=starlette.lifespan(own))

wrapped = asgi.guard(Starlette(routes=[Route("/health", healthy)], lifespan=own))

bare = FastAPI(lifespan=own)
bare.add_api_route("/health", health)
"""Guarded by what starts it, if at all."""
