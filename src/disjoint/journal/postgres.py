"""A journal for many machines: one table in a PostgreSQL, lengthened by one of them at a time."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from disjoint.errors import UsageError, WriteError

from .entry import Row

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine
    from sqlalchemy.exc import SQLAlchemyError

VARIABLE = "DISJOINT_JOURNAL"
WAIT_SECONDS = 5
_REFUSED = "disjoint_journal_refuses"
_SCHEMA = f"""
CREATE TABLE disjoint_journal (
  project text NOT NULL, seq bigint NOT NULL, entry text NOT NULL, code text NOT NULL,
  PRIMARY KEY (project, seq));
CREATE OR REPLACE FUNCTION {_REFUSED}() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'a journal is only ever lengthened'; END $$;
CREATE TRIGGER lengthened_only BEFORE UPDATE OR DELETE OR TRUNCATE ON disjoint_journal
  FOR EACH STATEMENT EXECUTE FUNCTION {_REFUSED}();
"""
_WRITE = "write postgresql, then ://USER:PASSWORD@HOST/DATABASE"
"""In two pieces: a whole URL would be masked, as one that holds a password."""
_HOST, _DATABASE = re.compile(r"[\w.:%-]*"), re.compile(r"[^@:;=\s]*")
_PLACE = re.compile(rf"[\w.:%/,-]*:[0-9,]*/{_DATABASE.pattern}")
"""What may be told; else it may be a piece of a password that was cut."""
_ROW = "SELECT seq, entry, code FROM disjoint_journal WHERE project = :project"
_WHY = {
    "42": "this role needs SELECT and INSERT on disjoint_journal, and CREATE in the schema until it is there",
    "53": "its disk is full, or it has no connection left",
    "55": "another machine holds the journal; try again",
    "25": "it takes no writes: is it a replica?",
}
"""By class of SQLSTATE; a driver's own words may hold what the URL holds."""
_UNREACHED = "it does not answer, refuses the login, or has no such database"
"""A server that refuses to begin tells the driver why in words alone."""


class PostgresTurn:
    """A transaction that holds the project's advisory lock."""

    def __init__(self, connection: Connection, project: str) -> None:
        self._connection, self._project = connection, project

    def last(self) -> Row | None:
        """The newest row."""
        return self._one(f"{_ROW} ORDER BY seq DESC LIMIT 1")

    def row(self, seq: int) -> Row | None:
        """The row of one entry."""
        return self._one(f"{_ROW} AND seq = :seq", seq=seq)

    def add(self, row: Row) -> None:
        """Add a row."""
        statement = (
            "INSERT INTO disjoint_journal (project, seq, entry, code) VALUES (:project, :seq, :entry, :code)"
        )
        self._ask(statement, **row._asdict())

    def _one(self, statement: str, **values: object) -> Row | None:
        found = self._ask(statement, **values).one_or_none()
        return None if found is None else Row(*found)

    def _ask(self, statement: str, **values: object) -> Any:
        from sqlalchemy import text  # noqa: PLC0415

        return self._connection.execute(text(statement), {"project": self._project, **values})


class PostgresStore:
    """One project's rows in a table that several may share."""

    shared = True

    def __init__(self, url: str, project: str) -> None:
        self._engine, self._project = _engine(_read(url)), project
        self.where = _shown(self._engine.url)

    def rows(self, *, newest_first: bool = False) -> Iterator[Row]:
        """All rows; none where there is no table."""
        from sqlalchemy import inspect, text  # noqa: PLC0415

        with self._usable(), self._engine.connect() as connection:
            if inspect(connection).has_table("disjoint_journal"):
                order = "DESC" if newest_first else "ASC"
                found = connection.execute(text(f"{_ROW} ORDER BY seq {order}"), {"project": self._project})
                for row in found:
                    yield Row(*row)

    def stands(self) -> bool:
        """Whoever states its URL wants it."""
        return True

    @contextlib.contextmanager
    def turn(self, *, keep: bool = True) -> Iterator[PostgresTurn]:
        """A transaction, durable whatever the role's settings say; the first one makes the table."""
        with self._usable(), self._engine.connect() as connection, connection.begin() as transaction:
            _alone(connection)
            yield PostgresTurn(connection, self._project)
            if not keep:
                transaction.rollback()

    def expect_room(self) -> None:
        """Nothing: how much room a server has is known by adding a row."""

    @contextlib.contextmanager
    def _usable(self) -> Iterator[None]:
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

        try:
            yield
        except SQLAlchemyError as error:
            raise WriteError(f"cannot use the journal {self.where}: {_why(error)}") from None


def _alone(connection: Connection) -> None:
    """Wait for everybody else who writes, and make the table where there is none yet."""
    from sqlalchemy import inspect, text  # noqa: PLC0415

    connection.execute(text(f"SET LOCAL lock_timeout = '{WAIT_SECONDS}s'"))
    connection.execute(text("SET LOCAL synchronous_commit = on"))
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('disjoint_journal'))"))
    if not inspect(connection).has_table("disjoint_journal"):
        connection.execute(text(_SCHEMA))


def head_name(url: str) -> str:
    """The file that holds the head of a server's journal as this machine saw it last."""
    return f"journal-{hashlib.sha256(_shown(_read(url)).encode()).hexdigest()[:8]}.head"


def _engine(url: URL) -> Engine:
    from sqlalchemy import NullPool, create_engine  # noqa: PLC0415

    settings = {"connect_timeout": WAIT_SECONDS, "application_name": "disjoint journal"}
    return create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=settings)


def _read(url: str) -> URL:
    """The URL, for the driver that this package has.

    Raises:
        UsageError: it names no PostgreSQL, or the library is not installed.
    """
    try:
        from sqlalchemy import make_url  # noqa: PLC0415
        from sqlalchemy.exc import ArgumentError  # noqa: PLC0415
    except ImportError:
        raise UsageError(f"{VARIABLE} needs SQLAlchemy: pip install 'disjoint[journal]'") from None
    try:
        read = make_url(url)
    except (ArgumentError, ValueError):
        raise UsageError(f"{VARIABLE} is no URL: {_WRITE}") from None
    if read.get_backend_name() not in {"postgresql", "postgres"}:
        raise UsageError(f"{VARIABLE} names no PostgreSQL: {_WRITE}")
    if not (_HOST.fullmatch(read.host or "") and _PLACE.fullmatch(_shown(read))):
        raise UsageError(f"{VARIABLE}: its password or its host is not encoded: write @ as %40, / as %2F")
    return read.set(drivername="postgresql+psycopg")


def _shown(url: URL) -> str:
    """Where a journal is, without who reads it."""
    return f"{_setting(url, 'host') or 'localhost'}:{_setting(url, 'port') or 5432}/{url.database or ''}"


def _setting(url: URL, name: str) -> str:
    """What the driver is told of a name: behind the ``?`` it counts more than in its place."""
    stated = url.query.get(name) or getattr(url, name) or ""
    return ",".join(stated) if isinstance(stated, tuple) else str(stated)


def _why(error: SQLAlchemyError) -> str:
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return _WHY.get(str(state)[:2], _UNREACHED if state is None else f"it refuses ({state})")
