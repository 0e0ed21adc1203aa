"""A server of production's is found behind whichever resource of staging's it serves."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

from disjoint.judge.across import across, joined
from disjoint.judge.ask import Live
from disjoint.judge.cross import override
from disjoint.judge.judge import judge
from disjoint.kinds.celery.address import parse
from disjoint.kinds.celery.facts import CeleryDeclared, CeleryFacts, Nameless, Server
from disjoint.kinds.postgres.address import parse as address
from disjoint.kinds.postgres.facts import PostgresDeclared, PostgresFacts
from disjoint.kinds.redis.facts import RedisDeclared, RedisFacts
from disjoint.kinds.registry import BY_NAME
from disjoint.kinds.variables.facts import VariablesDeclared, VariablesFacts
from disjoint.model.environment import Environment
from disjoint.model.fact import Absent, Fact, Known, Unknown
from disjoint.model.finding import Finding, Grade, Outcome, Waiver, isolated
from disjoint.model.manifest import Manifest, Resource
from disjoint.model.snapshot import Observed, Snapshot

NOW = datetime(2026, 1, 10, tzinfo=UTC)
BLANK = Unknown("not read", "GRANT it")
CACHE = Resource("cache", "redis", RedisDeclared(url="$REDIS_URL"))
SESSIONS = Resource("sessions", "redis", RedisDeclared(url="$SESSIONS_URL"))
TASKS = Resource("tasks", "celery", CeleryDeclared(broker="$BROKER_URL", result_backend="$RESULT_URL"))
DATABASE = Resource("database", "postgres", PostgresDeclared(url="$DATABASE_URL"))
REPORTS = Resource("reports", "postgres", PostgresDeclared(url="$REPORTS_URL"))


def facts_of(kind: type[Any], **known: object) -> Any:
    blank = dict.fromkeys((field.name for field in dataclasses.fields(kind)), BLANK)
    return kind(**{**blank, **{name: Known(value) for name, value in known.items()}})


def redis(run_id: str, *replids: str) -> Any:
    return facts_of(RedisFacts, run_id=run_id, replication_ids=replids)


def celery(broker: str, backend: str) -> Any:
    servers = (Server(name, (f"r{name}",), clustered=False, product="redis 8") for name in (broker, backend))
    return facts_of(CeleryFacts, **dict(zip(("broker_server", "backend_server"), servers, strict=True)))


def postgres(minted: str, started: str = "t") -> Any:
    return facts_of(PostgresFacts, system_identifier=minted, started_at=started)


def snapshot(name: str, facts: dict[Resource, object], absent: frozenset[Resource] = frozenset()) -> Snapshot:
    def present(resource: Resource) -> Fact[str]:
        return Absent("not set") if resource in absent else Known("here")

    observed = {r.name: Observed(r.name, r.kind, one, present(r), 0.1) for r, one in facts.items()}
    return Snapshot(name, name == "production", NOW, observed, (), {})


def found(
    production: dict[Resource, object],
    staging: dict[Resource, object],
    absent: frozenset[Resource] = frozenset(),
) -> dict[tuple[str, str], Outcome]:
    sides = snapshot("production", production, absent), snapshot("staging", staging)
    return {(f.rule, f.resource): f.outcome for f in across(BY_NAME, tuple(production), *sides)}


def test_a_server_that_has_another_role_in_production_is_shared() -> None:
    """Staging's cache on production's broker is two servers in each pair, and one in all."""
    seen = found(
        {CACHE: redis("a"), TASKS: celery("b", "c")},
        {CACHE: redis("b"), TASKS: celery("d", "e")},
    )
    assert seen == {("redis/same-server", "cache"): Outcome.SHARED}


def test_two_resources_of_one_kind_may_be_crossed() -> None:
    """Caches and databases whose URLs changed places, and a copy of another database."""
    crossed = found({CACHE: redis("a"), SESSIONS: redis("b")}, {CACHE: redis("c"), SESSIONS: redis("a")})
    assert crossed == {("redis/same-server", "sessions"): Outcome.SHARED}
    copied = found({DATABASE: postgres("1"), REPORTS: postgres("2")},
                   {DATABASE: postgres("2", "later"), REPORTS: postgres("3")})  # fmt: skip
    assert copied == {("postgres/replica-or-copy", "database"): Outcome.SHARED}


def test_results_may_go_to_productions_broker() -> None:
    """Broker and result backend of one resource are two servers that may be crossed."""
    seen = found({TASKS: celery("a", "b")}, {TASKS: celery("c", "a")})
    assert seen == {("celery/same-result-backend", "tasks"): Outcome.SHARED}


def test_a_pair_of_one_name_is_left_to_its_own_rules() -> None:
    """What the pair's rule judges is not judged twice, and two whole worlds meet nowhere."""
    assert found({CACHE: redis("a", "r")}, {CACHE: redis("a", "r")}) == {}
    assert found({DATABASE: postgres("1")}, {DATABASE: postgres("2")}) == {}


