"""Do production's rows stand in staging, whatever the servers are? Pure."""

from __future__ import annotations

from disjoint.model.census import Overlap
from disjoint.model.fact import Known, both
from disjoint.model.finding import Judgement, Outcome, unproven
from disjoint.model.kind import Question, Rule
from disjoint.model.overlapping import Words, is_leak, judged

from .facts import PostgresDeclared, PostgresFacts

PostgresQuestion = Question[PostgresFacts, PostgresDeclared]


def production_rows(q: PostgresQuestion) -> Judgement:
    """A dump that was restored carries no identity of its server: only the rows tell.

    A zero counts where every table could be read, from the one server that the address leads to,
    and where a planted value was found through the same statements.
    """
    found = judged(q, _WORDS)
    whole = all(side.facts.alternatives == Known(0) for side in (q.left, q.right))
    if found.outcome is Outcome.ISOLATED and not whole:
        return unproven(_ONE_OF_SEVERAL, found.evidence, _ONE_HOST, found.limits)
    if found.outcome is Outcome.SHARED and _are_productions_own(q):
        return unproven(_ITS_OWN, found.evidence, _OWN_SERVER, found.limits)
    return found


def _are_productions_own(q: PostgresQuestion) -> bool:
    """Whether all that was found stands in production's database itself, which staging's role can read."""
    ours, theirs = q.staging.facts, q.production.facts
    run = both(theirs.system_identifier, theirs.started_at)
    one = isinstance(run, Known) and run == both(ours.system_identifier, ours.started_at)
    match both(theirs.database, q.tried("census", Overlap)):
        case Known((name, Overlap() as came)) if one and ours.database != theirs.database:
            leaks = filter(is_leak, came.shared)
            return all(hit.staging.startswith(f"{name}.") for hit in leaks)
        case _:
            return False


_WORDS = Words(
    one="row",
    grant="run where both servers can be reached; GRANT SELECT ON ALL TABLES IN SCHEMA name TO role;",
    purge=(
        "stop staging, find out where the rows came from, and delete them only where postgres/same-server is "
        "ISOLATED: elsewhere they are production's own; if both sides may hold them (seeds, staff), learn a "
        "baseline (disjoint baseline), or state may_share; a table that is filled alike everywhere (towns, "
        "products, calendars, exchange rates, series) goes under reference"
    ),
    unseen=(
        "values that were altered (masked, truncated, encoded anew{case}) are others to an equality test; "
        "texts of fewer than 4 octets are nobody's own; large objects are not read, nor databases that "
        "staging's role may not enter"
    ),
    common=(
        "see whether both sides may hold them: then state their table under `reference` if it is filled "
        "alike everywhere (towns, products, calendars, exchange rates, series), or a column under "
        "`may_share`, or learn a baseline from a freshly migrated database (disjoint baseline); state a "
        "column under `columns` if one value of it is a leak"
    ),
)
_ONE_OF_SEVERAL = "the rows of one server were compared, and an address leads to several"
_ITS_OWN = (
    "one server holds both databases, and staging's role reads production's: what was found is the "
    "latter's own rows, and no copy"
)
_OWN_SERVER = "give staging a server of its own; until then: REVOKE CONNECT ON DATABASE name FROM PUBLIC;"
_ONE_HOST = "declare each server of the list as a resource of its own, with one host in its URL"

RULES: tuple[Rule[PostgresFacts, PostgresDeclared], ...] = (
    Rule(
        "postgres/production-rows",
        production_rows,
        applies=lambda declared: declared.rows is not None,
        needs="census",
    ),
)
