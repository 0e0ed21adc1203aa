"""Starlette: `app.add_middleware(disjoint.guard.starlette.Guard)`, or `Starlette(lifespan=lifespan(own))`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

from .asgi import Guard, check_in_lifespan

__all__ = ["Guard", "lifespan"]

App = TypeVar("App")
State = TypeVar("State")


def lifespan(
    own: Callable[[App], AbstractAsyncContextManager[State]],
    seal: str | None = None,
    *,
    mode: str | None = None,
    variables: Mapping[str, str] | None = None,
    deep: bool = False,
) -> Callable[[App], AbstractAsyncContextManager[State]]:
    """A lifespan that checks this process, and then is the application's own.

    Args:
        own: the application's.
        seal: as of `check`, like the rest.
        mode: as of `check`.
        variables: as of `check`.
        deep: as of `check`.
    """

    @asynccontextmanager
    async def guarded(app: App) -> AsyncIterator[State]:
        check_in_lifespan(seal, mode=mode, variables=variables, deep=deep)
        async with own(app) as state:
            yield state

    return guarded
