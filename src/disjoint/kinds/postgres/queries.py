"""Every statement that is ever sent, as constants: this page, `outward` and `around` hold them all.

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
       extract(epoch FROM pg_catalog.clock_timestamp())::float8, current_user::text
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
  AND (n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' OR c.oid >= 16384)
ORDER BY 1 LIMIT 2001"""

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
OCCUPY: Final = "SELECT pg_catalog.pg_sleep({})"
"""Keeps a connection of a pooler's that refuses transaction blocks, and holds no lock."""
STAMP: Final = "SELECT DISTINCT left(environment, 64) FROM public.disjoint_stamp LIMIT 2"
APPLICATION_PATH: Final = "SET LOCAL search_path TO DEFAULT"
"""A sentinel names tables as the application does, whose role carries the path."""
STATED_PATH: Final = "SELECT pg_catalog.set_config('search_path', %s, true)"
"""Where the address says where bare names are looked for: so the application finds them."""
RELATION: Final = """
SELECT c.relkind::text, c.reltuples::bigint
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relname = %s"""

VOLATILE: Final = """
SELECT p.proname::text FROM pg_catalog.pg_proc p
WHERE p.proname = ANY (pg_catalog.string_to_array(%s, E'\\n')::name[]) AND p.provolatile = 'v'
ORDER BY 1 LIMIT 1"""
"""Asked of the names that a sentinel's plan calls, whichever schema they are in."""

CENSUS: Final[tuple[LiteralString, ...]] = (
    "BEGIN",
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY",
    "SET LOCAL statement_timeout = '10s'",
    "SET LOCAL lock_timeout = '200ms'",
    "SET LOCAL idle_in_transaction_session_timeout = '60s'",
    "SET LOCAL row_security = off",
    "SET LOCAL search_path = pg_catalog",
    "SET LOCAL max_parallel_workers_per_gather = 0",
    "SET LOCAL application_name = 'disjoint'",
    "SET LOCAL enable_indexscan = off",
    "SET LOCAL enable_indexonlyscan = off",
    "SET LOCAL enable_bitmapscan = off",
    "SET LOCAL cursor_tuple_fraction = 1",
    "SET LOCAL TimeZone = 'UTC'",
    "SET LOCAL DateStyle = 'ISO, YMD'",
    "SET LOCAL IntervalStyle = 'postgres'",
    "SET LOCAL extra_float_digits = 1",
    "SET LOCAL bytea_output = 'hex'",
    "SET LOCAL work_mem = '64MB'",
    "SAVEPOINT opened",
)
"""Whole tables are read, in one form of text: one transaction a table, whose snapshot goes with it. A large
catalogue is put in order in memory: it would else be sorted in a temporary file."""

CENSUS_OPTIONAL: Final[tuple[LiteralString, ...]] = (
    "SET LOCAL jit = off",
    "SET LOCAL client_connection_check_interval = '250ms'",
)

CATALOGUE: Final[tuple[LiteralString, ...]] = tuple(s for s in CENSUS if "enable_" not in s)
"""The catalogue itself is read as the planner likes."""

RANGES: Final[tuple[LiteralString, ...]] = (
    "BEGIN",
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    *CENSUS[2:],
)
"""Ranges of one table belong together: all connections read one snapshot."""

EXPORT: Final = "SELECT pg_catalog.pg_export_snapshot()"
ADOPT: Final = "SET TRANSACTION SNAPSHOT {}"
UNTIL: Final = "SELECT pg_catalog.set_config('statement_timeout', {}, true)"

SERVER: Final = """
SELECT pg_catalog.current_setting('server_version'), pg_catalog.current_setting('server_version_num')::int,
       pg_catalog.current_setting('server_encoding'), pg_catalog.pg_is_in_recovery(),
       pg_catalog.current_setting('block_size')::int,
       (SELECT s.setting::bigint FROM pg_catalog.pg_settings s WHERE s.name = 'shared_buffers')
         * pg_catalog.current_setting('block_size')::bigint"""

