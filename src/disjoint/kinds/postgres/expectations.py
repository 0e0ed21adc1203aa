"""What each PostgreSQL database must look like: no way out, and what the manifest states."""

from __future__ import annotations

from collections.abc import Iterator

from disjoint.model.address import Sameness
from disjoint.model.fact import Fact, Known, Unknown, both
from disjoint.model.finding import Evidence, Grade, Judgement, isolated, shared, unproven
from disjoint.model.kind import Asks, Lint, Question, Rule, Side
from disjoint.model.names import same_environment
from disjoint.model.words import counted as number_of

from .address import compare
from .facts import Link, PostgresDeclared, PostgresFacts, Sentinel

PostgresQuestion = Question[PostgresFacts, PostgresDeclared]


def foreign_link(q: PostgresQuestion) -> Judgement:
    """A restored database keeps its ways back: foreign servers, subscriptions, cron jobs.

    A link whose address, or whose place as its environment finds it, is the other side's
    leads there. Another address proves nothing: a link stands until it is dropped.
    """
    seen = tuple(e for side in (q.production, q.staging) for e in _links_seen(side))
    leading = [text for side in (q.production, q.staging) for text in _leading(q, side)]
    if leading:
        return shared(Grade.IDENTITY, "; ".join(leading), seen, _DROP_LINK, _LINK_LIMITS)
    doubts = [doubt for side in (q.production, q.staging) for doubt in _doubts(side)]
    if doubts:
        remedy = next((remedy for _, remedy in doubts if remedy), _DROP_LINK)
        return unproven("; ".join(text for text, _ in doubts), seen, remedy, _LINK_LIMITS)
    return isolated(Grade.IDENTITY, "neither database keeps a way out", seen, _LINK_LIMITS)


def _leading(q: PostgresQuestion, side: Side[PostgresFacts]) -> Iterator[str]:
    other = q.staging if side.protected else q.production
    for link in _links(side):
        if not link.inward and _leads_to(link, side, other):
            yield f"{side.environment}'s {link.what} leads to {other.environment}'s server"


def _leads_to(link: Link, side: Side[PostgresFacts], other: Side[PostgresFacts]) -> bool:
    verdict = _named(link, side, other)
    # One place serves many tenants behind a pooler that routes by user: text then says different.
    placed = isinstance(link.place, Known) and link.place == other.facts.place
    return verdict == "same" or (placed and verdict != "different")


def _named(link: Link, side: Side[PostgresFacts], other: Side[PostgresFacts]) -> Sameness:
    match both(link.target, other.facts.address):
        case Known((target, address)):
            pair = (target, address) if side.protected else (address, target)
            return compare(*pair).of_server
        case Unknown():
            return "unknown"


def _doubts(side: Side[PostgresFacts]) -> Iterator[tuple[str, str]]:
    for what, links in _kept(side):
        match links:
            case Unknown(reason, remedy):
                yield f"{side.environment}'s {what} are not known: {reason}", remedy
            case Known(known):
                for link in known:
                    if not link.inward:
                        yield _doubt(side, link)


def _doubt(side: Side[PostgresFacts], link: Link) -> tuple[str, str]:
    match link.target:
        case Unknown(reason, remedy):
            return f"{side.environment}'s {link.what} may lead anywhere: {reason}", remedy
        case Known(address):
            return f"{side.environment}'s {link.what} leads to {address.shown}, which may be another name", ""


def _kept(side: Side[PostgresFacts]) -> tuple[tuple[str, Fact[tuple[Link, ...]]], ...]:
    facts = side.facts
    return ("foreign servers", facts.links), ("subscriptions", facts.subscriptions), ("cron jobs", facts.jobs)


def _links(side: Side[PostgresFacts]) -> Iterator[Link]:
    for _, links in _kept(side):
        if isinstance(links, Known):
            yield from links.value


def _links_seen(side: Side[PostgresFacts]) -> Iterator[Evidence]:
    for (what, links), how in zip(_kept(side), _LINK_SOURCES, strict=True):
        match links:
            case Known(known):
                shown = ", ".join(link.what for link in known)
                yield side.saw(what, Known(f"{len(known)}: {shown}" if known else "0"), how)
            case Unknown() as why:
                yield side.saw(what, why, how)