def test_what_production_lacks_may_still_be_productions() -> None:
    """A waived absence says that production has none of it, not whose server staging uses for it."""
    production = {DATABASE: postgres("1"), REPORTS: facts_of(PostgresFacts)}
    absent = frozenset({REPORTS})
    met = found(production, {DATABASE: postgres("2"), REPORTS: postgres("1")}, absent)
    assert met["postgres/same-server", "reports"] is Outcome.SHARED
    unread = found(production, {DATABASE: postgres("2"), REPORTS: facts_of(PostgresFacts)}, absent)
    assert set(unread.values()) == {Outcome.UNPROVEN}


def test_a_result_backend_that_is_not_declared_is_no_question() -> None:
    """Only servers that a rule is asked about are looked for."""
    tasks = Resource("tasks", "celery", CeleryDeclared(broker="$BROKER_URL"))
    broker = Server("b", ("r",), clustered=False, product="redis 8")
    facts = facts_of(CeleryFacts, broker_server=broker)
    assert found({tasks: facts_of(CeleryFacts)}, {tasks: facts}, frozenset({tasks})) == {}


def test_what_was_met_elsewhere_outweighs_the_pair() -> None:
    """One finding for a rule and a resource, and it is the one that is shared."""
    apart = Finding("redis/same-server", "cache", isolated(Grade.IDENTITY, "two servers"))
    met = dataclasses.replace(apart, judgement=dataclasses.replace(apart.judgement, outcome=Outcome.SHARED))
    assert joined(iter((apart,)), iter((met,))) == (met,)
    assert joined(iter((apart,)), iter(())) == (apart,)
    own = dataclasses.replace(met, judgement=dataclasses.replace(met.judgement, summary="one database"))
    assert joined(iter((own,)), iter((met,))) == (own,)


def test_waivers_in_place_of_every_resource_prove_nothing() -> None:
    """Labels that differ are no proof where production has none of the resources."""
    variables = Resource("variables", "variables", VariablesDeclared(), Grade.DECLARED)
    there, here = Environment("production", True, {}, ""), Environment("staging", False, {}, "")
    said = {"names": 1, "label": "A=b", "secrets": (), "unresolved": (), "live_keys": (), "weak": ()}
    facts = facts_of(VariablesFacts, **said)
    production = snapshot("production", {variables: facts})
    staging = snapshot("staging", {variables: facts})
    rules = ("variables/environment-name", "variables/secret-reused", "variables/endpoint-reused")
    waivers = tuple(
        Waiver(rule, "variables", "so it is", "ann", "bob", NOW.replace(year=2027)) for rule in rules
    )
    judged = judge(
        BY_NAME, Manifest(there, here, (variables,), waivers), production, staging, (), NOW, Live({})
    )
    assert any(f.outcome is Outcome.ISOLATED for f in judged.findings)
    assert judged.verdict is Outcome.UNPROVEN


def test_no_waiver_covers_it() -> None:
    """The row fails and the verdict is SHARED, though each pair alone is isolated."""
    resources = (DATABASE, REPORTS)
    there, here = Environment("production", True, {}, ""), Environment("staging", False, {}, "")
    waivers = (Waiver("absent-in-production", "reports", "none there", "ann", "bob", NOW.replace(year=2027)),)
    absent = snapshot("production", {DATABASE: postgres("1"), REPORTS: facts_of(PostgresFacts)},
                      frozenset({REPORTS}))  # fmt: skip
    staging = snapshot("staging", {DATABASE: postgres("2"), REPORTS: postgres("1")})
    judged = judge(BY_NAME, Manifest(there, here, resources, waivers), absent, staging, (), NOW, Live({}))
    assert judged.verdict is Outcome.SHARED
    assert judged.matrix[1].status == "FAILED"


