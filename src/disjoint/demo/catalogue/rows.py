"""Rows of production's in staging's own database: no server is shared, and only what it holds tells."""

from __future__ import annotations

from typing import NamedTuple

from psycopg import sql

from disjoint.demo import shop
from disjoint.demo.servers.postgres import PostgresServer
from disjoint.demo.world import Value, World, place

from .databases import PRODUCTION, lead, own_database, own_server, signed_in
from .leak import Leak, shares, stands

ROWS = "production rows"
RULE = "postgres/production-rows"
_NO_SENTINEL: tuple[str, ...] = ()
"""A sentinel would find those of these rows whose addresses it was told: here only the census may."""


class Base(NamedTuple):
    """One database of one server."""

    server: PostgresServer
    login: shop.Login

    def run(self, *statements: str) -> None:
        """Run statements as the role that owns the database."""
        with self.server.admin(self.login.database) as admin:
            admin.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(self.login.user)))
            for statement in statements:
                admin.execute(statement.encode())


class Both(NamedTuple):
    """A fresh database of each environment on its own server, and the world whose URLs name them."""

    world: World
    production: Base
    staging: Base

    def compared(self, *tables: str, **declared: Value) -> World:
        """With a census of all rows, and these tables beside the shop's."""
        stated: dict[str, Value] = {
            "rows": "exact",
            "sentinels": _NO_SENTINEL,
            "tables": (*shop.TABLES, *tables),
        }
        return self.world.declaring("database", {**stated, **declared})


def both(world: World) -> Both:
    """Fresh databases with the shop's tables, each with rows of its own environment."""
    stack = world.stack
    theirs = own_database(world, stack.production.postgres, shop.PRODUCTION_ROWS)
    ours = own_database(world)
    world = signed_in(lead(world, PRODUCTION, stack.production.postgres.port, theirs, "production"), ours)
    return Both(world, Base(stack.production.postgres, theirs), Base(stack.staging.postgres, ours))


def carry(source: Base, query: str, target: Base, table: str) -> None:
    """What a query shows in one database, copied into a table of another."""
    with (
        source.server.admin(source.login.database) as there,
        target.server.admin(target.login.database) as here,
    ):
        out, into = there.cursor(), here.cursor()
        with (
            out.copy(f"COPY ({query}) TO STDOUT".encode()) as read,
            into.copy(f"COPY {table} FROM STDIN".encode()) as written,
        ):
            for block in read:
                written.write(block)


def load(source: Base, made: Base) -> None:
    """A fresh database of its role's own, from a dump of another's tables."""
    name, user = sql.Identifier(made.login.database), sql.Identifier(made.login.user)
    with made.server.admin() as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, user))
    dump = source.server.dump(source.login.database, "users", "orders")
    made.server.load(made.login.database, dump, made.login.user)


def _restored(world: World, source: Base) -> World:
    """Staging's shop is a dump of another, with a mark of its own beside it."""
    server, name = world.stack.staging.postgres, world.stack.fresh("shop_restored")
    made = Base(server, shop.Login(name, name, shop.add_role(server, name)))
    load(source, made)
    with server.admin() as admin:
        mark = sql.SQL("COMMENT ON DATABASE {} IS 'disjoint:environment=staging'")
        admin.execute(mark.format(sql.Identifier(name)))
    made.run("CREATE TABLE disjoint_stamp AS SELECT 'staging'::text AS environment")
    return Both(signed_in(world, made.login), source, made).compared(rows="sampled")


def dump_restored(world: World) -> World:
    production = world.stack.production
    return _restored(world, Base(production.postgres, production.login))


def own_dump_restored(world: World) -> World:
    staging = world.stack.staging
    return _restored(world, Base(staging.postgres, staging.login))


# unlogged: other worlds back this server up, and need none of it
_VISITS = (
    "CREATE UNLOGGED TABLE visits AS SELECT n::bigint AS id, md5('{} ' || n) AS token "
    "FROM generate_series(1, 1000000) n"
)


def _a_million(world: World) -> Both:
    made = both(world)
    for base, environment in ((made.production, "production"), (made.staging, "staging")):
        base.run(_VISITS.format(environment))
    return made


def one_of_a_million(world: World) -> World:
    made = _a_million(world)
    carry(made.production, "SELECT 1000001, token FROM visits WHERE id = 777777", made.staging, "visits")
    return made.compared("visits")


def a_million_of_its_own(world: World) -> World:
    return _a_million(world).compared("visits", rows="sampled")


_LEADS = "CREATE TABLE leads (contact text NOT NULL)"


def _column(world: World, *, own: bool) -> World:
    """A column of addresses under another name, in capitals and with blanks around them."""
    made = both(world)
    made.staging.run(_LEADS)
    source = made.staging if own else made.production
    carry(source, "SELECT '  ' || upper(email) || ' ' FROM users ORDER BY id LIMIT 20", made.staging, "leads")
    return made.compared("leads", fold=True)


def renamed_column(world: World) -> World:
    return _column(world, own=False)


def own_renamed_column(world: World) -> World:
    return _column(world, own=True)


_CLIENTS = "CREATE TABLE clients (email text NOT NULL, name text NOT NULL, reference text NOT NULL)"


def _masked(world: World, reference: str) -> World:
    made = both(world)
    made.staging.run(_CLIENTS)
    query = (
        f"SELECT md5(random()::text) || '@masked.test', 'Customer', {reference} "  # noqa: S608  our own text
        "FROM users u JOIN orders o ON o.user_id = u.id"
    )
    carry(made.production, query, made.staging, "clients")
    return made.compared("clients")


