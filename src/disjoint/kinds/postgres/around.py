"""What stands around a database's tables: large objects in it, and other databases beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from disjoint.model.census import Gap, Left
from disjoint.model.experiment import Party
from disjoint.model.fact import Known
from disjoint.model.probe import ProbeError

from . import queries
from .facts import PostgresDeclared, PostgresFacts
from .failures import ShutOutError
from .session import Session, StatementError

MOST_OBJECTS, MOST_DATABASES = 10_000, 1_000

LARGE_OBJECTS: Final = """
SELECT count(*) FROM (SELECT 1 FROM pg_catalog.pg_largeobject_metadata LIMIT 10001) s"""
"""How many there are, which everybody may see; what is in them their owners alone."""

DATABASES: Final = """
SELECT d.datname::text, d.oid::bigint, d.datistemplate FROM pg_catalog.pg_database d
WHERE d.datallowconn AND d.datconnlimit <> -2
  AND d.datname <> pg_catalog.current_database() AND d.datname <> 'template1'
  AND pg_catalog.has_database_privilege(d.oid, 'CONNECT')
  AND (d.datconnlimit <> 0 OR (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = current_user))
ORDER BY 1 LIMIT 1001"""
"""Those beside this one that the role may enter. Sent to staging alone."""


def large_objects(opened: Session) -> Iterator[Left]:
    """What a census does not compare: that there are some."""
    try:
        number = int(opened.ask(LARGE_OBJECTS)[0][0])
    except StatementError:
        yield Left("large objects", "how many there are may not be seen")
        return
    if number:
        many = f"more than {MOST_OBJECTS:,}" if number > MOST_OBJECTS else f"{number:,}"
        yield Left(f"{many} large objects", "their content is not compared")


class Database(NamedTuple):
    """One that a server calls by that name and number."""

    name: str
    oid: int


@dataclass(frozen=True, slots=True)
class Around:
    """What stands beside a database of staging's."""

    started: str = ""
    """When its server began, to the microsecond; empty where the role may not ask."""
    databases: tuple[Database, ...] = ()
    """Those that are to be read with it."""
    gaps: tuple[Gap, ...] = ()
    left: tuple[Left, ...] = field(default=())


def around(opened: Session, party: Party[PostgresDeclared]) -> Around:
    """What staging's role may enter beside its own database; nothing of production's server is listed."""
    if party.probe.protected:
        return Around()
    own = party.target.declared.databases == "own"
    try:
        listed = opened.ask(DATABASES)
    except StatementError as error:
        why = f"whether there are any may not be seen: {error.reason}"
        return Around(left=(Left(_OTHERS, why),)) if own else Around(gaps=(Gap(_OTHERS, why, error.remedy),))
    passed = {name: why for name, oid, template in listed if (why := _passed_over(oid, template, party))}
    left = tuple(Left(f"database {name}", why) for name, why in passed.items())
    if len(listed) > MOST_DATABASES and not own:
        why = f"its server has more than {MOST_DATABASES:,} that this role may enter"
        return Around(gaps=(Gap(_OTHERS, why, 'state databases = "own"'),), left=left)
    kept = tuple(Database(name, oid) for name, oid, _ in listed if name not in passed)
    return Around(started_at(opened), kept, left=left)


_OTHERS = "other databases"


def _passed_over(oid: int, template: bool, party: Party[PostgresDeclared]) -> str:
    if _is_productions(oid, party):
        return "production's own, on this very server: postgres/same-server speaks of it"
    if party.target.declared.databases == "own":
        return 'of staging\'s server, and its role may enter it: databases = "own"'
    if template:
        return "a template: while anybody is in it no database can be made of it; declare it if it has rows"
    return ""


def _is_productions(oid: int, party: Party[PostgresDeclared]) -> bool:
    """Whether it is known to be the very database that production's address leads to."""
    ours, theirs = party.facts, party.facing
    if not (isinstance(ours, PostgresFacts) and isinstance(theirs, PostgresFacts)):
        return False
    known = (ours.system_identifier, ours.started_at)
    one = known == (theirs.system_identifier, theirs.started_at) and all(isinstance(k, Known) for k in known)
    return one and theirs.database_oid == Known(oid)


def started_at(opened: Session) -> str:
    """When the server began; empty where the role may not ask."""
    try:
        return str(opened.ask(queries.STARTED_AT)[0][0])
    except StatementError:
        return ""


def prove_beside(opened: Session, meant: Database, started: str) -> None:
    """Go on only in that database of that server.

    Raises:
        ShutOutError: a pooler leads to another one by this name.
        ProbeError: another server answers.
    """
    name, oid, *_ = opened.ask(queries.HERE)[0]
    if started_at(opened) != started:
        raise ProbeError("another server answers for it", "declare one server's address, and run again")
    if (name, int(oid)) != meant:
        raise ShutOutError("a pooler leads to another database by this name")
