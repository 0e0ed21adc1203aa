"""Another major version beside the wheel's: PostgreSQL as Debian packs it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import psycopg

from disjoint.demo.process import Program
from disjoint.demo.supervisor import Supervisor
from lacking import lacking

INSTALLED = Path("/usr/lib/postgresql")


def programs() -> Path:
    """The newest installed major below the wheel's 18."""
    found = [folder for folder in INSTALLED.glob("1[2-7]/bin") if (folder / "initdb").exists()]
    return max(found) if found else lacking("no PostgreSQL of another major: apt install postgresql")


@dataclass(frozen=True)
class DebianServer:
    """A running server with a superuser ``postgres`` whose password only this process knows."""

    port: int
    password: str

    def admin(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.url("postgres", self.password, database), autocommit=True)

    def url(self, user: str, password: str, database: str) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"


def start(supervisor: Supervisor, at: Path | None = None) -> DebianServer:
    """A fresh cluster in UTF8, on a free port of 127.0.0.1; of the programs in another folder, if stated."""
    at, cluster = at or programs(), supervisor.folder("debian", supervisor.account)
    password, word = supervisor.secret(), cluster.parent / "debian.pw"
    word.write_text(password)
    if supervisor.account:
        os.chown(word, supervisor.account.user, supervisor.account.group)
    initdb = [str(at / "initdb"), "-D", str(cluster), "-U", "postgres", "-A", "scram-sha-256",
              "--pwfile", str(word), "-E", "UTF8", "--locale=C", "--no-sync", "--wal-segsize=1"]  # fmt: skip
    supervisor.run("debian-initdb", _program(supervisor, cluster, initdb))

    def program(port: int) -> Program:
        settings = "fsync=off", "shared_buffers=16MB", "dynamic_shared_memory_type=mmap", "autovacuum=off"
        options = [word for setting in settings for word in ("-c", setting)]
        argv = [str(at / "postgres"), "-D", str(cluster), "-p", str(port), "-h", "127.0.0.1", "-k", ""]
        return _program(supervisor, cluster, [*argv, *options])

    def ready(port: int) -> bool:
        try:
            DebianServer(port, password).admin().close()
        except psycopg.OperationalError:
            return False
        return True

    _, port = supervisor.serve("debian", program, ready)
    return DebianServer(port, password)


def _program(supervisor: Supervisor, directory: Path, argv: list[str]) -> Program:
    return Program(argv, {"HOME": str(supervisor.directory)}, directory, supervisor.account)
