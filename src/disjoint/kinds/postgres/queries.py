"""Every statement that is ever sent, as constants: a reader of this page knows them all.

The one exception is a declared sentinel, which goes to staging only.
"""

from __future__ import annotations

from typing import Final, LiteralString

OPENING: Final[tuple[LiteralString, ...]] = (
    "BEGIN",
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    "SET LOCAL statement_timeout = '2s'",
    "SET LOCAL lock_timeout = '200ms'",
    "SET LOCAL idle_in_transaction_session_timeout = '5s'",
    "SET LOCAL row_security = off",
    "SET LOCAL search_path = pg_catalog",
    "SET LOCAL max_parallel_workers_per_gather = 0",
    "SET LOCAL application_name = 'disjoint'",
    "SAVEPOINT opened",
)
"""SET LOCAL alone survives a pooler without reaching its next client."""

PREAMBLE: Final[tuple[LiteralString, ...]] = ("SET TRANSACTION READ ONLY", *OPENING[2:-1])
"""Before every statement where a pooler refuses transaction blocks: one request is one transaction."""

OPTIONAL: Final[tuple[LiteralString, ...]] = (
    "SET LOCAL jit = off",
    "SET LOCAL client_connection_check_interval = '1s'",
)
"""Settings that an older server, or one on another system, may not know."""

BACK_TO_OPENED: Final = "ROLLBACK TO SAVEPOINT opened"
SAVEPOINT: Final = "SAVEPOINT asked"
BACK: Final = "ROLLBACK TO SAVEPOINT asked"
CLOSING: Final = "ROLLBACK"

RIGHTS: Final = """
SELECT has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE'),
       has_function_privilege('pg_catalog.pg_control_checkpoint()', 'EXECUTE'),
       has_function_privilege('pg_catalog.pg_postmaster_start_time()', 'EXECUTE')"""
"""Asked first, so that a refusal leaves no error in the server's log."""

SYSTEM_IDENTIFIER: Final = "SELECT system_identifier::text FROM pg_catalog.pg_control_system()"

TIMELINE: Final = "SELECT timeline_id FROM pg_catalog.pg_control_checkpoint()"

STARTED_AT: Final = """
SELECT to_char(pg_catalog.pg_postmaster_start_time() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')"""

HERE: Final = """
SELECT d.datname::text, d.oid::bigint, pg_catalog.pg_is_in_recovery(),
       pg_catalog.current_setting('server_version'), pg_catalog.current_setting('port')::int,
       substring(pg_catalog.shobj_description(d.oid, 'pg_database')
                 from 'disjoint:environment=([A-Za-z0-9_.-]+)'),
       extract(epoch FROM pg_catalog.clock_timestamp())::float8
FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()"""

CATALOGUES: Final = """
SELECT count(*), coalesce(bool_and(has_table_privilege(c.oid, 'SELECT') AND NOT c.relrowsecurity), false)
FROM pg_catalog.pg_class c
WHERE c.oid IN ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_namespace'::regclass,
                'pg_catalog.pg_foreign_server'::regclass, 'pg_catalog.pg_foreign_data_wrapper'::regclass)"""
"""The control of every count below: these catalogues are seen through themselves, whole."""

TABLES: Final = """
SELECT n.nspname || '.' || c.relname,
       has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AND NOT c.relrowsecurity,
       count(*) OVER (),
       count(*) FILTER (WHERE NOT (has_schema_privilege(n.oid, 'USAGE')
                                   AND has_table_privilege(c.oid, 'SELECT') AND NOT c.relrowsecurity)) OVER ()
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm', 'f') AND c.relpersistence <> 't'
  AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
ORDER BY 1 LIMIT 2001"""

FOREIGN_SERVERS: Final = """
SELECT s.srvname::text, w.fdwname::text,
       max(o.option_value) FILTER (WHERE o.option_name = 'host'),
       max(o.option_value) FILTER (WHERE o.option_name = 'hostaddr'),
       max(o.option_value) FILTER (WHERE o.option_name = 'port'),
       max(o.option_value) FILTER (WHERE o.option_name = 'dbname'),
       coalesce(bool_or(o.option_name = 'service'), false)
FROM pg_catalog.pg_foreign_server s
JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw
LEFT JOIN LATERAL pg_catalog.pg_options_to_table(s.srvoptions) o ON true
GROUP BY s.srvname, w.fdwname ORDER BY 1 LIMIT 201"""
"""Four named options only: a careless password among the others never comes here.

pg_user_mappings is never read: it shows a mapped password to its own role.
"""

SUBSCRIPTION_RIGHTS: Final = """
SELECT has_column_privilege('pg_catalog.pg_subscription', 'subname', 'SELECT'),
       has_column_privilege('pg_catalog.pg_subscription', 'subconninfo', 'SELECT')"""

SUBSCRIPTIONS: Final = "SELECT subname::text, NULL::text FROM pg_catalog.pg_subscription ORDER BY 1 LIMIT 201"

SUBSCRIPTIONS_WITH_TARGET: Final = """
SELECT subname::text, subconninfo FROM pg_catalog.pg_subscription ORDER BY 1 LIMIT 201"""

CRON_RIGHTS: Final = """
SELECT has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'),
       c.relrowsecurity AND NOT (SELECT r.rolsuper OR r.rolbypassrls FROM pg_catalog.pg_roles r
                                 WHERE r.rolname = current_user)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'cron' AND c.relname = 'job'"""

CRON_JOBS: Final = """
SELECT jobid::text, nodename, nodeport::text, database FROM cron.job ORDER BY jobid LIMIT 201"""

KEEP_OPEN: Final = "SELECT pg_catalog.set_config('idle_in_transaction_session_timeout', %s, true)"

MARK_LOCK: Final = "SELECT pg_catalog.pg_advisory_xact_lock_shared({}, {})"
"""Stores nothing, writes no WAL, is held by nobody else (two random keys), and ends with the transaction."""

MARK_NAME: Final = "SELECT pg_catalog.set_config('application_name', {}, true)"

HOLD_BOTH: Final = """
SELECT pg_catalog.pg_advisory_xact_lock_shared({}, {}), pg_catalog.set_config('application_name', {}, true),
       pg_catalog.pg_sleep({})"""
"""The same marks where a pooler refuses transaction blocks: they stand while their one statement sleeps."""

LOCKS: Final = """
SELECT l.classid::bigint, l.objid::bigint FROM pg_catalog.pg_locks l
WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND l.granted AND l.classid::bigint IN ({}, {})"""

NAMES: Final = """
SELECT a.application_name FROM pg_catalog.pg_stat_activity a WHERE a.application_name IN ({}, {})"""
"""Names of sessions are shown to every role, unlike what they ask."""

STAMP: Final = "SELECT DISTINCT left(environment, 64) FROM public.disjoint_stamp LIMIT 2"

APPLICATION_PATH: Final = "SET LOCAL search_path TO DEFAULT"
"""A sentinel names tables as the application does, whose role carries the path."""

RELATION: Final = """
SELECT c.relkind::text, c.reltuples::bigint
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relname = %s"""

VOLATILE: Final = """
SELECT p.proname::text FROM pg_catalog.pg_proc p
WHERE p.proname = ANY (pg_catalog.string_to_array(%s, E'\\n')::name[]) AND p.provolatile = 'v'
ORDER BY 1 LIMIT 1"""
"""Asked of the names that a sentinel's plan calls, whichever schema they are in."""
