"""Visit one PostgreSQL database: one read-only transaction for the facts, and beside it a second to see who
answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from disjoint.model.environment import Target
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.names import readable
from disjoint.model.probe import Place, Probe, ProbeError

from . import queries
from .address import Login
from .facts import PostgresDeclared, PostgresFacts, Sentinel, address_fact, blank
from .links import Reader, fact
from .login import login_of
from .sentinels import read_sentinel
from .session import Session, StatementError, session
from .turns import beside, elsewhere, turn

NAMES = 2000
"""Table names that are kept; more are only counted."""


def observe(target: Target[PostgresDeclared], probe: Probe) -> PostgresFacts:
    """Read every fact on its own: one refusal costs one fact.

    Raises:
        ProbeError: the server did not let us in.
    """
    address = address_fact(target)
    if isinstance(address, Unknown):
        return blank(address, address)
    facts = blank(address, Unknown("not read"))
    found = login_of(target)
    with turn(found, probe), session(found, probe) as opened:
        alternatives: Fact[int] = Known(len(found.candidates) - 1)
        facts = replace(facts, alternatives=alternatives, **_read(opened, target, probe))
        if isinstance(facts.system_identifier, Unknown) and isinstance(facts.started_at, Unknown):
            return facts
        again, where = fact(lambda: _beside(opened, found, probe)), opened.place
    if isinstance(again, Unknown):  # one connection may be all that there is
        again = fact(lambda: _afterwards(found, probe))
    others = fact(lambda: [_afterwards(each, probe) for each in elsewhere(found, where)])
    return replace(facts, alternatives=_met_again(facts, [again, *_each(others)]))


def _each(others: Fact[list[dict[str, Fact[Any]]]]) -> list[Fact[dict[str, Fact[Any]]]]:
    return [others] if isinstance(others, Unknown) else [Known(each) for each in others.value]


def _beside(opened: Session, found: Login, probe: Probe) -> dict[str, Fact[Any]]:
    with beside(opened, found, probe) as second:
        return _told(second, probe)


def _afterwards(found: Login, probe: Probe) -> dict[str, Fact[Any]]:
    with session(found, probe) as second:
        return _told(second, probe)


def _told(second: Session, probe: Probe) -> dict[str, Fact[Any]]:
    """Who answers. Raises ProbeError where nothing of it was told: that is no other server."""
    told = _identity(second, probe)
    if isinstance(told["system_identifier"], Unknown) and isinstance(why := told["started_at"], Unknown):
        raise ProbeError(why.reason, why.remedy)
    return told


def _met_again(facts: PostgresFacts, met: Sequence[Fact[Mapping[str, Fact[Any]]]]) -> Fact[int]:
    """The servers of the address's list beside the one that answered; how many, is unknown behind a balancer.

    It gives each connection to another server, and two of them differ as two environments' do.
    """
    first = facts.system_identifier, facts.started_at
    for each in met:
        match each:
            case Unknown(reason, remedy):
                why = f"whether one server answers at the address is not known: {reason}"
                return Unknown(why, remedy)
            case Known(told) if (told["system_identifier"], told["started_at"]) != first:
                return Unknown(_TURNS, _SETTLE)
            case Known(_):
                pass
    return facts.alternatives


def _read(opened: Session, target: Target[PostgresDeclared], probe: Probe) -> dict[str, Fact[Any]]:
    here = fact(lambda: _here(opened, probe))
    reader = Reader(opened, probe, here.value["port"] if isinstance(here, Known) else 0)
    return {
        "place": Known(_placed(opened.place, probe)),
        "reached": Known(opened.place.how),
        "tls": Known(opened.tls),
        **_identity(opened, probe),
        **{
            name: _part(here, name) for name in ("database", "database_oid", "in_recovery", "version", "role")
        },
        "links": fact(reader.foreign_servers),
        "subscriptions": fact(reader.subscriptions),
        "jobs": fact(reader.jobs),
        **_tables(fact(lambda: _counted(opened))),
        **_stamp(opened, target.declared, here),
        # Last: the only statements that are not ours, and the only change of a setting.
        "sentinels": _sentinels(opened, target, probe),
    }


def _placed(place: Place, probe: Probe) -> str:
    return probe.digest("place", f"{place.address}:{place.port}")


def _identity(opened: Session, probe: Probe) -> dict[str, Fact[Any]]:
    rights = fact(lambda: opened.ask(queries.RIGHTS)[0])

    def once(allowed_at: int, function: str, read: Callable[[], object]) -> Fact[Any]:
        match rights:
            case Known(allowed) if allowed[allowed_at]:
                return fact(read)
            case Known():
                return Unknown(f"permission denied for {function}()", _grant(function))
            case Unknown() as why:
                return why

    def identifier() -> str:
        return probe.digest("system_identifier", str(opened.ask(queries.SYSTEM_IDENTIFIER)[0][0]))

    def started() -> str:
        return probe.digest("started_at", str(opened.ask(queries.STARTED_AT)[0][0]))

    return {
        "system_identifier": once(0, "pg_control_system", identifier),
        "timeline": once(1, "pg_control_checkpoint", lambda: int(opened.ask(queries.TIMELINE)[0][0])),
        "started_at": once(2, "pg_postmaster_start_time", started),
    }


def _grant(function: str) -> str:
    return f"GRANT EXECUTE ON FUNCTION pg_catalog.{function}() TO role; -- in this database"


def _here(opened: Session, probe: Probe) -> dict[str, Any]:
    ((database, oid, recovering, version, port, mark, epoch, role),) = opened.ask(queries.HERE)
    probe.clock(float(epoch))
    return {
        "database": str(database), "database_oid": int(oid), "in_recovery": recovering is True,
        "version": str(version), "port": int(port), "mark": mark,
        "role": probe.digest("role", str(role)),
    }  # fmt: skip


def _part(here: Fact[Mapping[str, Any]], name: str) -> Fact[Any]:
    return Known(here.value[name]) if isinstance(here, Known) else here


def _counted(opened: Session) -> tuple[tuple[str, ...], int, int]:
    rows = opened.ask(queries.TABLES)
    names = tuple(str(row[0]) for row in rows)
    return names, int(rows[0][2]) if rows else 0, int(rows[0][3]) if rows else 0


def _tables(counted: Fact[tuple[tuple[str, ...], int, int]]) -> dict[str, Fact[Any]]:
    match counted:
        case Known((names, count, unreadable)):
            kept = (
                Known(names)
                if count <= NAMES
                else Unknown(f"there are more than {NAMES} tables", _STATE_COUNT)
            )
            return {"tables": kept, "table_count": Known(count), "unreadable": Known(unreadable)}
        case Unknown() as why:
            return {"tables": why, "table_count": why, "unreadable": why}


def _stamp(
    opened: Session, declared: PostgresDeclared, here: Fact[Mapping[str, Any]]
) -> dict[str, Fact[Any]]:
    if not declared.stamp:
        unasked = Unknown("not asked for", "state stamp = true")
        return {"stamp_place": unasked, "stamp_rows": unasked}
    return {"stamp_place": _place_mark(here), "stamp_rows": _rows_mark(opened)}


def _place_mark(here: Fact[Mapping[str, Any]]) -> Fact[str]:
    match here:
        case Unknown() as why:
            return why
        case Known(parts) if parts["mark"]:
            return _mark(str(parts["mark"]), _PLACE_MARK.format(database=parts["database"]))
        case Known(parts):
            return Unknown("the database carries no mark", _PLACE_MARK.format(database=parts["database"]))


def _rows_mark(opened: Session) -> Fact[str]:
    try:
        marks = [str(mark) for (mark,) in opened.ask(queries.STAMP)]
    except StatementError as error:
        remedy = _ROWS_MARK if error.sqlstate == "42P01" else error.remedy or _ROWS_GRANT
        return Unknown(f"public.disjoint_stamp: {error.reason}", remedy)
    except ProbeError as error:
        return Unknown(error.reason, error.remedy)
    if len(marks) != 1:
        return Unknown(f"public.disjoint_stamp names {len(marks) or 'no'} environments", _ROWS_MARK)
    return _mark(marks[0], _ROWS_MARK)


def _mark(text: str, remedy: str) -> Fact[str]:
    return Known(text) if readable(text) else Unknown("the mark is no environment's name", remedy)


def _sentinels(opened: Session, target: Target[PostgresDeclared], probe: Probe) -> Fact[tuple[Sentinel, ...]]:
    if probe.protected:
        return Unknown("sentinels are never run on production")
    path = login_of(target).parameters.get("search_path", "")
    return Known(tuple(read_sentinel(opened, each, path) for each in target.declared.sentinels))


_TURNS = "asked twice, one address answered as two servers: a balancer, or a restart"
_SETTLE = "ask again; if it stays so, declare the servers behind the address one by one"
_STATE_COUNT = "state tables as a number"
_PLACE_MARK = """COMMENT ON DATABASE "{database}" IS 'disjoint:environment=NAME';"""
_ROWS_MARK = (
    "CREATE TABLE public.disjoint_stamp AS SELECT 'NAME'::text AS environment; "
    "GRANT SELECT ON public.disjoint_stamp TO role;"
)
_ROWS_GRANT = "GRANT USAGE ON SCHEMA public TO role; GRANT SELECT ON public.disjoint_stamp TO role;"
