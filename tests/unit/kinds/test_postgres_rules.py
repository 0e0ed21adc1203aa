"""The PostgreSQL rules, row by row of the table of identity."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest

from disjoint.kinds.postgres.address import parse
from disjoint.kinds.postgres.facts import Knock, Link, PostgresDeclared, PostgresFacts, Sentinel, blank
from disjoint.kinds.postgres.rules import LINTS, RULES
from disjoint.model.census import Overlap, Read, Strength
from disjoint.model.experiment import Sighting, Sightings
from disjoint.model.fact import Known, Unknown
from disjoint.model.finding import Grade, Judgement, Outcome
from disjoint.model.kind import Question, Side
from disjoint.model.shared import Shared

TAKEN_AT = datetime(2026, 1, 10, 12, 0, tzinfo=UTC)
ISOLATED, SHARED, UNPROVEN = Outcome.ISOLATED, Outcome.SHARED, Outcome.UNPROVEN
NOT_READ = Unknown("not read")
DENIED = Unknown("permission denied for pg_control_system()", "GRANT EXECUTE")
PRODUCTION = "postgresql://app@db.production.test/shop"
STAGING = "postgresql://app@db.staging.test/shop"


def facts(url: str, **known: Any) -> PostgresFacts:
    """A visit that read a plain database and, beside it, what the test names."""
    read = blank(Known(parse(url)), NOT_READ)
    stated: dict[str, Any] = {
        "alternatives": 0, "system_identifier": "id", "started_at": "noon", "in_recovery": False,
        "database": "shop", "database_oid": 5, "links": (), "subscriptions": (), "jobs": (), "place": url,
        "version": "17.2",
    }  # fmt: skip
    wrapped = {
        name: value if isinstance(value, Unknown) else Known(value)
        for name, value in {**stated, **known}.items()
    }
    return PostgresFacts(**{name: wrapped.get(name, getattr(read, name)) for name in PostgresFacts.__slots__})


def production(**known: Any) -> PostgresFacts:
    return facts(PRODUCTION, **known)


def staging(**known: Any) -> PostgresFacts:
    return facts(STAGING, **{"system_identifier": "other", "started_at": "one", **known})


def question(left: PostgresFacts, right: PostgresFacts, **declared: Any) -> Question[Any, Any]:
    sides = Side("production", True, TAKEN_AT, left), Side("staging", False, TAKEN_AT, right)
    return Question(*sides, PostgresDeclared(url="$DATABASE_URL", **declared))


def ask(rule: str, left: PostgresFacts, right: PostgresFacts, **declared: Any) -> Judgement:
    judge = next(r.judge for r in RULES if r.id == f"postgres/{rule}")
    return judge(question(left, right, **declared))


@pytest.mark.parametrize(
    ("known", "places", "outcome"),
    [
        ({"started_at": "noon"}, ("shop.public.users.email",), UNPROVEN),
        ({"started_at": "noon"}, ("shop.public.users.email", "copy.public.users.email"), SHARED),
        ({"started_at": "noon"}, ("public.users.email",), SHARED),
        ({"started_at": "one"}, ("shop.public.users.email",), SHARED),
        ({"started_at": NOT_READ}, ("shop.public.users.email",), SHARED),
        ({"started_at": "noon", "database": "shop"}, ("shop.public.users.email",), SHARED),
    ],
)
def test_rows_of_productions_own_database_are_no_copy(
    known: dict[str, Any], places: tuple[str, ...], outcome: Outcome
) -> None:
    """A file of digests was made by a role that reads production's database, on one server."""
    read = Read(1, 9, 9, "a scan", 0.1, 72)
    shared = tuple(Shared("public.users.email", place, 3, 3, identifying=True) for place in places)
    came = Overlap(Strength.EXACT, 1, 0.999, 1, False, read, read, shared, 0, (), (), ())
    stated = {"database": "staging", "database_oid": 6, **known}
    asked = question(facts(PRODUCTION), facts(STAGING, **stated), rows="exact")
    judge = next(rule.judge for rule in RULES if rule.id == "postgres/production-rows")
    tried = dataclasses.replace(asked, experiments={"census": Known(came)})
    assert judge(tried).outcome is outcome


