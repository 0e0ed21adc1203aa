"""The least a role needs, as SQL to copy; each line says which rule needs it. Pure."""

from __future__ import annotations

from collections.abc import Mapping

VERIFY = """
CREATE ROLE disjoint LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS NOINHERIT
  CONNECTION LIMIT 4 PASSWORD 'PASSWORD';
ALTER ROLE disjoint SET default_transaction_read_only = on; -- every transaction states it as well
GRANT CONNECT ON DATABASE "DATABASE" TO disjoint; -- every rule
-- everybody has these unless they were revoked:
GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_system() TO disjoint; -- same-*, replica-or-copy
GRANT EXECUTE ON FUNCTION pg_catalog.pg_postmaster_start_time() TO disjoint; -- same-*
GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_checkpoint() TO disjoint; -- replica-or-copy: the timeline
GRANT SELECT ON pg_catalog.pg_locks TO disjoint; -- the mark of same-server
GRANT SELECT ON pg_catalog.pg_stat_activity TO disjoint; -- its second channel, where locks are hidden
""".strip()

STAMP = """
GRANT USAGE ON SCHEMA public TO disjoint; -- stamp
GRANT SELECT ON public.disjoint_stamp TO disjoint; -- stamp
""".strip()

STAGING = """
GRANT USAGE ON SCHEMA public TO disjoint; -- tables, sentinel; and each further schema
GRANT SELECT ON ALL TABLES IN SCHEMA public TO disjoint; -- tables, sentinel
ALTER ROLE disjoint BYPASSRLS; -- tables, sentinel: only where a table has row-level security
GRANT SELECT (oid, subname, subconninfo) ON pg_catalog.pg_subscription TO disjoint; -- foreign-link
""".strip()

ROWS = """
GRANT USAGE ON SCHEMA public TO disjoint; -- production-rows; and each further schema
GRANT SELECT ON ALL TABLES IN SCHEMA public TO disjoint; -- production-rows
ALTER ROLE disjoint BYPASSRLS; -- production-rows: only where a table has row-level security
""".strip()

LOOK = """
CREATE ROLE disjoint_look LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS NOINHERIT
  CONNECTION LIMIT 2 PASSWORD 'PASSWORD';
ALTER ROLE disjoint_look SET default_transaction_read_only = on;
GRANT CONNECT ON DATABASE "DATABASE" TO disjoint_look; -- the mark and the identity: nothing else is granted
""".strip()

RECIPES: Mapping[str, str] = {
    "verify, each side's role on its own server": VERIFY,
    "look, production's role": LOOK,
    "stamp = true, each side's role": STAMP,
    "tables, sentinels and links, staging's role": STAGING,
    "rows, each side's role": ROWS,
}
"""What to run for what, as a superuser in the database; DATABASE and PASSWORD are to be filled in."""
