"""`disjoint selftest` on real servers: an able proof is shaken by every mutation, a blind rule is named."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest
from oracles import Oracle

from disjoint import pipeline
from disjoint.cli.main import run
from disjoint.demo.world import World
from disjoint.kinds.registry import BY_NAME
from disjoint.model.fact import Known
from disjoint.model.finding import Grade, Judgement, isolated, shared
from disjoint.model.kind import Kind, Question

pytestmark = pytest.mark.live


class Ended(NamedTuple):
    """How the command ended, and what it said."""

    code: int
    stdout: str
    stderr: str


class Command(Protocol):
    """Asks about a world, written to a directory of its own."""

    def __call__(self, world: World, *options: str) -> Ended: ...


@pytest.fixture
def selftest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command, in this process: so that a rule can be replaced."""

    def ended(world: World, *options: str) -> Ended:
        code = run(["selftest", "--manifest", str(world.write(tmp_path)), *options])
        return Ended(code, *capsys.readouterr())

    return ended


def mutations(answer: Ended) -> list[Mapping[str, Any]]:
    """The lines of a JSON answer."""
    found: list[Mapping[str, Any]] = json.loads(answer.stdout)["mutations"]
    return found


def test_every_row_of_an_able_proof_is_caught(world: World, selftest: Command) -> None:
    """Under another name by identity at least: nothing is left to the text."""
    found = selftest(world, "--format", "json")
    lines = mutations(found)
    assert [line["answer"] for line in lines] == ["caught"] * len(lines), found.stdout
    assert {line["resource"] for line in lines} == {*world.resources, "variables"}
    renamed = [line for line in lines if "another name" in line["mutation"]]
    assert {line["resource"] for line in renamed} == set(world.resources)
    assert {line["grade"] for line in renamed} <= {"identity", "canary"}
    assert all("/same-" in line["rule"] for line in renamed)
    assert found.code == 0


def naive(asked: Question[Any, Any]) -> Judgement:
    """What people write: `a != b`."""
    sides = (asked.production, asked.staging)
    own = [getattr(s.facts, "address", getattr(s.facts, "broker", s.environment)) for s in sides]
    if own[0] != own[1]:
        return isolated(Grade.IDENTITY, "the addresses differ")
    return shared(Grade.IDENTITY, "the addresses are equal", (), "give staging its own")


def blinded(rule: str) -> Mapping[str, Kind[Any, Any]]:
    """The registry with one rule replaced by the naive one."""
    kind = BY_NAME[rule.partition("/")[0]]
    rules = tuple(dataclasses.replace(r, judge=naive) if r.id == rule else r for r in kind.rules)
    assert rules != kind.rules
    return {**BY_NAME, kind.name: dataclasses.replace(kind, rules=rules)}


@pytest.mark.parametrize(
    ("rule", "resource"),
    [
        ("postgres/same-server", "database"),
        ("postgres/same-database", "database"),
        ("redis/same-server", "cache"),
        ("celery/same-broker", "tasks"),
        ("bucket/same-bucket", "storage"),
        ("web/same-deployment", "api"),
        ("variables/secret-reused", "variables"),
    ],
)
def test_a_blind_rule_ends_it_with_1(
    world: World, selftest: Command, monkeypatch: pytest.MonkeyPatch, rule: str, resource: str
) -> None:
    """The row is named and the rule with it, though others of the row still see what is shared."""
    only = {name: table for name, table in world.resources.items() if name == resource}
    world = dataclasses.replace(world, resources=only or {"cache": world.resources["cache"]})
    assert selftest(world).code == 0
    monkeypatch.setattr(pipeline, "BY_NAME", blinded(rule))
    found = selftest(world, "--format", "json")
    blind = [line for line in mutations(found) if line["answer"] == "BLIND"]
    assert [(line["resource"], line["rule"]) for line in blind] == [(resource, rule)], found.stdout
    assert found.code == 1
    told = selftest(world)
    assert told.code == 1
    assert f"{rule} (identity) finds production isolated from itself" in " ".join(told.stdout.split())


def test_production_that_nobody_reaches_leaves_it_open(world: World, selftest: Command) -> None:
    """Equal texts of a dead server are caught by no one who looked."""
    dead = world.stack.dead_port()
    world = world.reaching("cache.production.test:6379", dead, "production")
    world = dataclasses.replace(world, resources={"cache": world.resources["cache"]})
    found = selftest(world)
    assert found.code == 3, found.stdout
    assert "production was not reached: connection refused" in " ".join(found.stdout.split())


@pytest.mark.long
def test_a_name_that_tls_verifies_is_skipped_and_said(world: World, selftest: Command) -> None:
    """It counts for nothing."""
    world = world.setting("production", REDIS_URL="rediss://cache.production.test:6379/0")
    world = dataclasses.replace(world, resources={"cache": world.resources["cache"]})
    lines = mutations(selftest(world, "--format", "json"))
    assert [(line["answer"], line["rule"]) for line in lines if "another" in line["mutation"]] == [
        ("skipped", None)
    ]


def test_nothing_but_reads_reaches_production_and_no_secret_is_shown(
    world: World, selftest: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The servers' own accounts, though every mark was permitted; staging's servers are not visited."""
    monkeypatch.setattr(pipeline, "permitted", lambda *_: Known("go ahead"))
    with Oracle(world.stack.production) as production, Oracle(world.stack.staging) as staging:
        found = selftest(world, "--format", "json")
        production.settle()
        staging.settle()
    footprint = json.loads(found.stdout)["footprint"]["production"]
    assert footprint["writes"] == 0
    assert production.words() <= production.allowed, production.words() - production.allowed
    assert production.sent
    assert staging.sent == []
    for side in (world.production, world.staging):
        for name in ("SECRET_KEY", "AWS_SECRET_ACCESS_KEY", "STRIPE_SECRET_KEY"):
            assert side.variables[name] not in found.stdout + found.stderr
    assert world.stack.production.login.password not in found.stdout + found.stderr
