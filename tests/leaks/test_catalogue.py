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
from disjoint.model.finding import Grade, Outcome
from disjoint.model.proof import Proof
from lacking import lacking

pytestmark = pytest.mark.live

REQUIRED = {
    "postgres/same-server": (
        "same-postgres",
        "same-postgres-other-database",
        "same-postgres-through-forward",
        "same-postgres-through-tls",
        "pgbouncer-transaction",
        "pgbouncer-statement",
        "pgbouncer-other-database",
        "identity-revoked",
        "identity-and-activity-revoked",
        "identity-and-locks-revoked",
        "identity-revoked-behind-pgbouncer",
    ),
    "postgres/same-database": ("same-postgres-other-schema", "pgbouncer-alias"),
    "postgres/replica-or-copy": ("postgres-replica", "postgres-copy", "postgres-copy-reversed"),
    "postgres/cross-login": ("postgres-login-accepted", "everything-hidden-one-server"),
    "postgres/foreign-link": (
        "foreign-server",
        "dblink-server",
        "foreign-server-other-name",
        "foreign-server-reversed",
        "subscription",
    ),
    "postgres/sentinel": ("production-customers", "presigned-links"),
    "postgres/production-rows": (
        "pg-dump-restored",
        "pg-dump-in-another-database",
        "one-row-of-a-million",
        "column-renamed",
        "masked-but-for-tokens",
        "partitions-copied",
        "logical-replication",
        "planted-guesses",
        "row-beside-a-baseline",
    ),
    "redis/production-keys": ("redis-copy-without-id", "redis-keys-copied", "redis-keys-in-another-database"),
    "bucket/production-objects": ("objects-copied", "objects-in-old-versions"),
    "postgres/tables": ("undeclared-table",),
    "postgres/stamp": ("stamp-travelled", "stamp-of-the-place"),
    "redis/same-server": (
        "same-redis",
        "same-redis-other-db",
        "same-redis-through-forward",
        "same-redis-through-tls",
        "cache-is-broker",
        "redis-without-info",
        "redis-without-info-and-channels",
        "redis-without-channels-in-staging",
        "redis-cluster-nodes",
    ),
    "redis/cross-login": ("redis-login-accepted", "redis-silent-one-server"),
    "redis/replica-or-copy": (
        "redis-replica",
        "redis-replica-reversed",
        "redis-copy",
        "redis-chained-replica",
        "redis-promoted-replica",
    ),
    "redis/namespace": ("production-keys",),
    "celery/same-broker": (
        "same-celery-broker",
        "celery-other-prefix",
        "celery-broker-replica",
        "celery-broker-in-cache",
    ),
    "celery/cross-login": ("celery-login-accepted",),
    "celery/schedule": ("schedule-copied",),
    "celery/queue-names": ("celery-queue-shared",),
    "celery/same-result-backend": (
        "celery-results-shared",
        "celery-results-in-cache",
        "celery-results-replica",
    ),
    "bucket/same-bucket": ("same-bucket", "same-bucket-other-spelling", "bucket-called-staging"),
    "bucket/cross-access": (
        "bucket-policy-lets-staging-in",
        "bucket-public",
        "bucket-user-of-both",
        "bucket-one-key-pair",
    ),
    "bucket/replication": ("bucket-replicated-to-staging", "bucket-replicated-to-production"),
    "bucket/contents": ("bucket-imported", "bucket-old-versions"),
    "web/same-domain": ("same-domain",),
    "web/environment-name": ("health-says-production", "header-says-production"),
    "web/same-deployment": ("same-deployment", "web-proxy"),
    "web/cookie-scope": ("cookie-on-parent-domain", "production-cookie-on-parent-domain"),
    "web/redirect": (
        "redirect-to-production",
        "redirect-by-meta",
        "redirect-to-other-resource",
        "production-redirects-to-staging",
    ),
    "web/bundle": (
        "bundle-names-production",
        "bundle-escaped",
        "bundle-split",
        "bundle-base64",
        "bundle-source-map",
        "bundle-form",
    ),
    "web/cors": (
        "cors-allows-staging",
        "cors-allows-production",
        "cors-reflects-with-credentials",
        "cors-allows-null",
    ),
    "web/cross-token": ("token-accepted-across",),
    "variables/environment-name": ("environment-name", "platform-says-production"),
    "variables/secret-reused": (
        "same-secret",
        "same-secret-renamed",
        "same-secret-encoded",
        "same-secret-in-list",
        "same-secret-in-url",
        "same-secret-in-header",
        "same-secret-in-json",
    ),
    "variables/endpoint-reused": (
        "production-url-renamed",
        "production-in-cors",
        "production-url-wrapped",
        "production-bucket-renamed",
        "undeclared-store",
    ),
    "variables/live-key": ("live-key", "live-key-of-a-bank", "live-key-by-shape"),
    "variables/override": ("pghostaddr-override", "host-parameter"),
}
"""Written down once more, so that no change of the catalogue can quietly ask for less."""
DOUBTFUL = (
    "unreachable-production",
    "postgres-several-hosts",
    "postgres-balancer",
    "own-pgbouncer-statement",
    "half-permitted-role",
    "identity-revoked-two-servers",
    "everything-hidden",
    "row-level-security",
    "table-unreadable",
    "rows-without-rights",
    "rows-behind-policy",
    "rows-in-another-schema",
    "redis-plain-names",
    "redis-plain-copy",
    "redis-hashed-names",
    "objects-too-small",
    "objects-under-kms",
    "subscription-hidden",
    "foreign-server-unknown",
    "stamp-missing",
    "stamp-of-neither",
    "empty-database",
    "redis-balancer",
    "redis-sentinel",
    "redis-without-info-two-servers",
    "redis-silent",
    "redis-without-scan",
    "wrong-tls",
    "cache-tls-expired",
    "postgres-tls-wrong-host",
    "postgres-tls-expired",
    "postgres-tls-unknown-authority",
    "celery-balancer",
    "celery-several-brokers",
    "celery-rabbitmq",
    "celery-results-in-database",
    "schedule-elsewhere",
    "worker-called-production",
    "environment-unset",
    "environment-of-neither",
    "unresolved-address",
    "service-file",
    "production-host-alone",
    "production-host-in-lines",
    "production-in-own-cache",
    "store-over-http",
    "unresolved-secret",
    "absent-production",
    "absent-staging",
    "health-unreachable",
    "health-no-json",
    "health-redirected",
    "redirect-without-end",
    "bundle-unreadable",
    "bundle-elsewhere",
    "cors-path-missing",
    "cors-own-site-unknown",
    "token-control-refused",
    "token-endpoint-open",
    "token-endpoint-ill",
    "bucket-policy-lets-staging-write",
    "bucket-may-not-list",
    "bucket-wrong-secret",
    "bucket-missing",
    "bucket-copies-under-one-key",
)
WHOLE = (
    "railway-names",
    "shared-proxy-host",
    "database-says-production",
    "own-postgres-replica",
    "own-pgbouncer",
    "pgbouncer-alias-production",
    "pgbouncer-each",
    "pgbouncer-statement-production",
    "same-role-other-password",
    "foreign-server-inward",
    "foreign-files",
    "stamp-in-short",
    "own-links",
    "looks-like-customers",
    "own-dump-restored",
    "a-million-own-rows",
    "own-column-renamed",
    "masked",
    "own-partitions",
    "own-logical-replication",
    "wrong-guesses",
    "seeded-alike-reference",
    "seeded-alike-baseline",
    "own-redis-copy-without-id",
    "redis-counted-alike",
    "redis-own-other-databases",
    "own-objects",
    "objects-of-one-release",
    "reader-role",
    "locks-unreadable",
    "activity-unreadable",
    "own-redis-database-5",
    "redis-railway-names",
    "own-redis-replica",
    "own-redis-copy",
    "other-key-prefixes",
    "unused-key-prefix",
    "redis-least-account",
    "redis-no-dangerous-commands",
    "own-redis-cluster",
    "redis-two-clusters",
    "same-account-other-password",
    "postgres-tls-verified",
    "postgres-tls-not-verified",
    "own-tls-edge",
    "same-queue-name",
    "own-key-prefix",
    "own-result-backend",
    "own-second-worker",
    "own-schedule",
    "schedule-allowed",
    "names-say-production",
    "label-in-short",
    "build-mode",
    "own-cors",
    "own-pghostaddr",
    "accepted-absence",
    "published-key",
    "sandbox-key",
    "nearly-the-same-secret",
    "header-says-staging",
    "own-proxy",
    "no-canary-offered",
    "cookies-host-only",
    "cookies-of-the-edge",
    "cookies-on-public-suffix",
    "own-redirect",
    "own-login",
    "bundle-links-production",
    "bundle-similar-names",
    "cors-public",
    "cors-reflects-without-credentials",
    "own-previous-key",
    "bucket-same-keys",
    "bucket-empty-production",
    "bucket-two-endpoints",
    "bucket-with-versions",
    "bucket-named-production",
)


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
    """Every password and key of both environments; a reference is a name, which people must be told."""
    variables = [item for half in HALVES for item in world.side(half).variables.items()]
    urls = {m for _, value in variables for m in re.findall(r"://[^:/@]*:([^@/]{8,})@", value)}
    named = {value for name, value in variables if re.search("SECRET|KEY$|PASSWORD|TOKEN", name)}
    return urls | {value for value in named if not value.startswith("${{")}