def nameless(broker: str = "", backend: str = "", *, one_place: bool = False) -> Any:
    """Brokers and result backends that do not say who they are, but for those that are named."""
    known = {
        name: Server(name, (f"r{name}",), clustered=False, product="redis 8") for name in (broker, backend)
    }
    silent = Nameless(True, False, "may not run INFO", "+info")
    doors = ("redis://q.example:6379/0", "redis://q.example:6379/1" if one_place else "redis://r.example/1")
    servers = {"broker_server": known.get(broker) if broker else silent}
    servers |= {"backend_server": known.get(backend) if backend else silent}
    return facts_of(CeleryFacts, **servers, broker=parse(doors[0]), backend=parse(doors[1]))


def open_questions(
    production: dict[Resource, object], staging: dict[Resource, object], *apart: Resource
) -> set[tuple[str, str]]:
    sides = snapshot("production", production), snapshot("staging", staging)
    seen = tuple(across(BY_NAME, tuple(production), *sides, {each.name for each in apart}))
    assert {each.outcome for each in seen} <= {Outcome.UNPROVEN}
    assert all(each.judgement.remedy for each in seen)
    return {(each.rule, each.resource) for each in seen}


def test_a_mark_that_was_looked_for_in_the_pair_says_nothing_of_other_servers() -> None:
    """Staging's broker hides who it is, and may be production's cache; or production's broker hides it."""
    theirs = {CACHE: redis("a", "ra"), TASKS: celery("b", "c")}
    seen = open_questions(theirs, {CACHE: redis("d", "rd"), TASKS: nameless("", "e")}, CACHE, TASKS)
    assert seen == {("celery/same-broker", "tasks")}
    hidden = {CACHE: redis("a", "ra"), TASKS: nameless("", "c")}
    seen = open_questions(hidden, {CACHE: redis("d", "rd"), TASKS: celery("e", "f")}, CACHE, TASKS)
    assert ("redis/same-server", "cache") in seen


def test_what_is_open_already_is_not_told_twice() -> None:
    """Where the silent server's own pair is open, or no other speaks its protocol."""
    theirs = {CACHE: redis("a", "ra"), TASKS: celery("b", "c")}
    assert open_questions(theirs, {CACHE: redis("d", "rd"), TASKS: nameless("", "e")}, CACHE) == set()
    only = {TASKS: celery("b", "b"), DATABASE: postgres("1")}
    assert (
        open_questions(only, {TASKS: nameless(one_place=True), DATABASE: postgres("2")}, TASKS, DATABASE)
        == set()
    )


def test_one_silent_server_of_two_roles_was_looked_for_in_both() -> None:
    """Broker and result backend at one place: each pair's mark stood on it, or was looked for there."""
    silent = nameless(one_place=True)
    assert open_questions({TASKS: silent}, {TASKS: celery("a", "a")}, TASKS) == set()
    assert open_questions({TASKS: celery("a", "b")}, {TASKS: silent}, TASKS) == set()
    apart = open_questions({TASKS: celery("a", "b")}, {TASKS: nameless()}, TASKS)
    assert apart == {("celery/same-broker", "tasks"), ("celery/same-result-backend", "tasks")}


def test_a_start_that_is_unread_leaves_no_database_open() -> None:
    """Which initdb made it tells it from every other."""
    silent = facts_of(PostgresFacts, system_identifier="3")
    theirs = {DATABASE: postgres("1"), REPORTS: postgres("2")}
    assert open_questions(theirs, {DATABASE: silent, REPORTS: postgres("4")}, DATABASE, REPORTS) == set()


def test_what_nothing_redirects_is_not_compared_for_redirection() -> None:
    """As many addresses as resources on each side are compared with each other by every rule about all."""

    def refuse(_a: object, _b: object) -> Any:
        raise AssertionError("compared")

    kinds = {**BY_NAME, "postgres": dataclasses.replace(BY_NAME["postgres"], compare=refuse)}
    sides = [
        snapshot(name, {DATABASE: facts_of(PostgresFacts, address=address(f"postgres://{name}.example/a"))})
        for name in ("production", "staging")
    ]
    assert [*override(kinds, (DATABASE,), *sides)] == []
