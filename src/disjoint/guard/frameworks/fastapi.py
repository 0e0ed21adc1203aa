"""FastAPI: `app.include_router(disjoint.guard.fastapi.router)`; or `Guard` and `lifespan`, which come first.

FastAPI runs an included router's lifespan after the application's own. Where that one connects to something,
`app.add_middleware(disjoint.guard.fastapi.Guard)` checks before it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from .asgi import check_in_lifespan
from .starlette import Guard, lifespan

__all__ = ["Guard", "lifespan", "router"]


@asynccontextmanager
async def _checked(_app: FastAPI) -> AsyncIterator[None]:
    check_in_lifespan()
    yield


router = APIRouter(lifespan=_checked)
"""Has no route; its lifespan checks the process before it serves."""
