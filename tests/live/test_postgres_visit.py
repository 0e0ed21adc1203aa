"""Visits to real PostgreSQL servers: what ordinary roles see, and what the rules make of it."""

from __future__ import annotations

from typing import Any

import pytest
from postgres_world import World, ask, build, target, visit

from disjoint.demo.servers.postgres import PostgresServer
from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.postgres.facts import PostgresFacts, Sentinel
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.finding import Grade, Outcome

pytestmark = pytest.mark.live
ZERO = "SELECT count(*) FROM users WHERE email LIKE '%@production.com'"


@pytest.fixture(scope="module")
def world(supervisor: Supervisor) -> World:
    return build(supervisor)


def read(world: World, name: str, **declared: Any) -> PostgresFacts:
    return visit(target(world.url(getattr(world, name)), name, **declared))[0]


def known(fact: Fact[Any]) -> Any:
    assert isinstance(fact, Known), fact
    return fact.value


def unknown(fact: Fact[Any]) -> Unknown:
    assert isinstance(fact, Unknown), fact
    return fact


def test_two_servers_are_isolated_by_identity(world: World) -> None:
    """Two clusters differ in their identifiers, and every unasked-for way out is closed."""
    production, staging = read(world, "production"), read(world, "staging")
    for rule in ("same-server", "same-database", "replica-or-copy", "foreign-link"):
        judgement = ask(rule, production, staging)
        assert (judgement.outcome, judgement.grade) == (Outcome.ISOLATED, Grade.IDENTITY), judgement


def test_a_role_with_nothing_but_connect_reads_every_fact(world: World) -> None:
    """Identity, tables and links need no grant at all: the table count is whole without one."""
    facts = visit(target(world.url(world.production, "bare")))[0]
    assert known(facts.table_count) == 3
    assert known(facts.unreadable) == 3
    assert known(facts.tables) == ("public.guarded", "public.old_users", "public.users")
    assert known(facts.timeline) == 1
    assert known(facts.database) == "shop"
    assert known(facts.in_recovery) is False
    assert known(facts.tls) == "none"
    assert known(facts.links) == known(facts.subscriptions) == known(facts.jobs) == ()
    assert known(facts.version).startswith("1")


def test_one_server_under_another_database_is_shared(world: World) -> None:
    """Another database of production's server is production's server, though another database."""
    production = read(world, "production")
    staging = visit(target(world.url(world.production, database="other"), "staging"))[0]
    assert ask("same-server", production, staging).outcome is Outcome.SHARED
    assert ask("same-database", production, staging).outcome is Outcome.ISOLATED
    assert ask("replica-or-copy", production, staging).outcome is Outcome.UNPROVEN


def test_one_database_under_another_role_is_shared(world: World) -> None:
    """Another user in the address leads to the same database."""
    production = read(world, "production")
    staging = visit(target(world.url(world.production, "bare"), "staging"))[0]
    assert ask("same-server", production, staging).outcome is Outcome.SHARED
    assert ask("same-database", production, staging).outcome is Outcome.SHARED


@pytest.mark.parametrize(("made", "word"), [("copy", "physical copy"), ("standby", "replica")])
def test_a_base_backup_is_another_server_with_productions_data(world: World, made: str, word: str) -> None:
    """A copy or a streaming standby keeps the identifier under a start time of its own."""
    other = getattr(world.production, made)(made)
    try:
        staging = visit(target(world.url(other), "staging"))[0]
    finally:
        other.stop()
    production = read(world, "production")
    apart = ask("same-server", production, staging)
    assert (apart.outcome, apart.grade) == (Outcome.ISOLATED, Grade.IDENTITY)
    copied = ask("replica-or-copy", production, staging)
    assert copied.outcome is Outcome.SHARED
    assert word in copied.summary


def test_a_revoked_function_leaves_identity_unproven_with_the_grant(world: World) -> None:
    """Without pg_control_system() nothing is concluded, and the remedy is the exact GRANT."""
    function = "FUNCTION pg_catalog.pg_control_system()"
    with world.staging.admin("shop") as admin:
        admin.execute(f"REVOKE EXECUTE ON {function} FROM PUBLIC".encode())
        try:
            staging = read(world, "staging")
        finally:
            admin.execute(f"GRANT EXECUTE ON {function} TO PUBLIC".encode())
    for rule in ("same-server", "same-database", "replica-or-copy"):
        judgement = ask(rule, read(world, "production"), staging)
        assert judgement.outcome is Outcome.UNPROVEN
        assert f"GRANT EXECUTE ON {function} TO role;" in judgement.remedy
    assert known(staging.timeline) == 1