def test_the_catalogue_has_every_world_that_was_promised() -> None:
    """By name, rule and outcome."""
    for rule, names in REQUIRED.items():
        assert {(BY_NAME[name].rule, BY_NAME[name].outcome) for name in names} == {(rule, Outcome.SHARED)}
    assert {BY_NAME[name].outcome for name in DOUBTFUL} == {Outcome.UNPROVEN}
    assert {BY_NAME[name].outcome for name in WHOLE} == {Outcome.ISOLATED}


def test_no_rule_can_win_by_crying_shared() -> None:
    """Sixty broken worlds in twelve families, and in each family a world that must stay isolated."""
    broken_ones = [leak for leak in LEAKS if leak.outcome is not Outcome.ISOLATED]
    whole = [leak for leak in LEAKS if leak.outcome is Outcome.ISOLATED]
    families = {leak.family for leak in broken_ones}
    assert len(broken_ones) >= 60
    assert len(whole) >= 25
    assert len(families) >= 12
    assert families <= {leak.family for leak in whole}


def test_two_whole_environments_are_isolated(world: World, tmp_path: Path) -> None:
    """Every row verified, nothing written on production, all six kinds declared."""
    proof = prove(world, tmp_path)
    assert proof.verdict is Outcome.ISOLATED, told(proof)
    assert {row.status for row in proof.matrix} == {"VERIFIED"}
    assert {row.kind for row in proof.matrix} == {"postgres", "redis", "celery", "bucket", "web", "variables"}
    assert proof.footprint.writes == 0
    assert proof.footprint.reads > 0


