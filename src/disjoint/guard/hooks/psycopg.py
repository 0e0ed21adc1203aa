"""psycopg 3, sync and async: every connection, of pools and frameworks, too."""

from __future__ import annotations

from collections.abc import Generator
from functools import wraps
from typing import Any

import psycopg
from psycopg import generators, pq
from psycopg._connection_base import BaseConnection

from disjoint.certify.plain_address import Place
from disjoint.certify.plain_host import spell
from disjoint.guard.servers import IDENTITY, Met, Postgres, Servers, postgres_in
from disjoint.guard.watching import Watch

from .replacing import wrap


def watch(by: Watch) -> None:
    """Ask each new connection who its server is, in one request on the wire, outside any transaction."""

    def made(original: Any) -> Any:
        @wraps(original)
        def connect(cls: Any, *args: Any, **named: Any) -> Generator[tuple[int, Any], Any, Any]:
            connection = yield from original(cls, *args, **named)
            says = yield from _asked(connection.pgconn)
            found = by.servers.postgres(_place(connection.pgconn), says)
            if (error := by.error("psycopg", found)) is not None:
                connection.pgconn.finish()
                raise error
            return connection

        return connect

    wrap(BaseConnection, "_connect_gen", made)


def met(connection: psycopg.Connection[Any], servers: Servers) -> Met:
    """What an open connection's server is, by its own words alone."""
    row = connection.execute(IDENTITY).fetchone() or ()
    return servers.postgres(None, postgres_in(tuple(text or "" for text in row)))


def _place(pgconn: pq.abc.PGconn) -> Place | None:
    """Where a connection leads by its text; None through a socket of this machine."""
    host, port = pgconn.host.decode(errors="replace"), pgconn.port.decode(errors="replace")
    if not host or host[0] in "/@" or not port.isdecimal():
        return None
    return Place("postgres", spell(host), int(port), pgconn.db.decode(errors="replace"))


def _asked(pgconn: pq.abc.PGconn) -> Generator[tuple[int, Any], Any, Postgres]:
    """A refusal of the request is no answer; a connection that is lost meanwhile is an error as any."""
    pgconn.send_query(IDENTITY.encode())
    asking = generators.execute(pgconn)
    results: list[pq.abc.PGresult] = []
    try:
        wait = next(asking)
        while True:
            ready = yield pgconn.socket, wait
            wait = asking.send(ready)
    except StopIteration as ended:
        results = ended.value
    if len(results) != 1 or results[0].status != pq.ExecStatus.TUPLES_OK:
        return Postgres()
    return postgres_in(tuple((results[0].get_value(0, n) or b"").decode(errors="replace") for n in (0, 1)))
