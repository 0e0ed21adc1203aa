"""One read-only transaction on a PostgreSQL server: constant statements, counted, on time.

Nothing of this process is taken along: no PG* variable, no ~/.pgpass, no service file.
No driver's text leaves this module, for it may hold secrets: only our own sentences do.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
from collections.abc import Iterator, Sequence
from typing import Any, LiteralString, NamedTuple, TypeAlias

import psycopg
from psycopg import pq, sql

from disjoint.model.probe import Probe, ProbeError

from . import queries
from .address import Login
from .connect import Opened, connect
from .pending import Pending
from .refusals import GONE, OTHER, ROW_SECURITY, STATES, UNREADABLE

CANCEL_SECONDS = 0.8
"""How long a request to end a statement may take."""

Rows = list[tuple[Any, ...]]
Values: TypeAlias = tuple[int | float | str, ...]
"""Our own, never a declared or read text."""


class Opening(NamedTuple):
    """What a transaction begins with; its last statement is the savepoint ``opened``."""

    statements: tuple[LiteralString, ...]
    optional: tuple[LiteralString, ...]
    """Settings that a server may not know."""


VISIT = Opening(queries.OPENING, queries.OPTIONAL)


class StatementError(ProbeError):
    """The server answered one statement with an error; the session goes on."""

    def __init__(self, reason: str, sqlstate: str, remedy: str = "") -> None:
        super().__init__(reason, remedy)
        self.sqlstate = sqlstate


class PooledByStatementError(ProbeError):
    """A pooler refuses transaction blocks: each statement may meet another connection of the server."""


class Session:
    """An open transaction that can read, and will be rolled back.

    Where a pooler refuses transaction blocks (`by_statement`), every request is a transaction of its own.
    """

    def __init__(
        self, opened: Opened, probe: Probe, *, by_statement: bool = False, opening: Opening = VISIT
    ) -> None:
        self._connection = opened.connection
        self._probe = probe
        self._opening = opening
        self.place = opened.place
        self.tls = opened.tls
        self.by_statement = by_statement
        self._restore: LiteralString = ""

    def ask(self, statement: LiteralString, *values: str) -> Rows:
        """All rows of one constant statement.

        Raises:
            StatementError: the server said no; the transaction stands as before.
            ProbeError: the connection is gone or time is up.
        """
        if self.by_statement:
            return self.ask_with(statement) if not values else self._refuse()
        return self._execute(statement, _one_line(statement), values or None)

    def ask_with(self, *statements: LiteralString, values: Sequence[Values] = ()) -> Rows:
        """All rows of the last of several constant statements, with numbers and words of our own filled in.

        Raises as `ask` does.
        """
        given = itertools.chain(values, itertools.repeat(()))
        filled = [sql.SQL(s).format(*map(sql.Literal, v)) for s, v in zip(statements, given, strict=False)]
        before = [sql.SQL(setting) for setting in queries.PREAMBLE] if self.by_statement else []
        for statement in (*(queries.PREAMBLE if before else ()), *statements[:-1]):
            self._probe.sent(_one_line(statement))
        return self._execute(sql.SQL("; ").join([*before, *filled]), _one_line(statements[-1]), None)

    def send(self, statement: LiteralString, values: Values) -> None:
        """Send one constant statement without waiting for its end.

        Raises:
            ProbeError: the connection is gone, or time is up.
        """
        self._probe.remaining()
        for each in (*queries.PREAMBLE, statement):
            self._probe.sent(_one_line(each))
        parts = [*map(sql.SQL, queries.PREAMBLE), sql.SQL(statement).format(*map(sql.Literal, values))]
        text = sql.SQL("; ").join(parts).as_bytes(self._connection)
        try:
            self._connection.pgconn.send_query(text)
            self._connection.pgconn.flush()
        except psycopg.Error as error:
            raise self._lost(error) from None

    def ask_declared(self, prefix: LiteralString, statement: str, counted_as: str) -> Rows:
        """All rows of a declared statement after a constant prefix. Raises as `ask` does."""
        if self.by_statement:
            return self._refuse()
        # Binary results take the extended protocol, where the server itself refuses a second statement.
        return self._execute((prefix + statement).encode(), counted_as, None, binary=True)

    def fetch(self, query: sql.Composed, counted_as: LiteralString) -> pq.abc.PGresult:
        """The answer to one statement as it came, binary: no object of this process for each value.

        Args:
            query: a constant statement with names of the schema and values of our own filled in.
            counted_as: the same statement without them.

        Raises as `ask` does.
        """
        if self.by_statement:
            self._refuse()
        self._probe.sent(_one_line(counted_as))
        if (result := self._carried_out(query, None, binary=True).pgresult) is None:
            raise ProbeError("the server gave no answer", "run again; its log says why")
        return result

    def pending(self) -> Pending:
        """For statements that are sent before their answer is wanted."""
        return Pending(self._connection, self._probe, self._why)

    def cancel(self) -> None:
        """End what the server is doing for this session, from another thread. Never raises."""
        with contextlib.suppress(psycopg.Error):
            self._connection.cancel_safe(timeout=CANCEL_SECONDS)
        with contextlib.suppress(psycopg.Error, OSError), _twin(self._connection) as twin:
            twin.shutdown(socket.SHUT_RDWR)  # whoever waits for it is told, too

    def give_back(self) -> None:
        """Let go of every lock that was taken since the transaction began, and keep its snapshot."""
        self.ask(queries.BACK)

    def open(self, first: LiteralString = "", *values: str) -> Rows:
        """Begin, with every setting local to the transaction; and what `first`, before any savepoint, gives.

        Raises:
            PooledByStatementError: a pooler refuses transaction blocks; the connection is gone.
            ProbeError: the server is none that this tool can read, or is gone.
        """
        if self.by_statement:
            return []
        *settings, savepoint = self._opening.statements
        begun = [
            *map(sql.SQL, settings),
            *([sql.SQL(first).format(*map(sql.Literal, values))] if first else []),
        ]
        for statement in (*settings, *([first] if first else [])):
            self._probe.sent(_one_line(statement))
        self._restore = ""
        if first:
            found = self._answer(sql.SQL("; ").join(begun), None)
            self._execute(savepoint, savepoint, None)
        else:
            found = self._execute(sql.SQL("; ").join([*begun, sql.SQL(savepoint)]), savepoint, None)
        self._restore = queries.BACK_TO_OPENED
        for setting in self._opening.optional:
            with contextlib.suppress(StatementError):
                self.ask(setting)
        self.ask(queries.SAVEPOINT)
        self._restore = queries.BACK
        return found

    def close(self) -> None:
        """Roll back; a connection that is gone has done so itself."""
        idle = self._connection.info.transaction_status == pq.TransactionStatus.IDLE
        if not (self.by_statement or idle):
            with contextlib.suppress(ProbeError):
                self.ask(queries.CLOSING)

    def _refuse(self) -> Rows:
        why = "a pooler that refuses transaction blocks stands before the server"
        raise StatementError(f"not asked: {why}", "", "declare the address that leads past the pooler")

    def _execute(
        self,
        query: LiteralString | bytes | sql.Composed,
        counted_as: str,
        values: tuple[str, ...] | None,
        binary: bool = False,
    ) -> Rows:
        self._probe.sent(counted_as)
        return self._answer(query, values, binary)

    def _answer(
        self,
        query: LiteralString | bytes | sql.Composed,
        values: tuple[str, ...] | None,
        binary: bool = False,
    ) -> Rows:
        cursor = self._carried_out(query, values, binary)
        try:
            return cursor.fetchall() if cursor.description else []
        except UnicodeDecodeError:  # names of databases are stored as whoever made them sent them
            raise StatementError(STATES[UNREADABLE][0], UNREADABLE, STATES[UNREADABLE][1]) from None
        except psycopg.Error as error:
            raise self._why(error) from None

    def _carried_out(
        self, query: LiteralString | bytes | sql.Composed, values: tuple[str, ...] | None, binary: bool
    ) -> psycopg.Cursor[tuple[Any, ...]]:
        self._probe.remaining()
        try:
            cursor = self._connection.execute(query, values, binary=binary)
            while cursor.nextset():
                pass
        except psycopg.Error as error:
            raise self._why(error) from None
        return cursor

    def _why(self, error: psycopg.Error) -> ProbeError:
        """Our own sentence; the transaction goes on where the server let it."""
        if "statement pooling mode" in str(error):  # PgBouncer's own words, which it never translates
            return PooledByStatementError("a pooler refuses transaction blocks")
        status = self._connection.info.transaction_status
        if self.by_statement and error.sqlstate is not None and status == pq.TransactionStatus.IDLE:
            return _told(error)
        if error.sqlstate is None or status != pq.TransactionStatus.INERROR or not self._restore:
            return self._lost(error)
        restore, self._restore = self._restore, ""
        self._execute(restore, restore, None)
        self._restore = restore
        return _told(error)

    def _lost(self, error: psycopg.Error) -> ProbeError:
        try:
            self._probe.remaining()
        except ProbeError as late:
            return late
        return ProbeError(*STATES.get(error.sqlstate or "", GONE))


@contextlib.contextmanager
def session(login: Login, probe: Probe, opening: Opening = VISIT) -> Iterator[Session]:
    """Connect once, read in one transaction, roll it back, leave.

    A pooler that refuses transaction blocks costs a second connection, on which each request is its own.

    Raises:
        ProbeError: no server answered, it refused the login, or TLS failed.
    """
    with contextlib.ExitStack() as stack:
        try:
            reading = _opened(login, probe, stack, opening)
        except PooledByStatementError:
            stack.close()
            reading = _opened(login, probe, stack, opening, by_statement=True)
        try:
            yield reading
        finally:
            reading.close()


def _opened(
    login: Login,
    probe: Probe,
    stack: contextlib.ExitStack,
    opening: Opening,
    *,
    by_statement: bool = False,
) -> Session:
    opened = stack.enter_context(connect(login, probe))
    stack.enter_context(probe.watch(opened.connection.fileno()))
    reading = Session(opened, probe, by_statement=by_statement, opening=opening)
    reading.open()
    return reading


def _one_line(statement: str) -> str:
    return " ".join(statement.split())


def _twin(connection: psycopg.Connection[tuple[Any, ...]]) -> socket.socket:
    return socket.socket(fileno=os.dup(connection.fileno()))


def _told(error: psycopg.Error) -> StatementError:
    state = error.sqlstate or ""
    # The function's name is never translated, unlike the message.
    known = ROW_SECURITY if error.diag.source_function == "check_enable_rls" else STATES.get(state, OTHER)
    return StatementError(known[0].format(state=state), state, known[1])