def tables(q: PostgresQuestion) -> Judgement:
    """A role without grants counts no tables in information_schema, and "should be 0" comes true.

    pg_class shows every table to every role, so the count is whole whatever is granted. The
    expected number of tables says nothing of their rows.
    """
    facts = q.staging.facts
    seen = (
        q.staging.saw("tables", facts.table_count, "pg_class, every user schema"),
        q.staging.saw(
            "of which not readable in full", facts.unreadable, "has_table_privilege, relrowsecurity"
        ),
    )
    match q.declared.tables:
        case None:
            return unproven("no expectation is stated", seen, "state tables = 0, or their names")
        case int() as stated:
            return _as_many(stated, facts.table_count, seen)
        case names:
            return _as_named(names, facts, seen)


def _as_many(stated: int, count: Fact[int], seen: tuple[Evidence, ...]) -> Judgement:
    match count:
        case Unknown(reason, remedy):
            return unproven(f"the tables were not counted: {reason}", seen, remedy or _LET_IN)
        case Known(found) if found == stated:
            return isolated(Grade.IDENTITY, f"{number_of(found, 'table')}, as stated", seen, _TABLE_LIMITS)
        case Known(found) if found > stated:
            return shared(
                Grade.IDENTITY,
                f"{number_of(found, 'table')} where the manifest states {stated}",
                seen,
                _EXTRA,
            )
        case Known(found):
            return unproven(f"only {found} of {number_of(stated, 'stated table')}", seen, _FEWER)


def _as_named(names: tuple[str, ...], facts: PostgresFacts, seen: tuple[Evidence, ...]) -> Judgement:
    allowed = {name if "." in name else f"public.{name}" for name in names}
    match facts.tables:
        case Unknown(reason, remedy):
            return unproven(f"the tables were not listed: {reason}", seen, remedy or _LET_IN)
        case Known(found) if extra := sorted(set(found) - allowed):
            shown = ", ".join(extra[:10]) + (f" and {len(extra) - 10} more" if len(extra) > 10 else "")
            return shared(Grade.IDENTITY, f"tables that are not stated: {shown}", seen, _EXTRA)
        case Known(found):
            return isolated(
                Grade.IDENTITY, f"{number_of(len(found), 'table')}, all stated", seen, _TABLE_LIMITS
            )


def sentinel(q: PostgresQuestion) -> Judgement:
    """Row-level security and missing grants make a count of production's rows zero.

    A zero counts only from ordinary tables that the planner names and the role may read whole.
    What it cannot prove is that the statement describes production's rows.
    """
    match q.staging.facts.sentinels:
        case Unknown(reason, remedy):
            return unproven(f"no sentinel was counted: {reason}", (), remedy or _LET_IN)
        case Known(counted):
            seen = tuple(_counted(q.staging, number, one) for number, one in enumerate(counted, 1))
            stated = len(q.declared.sentinels)
            return _judged(counted, stated, seen)


def _judged(counted: tuple[Sentinel, ...], stated: int, seen: tuple[Evidence, ...]) -> Judgement:
    found = [n for n, one in enumerate(counted, 1) if isinstance(one.rows, Known) and one.rows.value > 0]
    if found:
        numbers = ", ".join(str(n) for n in found)
        return shared(
            Grade.IDENTITY, f"staging holds rows that sentinel {numbers} must not find", seen, _PURGE
        )
    unknown = [(n, one.rows) for n, one in enumerate(counted, 1) if isinstance(one.rows, Unknown)]
    if unknown:
        text = "; ".join(f"sentinel {n}: {why.reason}" for n, why in unknown)
        return unproven(text, seen, next((w.remedy for _, w in unknown if w.remedy), _LET_IN))
    if not stated or len(counted) != stated:
        return unproven(f"{len(counted)} of {number_of(stated, 'sentinel')} counted", seen, "run again")
    return isolated(
        Grade.IDENTITY, f"no row found by {number_of(stated, 'sentinel')}", seen, _SENTINEL_LIMITS
    )


def _counted(side: Side[PostgresFacts], number: int, one: Sentinel) -> Evidence:
    how = f"SELECT, row_security = off, reading {', '.join(one.reads)}" if one.reads else "not counted"
    return side.saw(f"sentinel {number}", one.rows, how)