def test_tables_are_held_to_the_stated_number_or_names(world: World) -> None:
    """Three tables are neither none nor four; a name that is not stated is named."""
    production, staging = read(world, "production"), read(world, "staging")
    names = ("users", "public.guarded", "old_users")
    for stated, outcome in [
        (3, Outcome.ISOLATED), (0, Outcome.SHARED), (4, Outcome.UNPROVEN),
        (names, Outcome.ISOLATED), (names[1:], Outcome.SHARED),
    ]:  # fmt: skip
        assert ask("tables", production, staging, tables=stated).outcome is outcome, stated


def sentinel(world: World, statement: str, user: str = "app") -> Fact[int]:
    url = world.url(world.staging, user)
    counted: tuple[Sentinel, ...] = known(visit(target(url, "staging", sentinels=(statement,)))[0].sentinels)
    return counted[0].rows


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        (ZERO, 0),
        ("SELECT count(*) FROM users WHERE email LIKE '%@example.test'", 50),
        ("with u as (select * from people) select count(*) from u where email like 'u1%'", 11),
        ("SELECT count(*) FROM users a JOIN users b USING (email)", 50),
    ],
)
def test_a_sentinel_counts_what_ordinary_tables_hold(world: World, statement: str, rows: int) -> None:
    """A declared count is read from the tables the planner names, through views and joins."""
    assert sentinel(world, statement) == Known(rows)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("SELECT 0", "reads no table"),
        ("SELECT count(*) FROM users WHERE false", "reads no table"),
        ("SELECT count(*) FROM generate_series(1, 0)", "Function Scan"),
        ("SELECT count(*) FROM old_users", "no ordinary table"),
        ("SELECT count(*) FROM guarded", "row-level security"),
        ("SELECT count(*) FROM nowhere", "a table it names does not exist"),
        ("SELECT email FROM users", "does not give one count"),
        ("SELECT count(*), 1 FROM users", "does not give one count"),
        ("SELECT count(*) FROM users a, users b, users c, users d, users e, users f, users g", "cancelled"),
        ("SELECT a.email || b.email FROM users a, users b, users c, users d, users e", "does not give one"),
        ("DELETE FROM users", "not one SELECT"),
        ("SELECT count(*) FROM users; DELETE FROM users", "not one SELECT"),
        ("WITH gone AS (DELETE FROM users RETURNING 1) SELECT count(*) FROM gone", "permission denied"),
        ("EXPLAIN SELECT 1", "not one SELECT"),
        ("", "not one SELECT"),
    ],
)
def test_a_sentinel_that_may_be_blind_is_unknown(world: World, statement: str, reason: str) -> None:
    """A zero without its control is no zero: every way of seeing nothing has a reason and a remedy."""
    why = unknown(sentinel(world, statement))
    assert reason in why.reason
    assert why.remedy
    assert sentinel(world, "SELECT count(*) FROM users") == Known(50)


@pytest.mark.parametrize(
    ("condition", "named"),
    [
        ("pg_notify('c', 'x') IS NULL", "pg_notify"),
        ("set_config('row_security', 'on', true) = ''", "set_config"),
        ("pg_terminate_backend(pg_backend_pid())", "pg_terminate_backend"),
        ("pg_read_file('/etc/hostname') = ''", "pg_read_file"),
        ("lo_import('/etc/hostname') = 0", "lo_import"),
        ("pg_logical_emit_message(false, 'a', 'b') IS NULL", "pg_logical_emit_message"),
        ("nextval('counter') = 0", "nextval"),
        ("""email = 'it''s (' AND pg_advisory_lock(7) IS NULL""", "pg_advisory_lock"),
        ("""(SELECT max(dblink_exec('', '')) FROM users) = ''""", "dblink_exec"),
        ("""(SELECT "o'd" FROM odd) = "it's ("(email)""", "it's ("),
    ],
)
def test_a_sentinel_calls_nothing_that_acts(world: World, condition: str, named: str) -> None:
    """A read-only transaction lets functions signal, log, call other servers and undo its settings."""
    with world.staging.admin("shop") as admin:
        admin.execute(b"CREATE SEQUENCE counter")
        admin.execute(b'CREATE TABLE odd ("o\'d" text)')
        for name, arguments in (("dblink_exec", "text, text"), ('"it\'s ("', "text")):
            text = f"CREATE FUNCTION {name}({arguments}) RETURNS text LANGUAGE plpgsql AS 'BEGIN RAISE; END'"
            admin.execute(text.encode())
        url = world.staging.url(f"127.0.0.1:{world.staging.port}", "postgres", world.staging.password, "shop")
        statement = f"SELECT count(*) FROM users WHERE {condition}"  # noqa: S608 (a hostile one, on purpose)
        facts = visit(target(url, "staging", sentinels=(statement,)))[0]
        admin.execute(b"DROP SEQUENCE counter")
        admin.execute(b"DROP TABLE odd")
        admin.execute(b"DROP FUNCTION dblink_exec(text, text)")
        admin.execute(b'DROP FUNCTION "it\'s ("(text)')
    assert unknown(known(facts.sentinels)[0].rows).reason.startswith(f"it calls {named}()")


