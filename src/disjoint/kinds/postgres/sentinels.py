"""Count what staging must not hold, and prove that the count could have seen it.

The control of a zero: the planner names the tables it comes from; each is an ordinary local
table; the role may read all its rows, for row_security=off makes a hidden row an error; no
volatile function is called, which could write, signal, or turn that setting back. Not
proven: that the predicate describes production's rows. Those words are the user's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.probe import ProbeError

from . import queries
from .facts import Sentinel
from .session import Session

_FORM = re.compile(r"\s*(?:SELECT|WITH)\b[^;]*\Z", re.IGNORECASE)
_WORD = re.compile(r"""'(?:[^']|'')*'|("(?:[^"]|"")*"|[^\W\d][\w$]*)( ?\()?""")
"""A literal, or a name and whether it is called; whole, so that neither hides in the other."""
_OF_ROLE = frozenset(
    {"CURRENT_USER", "SESSION_USER", "CURRENT_ROLE", "USER", "current_setting", "pg_has_role"}
)
"""By which a view shows each role, or each tenant, rows of its own, as row-level security does."""
_OPAQUE = frozenset({"Function Scan", "Table Function Scan", "Foreign Scan", "Custom Scan"})
"""Plan nodes whose rows come from where the planner cannot say."""


def read_sentinel(session: Session, statement: str, path: str = "") -> Sentinel:
    """Count by one declared statement. Never raises: what fails is an Unknown count.

    Args:
        session: one that may be asked such.
        statement: the declared text.
        path: the search path that the address states; empty leaves the role's own.
    """
    if not _FORM.match(statement):
        return Sentinel(
            Unknown("it is not one SELECT", "state one SELECT count(*) … without a semicolon"), ()
        )
    try:
        session.ask(queries.APPLICATION_PATH)
        if path:
            session.ask(queries.STATED_PATH, path)
        reads = _control(session, statement)
        # A second row tells enough; a million of them would fill this machine.
        bounded = f"SELECT * FROM (\n{statement}\n) AS sentinel LIMIT 2"  # noqa: S608 (the declared text)
        return Sentinel(_count(session.ask_declared("", bounded, "SELECT (a sentinel)")), reads)
    except ProbeError as error:
        return Sentinel(Unknown(error.reason, error.remedy or _REMEDY), ())
    except (ValueError, TypeError, LookupError):
        return Sentinel(Unknown("its plan has an unexpected shape", _REMEDY), ())


def _control(session: Session, statement: str) -> tuple[str, ...]:
    """The tables the count comes from.

    Raises:
        ProbeError: it comes from no table, or from one whose rows may not all be seen.
    """
    ((plan,),) = session.ask_declared("EXPLAIN (VERBOSE, FORMAT JSON) ", statement, "EXPLAIN (a sentinel)")
    nodes = list(_nodes(plan[0]["Plan"]))
    if any(node["Node Type"] == "ModifyTable" for node in nodes):
        raise ProbeError("it would write, and sentinels are read-only", "state one SELECT count(*) …")
    if opaque := sorted({node["Node Type"] for node in nodes} & _OPAQUE):
        raise ProbeError(
            f"its rows come through a {opaque[0]}, which may hide some", "count from the table itself"
        )
    called, named = _called(nodes), _named(nodes)
    if own := sorted(_OF_ROLE & (called | named)):
        raise ProbeError(f"it depends on who asks ({own[0]}): another role may see more", _FROM_TABLES)
    if volatile := session.ask(queries.VOLATILE, "\n".join(sorted(called))):
        raise ProbeError(f"it calls {volatile[0][0]}(), which may do more than count", _NO_EFFECTS)
    tables = sorted({(node["Schema"], node["Relation Name"]) for node in nodes if "Relation Name" in node})
    if not tables:
        raise ProbeError("it reads no table, so its zero says nothing", "count from the table itself")
    return tuple(_ordinary(session, schema, name) for schema, name in tables)


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


def _called(nodes: list[dict[str, Any]]) -> frozenset[str]:
    """Every name that the plan's expressions call, as the server writes them out."""
    called = (word for word in _words(nodes) if word[2])
    return frozenset(w[1][1:-1].replace('""', '"') if w[1].startswith('"') else w[1] for w in called)


def _named(nodes: list[dict[str, Any]]) -> frozenset[str]:
    """Every word of them that is no quoted name."""
    return frozenset(word[1] for word in _words(nodes) if word[1])


def _words(nodes: list[dict[str, Any]]) -> Iterator[re.Match[str]]:
    said = (text for node in nodes for value in node.values() for text in _texts(value))
    return (word for text in said for word in _WORD.finditer(text))


def _texts(value: object) -> list[str]:
    return [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]


def _ordinary(session: Session, schema: str, name: str) -> str:
    ((relkind, about),) = session.ask(queries.RELATION, schema, name)
    if relkind != "r":
        raise ProbeError(f"{schema}.{name} is no ordinary table: its rows may be stale or elsewhere", _REMEDY)
    size = "never analysed" if about < 0 else f"about {about} rows"
    return f"{schema}.{name} ({size})"


def _count(rows: list[tuple[Any, ...]]) -> Fact[int]:
    match rows:
        case [(int() as count,)] if not isinstance(count, bool) and count >= 0:
            return Known(count)
        case _:
            return Unknown("it does not give one count", "state one SELECT count(*) …")


_NO_EFFECTS = (
    "count without functions that act or change settings; one of your own that only reads: "
    "ALTER FUNCTION name STABLE;"
)
_FROM_TABLES = "count from the table itself, by its name with its schema"
_REMEDY = "GRANT USAGE ON SCHEMA name, SELECT ON TABLE name TO role; and count from ordinary tables"
