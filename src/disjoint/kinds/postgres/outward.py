"""Every statement about ways out of a database, as constants, beside `queries`."""

from __future__ import annotations

from typing import Final

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

LISTENS: Final = """
SELECT s.name, s.setting FROM pg_catalog.pg_settings s
WHERE s.name IN ('listen_addresses', 'unix_socket_directories')"""
"""The second is shown to few roles."""

FILES: Final = """
SELECT s.srvname::text, coalesce(bool_and(p.proname = 'file_fdw_handler'), false),
       count(*) FILTER (WHERE o.option_name = 'program')
FROM pg_catalog.pg_foreign_server s JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw
LEFT JOIN pg_catalog.pg_proc p ON p.oid = w.fdwhandler
LEFT JOIN pg_catalog.pg_foreign_table t ON t.ftserver = s.oid
LEFT JOIN LATERAL pg_catalog.pg_options_to_table(t.ftoptions) o ON true
WHERE w.fdwname = 'file_fdw' GROUP BY 1 ORDER BY 1 LIMIT 201"""
"""Which of them read files alone: a table of one may be what a program prints. Never which program."""


AGENT_RIGHTS: Final = """
SELECT has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
       AND NOT row_security_active(c.oid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'pgagent' AND c.relname = 'pga_jobstep'"""
AGENT_STEPS: Final = """
SELECT jstid::text, jstconnstr FROM pgagent.pga_jobstep WHERE jstconnstr <> '' ORDER BY jstid LIMIT 201"""
TIMETABLE_RIGHTS: Final = """
SELECT has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
       AND NOT row_security_active(c.oid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'timetable' AND c.relname = 'task'"""
TIMETABLE_STEPS: Final = """
SELECT task_id::text, database_connection::text FROM timetable.task WHERE database_connection::text <> ''
ORDER BY task_id LIMIT 201"""