TABLE = [
    ("other identifier", {}, ISOLATED, ISOLATED, ISOLATED),
    ("one server", {"system_identifier": "id", "started_at": "noon"}, SHARED, SHARED, UNPROVEN),
    (
        "one server, another database",
        {"system_identifier": "id", "started_at": "noon", "database_oid": 6},
        SHARED, ISOLATED, UNPROVEN,
    ),
    ("a copy", {"system_identifier": "id"}, ISOLATED, ISOLATED, SHARED),
    ("equal start times alone", {"started_at": "noon"}, ISOLATED, ISOLATED, ISOLATED),
    ("no start time", {"system_identifier": "id", "started_at": NOT_READ}, UNPROVEN, UNPROVEN, SHARED),
    ("no identifier", {"system_identifier": DENIED}, UNPROVEN, UNPROVEN, UNPROVEN),
]  # fmt: skip


@pytest.mark.parametrize(
    ("known", "server", "database", "copy"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE]
)
def test_the_table_of_identity(
    known: dict[str, Any], server: Outcome, database: Outcome, copy: Outcome
) -> None:
    """Every row that needs no canary gives each of the three rules its outcome, at grade identity."""
    for rule, outcome in (("same-server", server), ("same-database", database), ("replica-or-copy", copy)):
        judgement = ask(rule, production(), staging(**known))
        assert judgement.outcome is outcome, rule
        assert judgement.outcome is UNPROVEN or judgement.grade is Grade.IDENTITY


def test_isolation_by_identity_names_the_canary_that_was_not_tried() -> None:
    """What identity cannot see stands in the limits."""
    assert "canary" in ask("same-server", production(), staging()).limits


def test_a_replica_is_told_from_a_copy() -> None:
    """A side in recovery is the replica, whichever it is; production's is nobody's to drop."""
    for left, right, word in [
        (False, True, "staging is a replica"),
        (True, False, "production is a replica"),
        (False, False, "physical copy"),
    ]:
        copied = staging(system_identifier="id", in_recovery=right)
        judgement = ask("replica-or-copy", production(in_recovery=left), copied)
        assert word in judgement.summary
        assert ("drop the copy" in judgement.remedy) is (not left)


def test_equal_text_is_shared_at_grade_declared_where_no_identity_was_read() -> None:
    """One address is one server until the servers say otherwise."""
    blind = facts(PRODUCTION, system_identifier=DENIED)
    for rule in ("same-server", "same-database"):
        judgement = ask(rule, production(), blind)
        assert (judgement.outcome, judgement.grade) == (SHARED, Grade.DECLARED)


def test_equal_text_with_two_identities_is_a_riddle() -> None:
    """One address that leads to two servers proves nothing until somebody finds out why."""
    for rule in ("same-server", "same-database"):
        assert ask(rule, production(), facts(PRODUCTION, system_identifier="other")).outcome is UNPROVEN


def test_nodes_of_one_store_are_not_told_apart_by_initdb() -> None:
    """Two YugabyteDB servers with two identifiers may be one; beside another product they are two."""
    node, other = production(version="15.2-YB-2025.1.0.0-b0"), staging(version="11.2-YB-2.20.0.0-b0")
    for rule in ("same-server", "same-database", "replica-or-copy"):
        judgement = ask(rule, node, other)
        assert judgement.outcome is UNPROVEN
        assert "universe_uuid" in judgement.remedy
        assert ask(rule, node, staging()).outcome is ISOLATED
        assert ask(rule, node, staging(version=NOT_READ)).outcome is UNPROVEN


def test_equal_private_names_with_two_identities_are_isolated() -> None:
    """A private name is another server in every environment, and identity says so."""
    private = "postgresql://app@postgres.railway.internal:5432/railway"
    left, right = facts(private), facts(private, system_identifier="other", started_at="one")
    for rule in ("same-server", "same-database"):
        assert ask(rule, left, right).outcome is ISOLATED