def test_a_sentinel_cannot_write_even_as_owner(world: World) -> None:
    """The transaction is read-only: a superuser's own statement changes nothing."""
    with world.staging.admin("shop") as admin:
        admin.execute(b"CREATE TABLE precious (n int); INSERT INTO precious VALUES (1)")
        url = world.staging.url(f"127.0.0.1:{world.staging.port}", "postgres", world.staging.password, "shop")
        text = "WITH gone AS (DELETE FROM precious RETURNING 1) SELECT count(*) FROM gone"
        facts = visit(target(url, "staging", sentinels=(text, "SELECT count(*) FROM precious")))[0]
        assert admin.execute(b"SELECT count(*) FROM precious").fetchall() == [(1,)]
        admin.execute(b"DROP TABLE precious")
    first, second = known(facts.sentinels)
    assert "read-only" in unknown(first.rows).reason
    assert second.rows == Known(1)


def test_row_security_is_unproven_and_names_what_would_tell(world: World) -> None:
    """Hidden rows make the sentinel UNPROVEN; without a grant the remedy is the GRANT."""
    production = read(world, "production")
    for user, statement, word in [
        ("app", "SELECT count(*) FROM guarded", "BYPASSRLS"),
        ("bare", ZERO, "GRANT"),
    ]:
        facts = visit(target(world.url(world.staging, user), "staging", sentinels=(statement,)))[0]
        judgement = ask("sentinel", production, facts, sentinels=(statement,))
        assert judgement.outcome is Outcome.UNPROVEN
        assert word in judgement.remedy


def test_sentinels_judge_and_never_run_on_production(world: World) -> None:
    """Zero isolates, one row shares; production is not asked."""
    production = read(world, "production", sentinels=(ZERO,))
    assert "never" in unknown(production.sentinels).reason
    for text, outcome in [(ZERO, Outcome.ISOLATED), ("SELECT count(*) FROM users", Outcome.SHARED)]:
        staging = read(world, "staging", sentinels=(text,))
        assert ask("sentinel", production, staging, sentinels=(text,)).outcome is outcome


def test_sentinels_find_tables_as_the_role_does(world: World) -> None:
    """A role's own search_path decides which table a bare name means."""
    with world.staging.admin("shop") as admin:
        admin.execute(b"CREATE SCHEMA mine; CREATE TABLE mine.users (email text)")
        admin.execute(b"GRANT USAGE ON SCHEMA mine TO app; GRANT SELECT ON mine.users TO app")
        admin.execute(b"ALTER ROLE app SET search_path = mine, public")
        try:
            assert sentinel(world, "SELECT count(*) FROM users") == Known(0)
        finally:
            admin.execute(b"ALTER ROLE app RESET search_path; DROP SCHEMA mine CASCADE")


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("?options=-csearch_path%3Dmine", {}),
        ("?options=-c%20work_mem%3D1MB%20--search-path%3Dmine,public", {}),
        ("?currentSchema=mine", {}),
        ("?schema=mine", {}),
        ("?search_path=mine", {}),
        ("", {"PGOPTIONS": "-c search_path=mine"}),
    ],
)
def test_sentinels_find_tables_as_the_address_says(
    world: World, query: str, variables: dict[str, str]
) -> None:
    """An empty table of that name in another schema says nothing of the application's."""
    with world.staging.admin("shop") as admin:
        admin.execute(b"CREATE SCHEMA mine; CREATE TABLE mine.users (email text)")
        admin.execute(b"INSERT INTO mine.users VALUES ('ann@production.com')")
        admin.execute(b"GRANT USAGE ON SCHEMA mine TO app; GRANT SELECT ON mine.users TO app")
        try:
            where = target(
                world.url(world.staging, query=query), "staging", variables, sentinels=(ZERO, ZERO)
            )
            counted = known(visit(where)[0].sentinels)
        finally:
            admin.execute(b"DROP SCHEMA mine CASCADE")
    assert [each.rows for each in counted] == [Known(1), Known(1)]


