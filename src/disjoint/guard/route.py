"""A route by which a verifier asks this very process: `app.add_middleware(disjoint.guard.route.Asgi)`.

A middleware around any ASGI or WSGI application. Without `DISJOINT_ATTEST_TOKEN` there is no route, and every
request is the application's own: docs/adr/0017-attested.md.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial

from .questions import PATH, Question, Refusal, Request, asked, token_of

TYPE_CHECKING = False  # as in the package: nothing of typing is loaded
if TYPE_CHECKING:
    import asyncio
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from .child import Answer
    from .frameworks.asgi import App, Message, Receive, Scope, Send

_HEADERS = (("Cache-Control", "no-store"), ("X-Accel-Buffering", "no"))
_TEXT, _RECORDS = "text/plain; charset=utf-8", "application/json-seq"
_PHRASES = {
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 405: "Method Not Allowed",
    429: "Too Many Requests", 503: "Service Unavailable",
}  # fmt: skip
_NO_LOOP = Refusal(503, "this server runs another loop than asyncio's; the route needs that one")
_CANARY = ("hold=", "look=")
"""What an application that offers the canary of `web/same-deployment` is asked at the same path."""
_LOST = Refusal(503, "the question was lost")
_BETWEEN = 0.05
"""Seconds between two messages of a client that should have none left: no server's loop is kept busy."""


class _Route:
    """Where a process is asked, and with what it answers."""

    def __init__(self, path: str, manifest: str, variables: Mapping[str, str] | None) -> None:
        if not path.startswith("/"):
            raise ValueError(f"path={path!r}: expected an absolute path, such as {PATH}")
        self._path, self._manifest = path, manifest
        self._own: Mapping[str, str] = {} if variables is None else variables

    def token(self, path: str, query: str) -> str:
        """What opens the route at this moment; empty where the request is the application's."""
        if path != self._path or query.startswith(_CANARY):
            return ""
        return token_of({**os.environ, **self._own})

    def answer(self, request: Request, token: str) -> Answer | Refusal:
        """To a request at the route."""
        question = asked(request, token)
        return question if isinstance(question, Refusal) else self._begun(question)

    def _begun(self, question: Question) -> Answer:
        from .child import Answer  # noqa: PLC0415  (processes that are never asked load nothing of it)

        return Answer(question, self._manifest, dict(self._own))


