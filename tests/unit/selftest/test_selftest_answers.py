"""Each broken world's answer: a proof that is not shaken by what must shake it is blind."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from disjoint import pipeline
from disjoint.kinds.postgres.facts import PostgresDeclared
from disjoint.kinds.registry import BY_NAME
from disjoint.kinds.variables.facts import VariablesDeclared
from disjoint.model.environment import Environment, Variable
from disjoint.model.fact import Known, Unknown
from disjoint.model.finding import Finding, Grade, Judgement, Outcome, isolated, shared, unproven
from disjoint.model.manifest import Manifest, Resource, target
from disjoint.model.proof import Footprint, Proof
from disjoint.model.secret import Secret
from disjoint.selftest.answer import Answer, Line, SelfTest, judged
from disjoint.selftest.mutation import POINTED, RENAMED, Mutation, Skipped, mutations
from disjoint.selftest.run import run

DATABASE = Resource("database", "postgres", PostgresDeclared(url="$DATABASE_URL", reach=True))
VARIABLES = Resource("variables", "variables", VariablesDeclared(), minimum=Grade.DECLARED)
SAME, LOGIN, STAMP = "postgres/same-server", "postgres/cross-login", "postgres/stamp"
KIND = BY_NAME["postgres"]
NOBODY = Unknown("connection refused", "start it")


def environment(name: str, **values: str) -> Environment:
    held = {key: Variable(key, Known(Secret(value)), f".env.{name}:1") for key, value in values.items()}
    return Environment(name, name == "production", held, f".env.{name}", {f"{name}.test:5432": "127.0.0.1:9"})


def manifest(*resources: Resource, url: str = "postgresql://u:s3cret@production.test/app") -> Manifest:
    production = environment("production", ENVIRONMENT="production", DATABASE_URL=url)
    staging = environment("staging", ENVIRONMENT="staging", DATABASE_URL="postgresql://staging.test/app")
    return Manifest(production, staging, resources or (DATABASE, VARIABLES))


def broken(*resources: Resource, **stated: str) -> list[Mutation | Skipped]:
    return list(mutations(BY_NAME, manifest(*resources, **stated)))


def test_every_resource_is_broken_by_itself() -> None:
    """A server twice, the variables once; nothing else stands beside them that could see it."""
    worlds = [world for world in broken() if isinstance(world, Mutation)]
    assert [(world.resource.name, world.name) for world in worlds] == [
        ("database", POINTED),
        ("database", RENAMED),
        ("variables", POINTED),
    ]
    for world in worlds:
        assert len(world.manifest.resources) == 1
        staging = world.manifest.staging
        assert (staging.name, staging.protected) == ("staging", False)
        assert staging.variable("ENVIRONMENT") == Known(Secret("production"))
        assert "s3cret" not in repr(world)


def test_the_other_name_leads_to_production() -> None:
    """Production keeps its own address, and is not knocked at."""
    _, world, _ = broken()
    assert isinstance(world, Mutation)
    (resource,) = world.manifest.resources
    sides = [target(resource, side) for side in (world.manifest.production, world.manifest.staging)]
    texts = [side.text("url") for side in sides]
    assert texts[0] == "postgresql://u:s3cret@production.test/app"
    assert texts[1] == "postgresql://u:s3cret@url.selftest.invalid/app"
    assert world.manifest.staging.reach_at["url.selftest.invalid:5432"] == "127.0.0.1:9"
    assert not sides[1].declared.reach


def test_what_production_lacks_is_skipped() -> None:
    """Nothing to point at, nothing caught."""
    cache = Resource("cache", "postgres", PostgresDeclared(url="$CACHE_URL"))
    (found,) = broken(cache)
    assert isinstance(found, Skipped)
    assert "CACHE_URL is not set" in found.reason


def proof_of(world: Mutation, *found: tuple[str, Judgement]) -> Proof:
    """A proof of one row with these findings."""
    whole = pipeline.verify(world.manifest, offline=True)
    findings = tuple(Finding(rule, world.resource.name, judgement) for rule, judgement in found)
    outcome = (
        Outcome.ISOLATED if {f.outcome for f in findings} == {Outcome.ISOLATED} else whole.matrix[0].outcome
    )
    row = dataclasses.replace(whole.matrix[0], outcome=outcome, method="open")
    return dataclasses.replace(whole, findings=findings, matrix=(row,))


def answer(name: str, *found: tuple[str, Judgement], unanswered: Any = (None, None)) -> Line:
    world = next(world for world in broken(DATABASE) if world.name == name)
    assert isinstance(world, Mutation)
    return judged(KIND, world, proof_of(world, *found), unanswered)


IN_COMMON, APART = shared(Grade.IDENTITY, "one server"), isolated(Grade.IDENTITY, "two servers")


def test_what_is_shared_is_caught_by_the_strongest_rule() -> None:
    """The line names it with its grade."""
    line = answer(RENAMED, (STAMP, shared(Grade.IDENTITY, "stamp")), (SAME, IN_COMMON))
    assert (line.answer, line.rule, line.grade) == (Answer.CAUGHT, SAME, Grade.IDENTITY)


@pytest.mark.parametrize("name", [POINTED, RENAMED])
def test_a_rule_that_is_blind_is_named_whoever_else_sees(name: str) -> None:
    """That a stamp or a login gives it away today does not mend the rule."""
    line = answer(name, (STAMP, IN_COMMON), (LOGIN, IN_COMMON), (SAME, APART))
    assert (line.answer, line.rule) == (Answer.BLIND, SAME)


def test_names_that_differ_are_no_blindness() -> None:
    """Under another name configuration does differ; it counts for less than any row asks."""
    line = answer(RENAMED, (STAMP, IN_COMMON), (SAME, isolated(Grade.DECLARED, "two names")))
    assert line.answer is Answer.CAUGHT
    assert answer(POINTED, (STAMP, IN_COMMON), (SAME, isolated(Grade.DECLARED, "x"))).answer is Answer.BLIND


def test_a_row_that_stays_isolated_is_blind() -> None:
    """Whichever rules it has."""
    assert answer(RENAMED, (STAMP, APART)).answer is Answer.BLIND


def test_an_open_question_is_told_with_its_remedy() -> None:
    """Neither caught nor blind."""
    line = answer(RENAMED, (SAME, unproven("not read", (), "GRANT it")))
    assert (line.answer, line.remedy) == (Answer.OPEN, "GRANT it")


def test_equal_texts_of_an_unreached_server_show_nothing() -> None:
    """Nobody saw production: SHARED by its text alone would flatter."""
    line = answer(POINTED, (SAME, shared(Grade.DECLARED, "one text")), unanswered=(NOBODY, NOBODY))
    assert (line.answer, line.remedy) == (Answer.OPEN, "start it")


def test_a_name_nobody_answers_to_is_skipped() -> None:
    """The mutation was none; it counts neither way."""
    assert answer(RENAMED, (SAME, unproven("x")), unanswered=(None, NOBODY)).answer is Answer.SKIPPED


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ((Answer.CAUGHT, Answer.SKIPPED), Answer.CAUGHT),
        ((Answer.CAUGHT, Answer.OPEN), Answer.OPEN),
        ((Answer.OPEN, Answer.BLIND), Answer.BLIND),
        ((Answer.SKIPPED,), Answer.OPEN),
        ((), Answer.OPEN),
    ],
)
def test_one_outcome_of_all(answers: tuple[Answer, ...], outcome: Answer) -> None:
    """Blind before open before caught; nothing caught is nothing shown."""
    lines = tuple(Line("a", "redis", POINTED, each, "") for each in answers)
    assert SelfTest(lines, Footprint(0, 0, 0.0)).outcome is outcome


def test_what_comes_after_the_budget_is_open() -> None:
    """No world is skipped in silence."""

    def never(_manifest: Manifest, _left: float) -> Proof:
        raise AssertionError

    def unasked(_manifest: Manifest, _proof: Proof) -> tuple[Unknown | None, Unknown | None]:
        raise AssertionError

    found = run(BY_NAME, manifest(), never, unasked, 0.0, lambda _r, _m: None)
    assert {line.answer for line in found.lines} == {Answer.OPEN}
    assert found.outcome is Answer.OPEN