@pytest.mark.parametrize(
    "condition",
    [
        "current_user = 'boss'",
        "email LIKE current_setting('app.tenant', true)",
        "pg_has_role('bare', 'USAGE')",
    ],
)
def test_a_view_that_shows_each_role_its_own_rows_proves_nothing(world: World, condition: str) -> None:
    """It hides rows as row-level security does, and the planner names the table behind it all the same."""
    with world.staging.admin("shop") as admin:
        admin.execute(b"CREATE VIEW mine AS SELECT email FROM users WHERE " + condition.encode())
        admin.execute(b"GRANT SELECT ON mine TO app")
        try:
            found = sentinel(world, "SELECT count(*) FROM mine WHERE email LIKE '%@example.test'")
        finally:
            admin.execute(b"DROP VIEW mine")
    assert unknown(found).reason.startswith("it depends on who asks")


def linked(world: World, sql: str, undo: str, reach_at: dict[str, str] | None = None) -> PostgresFacts:
    with world.staging.admin("shop") as admin:
        for statement in sql.split(";"):
            admin.execute(statement.encode())
        try:
            return visit(target(world.url(world.staging), "staging", reach_at=reach_at or {}))[0]
        finally:
            for statement in undo.split(";"):
                admin.execute(statement.encode())


FDW = "CREATE EXTENSION postgres_fdw; CREATE SERVER reports FOREIGN DATA WRAPPER postgres_fdw OPTIONS ({})"
NO_FDW = "DROP EXTENSION postgres_fdw CASCADE"


def test_a_foreign_server_at_productions_address_is_shared(world: World) -> None:
    """A foreign server with production's host and port leads to production."""
    port = world.production.port
    staging = linked(world, FDW.format(f"host '127.0.0.1', port '{port}', dbname 'shop'"), NO_FDW)
    judgement = ask("foreign-link", read(world, "production"), staging)
    assert judgement.outcome is Outcome.SHARED
    assert "reports" in judgement.summary


def test_a_foreign_server_under_another_name_is_found_by_its_place(world: World) -> None:
    """Another name that staging finds at production's place leads to production, too."""
    there = f"127.0.0.1:{world.production.port}"
    options = FDW.format("host 'legacy.shop.test', port '5432'")
    staging = linked(world, options, NO_FDW, {"legacy.shop.test:5432": there})
    assert ask("foreign-link", read(world, "production"), staging).outcome is Outcome.SHARED


def test_a_foreign_server_elsewhere_is_unproven(world: World) -> None:
    """Another address proves nothing about where it leads; a loopback to itself leads nowhere else."""
    away = linked(world, FDW.format("host 'elsewhere.invalid', port '5432'"), NO_FDW)
    judgement = ask("foreign-link", read(world, "production"), away)
    assert judgement.outcome is Outcome.UNPROVEN
    assert "DROP SERVER" in judgement.remedy
    inward = linked(world, FDW.format(f"host 'localhost', port '{world.staging.port}'"), NO_FDW)
    assert ask("foreign-link", read(world, "production"), inward).outcome is Outcome.ISOLATED


def test_a_subscription_whose_target_is_hidden_is_unproven(world: World) -> None:
    """An ordinary role sees that a subscription is there, not where it leads: with the grant it does."""
    port = world.production.port
    made = (
        f"CREATE SUBSCRIPTION feed CONNECTION 'host=127.0.0.1 port={port} dbname=shop password=hidden-word' "
        "PUBLICATION p WITH (connect = false)"
    )
    gone = "ALTER SUBSCRIPTION feed SET (slot_name = NONE); DROP SUBSCRIPTION feed"
    hidden = linked(world, made, gone)
    judgement = ask("foreign-link", read(world, "production"), hidden)
    assert judgement.outcome is Outcome.UNPROVEN
    assert "subconninfo" in judgement.remedy
    grant = "GRANT SELECT (subconninfo) ON pg_subscription TO app"
    shown = linked(
        world, f"{made}; {grant}", f"{gone}; {grant.replace('GRANT', 'REVOKE').replace('TO', 'FROM')}"
    )
    assert ask("foreign-link", read(world, "production"), shown).outcome is Outcome.SHARED
    assert "hidden-word" not in repr(shown)


