"""asyncpg: every connection, of its pools and of SQLAlchemy, too."""

from __future__ import annotations

from functools import wraps
from typing import Any

import asyncpg
from asyncpg import connect_utils

from disjoint.certify.plain_address import Place
from disjoint.certify.plain_host import spell
from disjoint.guard.servers import IDENTITY, Postgres, postgres_in
from disjoint.guard.watching import Watch

from .replacing import wrap


def watch(by: Watch) -> None:
    """Ask each new connection who its server is: by COPY, which takes one request where a query takes two."""

    def made(original: Any) -> Any:
        @wraps(original)
        async def connect(*args: Any, **named: Any) -> Any:
            connection = await original(*args, **named)
            try:
                met = by.servers.postgres(_place(connection), await _asked(connection))
            except BaseException:
                connection.terminate()
                raise
            if (error := by.error("asyncpg", met)) is not None:
                connection.terminate()
                raise error
            return connection

        return connect

    wrap(connect_utils, "_connect", made)


async def _asked(connection: Any) -> Postgres:
    """A refusal of the request is no answer."""
    told: list[bytes] = []

    async def keep(octets: bytes) -> None:
        told.append(octets)

    try:
        await connection.copy_from_query(IDENTITY, output=keep)
    except asyncpg.PostgresError:
        return Postgres()
    return postgres_in(tuple(b"".join(told).decode(errors="replace").split("\t")))


def _place(connection: Any) -> Place | None:
    """Where it leads by its text; None through a socket of this machine."""
    match getattr(connection, "_addr", None):
        case (str(host), int(port)):
            return Place("postgres", spell(host), port, str(connection._params.database or ""))  # noqa: SLF001  (it has no other name)
        case _:
            return None
