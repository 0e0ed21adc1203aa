"""A statement that the server works on while this process does something else."""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import Any, LiteralString

import psycopg
from psycopg import pq, sql

from disjoint.model.probe import Probe, ProbeError

LOOK_MS = 100
"""Milliseconds after which a wait looks whether its connection is there at all."""


class Pending:
    """At most one statement of a session, under way. Nothing else may be asked before it was taken."""

    def __init__(
        self,
        connection: psycopg.Connection[tuple[Any, ...]],
        probe: Probe,
        why: Callable[[psycopg.Error], ProbeError],
    ) -> None:
        self._connection = connection
        self._probe = probe
        self._why = why

    def ask(self, query: sql.Composed, counted_as: LiteralString) -> None:
        """Send one statement. Raises as `Session.fetch` does."""
        self._probe.remaining()
        self._probe.sent(" ".join(counted_as.split()))
        pgconn = self._connection.pgconn
        try:
            pgconn.send_query_params(query.as_bytes(self._connection), None, result_format=pq.Format.BINARY)
            while pgconn.flush():
                self._wait(select.POLLIN | select.POLLOUT)
        except psycopg.Error as error:
            raise self._why(error) from None

    def taken(self) -> pq.abc.PGresult:
        """The answer to it, binary. Raises as `Session.fetch` does."""
        self._probe.remaining()
        try:
            answer = self._whole()
            if answer.status != pq.ExecStatus.TUPLES_OK:
                raise psycopg.errors.error_from_result(answer)
        except psycopg.Error as error:
            raise self._why(error) from None
        return answer

    def _whole(self) -> pq.abc.PGresult:
        pgconn = self._connection.pgconn
        while pgconn.is_busy():
            self._wait(select.POLLIN)
            pgconn.consume_input()
        answer = pgconn.get_result()
        while pgconn.get_result() is not None:
            pass
        if answer is None:
            raise psycopg.OperationalError("no answer")
        return answer

    def _wait(self, events: int) -> None:
        """Whoever ends the session or its time shuts its socket; one that is closed already wakes nobody.

        A wait for each 8 kB of an answer: what selectors make anew for it takes ten times as long.
        """
        waiting = select.poll()
        waiting.register(self._connection.pgconn.socket, events)
        waiting.poll(LOOK_MS)