def test_the_grant_of_the_blind_side_is_the_remedy() -> None:
    """UNPROVEN names the side and hands out what would prove it."""
    judgement = ask("same-server", production(), staging(system_identifier=DENIED))
    assert judgement.remedy == "GRANT EXECUTE"
    assert "staging: permission denied" in judgement.summary


def test_a_listed_server_that_was_not_asked_leaves_all_open() -> None:
    """A second host in the address might be production: only one that answers alone is settled."""
    for rule in ("same-server", "same-database", "replica-or-copy"):
        judgement = ask(rule, production(), staging(alternatives=1))
        assert judgement.outcome is UNPROVEN
        assert "resource of its own" in judgement.remedy


def link(url: str, place: str | None = None, *, inward: bool = False) -> Link:
    found = Known(place) if place else Unknown("does not resolve")
    return Link("foreign server reports (postgres_fdw)", Known(parse(url)), found, inward)


@pytest.mark.parametrize(
    ("known", "outcome"),
    [
        ({}, ISOLATED),
        ({"links": (link("postgresql://x@db.production.test/other"),)}, SHARED),
        ({"links": (link("postgresql://x@legacy.test/other", PRODUCTION),)}, SHARED),
        ({"jobs": (link(PRODUCTION),)}, SHARED),
        ({"subscriptions": (link(PRODUCTION),)}, SHARED),
        ({"links": (link("postgresql://x@legacy.test/other", "elsewhere"),)}, UNPROVEN),
        ({"links": (Link("foreign server files", NOT_READ, NOT_READ, inward=False),)}, UNPROVEN),
        ({"links": (link("postgresql://x@localhost/shop", inward=True),)}, ISOLATED),
        ({"subscriptions": NOT_READ}, UNPROVEN),
        ({"jobs": NOT_READ}, UNPROVEN),
    ],
)
def test_a_link_is_shared_where_it_leads_across_and_else_unproven(
    known: dict[str, Any], outcome: Outcome
) -> None:
    """Address or place prove a crossing; nothing but no link at all, or one to itself, is ISOLATED."""
    assert ask("foreign-link", production(), staging(**known)).outcome is outcome


def test_productions_links_into_staging_count_as_well() -> None:
    """A link is shared from either side."""
    assert ask("foreign-link", production(links=(link(STAGING),)), staging()).outcome is SHARED


def test_one_pooler_with_two_tenants_is_no_proof_of_a_crossing() -> None:
    """Where the pooler routes by user, one place serves both: the link stays open."""
    pooled = "postgresql://postgres.{}@aws-0-us-east-1.pooler.supabase.com:6543/postgres"
    owner = facts(pooled.format("aaaaaaaaaaaaaaaaaaaa"), place="pooler")
    other = link(pooled.format("bbbbbbbbbbbbbbbbbbbb"), "pooler")
    assert ask("foreign-link", owner, staging(links=(other,))).outcome is UNPROVEN


@pytest.mark.parametrize(
    ("stated", "found", "outcome"),
    [
        (0, (), ISOLATED),
        (0, ("public.users",), SHARED),
        (2, ("public.users",), UNPROVEN),
        (("users",), ("public.users",), ISOLATED),
        (("users",), ("shop.users",), SHARED),
        (("shop.users", "b"), ("shop.users",), ISOLATED),
    ],
)
def test_tables_are_held_to_what_is_stated(stated: Any, found: tuple[str, ...], outcome: Outcome) -> None:
    """More than stated is SHARED, fewer than a stated number UNPROVEN; a bare name means public."""
    holding = staging(tables=found, table_count=len(found), unreadable=0)
    assert ask("tables", production(), holding, tables=stated).outcome is outcome


@pytest.mark.parametrize(
    ("rows", "outcome"),
    [
        ((Known(0), Known(0)), ISOLATED),
        ((Known(0), Known(3)), SHARED),
        ((NOT_READ, Known(3)), SHARED),
        ((Known(0), NOT_READ), UNPROVEN),
        ((Known(0),), UNPROVEN),
        ((), UNPROVEN),
    ],
)
def test_every_sentinel_must_count_zero(rows: tuple[Any, ...], outcome: Outcome) -> None:
    """One found row is SHARED, one uncounted sentinel UNPROVEN."""
    counted = staging(sentinels=tuple(Sentinel(n, ("public.users (about 50 rows)",)) for n in rows))
    judgement = ask("sentinel", production(), counted, sentinels=("SELECT 1", "SELECT 2"))
    assert judgement.outcome is outcome


