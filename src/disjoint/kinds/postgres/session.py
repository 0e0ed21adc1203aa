"""One read-only transaction on a PostgreSQL server: constant statements, counted, on time.

Nothing of this process is taken along: no PG* variable, no ~/.pgpass, no service file.
No driver's text leaves this module, for it may hold secrets: only our own sentences do.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, LiteralString

import psycopg
from psycopg import pq

from disjoint.model.probe import Probe, ProbeError

from . import queries
from .address import Login
from .connect import Opened, connect

Rows = list[tuple[Any, ...]]


class StatementError(ProbeError):
    """The server answered one statement with an error; the session goes on."""

    def __init__(self, reason: str, sqlstate: str, remedy: str = "") -> None:
        super().__init__(reason, remedy)
        self.sqlstate = sqlstate


class Session:
    """An open transaction that can read, and will be rolled back."""

    def __init__(self, opened: Opened, probe: Probe) -> None:
        self._connection = opened.connection
        self._probe = probe
        self.place = opened.place
        self.tls = opened.tls
        self._restore: LiteralString = ""

    def ask(self, statement: LiteralString, *values: str) -> Rows:
        """All rows of one constant statement.

        Raises:
            StatementError: the server said no; the transaction stands as before.
            ProbeError: the connection is gone or time is up.
        """
        return self._execute(statement, " ".join(statement.split()), values or None)

    def ask_declared(self, prefix: LiteralString, statement: str, counted_as: str) -> Rows:
        """All rows of a declared statement after a constant prefix. Raises as `ask` does."""
        # Binary results take the extended protocol, where the server itself refuses a second statement.
        return self._execute((prefix + statement).encode(), counted_as, None, binary=True)

    def open(self) -> None:
        """Begin, with every setting local to the transaction.

        Raises:
            ProbeError: the server is none that this tool can read, or is gone.
        """
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
        with contextlib.suppress(ProbeError):
            self.ask(queries.CLOSING)

    def _execute(
        self,
        query: LiteralString | bytes,
        counted_as: str,
        values: tuple[str, ...] | None,
        binary: bool = False,
    ) -> Rows:
        self._probe.remaining()
        self._probe.sent(counted_as)
        try:
            cursor = self._connection.execute(query, values, binary=binary)
            return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise self._why(error) from None

    def _why(self, error: psycopg.Error) -> ProbeError:
        """Our own sentence; the transaction goes on where the server let it."""
        failed = self._connection.info.transaction_status == pq.TransactionStatus.INERROR
        if error.sqlstate is None or not failed or not self._restore:
            return self._lost(error)
        restore, self._restore = self._restore, ""
        self._execute(restore, restore, None)
        self._restore = restore
        known = _ROW_SECURITY if _is_row_security(error) else _STATES.get(error.sqlstate, _OTHER)
        return StatementError(known[0].format(state=error.sqlstate), error.sqlstate, known[1])

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

    Raises:
        ProbeError: no server answered, it refused the login, or TLS failed.
    """
    with connect(login, probe) as opened, probe.watch(opened.connection.fileno()):
        reading = Session(opened, probe)
        reading.open()
        try:
            yield reading
        finally:
            reading.close()


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