@pytest.mark.parametrize(
    "target",
    [
        "service=prod dbname=shop",
        "host=$PRODUCTION_HOST dbname=shop",
        "service=prod host=127.0.0.1 port={port}",
        "host=/cloudsql/shop:eu:production port={port}",
        "host=127.0.0.2 port={port}",
        "dbname=shop port={port}",
    ],
)
def test_a_link_stays_at_home_only_where_its_server_listens(world: World, target: str) -> None:
    """A service file, a socket, a default or a word in a host's place may lead anywhere, at any port."""
    made = (
        f"CREATE SUBSCRIPTION feed CONNECTION '{target.format(port=world.staging.port)}' PUBLICATION p "
        "WITH (connect = false); GRANT SELECT (subconninfo) ON pg_subscription TO app"
    )
    gone = (
        "ALTER SUBSCRIPTION feed SET (slot_name = NONE); DROP SUBSCRIPTION feed; "
        "REVOKE SELECT (subconninfo) ON pg_subscription FROM app"
    )
    judgement = ask("foreign-link", read(world, "production"), linked(world, made, gone))
    assert judgement.outcome is Outcome.UNPROVEN
    assert "subscription feed" in judgement.summary


def test_a_tunnel_may_have_the_port_at_an_address_where_the_server_does_not_listen(
    supervisor: Supervisor, world: World
) -> None:
    """Loopback and the server's own port are its own door only where it listens."""
    server = PostgresServer.start(supervisor, "narrow", ("listen_addresses=127.0.0.1,127.0.0.3",))
    outcomes = {}
    for host in ("127.0.0.1", "::1"):
        with server.admin() as admin:
            options = f"host '{host}', port '{server.port}'"
            for statement in FDW.format(options).split(";"):
                admin.execute(statement.encode())
            url = server.url(f"127.0.0.1:{server.port}", "postgres", server.password, "postgres")
            facts = visit(target(url, "staging"))[0]
            admin.execute(NO_FDW.encode())
        outcomes[host] = ask("foreign-link", read(world, "production"), facts).outcome
    server.stop()
    assert outcomes == {"127.0.0.1": Outcome.ISOLATED, "::1": Outcome.UNPROVEN}


@pytest.mark.parametrize(
    ("made", "outcome"),
    [
        ("CREATE FOREIGN TABLE logs (line text) SERVER files OPTIONS (filename '/x')", Outcome.ISOLATED),
        (
            "CREATE FOREIGN TABLE logs (line text) SERVER files OPTIONS (program 'psql -h db.shop.test')",
            Outcome.UNPROVEN,
        ),
        ("ALTER FOREIGN DATA WRAPPER file_fdw HANDLER postgres_fdw_handler", Outcome.UNPROVEN),
    ],
)
def test_a_wrapper_of_files_may_run_a_program(world: World, made: str, outcome: Outcome) -> None:
    """What a program prints comes from wherever it goes; the program itself is not read."""
    prepared = "CREATE EXTENSION postgres_fdw; CREATE EXTENSION file_fdw; "
    server = "CREATE SERVER files FOREIGN DATA WRAPPER file_fdw"
    staging = linked(world, f"{prepared}{server}; {made}", f"DROP EXTENSION file_fdw CASCADE; {NO_FDW}")
    judgement = ask("foreign-link", read(world, "production"), staging)
    assert judgement.outcome is outcome
    assert "db.shop.test" not in repr((staging, judgement))


def test_cron_jobs_are_links_where_they_can_be_read(world: World) -> None:
    """A job at production's address is a link; jobs that cannot be read leave the question open."""
    port = world.production.port
    row = f"SELECT 1 AS jobid, '127.0.0.1' AS nodename, {port} AS nodeport, 'shop' AS database"
    made = f"CREATE SCHEMA cron; CREATE TABLE cron.job AS {row}"
    gone = "DROP SCHEMA cron CASCADE"
    hidden = linked(world, made, gone)
    assert ask("foreign-link", read(world, "production"), hidden).outcome is Outcome.UNPROVEN
    shown = linked(world, f"{made}; GRANT USAGE ON SCHEMA cron TO app; GRANT SELECT ON cron.job TO app", gone)
    assert ask("foreign-link", read(world, "production"), shown).outcome is Outcome.SHARED


