"""One read-only transaction on a PostgreSQL server: constant statements, counted, on time.

Nothing of this process is taken along: no PG* variable, no ~/.pgpass, no service file.
No driver's text leaves this module, for it may hold secrets: only our own sentences do.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from typing import Any, LiteralString, TypeAlias

import psycopg
from psycopg import pq, sql

from disjoint.model.probe import Probe, ProbeError

from . import queries
from .address import Login
from .connect import Opened, connect

Rows = list[tuple[Any, ...]]
Values: TypeAlias = tuple[int | float | str, ...]
"""Our own, never a declared or read text."""


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

    def __init__(self, opened: Opened, probe: Probe, *, by_statement: bool = False) -> None:
        self._connection = opened.connection
        self._probe = probe
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

    def open(self) -> None:
        """Begin, with every setting local to the transaction.

        Raises:
            PooledByStatementError: a pooler refuses transaction blocks; the connection is gone.
            ProbeError: the server is none that this tool can read, or is gone.
        """
        if self.by_statement:
            return
        for statement in queries.OPENING[:-1]:
            self._probe.sent(statement)
        self._restore = ""
        self._execute("; ".join(queries.OPENING), queries.OPENING[-1], None)
        self._restore = queries.BACK_TO_OPENED
        for setting in queries.OPTIONAL:
            with contextlib.suppress(StatementError):
                self.ask(setting)
        self.ask(queries.SAVEPOINT)
        self._restore = queries.BACK

    def close(self) -> None:
        """Roll back; a connection that is gone has done so itself."""
        if not self.by_statement:
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
        self._probe.remaining()
        self._probe.sent(counted_as)
        try:
            cursor = self._connection.execute(query, values, binary=binary)
            while cursor.nextset():
                pass
            return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise self._why(error) from None

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
        gone = ("the server broke the connection off", "run again; its log says why")
        return ProbeError(*_STATES.get(error.sqlstate or "", gone))


@contextlib.contextmanager
def session(login: Login, probe: Probe) -> Iterator[Session]:
    """Connect once, read in one transaction, roll it back, leave.

    A pooler that refuses transaction blocks costs a second connection, on which each request is its own.

    Raises:
        ProbeError: no server answered, it refused the login, or TLS failed.
    """
    with contextlib.ExitStack() as stack:
        try:
            reading = _opened(login, probe, stack)
        except PooledByStatementError:
            stack.close()
            reading = _opened(login, probe, stack, by_statement=True)
        try:
            yield reading
        finally:
            reading.close()


def _opened(
    login: Login, probe: Probe, stack: contextlib.ExitStack, *, by_statement: bool = False
) -> Session:
    opened = stack.enter_context(connect(login, probe))
    stack.enter_context(probe.watch(opened.connection.fileno()))
    reading = Session(opened, probe, by_statement=by_statement)
    reading.open()
    return reading


def _one_line(statement: str) -> str:
    return " ".join(statement.split())


def _told(error: psycopg.Error) -> StatementError:
    state = error.sqlstate or ""
    known = _ROW_SECURITY if _is_row_security(error) else _STATES.get(state, _OTHER)
    return StatementError(known[0].format(state=state), state, known[1])


def _is_row_security(error: psycopg.Error) -> bool:
    # The function's name is never translated, unlike the message.
    return error.diag.source_function == "check_enable_rls"


_OTHER = ("the server refused the statement (SQLSTATE {state})", "")
_ROW_SECURITY = (
    "row-level security would hide rows from this role",
    "read as the table's owner, or: ALTER ROLE role BYPASSRLS; -- role = the user of this URL",
)
_STATES = {
    "42501": ("permission denied", ""),
    "42P01": ("a table it names does not exist here", ""),
    "42703": ("a column it names does not exist here", ""),
    "42601": ("the server cannot parse the statement", ""),
    "25006": ("it would write, and the transaction is read-only", ""),
    "57014": ("the server cancelled the statement after 2 s", "make it cheaper, with an index for example"),
    "55P03": ("a lock was not free within 0.2 s", "run again when no migration is under way"),
    "57P01": ("the server is shutting down", "run again when it is up"),
    "53300": ("the server has no free connection", "free one, or raise CONNECTION LIMIT or max_connections"),
}
