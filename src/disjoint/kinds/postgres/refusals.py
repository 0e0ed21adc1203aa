"""What a server's refusals mean, by SQLSTATE, and what lifts them. Pure."""

from __future__ import annotations

OTHER = ("the server refused the statement (SQLSTATE {state})", "")
GONE = ("the server broke the connection off", "run again; its log says why")
UNREADABLE = "22021"
ROW_SECURITY = (
    "row-level security would hide rows from this role",
    "read as the table's owner, or: ALTER ROLE role BYPASSRLS; -- role = the user of this URL",
)
STATES = {
    UNREADABLE: (
        "a name or text there is not in the encoding that its database states",
        "rename it: ALTER DATABASE name RENAME TO other; or ALTER TABLE name RENAME TO other;",
    ),
    "42501": ("permission denied", ""),
    "42P01": ("a table it names does not exist here", ""),
    "42703": ("a column it names does not exist here", ""),
    "42601": ("the server cannot parse the statement", ""),
    "25006": ("it would write, and the transaction is read-only", ""),
    "57014": ("the server cancelled the statement after 2 s", "make it cheaper, with an index for example"),
    "55P03": ("a lock was not free within 0.2 s", "run again when no migration is under way"),
    "57P01": ("the server is shutting down", "run again when it is up"),
    "53300": ("the server has no free connection", "free one, or raise CONNECTION LIMIT or max_connections"),
}
