"""What an environment's own servers say that they were asked: their logs and monitors, not our counts."""

from __future__ import annotations

import contextlib
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any, Self

from disjoint.demo.servers.postgres import PostgresServer
from disjoint.demo.servers.valkey import ValkeyServer
from disjoint.demo.servers.web import WebServer
from disjoint.demo.stack import Servers
from disjoint.kinds.redis.commands import name_of
from disjoint.runner.tally import READS

_END = "the oracle's end"


class Oracle:
    """Everything that others than this oracle send to one environment's servers while it is open.

    The bucket's store serves both environments, and is not among them.
    """

    allowed = READS

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self._stack = ExitStack()
        self._own: set[int] = set()
        self.sent: list[str] = []
        """Each command, as the footprint counts it."""

    def __enter__(self) -> Self:
        servers = self._servers
        self._listeners = [self._stack.enter_context(_statements(servers.postgres, self._own))]
        for cache in (servers.cache, servers.broker):
            self._listeners.append(self._stack.enter_context(_commands(cache)))
        for service in (servers.api, servers.web):
            self._listeners.append(_requests(service))
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def settle(self) -> None:
        """Take in what was sent so far; once."""
        for listener in self._listeners:
            self.sent += next(listener)

    def ignore(self, pid: int) -> None:
        """Leave out the statements of a session that the test itself opened."""
        self._own.add(pid)

    def words(self) -> frozenset[str]:
        """The first word of everything that was sent."""
        return frozenset(command.split()[0].upper() for command in self.sent)

    def counted(self) -> Counter[str]:
        """How often each command was sent."""
        return Counter(self.sent)


@contextlib.contextmanager
def _statements(server: PostgresServer, own: set[int]) -> Iterator[Iterator[list[str]]]:
    """log_statement=all: every statement of every session but ours, and every connection."""
    with server.admin() as admin:
        own.add(admin.info.backend_pid)
        for setting in ("log_statement = 'all'", "log_connections = 'on'"):
            admin.execute(f"ALTER SYSTEM SET {setting}".encode())
        admin.execute("SELECT pg_reload_conf()")
        time.sleep(0.3)
        begun = server.process.log.stat().st_size
        try:
            yield _logged(server, begun, own)
        finally:
            for name in ("log_statement", "log_connections"):
                admin.execute(f"ALTER SYSTEM RESET {name}".encode())
            admin.execute("SELECT pg_reload_conf()")


def _logged(server: PostgresServer, begun: int, own: set[int]) -> Iterator[list[str]]:
    time.sleep(0.3)
    said = server.process.log.read_bytes()[begun:].decode()
    entries = re.findall(r"\[(\d+)\] LOG:  (.*?)(?=\n\d{4}-|\Z)", said, re.DOTALL)
    found: list[str] = []
    for pid, entry in entries:
        if entry.startswith("connection received") and int(pid) not in own:
            found.append("CONNECT")
        asked = re.match(r"(?:statement|execute <unnamed>): (.*)", entry, re.DOTALL)
        if asked and int(pid) not in own:
            found += [" ".join(part.split()) for part in asked[1].split(";")]
    yield found


@contextlib.contextmanager
def _commands(server: ValkeyServer) -> Iterator[Iterator[list[str]]]:
    """MONITOR: every command of every client that was not there before."""
    with closing(server.admin()) as admin, closing(server.admin()) as other:
        admin.ping()  # redis-py introduces itself when it connects
        listen: Callable[[], Any] = other.monitor
        with listen() as monitor:
            known = {str(client["addr"]) for client in admin.client_list()}
            yield _monitored(admin, monitor, known)


def _monitored(admin: Any, monitor: Any, known: set[str]) -> Iterator[list[str]]:
    admin.echo(_END)
    found: list[str] = []
    while _END not in (line := monitor.next_command())["command"]:
        client = f"{line['client_address']}:{line['client_port']}"
        words = line["command"].split()
        if client not in known and line["client_type"] != "lua":
            found.append(name_of(*words))
    yield found


def _requests(service: WebServer) -> Iterator[list[str]]:
    """The access log."""
    begun = len(service.asked)

    def asked() -> Iterator[list[str]]:
        yield [line.split()[0] for line in service.asked[begun:]]

    return asked()
