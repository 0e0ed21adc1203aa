"""Rights: a role may not ask what would tell, on one server or on two."""

from __future__ import annotations

from psycopg import sql

from disjoint.demo import shop
from disjoint.demo.servers.postgres import PostgresServer
from disjoint.demo.world import World

from .databases import PRODUCTION, lead, own_database, signed_in
from .leak import Leak, doubts, stands

RIGHTS = "database rights"

IDENTITY = "EXECUTE ON FUNCTION pg_control_system()"
START = "EXECUTE ON FUNCTION pg_postmaster_start_time()"
ACTIVITY = "SELECT ON pg_stat_activity", "EXECUTE ON FUNCTION pg_stat_get_activity(integer)"
LOCKS = "SELECT ON pg_locks", "EXECUTE ON FUNCTION pg_lock_status()"


def without(server: PostgresServer, login: shop.Login, *rights: str) -> shop.Login:
    """Take rights away from everybody in one database; other databases of the server keep theirs."""
    with server.admin(login.database) as admin:
        for right in rights:
            admin.execute(f"REVOKE {right} FROM PUBLIC".encode())
    return login


def _own(world: World, *rights: str) -> World:
    """Staging's own database, without some rights."""
    server = world.stack.staging.postgres
    return signed_in(world, without(server, own_database(world), *rights))


def half_permitted_role(world: World) -> World:
    return _own(world, IDENTITY)


def _two_servers(world: World, *rights: str) -> World:
    """A database on each environment's own server, both without some rights."""
    server = world.stack.production.postgres
    theirs = without(server, own_database(world, server, shop.PRODUCTION_ROWS), *rights)
    return _own(lead(world, PRODUCTION, server.port, theirs, "production"), *rights)


def two_quiet_servers(world: World) -> World:
    return _two_servers(world, IDENTITY)


def everything_hidden(world: World) -> World:
    return _two_servers(world, IDENTITY, START, *LOCKS, *ACTIVITY)


def row_level_security(world: World) -> World:
    login = own_database(world)
    with world.stack.staging.postgres.admin(login.database) as admin:
        admin.execute("ALTER TABLE users ENABLE ROW LEVEL SECURITY")
        admin.execute(f"CREATE POLICY own ON users USING (email LIKE '%@{shop.TESTERS}')")
    return _as_reader(world, login)


def unreadable_table(world: World) -> World:
    """The role sees that the table is there, and not one row of it."""
    server, login = world.stack.staging.postgres, own_database(world)
    user = world.stack.fresh("reader")
    password = shop.add_role(server, user)
    with server.admin(login.database) as admin:
        grant = sql.SQL("GRANT SELECT ON orders, disjoint_stamp TO {}").format(sql.Identifier(user))
        admin.execute(grant)
    return signed_in(world, shop.Login(login.database, user, password))


def reader(world: World) -> World:
    return _as_reader(world, own_database(world))


def _as_reader(world: World, login: shop.Login) -> World:
    server = world.stack.staging.postgres
    return signed_in(world, shop.add_reader(server, login.database, world.stack.fresh("reader")))


def locks_unreadable(world: World) -> World:
    return _own(world, *LOCKS)


def activity_unreadable(world: World) -> World:
    return _own(world, *ACTIVITY)


LEAKS: tuple[Leak, ...] = (
    doubts("half-permitted-role", RIGHTS, "postgres/replica-or-copy",
           "staging's role may not ask the server who it is", half_permitted_role),
    doubts("identity-revoked-two-servers", RIGHTS, "postgres/replica-or-copy",
           "neither role may ask its server who it is, and the servers are two", two_quiet_servers),
    doubts("everything-hidden", RIGHTS, "postgres/same-server",
           "neither role may ask its server anything that tells one server from another",
           everything_hidden),
    doubts("row-level-security", RIGHTS, "postgres/sentinel",
           "a policy hides rows of the table that a sentinel counts", row_level_security),
    doubts("table-unreadable", RIGHTS, "postgres/sentinel",
           "staging's role may not read the table that a sentinel counts", unreadable_table),
    stands("reader-role", RIGHTS,
           "staging's role may read its tables and owns none of them", reader),
    stands("locks-unreadable", RIGHTS,
           "staging's role may not look at locks, and the servers say who they are", locks_unreadable),
    stands("activity-unreadable", RIGHTS,
           "staging's role may not look at activity, and the servers say who they are", activity_unreadable),
)  # fmt: skip
