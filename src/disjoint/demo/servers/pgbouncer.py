"""PgBouncer from Debian's package: a pooler that an application takes for its server."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, Self

from disjoint.demo.process import Process, Program
from disjoint.demo.supervisor import Supervisor
from disjoint.errors import DemoError

from .web import listening

PACKAGE = "pgbouncer"
"""Debian's name for it; no wheel ships it."""
MISSING = f"PgBouncer is not installed: apt install {PACKAGE}"
_ADMINISTRATORS = ("/usr/sbin", "/usr/local/sbin")
"""Where packages put it, and where an ordinary user's PATH does not look."""

Pooling = Literal["session", "transaction", "statement"]


class Pool(NamedTuple):
    """What an alias of the pooler leads to."""

    port: int
    database: str
    user: str
    password: str
    hosts: str = "127.0.0.1"
    """Several with commas between: each connection goes to the next of them."""
    size: int = 4
    """How many connections it has at most."""


@dataclass(slots=True)
class Pooler:
    """A running PgBouncer; nobody may sign in to its console."""

    supervisor: Supervisor
    name: str
    process: Process
    port: int

    @classmethod
    def start(
        cls, supervisor: Supervisor, name: str, pools: Mapping[str, Pool], pooling: Pooling = "transaction"
    ) -> Self:
        """Offer each pool's database under its alias, to that pool's user.

        Raises:
            DemoError: it is not installed, or did not start.
        """
        binary = program()
        if binary is None:
            raise DemoError(MISSING)
        folder = supervisor.folder(name, supervisor.account)
        users = {pool.user: pool.password for pool in pools.values()}
        secrets = _private(folder / "users.txt", [f'"{u}" "{p}"' for u, p in users.items()], supervisor)

        def started(port: int) -> Program:
            lines = _settings(port, pools, pooling, secrets)
            written = _private(folder / "pgbouncer.ini", lines, supervisor)
            return Program((binary, str(written)), directory=folder, account=supervisor.account)

        process, port = supervisor.serve(name, started, listening)
        return cls(supervisor, name, process, port)

    def stop(self) -> None:
        """Cut every client off and stop."""
        self.supervisor.stop(self.process)


def program() -> str | None:
    """Where it is installed; None if it is not."""
    return shutil.which(PACKAGE, path=os.pathsep.join((os.environ.get("PATH", ""), *_ADMINISTRATORS)))


def _settings(port: int, pools: Mapping[str, Pool], pooling: Pooling, users: Path) -> list[str]:
    aliases = [
        f"{alias} = host={pool.hosts} port={pool.port} dbname={pool.database} pool_size={pool.size}"
        for alias, pool in pools.items()
    ]
    return [
        "[databases]", *aliases, "[pgbouncer]", "listen_addr = 127.0.0.1", f"listen_port = {port}",
        "unix_socket_dir =", "auth_type = scram-sha-256", f"auth_file = {users}", f"pool_mode = {pooling}",
        "server_lifetime = 60",
    ]  # fmt: skip


def _private(path: Path, lines: list[str], supervisor: Supervisor) -> Path:
    path.touch(mode=0o600)
    path.write_text("\n".join((*lines, "")))
    if account := supervisor.account:  # it refuses root, as PostgreSQL does
        os.chown(path, account.user, account.group)
    return path