MASKED: Final = """
SELECT count(*) FROM pg_catalog.pg_shseclabel l JOIN pg_catalog.pg_roles me ON me.rolname = current_user
WHERE l.classoid = 'pg_catalog.pg_authid'::regclass AND l.label ~* '^masked' AND (
  l.objoid = me.oid OR NOT me.rolsuper AND pg_has_role(l.objoid, 'MEMBER'))"""
"""PostgreSQL Anonymizer's word for a role that is shown other values than are stored."""

PROGRESS: Final = """
SELECT pg_is_in_recovery(), pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
                                            ELSE pg_current_wal_lsn() END, '0/0')"""
"""Whether it is a replica, and how far it has replayed; or how far a primary has written."""

RELATIONS: Final = """
SELECT c.oid::bigint, n.nspname::text, c.relname::text, c.relkind::text, c.reltuples::float8, c.relpages,
       has_schema_privilege(n.oid, 'USAGE'), has_table_privilege(c.oid, 'SELECT'),
       row_security_active(c.oid), c.relispopulated,
       (SELECT e.extname::text FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
        WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e' LIMIT 1),
       (SELECT m.nspname || '.' || r.relname FROM pg_catalog.pg_class r
        JOIN pg_catalog.pg_namespace m ON m.oid = r.relnamespace WHERE r.oid = pg_partition_root(c.oid)),
       pg_stat_get_mod_since_analyze(c.oid)::float8
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm', 'f', 'v') AND c.relpersistence <> 't'
  AND (n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' OR c.oid >= 16384)
ORDER BY 2, 3 LIMIT 20001"""
"""pg_class shows every table to every role: what may not be read is seen all the same."""

COLUMNS: Final = """
SELECT found.* FROM (WITH RECURSIVE bases (oid, base) AS (
  SELECT t.oid, t.oid FROM pg_catalog.pg_type t WHERE t.typtype <> 'd'
  UNION ALL SELECT t.oid, b.base FROM pg_catalog.pg_type t JOIN bases b ON b.oid = t.typbasetype
  WHERE t.typtype = 'd'),
sequences (relid, attnum) AS (
  SELECT d.adrelid, d.adnum FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_depend p
    ON p.classid = 'pg_catalog.pg_attrdef'::regclass AND p.objid = d.oid
   AND p.refclassid = 'pg_catalog.pg_class'::regclass
  JOIN pg_catalog.pg_class q ON q.oid = p.refobjid AND q.relkind = 'S'),
keys (relid, attnum, contype) AS (
  SELECT k.conrelid, unnest(k.conkey), k.contype FROM pg_catalog.pg_constraint k
  WHERE k.contype IN ('p', 'f') AND k.convalidated OR k.contype = 'n' AND NOT k.convalidated),
alone (relid, attnum) AS (
  SELECT i.indrelid, i.indkey[0] FROM pg_catalog.pg_index i
  WHERE i.indisunique AND i.indisvalid AND i.indnkeyatts = 1 AND i.indpred IS NULL AND i.indexprs IS NULL)
SELECT a.attrelid::bigint, a.attname::text,
       CASE WHEN tn.nspname = 'pg_catalog' OR t.typname IN ('citext', '_citext') THEN t.typname::text
            ELSE 'other' END,
       has_column_privilege(a.attrelid, a.attnum, 'SELECT'), a.attgenerated <> '',
       a.attidentity <> '' OR (a.attrelid, a.attnum) IN (SELECT relid, attnum FROM sequences),
       (a.attrelid, a.attnum) IN (SELECT relid, attnum FROM keys WHERE contype = 'p'),
       (a.attrelid, a.attnum) IN (SELECT relid, attnum FROM alone),
       (a.attrelid, a.attnum) IN (SELECT relid, attnum FROM keys WHERE contype = 'f'),
       s.null_frac::float8, s.n_distinct::float8, s.avg_width, a.attgenerated = 'v',
       a.attnotnull AND (a.attrelid, a.attnum) NOT IN (SELECT relid, attnum FROM keys WHERE contype = 'n')
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN bases b ON b.oid = a.atttypid
JOIN pg_catalog.pg_type t ON t.oid = b.base JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_stats s
  ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname AND NOT s.inherited
WHERE a.attnum > 0 AND NOT a.attisdropped
  AND (n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' OR c.oid >= 16384)
ORDER BY a.attrelid, a.attnum LIMIT 200001) found"""  # of pg_stats three numbers: lists hold values of rows