def stamp(q: PostgresQuestion) -> Judgement:
    """A server says nothing of whose it is, and a copied database says it is production's.

    The mark in the place (the database's comment) tells whose database it is, the mark in the
    rows whose rows they are. Marks are words: they prove who was meant, if people keep them.
    """
    seen = q.saw("mark of the place", lambda f: f.stamp_place, "the comment on the database")
    seen += q.saw("mark of the rows", lambda f: f.stamp_rows, "public.disjoint_stamp")
    sides = (q.production, q.staging)
    if crossed := [text for side in sides for text in _crossed(q, side)]:
        return shared(Grade.IDENTITY, "; ".join(crossed), seen, _RESTAMP)
    if doubts := [doubt for side in sides for doubt in _unmarked(side)]:
        remedy = next((remedy for _, remedy in doubts if remedy), _RESTAMP)
        return unproven("; ".join(text for text, _ in doubts), seen, remedy)
    return isolated(Grade.IDENTITY, "place and rows carry their own environment's mark", seen, _STAMP_LIMITS)


def _marks(side: Side[PostgresFacts]) -> tuple[tuple[str, Fact[str]], ...]:
    return ("the place's mark", side.facts.stamp_place), ("the rows' mark", side.facts.stamp_rows)


def _crossed(q: PostgresQuestion, side: Side[PostgresFacts]) -> Iterator[str]:
    other = q.staging if side.protected else q.production
    for what, mark in _marks(side):
        if isinstance(mark, Known) and same_environment(mark.value, other.environment):
            yield f"{what} in {side.environment} names {other.environment}"


def _unmarked(side: Side[PostgresFacts]) -> Iterator[tuple[str, str]]:
    for what, mark in _marks(side):
        match mark:
            case Unknown(reason, remedy):
                yield f"{what} in {side.environment}: {reason}", remedy.replace("NAME", side.environment)
            case Known(name) if not same_environment(name, side.environment):
                yield f"{what} in {side.environment} names another environment, {name}", _RESTAMP
            case Known(_):
                pass


def counts(q: PostgresQuestion) -> tuple[str, ...]:
    """How many tables each side holds, where nothing was expected."""
    if q.declared.tables is not None:
        return ()
    sides = (q.production, q.staging)
    known = [
        (s.environment, s.facts.table_count.value) for s in sides if isinstance(s.facts.table_count, Known)
    ]
    return tuple(
        f"{environment} holds {number_of(count, 'table')}; no expectation is stated"
        for environment, count in known
    )


_DROP_LINK = (
    "DROP SERVER name CASCADE; or DROP SUBSCRIPTION name; or SELECT cron.unschedule(job); "
    "-- in the database that keeps it"
)
_LINK_SOURCES = ("pg_foreign_server, whole", "pg_subscription", "cron.job, where pg_cron is installed")
_LINK_LIMITS = (
    "foreign servers of this database only, not of others on the server; calls of dblink() and the text of "
    "cron commands name their server at run time and cannot be listed"
)
_LET_IN = "let the role of staging's URL log in and read"
_EXTRA = "drop what staging must not hold, or state it under tables"
_FEWER = "check that the URL names staging's own database, or lower tables"
_TABLE_LIMITS = "tables of this database only, and not the rows in them"
_PURGE = (
    "stop staging and find out where the rows came from; delete them only where postgres/same-server is "
    "ISOLATED: elsewhere they are production's own"
)
_SENTINEL_LIMITS = (
    "whether the statements describe production's rows is the author's word; they never run on production"
)
_RESTAMP = (
    "see whose database it is; then COMMENT ON DATABASE name IS 'disjoint:environment=NAME'; and "
    "UPDATE public.disjoint_stamp SET environment = 'NAME';"
)
_STAMP_LIMITS = "marks are words that an operator wrote; a dump restored without them carries none"

RULES: tuple[Rule[PostgresFacts, PostgresDeclared], ...] = (
    Rule("postgres/foreign-link", foreign_link, Asks.EXPECTATION),
    Rule("postgres/tables", tables, Asks.EXPECTATION, applies=lambda declared: declared.tables is not None),
    Rule("postgres/sentinel", sentinel, Asks.EXPECTATION, applies=lambda declared: bool(declared.sentinels)),
    Rule("postgres/stamp", stamp, Asks.EXPECTATION, applies=lambda declared: declared.stamp),
)
LINTS: tuple[Lint[PostgresFacts, PostgresDeclared], ...] = (Lint("postgres/tables", counts),)
