"""Read a database's rows as digests that its server makes; no value comes here, unless `tell` is asked."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

from disjoint.model.census import Gap, Left
from disjoint.model.experiment import Party
from disjoint.model.fact import Absent
from disjoint.model.probe import ProbeError

from . import queries
from .address import Login
from .agreeing import told_apart
from .around import Around, Database, around, large_objects, prove_beside
from .catalogue import (
    counted,
    header_of,
    is_masked,
    looked,
    server_of,
    shaped,
    sizes_of,
    tables_of,
    widened,
)
from .columns import choose
from .database import Tables
from .facts import PostgresDeclared
from .failures import ShutOutError
from .joined import Joined, Named, led
from .login import login_of
from .meeting import prove_met
from .pool import Pool, limit
from .remaining import remaining
from .session import Opening, Session, session
from .tables import Wish
from .traffic import Traffic
from .ways import by_ranges

CATALOGUE = Opening(queries.CATALOGUE, queries.CENSUS_OPTIONAL)


@contextlib.contextmanager
def reading(party: Party[PostgresDeclared], *, careful: bool) -> Iterator[Tables | Joined]:
    """Open one side; leaving ends every connection and every statement.

    Raises:
        ProbeError: nobody answered, or what answered may not be read in place of the declared server.
    """
    replica = not isinstance(party.target.setting("replica"), Absent)
    login = login_of(party.target, "replica" if replica else "url")
    way = _Way(login, careful, replica)
    with contextlib.ExitStack() as ended:
        with session(login, party.probe, CATALOGUE) as opened:
            _refuse_a_pooler(opened)
            limit(opened, party.probe)
            prove_met(opened, party, replica=replica)
            own = _surveyed(opened, party, way)
            beside = around(opened, party)
        ended.callback(own.end)
        yield _together(own, beside, party, way, ended.callback)


class _Way(NamedTuple):
    """How one side is read."""

    login: Login
    careful: bool
    replica: bool


def _together(
    own: Tables,
    beside: Around,
    party: Party[PostgresDeclared],
    way: _Way,
    at_the_end: Callable[[Callable[[], None]], object],
) -> Tables | Joined:
    """The declared database, and those beside it in which there is something to read."""
    gaps, left, others = [*beside.gaps], [*beside.left], list[Named]()
    for database in beside.databases:
        try:
            tables = _beside(database, beside.started, party, way)
        except ShutOutError as error:
            left.append(Left(f"database {database.name}", error.reason))
            continue
        except ProbeError as error:
            gaps.append(Gap(f"database {database.name}", error.reason, error.remedy or _OWN))
            continue
        at_the_end(tables.end)
        if (gap := _unread(database, tables, own, party)) is not None:
            gaps.append(gap)
        elif tables.is_empty:
            told = led(database.name, tables.survey)
            gaps, left = [*gaps, *told.gaps], [*left, *told.left]
        else:
            others.append(Named(database.name, tables))
    own.note(gaps, left)
    return Joined(own, others) if others else own


def _beside(database: Database, started: str, party: Party[PostgresDeclared], way: _Way) -> Tables:
    to = way._replace(login=way.login._replace(database=database.name))
    with session(to.login, party.probe, CATALOGUE) as opened:
        _refuse_a_pooler(opened)
        limit(opened, party.probe)
        prove_beside(opened, database, started)
        return _surveyed(opened, party, to)


def _unread(database: Database, tables: Tables, own: Tables, party: Party[PostgresDeclared]) -> Gap | None:
    """Why a database that holds something is not read with the declared one."""
    name, methods = f"database {database.name}", own.survey.header.methods
    if tables.is_empty:
        return None
    if party.apart:
        return Gap(name, "workers read the declared database alone", f"{_OWN}; or run without --dask")
    if not set(methods) & set(tables.survey.header.methods):
        speaks = tables.survey.header.speaks
        return Gap(name, f"no digest of it is the same as the declared one's ({speaks})", _OWN)
    return None


_OWN = 'declare it as a resource of its own, and state databases = "own"'


def _refuse_a_pooler(opened: Session) -> None:
    if opened.by_statement:
        raise ProbeError(
            "a pooler that refuses transaction blocks stands before the server",
            "declare the address that leads past the pooler, or replica",
        )


def _surveyed(opened: Session, party: Party[PostgresDeclared], read: _Way) -> Tables:
    declared, protected = party.target.declared, party.probe.protected
    pool, careful, replica = Pool(read.login, party.probe), read.careful, read.replica
    pool.traffic.look(opened)
    server = server_of(opened)
    pool.traffic.look(opened)
    spared = pool.traffic if protected or careful else Traffic()
    wish = Wish(
        protected,
        declared.columns,
        declared.reference,
        declared.may_share,
        declared.rows_at_most,
        sparing=(protected or careful) and not replica,
    )
    with spared.easing():
        found = tables_of(opened)
    tables = tuple(counted(found, sizes_of(opened), server))
    if wish.sparing:
        tables = tuple(spared.eased(widened(opened, tables)))
    tables = tuple(spared.eased(looked(opened, tables, sparing=wish.sparing)))
    if protected and declared.columns is None:
        tables = tuple(spared.eased(shaped(opened, tables, sparing=wish.sparing)))
    may = by_ranges(
        server, protected=protected, careful=careful, replica=replica, pressure=declared.cache_pressure
    )
    header = header_of(opened, server)
    pool.traffic.look(opened)
    choice = choose(tables, wish)
    if protected and declared.columns is None:
        for at, several in spared.eased(told_apart(opened, choice.chosen)):
            choice.chosen[at] = several
        choice.chosen.extend([*spared.eased(remaining(opened, choice, wish))])
    choice.left.extend(large_objects(opened))
    if is_masked(opened):
        choice.gaps.append(Gap("every table", _MASKED, _UNMASKED))
    return Tables(choice, header, server, pool, party.probe, ranged=may, wish=wish)


_MASKED = "this role is masked: it is shown other values than are stored"
_UNMASKED = "a role of its own for disjoint, or: SECURITY LABEL FOR anon ON ROLE role IS NULL;"
