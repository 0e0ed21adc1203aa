"""Contents: rows, tables and marks in staging's own database that are production's."""

from __future__ import annotations

from psycopg import sql

from disjoint.demo import shop
from disjoint.demo.servers.postgres import PostgresServer
from disjoint.demo.world import SENTINEL, World

from .databases import own_database, signed_in
from .leak import Leak, doubts, shares, stands

CONTENT = "database content"


def _changed(world: World, *statements: sql.Composed | str) -> World:
    """Staging signs in to a database of its own in which an administrator ran these."""
    login = own_database(world)
    _run(world.stack.staging.postgres, login, statements)
    return signed_in(world, login)


def _run(server: PostgresServer, login: shop.Login, statements: tuple[sql.Composed | str, ...]) -> None:
    owner = sql.SQL("SET ROLE {}").format(sql.Identifier(login.user))
    with server.admin(login.database) as admin:
        admin.execute(owner)
        for statement in statements:
            admin.execute(statement.encode() if isinstance(statement, str) else statement)


def customers(world: World) -> World:
    """An export that was imported: three of production's customers among the testers."""
    rows = "SELECT format('customer%s@{}', n), 'Customer', now() FROM generate_series(1, 3) n"
    return _changed(world, f"INSERT INTO users (email, name, created_at) {rows.format(shop.CUSTOMERS)}")


def presigned(world: World) -> World:
    """Rows that were copied with their links: whoever reads staging's table reads production's files."""
    production = world.stack.production
    client = world.stack.store.client("s3", production.key)
    made = client.generate_presigned_url(
        "get_object", {"Bucket": production.bucket, "Key": "production/receipts/0001.txt"}, ExpiresIn=600
    )
    table = "CREATE TABLE attachments (id bigint GENERATED ALWAYS AS IDENTITY, link text NOT NULL)"
    insert = sql.SQL("INSERT INTO attachments (link) VALUES ({})").format(sql.Literal(made))
    return _with_attachments(_changed(world, table, insert))


def own_links(world: World) -> World:
    """The same table with links to staging's own files."""
    table = "CREATE TABLE attachments (id bigint GENERATED ALWAYS AS IDENTITY, link text NOT NULL)"
    link = f"http://storage.disjoint.test:9000/{world.stack.staging.bucket}/staging/receipts/0001.txt"
    insert = sql.SQL("INSERT INTO attachments (link) VALUES ({})").format(sql.Literal(link))
    return _with_attachments(_changed(world, table, insert))


def _with_attachments(world: World) -> World:
    bucket = world.stack.production.bucket
    counted = f"SELECT count(*) FROM attachments WHERE link LIKE '%/{bucket}/%'"  # noqa: S608  our own name
    return world.declaring(
        "database", {"sentinels": (SENTINEL, counted), "tables": ("attachments", *shop.TABLES)}
    )


def undeclared_table(world: World) -> World:
    return _changed(world, "CREATE TABLE customers_backup AS SELECT * FROM users")


def travelled_stamp(world: World) -> World:
    return _changed(world, "UPDATE disjoint_stamp SET environment = 'production'")


def marked_place(world: World) -> World:
    login = own_database(world)
    with world.stack.staging.postgres.admin() as admin:
        comment = sql.SQL("COMMENT ON DATABASE {} IS 'disjoint:environment=production'")
        admin.execute(comment.format(sql.Identifier(login.database)))
    return signed_in(world, login)


def no_stamp(world: World) -> World:
    return _changed(world, "DELETE FROM disjoint_stamp")


def other_stamp(world: World) -> World:
    return _changed(world, "UPDATE disjoint_stamp SET environment = 'preview'")


def empty_database(world: World) -> World:
    """A fresh database: `SELECT count(*)` "should be 0" comes true wherever it is asked."""
    server, name = world.stack.staging.postgres, world.stack.fresh("shop_empty")
    password = shop.add_role(server, name)
    with server.admin() as admin:
        create = sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(name))
        admin.execute(create)
    return signed_in(world, shop.Login(name, name, password))


def short_stamp(world: World) -> World:
    return _changed(world, "UPDATE disjoint_stamp SET environment = 'stg'")


def looks_like_customers(world: World) -> World:
    """Names and numbers as production's, made for staging: only the mail addresses say whose they are."""
    rows = "SELECT format('{}.%s@{}', n), 'Customer ' || n, now() FROM generate_series(1, 400) n"
    written = rows.format(shop.CUSTOMERS, shop.TESTERS)
    return _changed(world, f"INSERT INTO users (email, name, created_at) {written}")


LEAKS: tuple[Leak, ...] = (
    shares("production-customers", CONTENT, "postgres/sentinel",
           "three of production's customers are among the users of staging's own database", customers),
    shares("presigned-links", CONTENT, "postgres/sentinel",
           "rows of staging's hold presigned links to production's bucket", presigned),
    shares("undeclared-table", CONTENT, "postgres/tables",
           "staging's database holds a table that the manifest does not state", undeclared_table),
    shares("stamp-travelled", CONTENT, "postgres/stamp",
           "the rows in staging's database carry production's mark", travelled_stamp),
    shares("stamp-of-the-place", CONTENT, "postgres/stamp",
           "the database that staging uses is marked as production's", marked_place),
    doubts("stamp-missing", CONTENT, "postgres/stamp",
           "the rows in staging's database carry no mark", no_stamp),
    doubts("stamp-of-neither", CONTENT, "postgres/stamp",
           "the rows in staging's database carry the mark of a third environment", other_stamp),
    doubts("empty-database", CONTENT, "postgres/sentinel",
           "staging's URL names an empty database, in which every count would be zero", empty_database),
    stands("stamp-in-short", CONTENT,
           "the rows in staging's database are marked stg", short_stamp),
    stands("own-links", CONTENT,
           "rows of staging's hold links to its own bucket, counted by a sentinel of its own", own_links),
    stands("looks-like-customers", CONTENT,
           "staging's users are called and numbered like production's, and are made for staging",
           looks_like_customers),
)  # fmt: skip