@pytest.mark.parametrize(
    ("place", "rows", "outcome"),
    [
        ("staging", "staging", ISOLATED),
        ("stg", "Staging", ISOLATED),
        ("staging", "production", SHARED),
        ("prod", "staging", SHARED),
        ("staging", "development", UNPROVEN),
        ("staging", NOT_READ, UNPROVEN),
        (NOT_READ, "production", SHARED),
    ],
)
def test_both_marks_must_be_the_environments_own(place: Any, rows: Any, outcome: Outcome) -> None:
    """The other's mark anywhere is SHARED, a stranger's or none UNPROVEN."""
    own = production(stamp_place="production", stamp_rows="production")
    assert ask("stamp", own, staging(stamp_place=place, stamp_rows=rows), stamp=True).outcome is outcome


def test_expectations_apply_only_where_they_are_stated() -> None:
    """Nothing stated: no rule of content applies, and counts are notes."""
    plain = PostgresDeclared(url="$DATABASE_URL")
    assert [r.id for r in RULES if not r.applies(plain)] == [
        "postgres/cross-login", "postgres/tables", "postgres/sentinel", "postgres/stamp",
        "postgres/production-rows",
    ]  # fmt: skip
    stated = PostgresDeclared(
        url="$DATABASE_URL", tables=0, sentinels=("SELECT 1",), stamp=True, reach=True, rows="exact"
    )
    assert all(rule.applies(stated) for rule in RULES)
    (lint,) = LINTS
    assert len(lint.look(question(production(table_count=3), staging(table_count=2)))) == 2
    assert lint.look(question(production(table_count=3), staging(table_count=2), tables=2)) == ()


def canary(*, held: Any = True, control: Any = True, seen: Any = False) -> Known[Sightings]:
    """What came of a mark in one channel."""
    facts = (fact if isinstance(fact, Unknown) else Known(fact) for fact in (held, control, seen))
    return Known(Sightings((Sighting("advisory lock", *facts),)))


CANARY, IDENTITY, DECLARED = Grade.CANARY, Grade.IDENTITY, Grade.DECLARED
APART: dict[str, Any] = {}
ONE = {"system_identifier": "id", "started_at": "noon"}
COPY = {"system_identifier": "id", "started_at": "later"}
UNREAD = {"system_identifier": DENIED}
MARKS = [
    ("two, unseen, controls held", APART, canary(), (ISOLATED, CANARY), (ISOLATED, IDENTITY)),
    ("two, its holder blind", APART, canary(held=DENIED), (ISOLATED, IDENTITY), (ISOLATED, IDENTITY)),
    ("two, the mark died", APART, canary(held=False), (ISOLATED, IDENTITY), (ISOLATED, IDENTITY)),
    ("two, its observer blind", APART, canary(control=False), (ISOLATED, IDENTITY), (ISOLATED, IDENTITY)),
    ("two, the look refused", APART, canary(seen=DENIED), (ISOLATED, IDENTITY), (ISOLATED, IDENTITY)),
    ("two, not tried", APART, None, (ISOLATED, IDENTITY), (ISOLATED, IDENTITY)),
    ("two, seen", APART, canary(seen=True), (SHARED, CANARY), (UNPROVEN, DECLARED)),
    (
        "two, seen though blind",
        APART,
        canary(control=False, seen=True),
        (SHARED, CANARY),
        (UNPROVEN, DECLARED),
    ),
    ("one, seen", ONE, canary(seen=True), (SHARED, CANARY), (UNPROVEN, DECLARED)),
    ("one, hidden", ONE, canary(), (SHARED, IDENTITY), (UNPROVEN, DECLARED)),
    ("a copy, unseen", COPY, canary(), (ISOLATED, CANARY), (SHARED, IDENTITY)),
    ("a copy, not tried", COPY, None, (ISOLATED, IDENTITY), (SHARED, IDENTITY)),
    ("unread, unseen", UNREAD, canary(), (ISOLATED, CANARY), (UNPROVEN, DECLARED)),
    ("unread, blind", UNREAD, canary(control=False), (UNPROVEN, DECLARED), (UNPROVEN, DECLARED)),
    ("unread, not tried", UNREAD, None, (UNPROVEN, DECLARED), (UNPROVEN, DECLARED)),
    ("unread, seen", UNREAD, canary(seen=True), (SHARED, CANARY), (UNPROVEN, DECLARED)),
]