SIZES: Final = """
SELECT c.oid::bigint, pg_catalog.pg_relation_size(c.oid), pg_catalog.pg_relation_size(c.reltoastrelid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
  AND (n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' OR c.oid >= 16384)"""

ROWS_READ: Final = "SELECT pg_catalog.pg_stat_get_xact_tuples_returned({}::oid)"
"""How many rows this very transaction has read of a table: a cursor tells nobody."""

IN_PROGRESS: Final = """
SELECT l.virtualtransaction FROM pg_catalog.pg_locks l
WHERE l.locktype = 'virtualxid' AND l.mode = 'ExclusiveLock' AND l.pid <> pg_catalog.pg_backend_pid()
UNION ALL SELECT 'until ' || pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot())
WHERE NOT pg_catalog.pg_is_in_recovery()"""
"""Who is in a transaction now, by numbers used once; and the next writer's, for who came and went since."""

LAG: Final = """SELECT max(coalesce(extract(epoch FROM r.replay_lag), 0))::float8, count(*) > count(r.state)
FROM pg_catalog.pg_stat_get_wal_senders() r"""  # is one hidden? the view shows no newcomer
LOOK: Final = "SELECT count(*), {} FROM (SELECT {} FROM ONLY {} LIMIT 10000) s"
"""Where there are no statistics: how much the first rows differ, by digests of a fixed seed."""
SHAPES: Final = "SELECT {} FROM (SELECT {} FROM ONLY {} LIMIT 10000) s"
"""How many of the first rows' values have a form that nobody counts up to; never which."""

SHAPED: Final = """
count(*) FILTER (WHERE position('@' IN {0}) > 1 AND {0} ~ '^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:]]+$'
  OR octet_length({0}) >= 16 AND {0} !~ '[^0-9a-fA-F-]' AND {0} ~ '[a-fA-F]' OR
octet_length({0}) >= 20 AND {0} !~ '[^A-Za-z0-9_+/=]' AND {0} ~ '[0-9]' AND {0} ~ '[A-Za-z]'), count({0})"""
"""Addresses; hex digits; letters and digits in one long word. Patterns that look ahead cost much more."""

SHAPED_UUID: Final = """
count(*) FILTER (WHERE {0} ~ '^[0-9a-f]{{8}}-[0-9a-f]{{4}}-[1467][0-9a-f]{{3}}-[89ab]'
                 AND {0} !~ E'([0-9a-f])\\\\1{{5}}'), count({0})"""
"""Random ones, and those of a machine and a time; not those that somebody wrote into a migration."""

PACKED: Final = "SELECT count(*), {} FROM {} s"
"""One answer for a whole table or range: digests, end to end."""

CURSOR: Final = "DECLARE census NO SCROLL CURSOR FOR SELECT {} FROM {} s WHERE {}"
FETCH: Final = "FETCH {} FROM census"
CLOSE: Final = "CLOSE census"
KNOWN: Final = "SELECT encode(string_agg({}, ''::bytea ORDER BY s.n), 'hex') FROM (VALUES {}) s (n, v0)"
"""What everybody knows, under numbers that everybody knows."""

PLANT: Final = """
SELECT s.v0, {} FROM (
  SELECT 'disjoint-' || encode(sha256(convert_to({} || g.n::text, 'UTF8')), 'hex') AS v0
  FROM (SELECT pg_catalog.generate_series(1, {}) AS n) g) s WHERE {} LIMIT 1"""
