"""Every world of the catalogue, over one running stack: each leak is caught by the rule it names."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from disjoint import pipeline
from disjoint.demo.catalogue.every import BY_NAME, LEAKS, broken
from disjoint.demo.catalogue.leak import Leak
from disjoint.demo.world import HALVES, World
from disjoint.model.finding import Outcome
from disjoint.model.proof import Proof

pytestmark = pytest.mark.live

REQUIRED = {
    "postgres/same-server": (
        "same-postgres",
        "same-postgres-other-database",
        "same-postgres-through-forward",
    ),
    "postgres/replica-or-copy": ("postgres-replica", "postgres-copy"),
    "postgres/foreign-link": ("foreign-server",),
    "redis/same-server": ("same-redis", "same-redis-other-db"),
    "redis/replica-or-copy": ("redis-replica", "redis-copy"),
    "celery/same-broker": ("same-celery-broker",),
    "celery/queue-names": ("celery-queue-shared",),
    "bucket/same-bucket": ("same-bucket", "same-bucket-other-spelling"),
    "web/same-domain": ("same-domain",),
    "web/environment-name": ("health-says-production",),
    "variables/environment-name": ("environment-name",),
    "variables/secret-reused": ("same-secret", "same-secret-renamed"),
    "variables/endpoint-reused": ("production-url-renamed",),
    "variables/live-key": ("live-key",),
    "variables/override": ("pghostaddr-override",),
}
"""Written down once more, so that no change of the catalogue can quietly ask for less."""
DOUBTFUL = (
    "unreachable-production",
    "half-permitted-role",
    "row-level-security",
    "absent-production",
    "wrong-tls",
)
WHOLE = ("railway-names", "names-say-production", "shared-proxy-host")


def prove(world: World, directory: Path) -> Proof:
    """As `disjoint verify --manifest` would."""
    return pipeline.verify(pipeline.load(world.write(directory)))


def told(proof: Proof) -> str:
    """All that is not isolated, for the failure's message."""
    lines = [
        f"{f.rule} {f.resource}: {f.outcome.value} at {f.judgement.grade.word}: {f.judgement.summary}"
        for f in proof.findings
        if f.outcome is not Outcome.ISOLATED
    ]
    return "\n".join((proof.verdict.value, *lines))


def secrets_of(world: World) -> set[str]:
    """Every password and key of both environments."""
    variables = [item for half in HALVES for item in world.side(half).variables.items()]
    urls = {m for _, value in variables for m in re.findall(r"://[^:/@]*:([^@/]{8,})@", value)}
    return urls | {value for name, value in variables if re.search("SECRET|KEY$|PASSWORD|TOKEN", name)}


def test_the_catalogue_has_every_world_that_was_promised() -> None:
    """By name, rule and outcome."""
    for rule, names in REQUIRED.items():
        assert {(BY_NAME[name].rule, BY_NAME[name].outcome) for name in names} == {(rule, Outcome.SHARED)}
    assert {BY_NAME[name].outcome for name in DOUBTFUL} == {Outcome.UNPROVEN}
    assert {BY_NAME[name].outcome for name in WHOLE} == {Outcome.ISOLATED}


def test_two_whole_environments_are_isolated(world: World, tmp_path: Path) -> None:
    """Every row verified, nothing written on production, all six kinds declared."""
    proof = prove(world, tmp_path)
    assert proof.verdict is Outcome.ISOLATED, told(proof)
    assert {row.status for row in proof.matrix} == {"VERIFIED"}
    assert {row.kind for row in proof.matrix} == {"postgres", "redis", "celery", "bucket", "web", "variables"}
    assert proof.footprint.writes == 0
    assert proof.footprint.reads > 0


@pytest.mark.parametrize("leak", LEAKS, ids=[leak.name for leak in LEAKS])
def test_world(leak: Leak, world: World, tmp_path: Path) -> None:
    """The verdict, and the rule that must say so at its grade; no secret out, no write on production."""
    made = leak.breaks(world)
    proof = prove(made, tmp_path)
    assert proof.verdict is leak.outcome, told(proof)
    if leak.outcome is Outcome.ISOLATED:
        assert all(finding.outcome is Outcome.ISOLATED for finding in proof.findings), told(proof)
    else:
        found = [f for f in proof.findings if (f.rule, f.outcome) == (leak.rule, leak.outcome)]
        assert leak.grade in {finding.judgement.grade for finding in found}, told(proof)
        assert all(finding.judgement.remedy for finding in found)
    assert proof.footprint.writes == 0
    report = "".join(pipeline.render(proof, format_) for format_ in ("json", "text", "markdown"))
    assert not [secret for secret in secrets_of(made) if secret in report]


def test_leaks_compose(world: World, tmp_path: Path) -> None:
    """Two leaks at once are both seen."""
    leaks = (BY_NAME["same-secret-renamed"], BY_NAME["same-redis-other-db"])
    proof = prove(broken(world, leaks), tmp_path)
    shared = {finding.rule for finding in proof.findings if finding.outcome is Outcome.SHARED}
    assert {leak.rule for leak in leaks} <= shared


def test_no_world_touched_what_the_next_one_uses(world: World, tmp_path: Path) -> None:
    """After all of them the servers still make an isolated world."""
    proof = prove(world, tmp_path)
    assert proof.verdict is Outcome.ISOLATED, told(proof)
    assert json.loads(pipeline.render(proof, "json"))["verdict"] == "ISOLATED"
