"""Any ASGI application: `app = disjoint.guard.asgi.guard(app)` checks before its lifespan begins.

Where a server has no lifespan, or leaves it out, the check is made at the first request instead: a process
that must not serve then answers 503, and its application is never called.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from functools import partial

from disjoint.guard import Checked, Refused, assess
from disjoint.guard.telling import told
from disjoint.guard.watched import code_here, code_in_lifespan

Scope = MutableMapping[str, object]
Message = MutableMapping[str, object]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

REFUSED = "disjoint: this process refused to start; standard error says why"
"""What servers log and clients read: no reason, and nothing of the environment's."""
_TRY_AGAIN_LATER = 1013
"""The close code of a WebSocket whose server cannot take it."""


class Guard:
    """Middleware in front of everything else; the arguments are those of `check`."""

    def __init__(
        self,
        app: App,
        seal: str | None = None,
        *,
        mode: str | None = None,
        variables: Mapping[str, str] | None = None,
        deep: bool = False,
    ) -> None:
        self._app = app
        self._assess = partial(assess, seal, mode=mode, variables=variables, deep=deep)
        self._checked: Checked | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what this process may serve, and refuse the rest."""
        if self._may_serve(code_in_lifespan() if scope["type"] == "lifespan" else None):
            await self._app(scope, receive, send)
        else:
            await _refuse(str(scope["type"]), receive, send)

    def _may_serve(self, code: int | None) -> bool:
        """By the one check of this process, which is made and told once; a refused request ends nothing."""
        if self._checked is None:
            self._checked = self._assess()
            told(self._checked, code)
        return not self._checked.refuses


def guard(
    app: App,
    seal: str | None = None,
    *,
    mode: str | None = None,
    variables: Mapping[str, str] | None = None,
    deep: bool = False,
) -> Guard:
    """The application, behind a check that its server's start waits for; arguments as of `check`."""
    return Guard(app, seal, mode=mode, variables=variables, deep=deep)


def check_in_lifespan(
    seal: str | None = None,
    *,
    mode: str | None = None,
    variables: Mapping[str, str] | None = None,
    deep: bool = False,
) -> Checked:
    """As `check`; what is said is the code that a server makes of a lifespan which does not start.

    Raises:
        Refused: as of `check`.
    """
    checked = assess(seal, mode=mode, variables=variables, deep=deep)
    told(checked, code_in_lifespan())
    if checked.refuses:
        raise Refused(checked, code_here())
    return checked


async def _refuse(kind: str, receive: Receive, send: Send) -> None:
    await receive()
    match kind:
        case "lifespan":
            await send({"type": "lifespan.startup.failed", "message": REFUSED})
        case "websocket":
            await send({"type": "websocket.close", "code": _TRY_AGAIN_LATER, "reason": ""})
        case "http":
            headers = [(b"content-type", b"text/plain; charset=utf-8")]
            await send({"type": "http.response.start", "status": 503, "headers": headers})
            await send({"type": "http.response.body", "body": REFUSED.encode()})
        case _:
            pass  # of a protocol that nobody knows yet, nothing is served either