class Asgi:
    """An ASGI application, and the route in front of it.

    Args:
        app: the application.
        path: where the process is asked.
        manifest: its path, where it is not `disjoint.toml` in the working directory.
        variables: what the process takes from elsewhere than its environment; read at each question.
    """

    def __init__(
        self, app: App, path: str = PATH, *, manifest: str = "", variables: Mapping[str, str] | None = None
    ) -> None:
        self._app = app
        self._route = _Route(path, manifest, variables)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is asked at the route, and pass on everything else."""
        token = self._route.token(_path(scope), _query(scope)) if scope["type"] == "http" else ""
        if not token:
            await self._app(scope, receive, send)
            return
        answer = self._route.answer(_request(scope), token)
        if isinstance(answer, Refusal):
            await _refuse(answer, send)
        else:
            await _answer(answer, receive, send)


class Wsgi:
    """A WSGI application, and the route in front of it; the arguments are those of `Asgi`."""

    def __init__(
        self,
        app: WSGIApplication,
        path: str = PATH,
        *,
        manifest: str = "",
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self._app = app
        self._route = _Route(path, manifest, variables)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer what is asked at the route, and pass on everything else."""
        token = self._route.token(environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", ""))
        if not token:
            return self._app(environ, start_response)
        words = ("REQUEST_METHOD", "HTTP_AUTHORIZATION", "HTTP_DISJOINT_NONCE", "HTTP_DISJOINT_SECONDS")
        answer = self._route.answer(Request(*(environ.get(word, "") for word in words)), token)
        if isinstance(answer, Refusal):
            return _refused(answer, start_response)
        return _answered(answer, start_response)


class _Records:
    """A child's records; ends it wherever the server stops."""

    def __init__(self, answer: Answer, first: bytes) -> None:
        self._answer, self._first = answer, first

    def __iter__(self) -> Iterator[bytes]:
        yield self._first
        yield from self._answer.records()

    def close(self) -> None:
        """Called by every server, however the answer ended."""
        self._answer.close()


def _answered(answer: Answer, start_response: StartResponse) -> Iterable[bytes]:
    try:
        first = answer.begin()
        if isinstance(first, Refusal):
            answer.close()
            return _refused(first, start_response)
        start_response(f"200 {_PHRASES[200]}", [("Content-Type", _RECORDS), *_HEADERS])
    except BaseException:  # a server that gives a worker up raises what it likes
        answer.end()
        raise
    return _Records(answer, first)


def _refused(refusal: Refusal, start_response: StartResponse) -> Iterable[bytes]:
    body = _body(refusal)
    headers = [("Content-Type", _TEXT), ("Content-Length", str(len(body))), *_HEADERS, *refusal.headers]
    start_response(f"{refusal.status} {_PHRASES[refusal.status]}", headers)
    return [body]


def _body(refusal: Refusal) -> bytes:
    return f"{refusal.says}\n".encode("utf-8", "replace")


async def _answer(answer: Answer, receive: Receive, send: Send) -> None:
    """Whatever a thread of this question's own hears from the child, as it comes."""
    import asyncio  # noqa: PLC0415  (loaded by whoever runs this)

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        await _refuse(_NO_LOOP, send)
        return
    heard: asyncio.Queue[bytes | Refusal | None] = asyncio.Queue()

    def tell(what: bytes | Refusal | None) -> None:
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(heard.put_nowait, what)

    leaving = asyncio.ensure_future(_left(receive))
    leaving.add_done_callback(lambda _: answer.end())
    try:
        threading.Thread(target=_hear, args=(answer, tell), daemon=True).start()
        with suppress(OSError):  # sent to nobody
            await _passed_on(heard, send)
    finally:
        leaving.cancel()
        answer.end()


def _hear(answer: Answer, tell: Callable[[bytes | Refusal | None], None]) -> None:
    """In a thread: what blocks."""
    try:
        tell(answer.begin())
        for record in answer.records():
            tell(record)
    finally:
        answer.end()
        tell(None)


async def _passed_on(heard: asyncio.Queue[bytes | Refusal | None], send: Send) -> None:
    first = await heard.get()
    if not isinstance(first, bytes):
        await _refuse(first or _LOST, send)
        return
    await send(_started(200, _RECORDS))
    record: bytes | Refusal | None = first
    while isinstance(record, bytes):
        await send({"type": "http.response.body", "body": record, "more_body": True})
        record = await heard.get()
    await send({"type": "http.response.body", "body": b""})


async def _left(receive: Receive) -> None:
    """Until the client has left."""
    from asyncio import sleep  # noqa: PLC0415  (as above)

    while (await receive())["type"] != "http.disconnect":  # noqa: ASYNC110  (it awaits the client)
        await sleep(_BETWEEN)


async def _refuse(refusal: Refusal, send: Send) -> None:
    body = _body(refusal)
    await send(_started(refusal.status, _TEXT, ("Content-Length", str(len(body))), *refusal.headers))
    await send({"type": "http.response.body", "body": body})


def _started(status: int, kind: str, *more: tuple[str, str]) -> Message:
    headers = [
        (name.lower().encode(), text.encode()) for name, text in (("Content-Type", kind), *_HEADERS, *more)
    ]
    return {"type": "http.response.start", "status": status, "headers": headers}


def _path(scope: Scope) -> str:
    """As the application's own routes see it: without the prefix under which a proxy or a mount has it."""
    path, prefix = str(scope.get("path", "")), str(scope.get("root_path", ""))
    within = path.startswith(f"{prefix.rstrip('/')}/")
    return path[len(prefix.rstrip("/")) :] if within else path


def _query(scope: Scope) -> str:
    query = scope.get("query_string", b"")
    return query.decode("latin-1") if isinstance(query, bytes) else ""


def _request(scope: Scope) -> Request:
    header = partial(_header, scope)
    return Request(
        str(scope.get("method", "")),
        header(b"authorization"),
        header(b"disjoint-nonce"),
        header(b"disjoint-seconds"),
    )


def _header(scope: Scope, name: bytes) -> str:
    """Its value; of one that came more than once all, as WSGI has it, which is then nothing anybody takes."""
    pairs = scope.get("headers")
    found = [value for key, value in pairs if key.lower() == name] if isinstance(pairs, Iterable) else []
    return b",".join(found).decode("latin-1")
