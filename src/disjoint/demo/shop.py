"""What the embedded world's application keeps: the shop's tables and synthetic rows, made by the server."""

from __future__ import annotations

from typing import NamedTuple

from psycopg import sql

from .servers.postgres import PostgresServer

CUSTOMERS = "customers.test"
"""Production's customers have their mail here; nobody in staging may."""
TESTERS = "testers.test"

_TABLES = """
CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE,
  name text NOT NULL, created_at timestamptz NOT NULL);
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id bigint NOT NULL REFERENCES users, cents integer NOT NULL, reference text NOT NULL UNIQUE);
"""
_ROWS = """
INSERT INTO users (email, name, created_at)
  SELECT format('%s%s@%s', {name}, n, {mail}), initcap({name}) || ' ' || n,
    timestamptz '2025-01-01' + n * interval '1 hour'
  FROM generate_series(1, {users}) n;
INSERT INTO orders (user_id, cents, reference)
  SELECT 1 + n % {users}, 500 + (n * 37) % 9000, encode(sha256(convert_to({mail} || n, 'UTF8')), 'hex')
  FROM generate_series(1, {users} * 3) n;
CREATE TABLE disjoint_stamp AS SELECT {environment}::text AS environment;
"""
TABLES = ("disjoint_stamp", "orders", "users")


class Login(NamedTuple):
    """How an application signs in to its database."""

    database: str
    user: str
    password: str


class Rows(NamedTuple):
    """Whose rows, and how many."""

    environment: str
    name: str
    mail: str
    users: int


PRODUCTION_ROWS = Rows("production", "customer", CUSTOMERS, 400)
STAGING_ROWS = Rows("staging", "tester", TESTERS, 40)


def add_role(server: PostgresServer, user: str) -> str:
    """Make a login role that is no superuser; its password."""
    password = server.supervisor.secret()
    with server.admin() as admin:
        statement = sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}")
        admin.execute(statement.format(sql.Identifier(user), sql.Literal(password)))
    return password


def add_database(server: PostgresServer, database: str, user: str, rows: Rows) -> Login:
    """Make a role and a database of its own with the shop's tables in it."""
    password = add_role(server, user)
    with server.admin() as admin:
        statement = sql.SQL("CREATE DATABASE {} OWNER {}")
        admin.execute(statement.format(sql.Identifier(database), sql.Identifier(user)))
        mark = sql.Literal(f"disjoint:environment={rows.environment}")
        admin.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(database), mark))
    with server.admin(database) as admin, admin.transaction():
        admin.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(user)))
        admin.execute(_TABLES)
        values = {"environment": rows.environment, "name": rows.name, "mail": rows.mail, "users": rows.users}
        admin.execute(sql.SQL(_ROWS).format(**{key: sql.Literal(value) for key, value in values.items()}))
    return Login(database, user, password)


def add_reader(server: PostgresServer, database: str, user: str) -> Login:
    """Make a role that reads every table of a database which is not its own."""
    password = add_role(server, user)
    with server.admin(database) as admin:
        statement = sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {}")
        admin.execute(statement.format(sql.Identifier(user)))
    return Login(database, user, password)