@pytest.mark.parametrize(
    ("said", "came", "server", "copy"), [row[1:] for row in MARKS], ids=[r[0] for r in MARKS]
)
def test_the_table_of_identity_and_canary(said: Any, came: Any, server: Any, copy: Any) -> None:
    """Row by row: what both rules say of two servers, and how they know."""
    asked = question(production(), staging(**said))
    asked = dataclasses.replace(asked, experiments={"canary": came} if came else {})
    for rule, expected in (("same-server", server), ("replica-or-copy", copy)):
        found = next(r.judge for r in RULES if r.id == f"postgres/{rule}")(asked)
        assert (found.outcome, found.grade) == expected, (rule, found)


@pytest.mark.parametrize(("control", "words"), [("held", "its own mark"), ("control", "a mark of its own")])
def test_a_control_that_failed_is_named(control: str, words: str) -> None:
    """The finding's limits say which control failed, and why the grade is no higher."""
    asked = dataclasses.replace(
        question(production(), staging()), experiments={"canary": canary(**{control: False})}
    )
    found = next(r.judge for r in RULES if r.id == "postgres/same-server")(asked)
    assert words in found.limits


def test_an_unseen_mark_excuses_no_list_of_hosts_and_no_equal_address() -> None:
    """A server that was not asked, and one address for both, weigh more than a mark nobody saw."""
    several = question(production(**UNREAD), staging(**UNREAD, alternatives=1))
    one_name = question(production(**UNREAD), facts(PRODUCTION, **UNREAD))
    for asked, outcome in ((several, UNPROVEN), (one_name, SHARED)):
        found = next(r.judge for r in RULES if r.id == "postgres/same-server")(
            dataclasses.replace(asked, experiments={"canary": canary()})
        )
        assert found.outcome is outcome, found


@pytest.mark.parametrize(
    ("came", "outcome", "grade"),
    [
        (Known(Knock(False, "it refused the login")), ISOLATED, Grade.REFUSED),
        (Known(Knock(True, "let in")), SHARED, IDENTITY),
        (Unknown("connection refused"), UNPROVEN, DECLARED),
        (None, UNPROVEN, DECLARED),
    ],
)
def test_only_production_itself_refuses(came: Any, outcome: Outcome, grade: Grade) -> None:
    """A refusal, an open door, and silence, which is neither."""
    asked = dataclasses.replace(
        question(production(), staging(), reach=True), experiments={"reach": came} if came else {}
    )
    found = next(r.judge for r in RULES if r.id == "postgres/cross-login")(asked)
    assert (found.outcome, found.grade) == (outcome, grade)


def test_a_refusal_by_a_server_that_refuses_production_too_proves_nothing() -> None:
    """The control of a refusal is that production's own login was let in."""
    asked = question(production(version=DENIED), staging(), reach=True)
    asked = dataclasses.replace(asked, experiments={"reach": Known(Knock(False, "refused"))})
    found = next(r.judge for r in RULES if r.id == "postgres/cross-login")(asked)
    assert found.outcome is UNPROVEN


def test_a_refusal_behind_a_balancer_is_one_server_s_word() -> None:
    """Asked twice, two servers answered: the other one may let staging in."""
    asked = question(production(alternatives=Unknown("asked twice, two servers")), staging(), reach=True)
    asked = dataclasses.replace(asked, experiments={"reach": Known(Knock(False, "refused"))})
    found = next(r.judge for r in RULES if r.id == "postgres/cross-login")(asked)
    assert found.outcome is UNPROVEN
    assert "two servers" in found.summary
