"""SQLAlchemy: every PostgreSQL connection of its pools, and every transaction with DDL."""

from __future__ import annotations

import importlib
import re
from contextlib import closing, suppress
from importlib.util import find_spec
from typing import Any

import sqlalchemy
from sqlalchemy import event
from sqlalchemy.pool import Pool

from disjoint.certify.plain_address import Place
from disjoint.certify.plain_host import spell
from disjoint.guard.servers import IDENTITY, Postgres, postgres_in
from disjoint.guard.watching import Watch

_OWN = ("psycopg", "asyncpg")
"""Drivers with a hook of their own, which ask on the wire."""
_POSTGRES = re.compile(r"(psycopg2|pg8000|psycopg2cffi)\.")
_DDL = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*(CREATE|ALTER|DROP|TRUNCATE|COMMENT|GRANT|REVOKE|REINDEX|REASSIGN|DO|CALL)\b",
    re.IGNORECASE | re.DOTALL,
)
_JUDGED = "disjoint_judged"
_BY: list[Watch] = []
"""The one that judges now; SQLAlchemy keeps its listeners for good."""


def watch(by: Watch) -> None:
    """Judge the connections of every engine and every transaction with DDL, as of now."""
    for name in _OWN:
        if find_spec(name):
            importlib.import_module(f"{__package__}.{name}").watch(by)
    if not _BY:
        event.listen(Pool, "connect", _connected)
        event.listen(sqlalchemy.Engine, "before_cursor_execute", _executes)
    _BY[:] = [by]


def _connected(connection: Any, record: Any) -> None:
    """A driver without a hook of its own: one request, outside any transaction."""
    del record
    if not _POSTGRES.match(f"{type(connection).__module__}."):
        return
    before, connection.autocommit = connection.autocommit, True
    met = _BY[0].servers.postgres(_place(connection), _asked(connection))
    connection.autocommit = before
    if (error := _BY[0].error("sqlalchemy", met)) is not None:
        connection.close()
        raise error


def _executes(
    connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
) -> None:
    """Behind a pooler each transaction may be another server's, and each statement outside of one."""
    del cursor, parameters, context, many
    if connection.dialect.name != "postgresql" or not _DDL.match(statement):
        return
    transaction, raw = connection.get_transaction(), connection.connection.dbapi_connection
    if connection.info.get(_JUDGED) is transaction and getattr(raw, "autocommit", False) is not True:
        return
    url = connection.engine.url
    place = Place("postgres", spell(url.host), url.port or 5432, url.database or "") if url.host else None
    met = _BY[0].servers.postgres(place, _asked(raw))
    if (error := _BY[0].error("sqlalchemy", met)) is not None:
        connection.invalidate(error)
        raise error
    connection.info[_JUDGED] = transaction


def _asked(connection: Any) -> Postgres:
    """A refusal of the request is no answer."""
    with suppress(Exception), closing(connection.cursor()) as cursor:
        cursor.execute(IDENTITY)
        return postgres_in(tuple(text or "" for text in cursor.fetchone()))
    return Postgres()


def _place(connection: Any) -> Place | None:
    said = getattr(connection, "info", None)
    host, port = getattr(said, "host", None), getattr(said, "port", None)
    if not isinstance(host, str) or not isinstance(port, int) or host.startswith("/"):
        return None
    return Place("postgres", spell(host), port, getattr(said, "dbname", None) or "")
