"""Two servers with five million users each, made inside the servers; a thousand of them copied on demand."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import LiteralString

from psycopg import sql

from disjoint.demo.servers.postgres import PostgresServer
from disjoint.demo.supervisor import Supervisor

ROWS = 5_000_000
LEAKED = 1_000
DOMAIN = "@example.com"
"""Ends every address, so that one on the wire is seen."""
SETTINGS = (
    "shared_buffers=1536MB", "wal_level=minimal", "max_wal_senders=0", "max_wal_size=8GB",
    "maintenance_work_mem=512MB", "checkpoint_timeout=1h",
)  # fmt: skip
"""A table of a gigabyte is then large to its server: read by a ring of buffers, as in life."""

_TABLE: LiteralString = """
CREATE TABLE users (
  id bigserial, email text NOT NULL, name text NOT NULL, token uuid NOT NULL,
  created_at timestamptz NOT NULL, payload text NOT NULL
)"""
_FILL: LiteralString = """
INSERT INTO users (email, name, token, created_at, payload)
SELECT left(mark, 20) || {domain}, 'Person ' || substr(mark, 21), mark::uuid,
       timestamptz '2020-01-01 00:00Z' + n * interval '1 second',
       CASE WHEN {wide} THEN repeat(mark, 3) || 'end' ELSE '' END
FROM (SELECT n, md5({side} || n) AS mark FROM generate_series(1, {rows}) n OFFSET 0) people
"""
_COPY: LiteralString = """
UPDATE users SET email = left(mark, 20) || {domain}, name = 'Person ' || substr(mark, 21), token = mark::uuid,
                 payload = CASE WHEN {wide} THEN repeat(mark, 3) || 'end' ELSE '' END
FROM (SELECT n, md5('production' || n) AS mark FROM generate_series({every}, {rows}, {every}) n) theirs
WHERE id = n
"""


@dataclass(frozen=True, slots=True)
class Ground:
    """Both servers, running, and the password of the ordinary role that may read their tables."""

    production: PostgresServer
    staging: PostgresServer
    password: str

    @property
    def servers(self) -> tuple[PostgresServer, PostgresServer]:
        """Both, production first."""
        return self.production, self.staging

    @property
    def ports(self) -> tuple[int, int]:
        """Of both, production first."""
        return self.production.port, self.staging.port

    def fill(self, database: str, rows: int, *, wide: bool = True) -> None:
        """Make a database of that name on both servers, with nobody in common."""
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda server: self._filled(server, database, rows, wide), self.servers))

    def leak(self, database: str, rows: int, *, wide: bool = True) -> None:
        """Let every so-and-so-many-th of staging's users be production's, under an id of its own."""
        statement = sql.SQL(_COPY).format(domain=DOMAIN, wide=wide, rows=rows, every=rows // LEAKED)
        with self.staging.admin(database) as admin:
            admin.execute(statement)
            admin.execute("VACUUM ANALYZE users")
            admin.execute("CHECKPOINT")

    def index(self, database: str) -> None:
        """An index on the one column that reladiff can compare by."""
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda server: _indexed(server, database), self.servers))

    def drop(self, database: str) -> None:
        """Remove it from both."""
        for server in self.servers:
            with server.admin() as admin:
                admin.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(database)))

    def _filled(self, server: PostgresServer, database: str, rows: int, wide: bool) -> None:
        with server.admin() as admin:
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        side = "production" if server is self.production else "staging"
        fill = sql.SQL(_FILL).format(domain=DOMAIN, wide=wide, side=side, rows=rows)
        with server.admin(database) as admin:
            with admin.transaction():  # a table of this transaction's own needs no log
                admin.execute(_TABLE)
                admin.execute(fill)
                admin.execute("ALTER TABLE users ADD PRIMARY KEY (id)")
            admin.execute("GRANT SELECT ON users TO app")
            admin.execute("VACUUM ANALYZE users")
            admin.execute("CHECKPOINT")


def _indexed(server: PostgresServer, database: str) -> None:
    with server.admin(database) as admin:
        admin.execute("CREATE INDEX ON users (token)")


@contextlib.contextmanager
def ground() -> Iterator[Ground]:
    """Both servers, empty, as long as the context lasts."""
    with Supervisor() as supervisor:
        password = supervisor.secret()
        with ThreadPoolExecutor(2) as pool:
            starting = [
                pool.submit(PostgresServer.start, supervisor, name, SETTINGS)
                for name in ("production", "staging")
            ]
            production, staging = (each.result() for each in starting)
        for server in (production, staging):
            with server.admin() as admin:
                admin.execute(sql.SQL("CREATE ROLE app LOGIN PASSWORD {}").format(password))
        yield Ground(production, staging, password)
