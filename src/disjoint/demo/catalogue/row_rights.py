"""Rows that a census may not see, and rows that both sides hold on purpose."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from psycopg import sql

from disjoint.demo import shop
from disjoint.demo.world import World
from disjoint.directions.learn import learn, load_seeded

from .databases import signed_in
from .leak import Leak, doubts, shares, stands
from .rows import ROWS, RULE, Base, Both, both, carry


def _reading(made: Both, *tables: str) -> Both:
    """Staging signs in as a role that owns nothing, and may read these tables."""
    server, database = made.staging.server, made.staging.login.database
    user = made.world.stack.fresh("census_reader")
    password = shop.add_role(server, user)
    with server.admin(database) as admin:
        granted = sql.SQL(", ").join(map(sql.Identifier, tables))
        admin.execute(sql.SQL("GRANT SELECT ON {} TO {}").format(granted, sql.Identifier(user)))
    return made._replace(world=signed_in(made.world, shop.Login(database, user, password)))


def _with_customers(world: World) -> Both:
    """Production's customers are among staging's users, for whoever may look."""
    made = both(world)
    carry(
        made.production,
        "SELECT email, name, created_at FROM users LIMIT 5",
        made.staging,
        "users (email, name, created_at)",
    )
    return made


def without_rights(world: World) -> World:
    return _reading(_with_customers(world), "orders", "disjoint_stamp").compared()


def behind_a_policy(world: World) -> World:
    made = _with_customers(world)
    made.staging.run(
        "ALTER TABLE users ENABLE ROW LEVEL SECURITY",
        f"CREATE POLICY own ON users USING (email LIKE '%@{shop.TESTERS}')",
    )
    return _reading(made, *shop.TABLES).compared()


def without_a_schema(world: World) -> World:
    """The copy stands in a schema whose name alone staging's role may see."""
    made = both(world)
    made.staging.run("CREATE SCHEMA archive", "CREATE TABLE archive.users (email text NOT NULL)")
    carry(made.production, "SELECT email FROM users", made.staging, "archive.users")
    return _reading(made, *shop.TABLES).compared("archive.users")


_SEEDS = "CREATE TABLE plans AS SELECT 'Plan number ' || n AS title, n AS cents FROM generate_series(1, 60) n"


def _seeded(world: World) -> Both:
    """A migration filled a table alike in both."""
    made = both(world)
    for base in (made.production, made.staging):
        base.run(_SEEDS)
    return made


def by_reference(world: World) -> World:
    return _seeded(world).compared("plans", reference=("plans",))


def by_baseline(world: World) -> World:
    made = _seeded(world)
    return made.compared("plans", baseline=str(_baseline(made)))


def beside_a_baseline(world: World) -> World:
    """What was learnt of the seeded table excuses its values and no others."""
    made = _seeded(world)
    carry(made.production, "SELECT email, 0 FROM users LIMIT 1", made.staging, "plans")
    return made.compared("plans", baseline=str(_baseline(made)))


def _baseline(made: Both) -> Path:
    """Learnt from a database that holds the seeds and nobody's rows, as `disjoint baseline` learns it."""
    folder = made.world.stack.supervisor.folder("baseline")
    seeded = _fresh(made)
    manifest = signed_in(made.compared("plans"), seeded.login).write(folder)
    expires = datetime.now(UTC).date() + timedelta(days=30)
    file = folder / "baseline.json"
    variables = (folder / ".env.staging").rename(folder / ".env.seeded")
    file.write_text(learn(load_seeded(manifest, variables), "Ada", expires, "database"))
    return file


def _fresh(made: Both) -> Base:
    """A database as every migration leaves it."""
    server, name = made.staging.server, made.world.stack.fresh("shop_seeded")
    login = shop.Login(name, name, shop.add_role(server, name))
    with server.admin() as admin:
        create = sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(name))
        admin.execute(create)
    seeded = Base(server, login)
    seeded.run(_SEEDS)
    return seeded


LEAKS: tuple[Leak, ...] = (
    shares("row-beside-a-baseline", ROWS, RULE,
           "a customer stands in a table whose other rows every migration puts there", beside_a_baseline),
    doubts("rows-without-rights", ROWS, RULE,
           "staging's role may not read the table that holds production's customers: it looks empty",
           without_rights),
    doubts("rows-behind-policy", ROWS, RULE,
           "a policy hides production's customers from staging's role", behind_a_policy),
    doubts("rows-in-another-schema", ROWS, RULE,
           "production's customers stand in a schema that staging's role may not enter", without_a_schema),
    stands("seeded-alike-reference", ROWS,
           "a migration filled a table alike in both, and it is declared as reference", by_reference),
    stands("seeded-alike-baseline", ROWS,
           "a migration filled a table alike in both, and a reviewed baseline names its values", by_baseline),
)  # fmt: skip