def masked_but_for_tokens(world: World) -> World:
    return _masked(world, "reference")


def masked(world: World) -> World:
    return _masked(world, "md5(reference || random())")


_EVENTS = "(number bigint, month date NOT NULL, subject text NOT NULL)"
_SUBJECTS = (
    "INSERT INTO events SELECT n, date '2026-01-01' + (n % 2) * 31, md5('{} event ' || n) "
    "FROM generate_series(1, 200) n"
)


def _partitioned(world: World) -> Both:
    """Production keeps its events by month; staging has one table for all."""
    made = both(world)
    made.production.run(
        f"CREATE TABLE events {_EVENTS} PARTITION BY RANGE (month)",
        "CREATE TABLE events_01 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')",
        "CREATE TABLE events_02 PARTITION OF events FOR VALUES FROM ('2026-02-01') TO ('2026-03-01')",
        _SUBJECTS.format("production"),
    )
    made.staging.run(f"CREATE TABLE events {_EVENTS}", _SUBJECTS.format("staging"))
    return made


def partitions_copied(world: World) -> World:
    made = _partitioned(world)
    carry(made.production, "SELECT * FROM events WHERE month = '2026-02-01' LIMIT 5", made.staging, "events")
    return made.compared("events")


def own_partitions(world: World) -> World:
    return _partitioned(world).compared("events")


def _replicated(world: World, source: Base, target: Base) -> None:
    """Everything of a table, by a subscription that ends once it stands."""
    made = world.stack.fresh("shop_copy")
    address = f"host=127.0.0.1 port={source.server.port} dbname={source.login.database} user=postgres"
    source.run("CREATE TABLE notes AS SELECT md5('note' || random()) AS text FROM generate_series(1, 300) n")
    target.run("CREATE TABLE notes (text text)")
    with source.server.admin(source.login.database) as there:
        there.execute(sql.SQL("CREATE PUBLICATION {} FOR TABLE notes").format(sql.Identifier(made)))
    with target.server.admin(target.login.database) as here:
        subscribe = sql.SQL("CREATE SUBSCRIPTION {} CONNECTION {} PUBLICATION {}")
        secret = sql.Literal(f"{address} password={source.server.password}")
        here.execute(subscribe.format(sql.Identifier(made), secret, sql.Identifier(made)))
        arrived = "SELECT count(*) = 300 FROM notes"
        target.server.supervisor.until(
            target.server.process, lambda: here.execute(arrived).fetchone() == (True,)
        )
        here.execute(sql.SQL("DROP SUBSCRIPTION {}").format(sql.Identifier(made)))


def replicated(world: World) -> World:
    made = both(world)
    _replicated(world, made.production, made.staging)
    return made.compared("notes")


def own_replicated(world: World) -> World:
    """From one server of staging's to another."""
    made, server = both(world), own_server(world)
    login = world.stack.staging.login
    _replicated(world, made.staging, Base(server, login))
    led = lead(made.world, place("postgres-copied", "staging", 5432), server.port, login)
    return made._replace(world=led).compared("notes")


_GUESSES = "CREATE TABLE guesses AS SELECT 'customer' || n || '@{}' AS guess FROM generate_series({}, {}) n"


def guesses(world: World) -> World:
    made = both(world)
    made.staging.run(_GUESSES.format(shop.CUSTOMERS, 390, 50_000))
    return made.compared("guesses")


def wrong_guesses(world: World) -> World:
    made = both(world)
    made.staging.run(_GUESSES.format(shop.CUSTOMERS, 401, 50_000))
    return made.compared("guesses")


LEAKS: tuple[Leak, ...] = (
    shares("pg-dump-restored", ROWS, RULE,
           "a dump of production's tables was restored on staging's own server", dump_restored),
    shares("one-row-of-a-million", ROWS, RULE,
           "one of production's million rows was inserted among a million of staging's", one_of_a_million),
    shares("column-renamed", ROWS, RULE,
           "twenty of production's addresses stand in capitals in a column of another name", renamed_column),
    shares("masked-but-for-tokens", ROWS, RULE,
           "a copy whose addresses and names were masked, and whose references were not",
           masked_but_for_tokens),
    shares("partitions-copied", ROWS, RULE,
           "five rows of a partition of production's were copied into a plain table", partitions_copied),
    shares("logical-replication", ROWS, RULE,
           "staging's server had subscribed to production's, and the subscription is gone", replicated),
    shares("planted-guesses", ROWS, RULE,
           "somebody filled a table of staging's with guesses to learn which of them are customers", guesses),
    stands("own-dump-restored", ROWS,
           "a dump of staging's own tables was restored on its server", own_dump_restored),
    stands("a-million-own-rows", ROWS,
           "a million rows of staging's beside a million of production's, by a sample", a_million_of_its_own),
    stands("own-column-renamed", ROWS,
           "staging's own addresses stand in capitals in a column of another name", own_renamed_column),
    stands("masked", ROWS,
           "a copy in which every value that tells was masked: what equality cannot see is said", masked),
    stands("own-partitions", ROWS,
           "production keeps its events in partitions, staging others in a plain table", own_partitions),
    stands("own-logical-replication", ROWS,
           "staging's server had subscribed to another of staging's", own_replicated),
    stands("wrong-guesses", ROWS,
           "a table of staging's holds addresses like production's, of which none is one", wrong_guesses),
)  # fmt: skip