def test_stamps_say_whose_place_and_whose_rows(world: World) -> None:
    """Missing marks are UNPROVEN with the SQL, own ones ISOLATED, production's in staging SHARED."""
    missing = [read(world, name, stamp=True) for name in ("production", "staging")]
    judgement = ask("stamp", missing[0], missing[1], stamp=True)
    assert judgement.outcome is Outcome.UNPROVEN
    assert "disjoint:environment=" in judgement.remedy
    marked = []
    for name, mark in (("production", "production"), ("staging", "staging"), ("staging", "production")):
        with getattr(world, name).admin("shop") as admin:
            admin.execute(f"COMMENT ON DATABASE shop IS 'ours; disjoint:environment={name}'".encode())
            admin.execute(f"CREATE TABLE disjoint_stamp AS SELECT '{mark}'::text AS environment".encode())
            admin.execute(b"GRANT SELECT ON disjoint_stamp TO app")
            marked.append(read(world, name, stamp=True))
            admin.execute(b"DROP TABLE disjoint_stamp; COMMENT ON DATABASE shop IS NULL")
    assert ask("stamp", marked[0], marked[1], stamp=True).outcome is Outcome.ISOLATED
    assert ask("stamp", marked[0], marked[2], stamp=True).outcome is Outcome.SHARED


@pytest.mark.parametrize(
    ("table", "columns"),
    [("pgagent.pga_jobstep", "jstid, jstconnstr"), ("timetable.task", "task_id, database_connection")],
)
def test_jobs_that_connect_elsewhere_are_links(world: World, table: str, columns: str) -> None:
    """pgAgent and pg_timetable keep a connection in each job; those without one stay at home."""
    schema = table.partition(".")[0]
    made = f"CREATE SCHEMA {schema}; CREATE TABLE {table} ({columns}) AS VALUES "
    grant = f"; GRANT USAGE ON SCHEMA {schema} TO app; GRANT SELECT ON {table} TO app"
    here, away = (
        "(1, ''), (2, NULL)",
        f"(7, 'postgresql://app:hidden-word@127.0.0.1:{world.production.port}/shop')",
    )
    outcomes = []
    for steps in (made + here, made + here + grant, made + away + grant):
        facts = linked(world, steps, f"DROP SCHEMA {schema} CASCADE")
        outcomes.append(ask("foreign-link", read(world, "production"), facts).outcome)
        assert "hidden-word" not in repr(facts)
    assert outcomes == [Outcome.UNPROVEN, Outcome.ISOLATED, Outcome.SHARED]


def test_what_a_password_left_in_a_links_host_is_looked_up_nowhere(world: World) -> None:
    """libpq ends a user's part at the first @: the rest of the password stands where a host does."""
    made = (
        "CREATE SUBSCRIPTION feed CONNECTION 'postgresql://app:word@hidden-word@db.invalid/shop' "
        "PUBLICATION p WITH (connect = false); GRANT SELECT (subconninfo) ON pg_subscription TO app"
    )
    gone = (
        "ALTER SUBSCRIPTION feed SET (slot_name = NONE); DROP SUBSCRIPTION feed; "
        "REVOKE SELECT (subconninfo) ON pg_subscription FROM app"
    )
    facts = linked(world, made, gone)
    assert "hidden-word" not in repr(facts)
    assert ask("foreign-link", read(world, "production"), facts).outcome is Outcome.UNPROVEN


def test_loopback_beside_a_distant_server_is_no_tunnel_of_this_machine(world: World) -> None:
    """Production is found here through a tunnel, at the very port that staging's machine has something at."""
    port = world.production.port
    login = f"postgresql://app:{world.password}@"
    tunnels = {
        "db.prod.test:5432": f"127.0.0.1:{port}",
        "db.stage.test:5432": f"127.0.0.1:{world.staging.port}",
    }
    production = visit(target(f"{login}db.prod.test:5432/shop", reach_at=tunnels))[0]
    with world.staging.admin("shop") as admin:
        for statement in FDW.format(f"host '127.0.0.1', port '{port}'").split(";"):
            admin.execute(statement.encode())
        try:
            staging = visit(target(f"{login}db.stage.test:5432/shop", "staging", reach_at=tunnels))[0]
        finally:
            admin.execute(NO_FDW.encode())
    assert ask("foreign-link", production, staging).outcome is Outcome.UNPROVEN
