"""Count what staging must not hold, and prove that the count could have seen it.

The control of a zero: the planner names the tables it comes from; each is an ordinary local
table; the role may read all its rows, for row_security=off makes a hidden row an error. Not
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
_OPAQUE = frozenset({"Function Scan", "Table Function Scan", "Foreign Scan", "Custom Scan"})
"""Plan nodes whose rows come from where the planner cannot say."""


def read_sentinel(session: Session, statement: str) -> Sentinel:
    """Count by one declared statement. Never raises: what fails is an Unknown count."""
    if not _FORM.match(statement):
        return Sentinel(
            Unknown("it is not one SELECT", "state one SELECT count(*) … without a semicolon"), ()
        )
    try:
        session.ask(queries.APPLICATION_PATH)
        reads = _control(session, statement)
        return Sentinel(_count(session.ask_declared("", statement, "SELECT (a sentinel)")), reads)
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
    if opaque := sorted({node["Node Type"] for node in nodes} & _OPAQUE):
        raise ProbeError(
            f"its rows come through a {opaque[0]}, which may hide some", "count from the table itself"
        )
    tables = sorted({(node["Schema"], node["Relation Name"]) for node in nodes if "Relation Name" in node})
    if not tables:
        raise ProbeError("it reads no table, so its zero says nothing", "count from the table itself")
    return tuple(_ordinary(session, schema, name) for schema, name in tables)


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


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


_REMEDY = "GRANT USAGE ON SCHEMA name, SELECT ON TABLE name TO role; and count from ordinary tables"