def _first_of_each() -> frozenset[str]:
    """One world for each rule, one isolated for each family, and those that were promised first."""
    found: dict[object, str] = {}
    for leak in LEAKS:
        found.setdefault(leak.rule or leak.family, leak.name)
    return frozenset({*found.values(), *FIRST})


FIRST = frozenset(
    {
        *(
            "same-postgres",
            "same-postgres-other-database",
            "same-postgres-through-forward",
            "postgres-replica",
        ),
        *(
            "postgres-copy",
            "foreign-server",
            "same-redis",
            "same-redis-other-db",
            "redis-replica",
            "redis-copy",
        ),
        *(
            "same-celery-broker",
            "celery-queue-shared",
            "same-bucket",
            "same-bucket-other-spelling",
            "same-domain",
        ),
        *("health-says-production", "environment-name", "same-secret", "same-secret-renamed", "live-key"),
        *("production-url-renamed", "pghostaddr-override", "pgbouncer-transaction", "pgbouncer-statement"),
        *("web-proxy", "identity-revoked", "redis-without-info", "token-accepted-across", "bundle-split"),
    }
)
SHORT = _first_of_each()
EVERY = [pytest.param(k, id=k.name, marks=() if k.name in SHORT else pytest.mark.long) for k in LEAKS]
"""`make test` takes one of each sort, `make test-all` all of them."""


@pytest.mark.parametrize("leak", EVERY)
def test_world(leak: Leak, world: World, tmp_path: Path) -> None:
    """The verdict, and the rule that must say so at its grade; no secret out, no write on production."""
    if leak.lacks:
        lacking(leak.lacks)
    made = leak.breaks(world)
    proof = prove(made, tmp_path)
    assert proof.verdict is leak.outcome, told(proof)
    if leak.outcome is Outcome.ISOLATED:
        assert all(f.outcome is Outcome.ISOLATED or f.waiver for f in proof.findings), told(proof)
    else:
        found = [f for f in proof.findings if (f.rule, f.outcome) == (leak.rule, leak.outcome)]
        weakest = leak.grade or Grade.REFUSED
        assert any(finding.judgement.grade >= weakest for finding in found), told(proof)
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
