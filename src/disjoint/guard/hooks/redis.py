"""redis-py, sync and asyncio: every connection, of pools, clusters, Sentinels and Celery, too."""

from __future__ import annotations

import time
from contextvars import ContextVar
from functools import wraps
from typing import Any

from redis import connection as sync
from redis.asyncio import connection as aio
from redis.exceptions import ResponseError

from disjoint.certify.plain_address import Place
from disjoint.certify.plain_host import spell
from disjoint.guard.servers import Met, Redis, Servers, redis_in
from disjoint.guard.watching import Watch

from .replacing import wrap

_INFO = (("INFO", "server"), ("INFO", "replication"))
_JUDGED: ContextVar[object] = ContextVar("judged", default=None)
"""The connection that was judged last: one is judged once, whichever way it was opened."""


def watch(by: Watch) -> None:
    """Ask each new connection who its server is, after its login and before its first command."""
    greeting = _first(("on_connect_check_health", "on_connect"))
    opening = _first(("connect_check_health", "connect"))
    wrap(sync.AbstractConnection, greeting, lambda original: _greeting(original, by))
    wrap(sync.AbstractConnection, opening, lambda original: _opening(original, by))
    wrap(aio.AbstractConnection, greeting, lambda original: _greeting_async(original, by))
    wrap(aio.AbstractConnection, opening, lambda original: _opening_async(original, by))


def _first(names: tuple[str, str]) -> str:
    """The newer name, or the one of redis-py before 5.3."""
    return next((name for name in names if hasattr(sync.AbstractConnection, name)), names[1])


def _greeting(original: Any, by: Watch) -> Any:
    @wraps(original)
    def greet(self: Any, *args: Any, **named: Any) -> None:
        original(self, *args, **named)
        _judge(self, by)

    return greet


def _opening(original: Any, by: Watch) -> Any:
    @wraps(original)
    def connect(self: Any, *args: Any, **named: Any) -> None:
        before, token = getattr(self, "_sock", None), _JUDGED.set(None)
        try:
            original(self, *args, **named)
            if before is None and _JUDGED.get() is not self:  # by a redis_connect_func that greets nobody
                _judge(self, by)
        finally:
            _JUDGED.reset(token)

    return connect


def met(connection: Any, servers: Servers) -> Met:
    """What an open connection's server is, by its own words alone."""
    return servers.redis(None, _asked(connection))


def _asked(self: Any) -> Redis:
    self.send_packed_command(self.pack_commands(_INFO), check_health=False)
    return _says(_told(self), _told(self))


def _judge(self: Any, by: Watch) -> None:
    if (error := by.error("redis", by.servers.redis(_place(self), _asked(self)))) is not None:
        self.disconnect()
        raise error
    _JUDGED.set(self)


def _told(self: Any) -> bytes:
    """A refusal of a command is no answer."""
    try:
        return _octets(self.read_response(disable_decoding=True))
    except ResponseError:
        return b""


def _greeting_async(original: Any, by: Watch) -> Any:
    @wraps(original)
    async def greet(self: Any, *args: Any, **named: Any) -> None:
        await original(self, *args, **named)
        await _judge_async(self, by)

    return greet


def _opening_async(original: Any, by: Watch) -> Any:
    @wraps(original)
    async def connect(self: Any, *args: Any, **named: Any) -> None:
        before, token = self.is_connected, _JUDGED.set(None)
        try:
            await original(self, *args, **named)
            if not before and _JUDGED.get() is not self:
                await _judge_async(self, by)
        finally:
            _JUDGED.reset(token)

    return connect


async def _judge_async(self: Any, by: Watch) -> None:
    await self.send_packed_command(self.pack_commands(_INFO), check_health=False)
    says = _says(await _told_async(self), await _told_async(self))
    if (error := by.error("redis", by.servers.redis(_place(self), says))) is not None:
        await self.disconnect(nowait=True)
        raise error
    _JUDGED.set(self)


async def _told_async(self: Any) -> bytes:
    try:
        return _octets(await self.read_response(disable_decoding=True))
    except ResponseError:
        return b""


def _octets(answer: object) -> bytes:
    return answer if isinstance(answer, bytes) else str(answer).encode()


def _says(server: bytes, replication: bytes) -> Redis:
    return redis_in(server.decode(errors="replace"), replication.decode(errors="replace"), time.time())


def _place(self: Any) -> Place | None:
    """Where it leads by its text; None through a socket of this machine."""
    host, port = getattr(self, "host", None), getattr(self, "port", None)
    if not isinstance(host, str) or not str(port).isdecimal():
        return None
    return Place("redis", spell(host), int(str(port)), str(self.db or 0))
