"""Proofs built by hand, with defaults: the input of every report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from disjoint.model.fact import Absent, Known
from disjoint.model.finding import (
    Evidence,
    Finding,
    Grade,
    Judgement,
    Note,
    Outcome,
    Waiver,
    isolated,
    shared,
    unproven,
)
from disjoint.model.proof import Coverage, Footprint, Proof, Row
from disjoint.model.snapshot import Observed, Snapshot

NOON = datetime(2026, 1, 10, 12, 0, 3, tzinfo=UTC)

PLACES = {
    "database": ("postgres", 4, "DATABASE_URL"),
    "cache": ("redis", 5, "REDIS_URL"),
    "queue": ("celery", 6, "CELERY_BROKER_URL"),
    "storage": ("bucket", 7, "STORAGE_BUCKET_NAME"),
    "api": ("web", 8, "API_URL"),
    "site": ("web", 9, "WEB_URL"),
    "variables": ("variables", 0, ""),
}
ADDRESSES = {
    "database": "db.{}.test:5432/app",
    "cache": "redis.{}.test:6379/0",
    "queue": "redis.{}.test:6379/1",
    "storage": "s3.{0}.test/agentverse-{0}",
    "api": "https://api.{}.test",
    "site": "https://www.{}.test",
    "variables": ".env.{}",
}


def evidence(what: str, production: str, staging: str, how: str) -> tuple[Evidence, ...]:
    """Both sides' answers, production first."""
    return (
        Evidence("production", what, production, how, NOON),
        Evidence("staging", what, staging, how, NOON),
    )


def snapshot(environment: str, absent: Iterable[str] = ()) -> Snapshot:
    """An environment that names every resource but the absent ones."""
    missing = set(absent)
    return Snapshot(
        environment=environment,
        protected=environment == "production",
        taken_at=NOON,
        resources={
            name: Observed(
                resource=name,
                kind=kind,
                facts=object(),
                present=Absent(f"{variable} is not set in .env.{environment}")
                if name in missing
                else Known(f".env.{environment}:{line} {variable}" if line else f".env.{environment}"),
                seconds=0.1,
            )
            for name, (kind, line, variable) in PLACES.items()
        },
        endpoints=(),
        override={},
    )


def row(resource: str, method: str, grade: Grade | None, outcome: Outcome = Outcome.ISOLATED) -> Row:
    """A line of the matrix for one of the known places."""
    words = {Outcome.ISOLATED: "VERIFIED", Outcome.SHARED: "FAILED", Outcome.UNPROVEN: "PENDING"}
    address = ADDRESSES[resource]
    return Row(
        resource=resource,
        kind=PLACES[resource][0],
        production=address.format("production"),
        staging=address.format("staging"),
        method=method,
        outcome=outcome,
        grade=grade,
        status=words[outcome],
        seconds=0.042,
        declared_at=f"disjoint.toml:{10 * PLACES[resource][1]}" if PLACES[resource][1] else "",
    )


SAME_SERVER = Finding(
    "postgres/same-server",
    "database",
    isolated(
        Grade.IDENTITY,
        "two servers answered: their system identifiers differ",
        evidence(
            "system_identifier",
            "hmac:7711aa0c9d1e4f52a1b2c3d4e5f60718",
            "hmac:20c4b7e1f0a94d3c8b7a6f5e4d3c2b1a",
            "SELECT system_identifier FROM pg_control_system()",
        ),
        "no canary was tried",
    ),
)
NO_COPY = Finding(
    "postgres/replica-or-copy",
    "database",
    isolated(Grade.IDENTITY, "neither server is a physical copy of the other", limits="a dump restored"),
)
CACHE = Finding(
    "redis/same-server",
    "cache",
    isolated(
        Grade.IDENTITY,
        "two processes answered: their run ids differ",
        evidence("run_id", "hmac:9c1e" + 28 * "a", "hmac:44d0" + 28 * "b", "INFO server"),
    ),
)
BROKER = Finding("celery/same-broker", "queue", isolated(Grade.IDENTITY, "two brokers answered"))
BUCKET = Finding(
    "bucket/same-bucket",
    "storage",
    isolated(
        Grade.IDENTITY,
        "one namespace, two names, each listed with its own keys",
        evidence("bucket", "agentverse-production", "agentverse-staging", "ListObjectsV2 max-keys=1"),
    ),
)
API_DOMAIN = Finding("web/same-domain", "api", isolated(Grade.DECLARED, "the names differ"))
API_DEPLOYMENT = Finding(
    "web/same-deployment",
    "api",
    isolated(
        Grade.IDENTITY,
        "two deployments answered",
        evidence("deployment", "hmac:e1" + 30 * "3", "hmac:7b" + 30 * "4", "GET /health"),
    ),
)
SITE_DEPLOYMENT = Finding("web/same-deployment", "site", isolated(Grade.IDENTITY, "two deployments answered"))
API_NAME = Finding(
    "web/environment-name",
    "api",
    isolated(
        Grade.IDENTITY,
        "each side's health answer names its own environment",
        evidence("environment", "production", "staging", "GET /health"),
    ),
)
SITE_DOMAIN = Finding("web/same-domain", "site", isolated(Grade.DECLARED, "the names differ"))
SITE_NAME = Finding("web/environment-name", "site", isolated(Grade.IDENTITY, "each names its own"))
NAME = Finding(
    "variables/environment-name",
    "variables",
    isolated(
        Grade.DECLARED,
        "staging says staging",
        evidence("label", "ENVIRONMENT=production", "ENVIRONMENT=staging", "read from the variables"),
    ),
)
SECRETS = Finding(
    "variables/secret-reused",
    "variables",
    isolated(
        Grade.DECLARED,
        "none of staging's 2 secrets is one of production's 2",
        evidence(
            "secrets",
            "2: MAIL_KEY, SECRET_KEY",
            "2: MAIL_KEY, SECRET_KEY",
            "keyed digests of every normal form",
        ),
    ),
)
MATRIX = (
    row("database", "system identifiers differ", Grade.IDENTITY),
    row("cache", "run ids differ", Grade.IDENTITY),
    row("queue", "broker identities differ", Grade.IDENTITY),
    row("storage", "two names in one namespace", Grade.IDENTITY),
    row("api", "each health answer names its own environment", Grade.IDENTITY),
    row("site", "each health answer names its own environment", Grade.IDENTITY),
    row("variables", "no secret or endpoint is production's", Grade.DECLARED),
)
FINDINGS = (
    SAME_SERVER,
    NO_COPY,
    CACHE,
    BROKER,
    BUCKET,
    API_DOMAIN,
    API_DEPLOYMENT,
    API_NAME,
    SITE_DOMAIN,
    SITE_DEPLOYMENT,
    SITE_NAME,
    NAME,
    SECRETS,
)


def proof(
    matrix: tuple[Row, ...] = MATRIX,
    findings: tuple[Finding, ...] = FINDINGS,
    notes: tuple[Note, ...] = (),
    absent: Mapping[str, Iterable[str]] | None = None,
) -> Proof:
    """A proof whose verdict and coverage follow from its rows."""
    outcomes = [line.outcome for line in matrix if not line.status.startswith("WAIVED")]
    missing = absent or {}
    return Proof(
        staging=snapshot("staging", missing.get("staging", ())),
        production=snapshot("production", missing.get("production", ())),
        started_at=NOON,
        finished_at=NOON + timedelta(seconds=0.41),
        verdict=_fold(outcomes),
        matrix=matrix,
        findings=findings,
        notes=notes,
        coverage=Coverage(
            declared=len(matrix),
            isolated=outcomes.count(Outcome.ISOLATED),
            shared=outcomes.count(Outcome.SHARED),
            unproven=outcomes.count(Outcome.UNPROVEN),
            not_tried=("database postgres/tables", "storage bucket/contents"),
            unclaimed=(),
        ),
        footprint=Footprint(14, 0, 0.08, (("INFO server", 2), ("GET /health", 2))),
        source="disjoint.toml",
        run="7f3a91",
    )


def _fold(outcomes: list[Outcome]) -> Outcome:
    if Outcome.SHARED in outcomes:
        return Outcome.SHARED
    return Outcome.UNPROVEN if Outcome.UNPROVEN in outcomes or not outcomes else Outcome.ISOLATED


def changed(*new: Finding) -> tuple[Finding, ...]:
    """The clean findings, with these in place of those of the same rule and resource."""
    replaced = {(one.rule, one.resource): one for one in new}
    kept = tuple(replaced.pop((one.rule, one.resource), one) for one in FINDINGS)
    return kept + tuple(replaced.values())


def matrix_with(*new: Row) -> tuple[Row, ...]:
    """The clean matrix, with these rows in place of their resources'."""
    replaced = {one.resource: one for one in new}
    return tuple(replaced.get(one.resource, one) for one in MATRIX)


ONE_CACHE = Finding(
    "redis/same-server",
    "cache",
    shared(
        Grade.IDENTITY,
        "staging and production use one Redis server",
        evidence("run_id", "hmac:9c1e" + 28 * "a", "hmac:9c1e" + 28 * "a", "INFO server")
        + evidence("tcp_port", "6379", "6379", "INFO server"),
        "give staging an instance of its own and put its address in REDIS_URL; another database number (/1) "
        "is not isolation",
        "a proxy that answers for two servers looks the same",
    ),
)
HIDDEN_STORAGE = Finding(
    "bucket/same-bucket",
    "storage",
    unproven(
        "403 on list: cannot tell an empty bucket from a hidden one",
        evidence("listing", "unknown: 403 AccessDenied", "12 keys", "ListObjectsV2 max-keys=1"),
        "grant s3:ListBucket on arn:aws:s3:::agentverse-production to production's key, then run again",
    ),
)


def clean() -> Proof:
    """Every row isolated."""
    return proof(
        notes=(Note("variables/marker", "variables", "every staging host name carries the word staging"),)
    )


def broken() -> Proof:
    """One shared cache, and a bucket that could not be read."""
    return proof(
        matrix_with(
            row("cache", "one run id on both sides", None, Outcome.SHARED),
            row("storage", "403 on list", None, Outcome.UNPROVEN),
        ),
        changed(ONE_CACHE, HIDDEN_STORAGE),
    )


def blind() -> Proof:
    """A bucket that could not be read, and a broker that production does not name."""
    return proof(
        matrix_with(
            row("storage", "403 on list", None, Outcome.UNPROVEN),
            row("queue", "production does not name it", None, Outcome.UNPROVEN),
        ),
        changed(
            HIDDEN_STORAGE,
            Finding(
                "absent-in-production",
                "queue",
                unproven(
                    "production does not name this resource",
                    (),
                    "set CELERY_BROKER_URL in .env.production, or waive absent-in-production for queue",
                ),
            ),
        ),
        absent={"production": ("queue",)},
    )


WAIVER = Waiver(
    "variables/secret-reused",
    "variables",
    "one vendor sandbox key until the contract is renewed",
    "dana",
    "kim",
    datetime(2026, 3, 1, tzinfo=UTC),
)


def waived() -> Proof:
    """A reused secret that two people accepted until March."""
    reused = Finding(
        "variables/secret-reused",
        "variables",
        shared(
            Grade.DECLARED,
            "MAIL_KEY holds the value of production's MAIL_KEY",
            evidence("MAIL_KEY", "hmac:55" + 30 * "c", "hmac:55" + 30 * "c", "the variable's value"),
            "issue staging a key of its own and put it into MAIL_KEY",
        ),
        WAIVER,
    )
    line = row("variables", "one secret is production's", None, Outcome.SHARED)
    return proof(matrix_with(replace(line, status="WAIVED (FAILED)")), changed(reused))


HOSTILE = "ca\x1b[32mche\n| x | y |\u202e<b>[a](http://x.test) @kim `#1` \\ \ud800 www.x.test"


def hostile() -> Proof:
    """A resource whose name, answer and remedy try to be something else."""
    line = replace(row("cache", HOSTILE, None, Outcome.SHARED), resource=HOSTILE, staging=HOSTILE)
    judgement = Judgement(
        Outcome.SHARED,
        Grade.IDENTITY,
        HOSTILE,
        evidence(HOSTILE, HOSTILE, HOSTILE, HOSTILE),
        HOSTILE,
        HOSTILE,
    )
    return replace(
        proof((line,), (Finding("redis/same-server", HOSTILE, judgement),)),
        notes=(Note("variables/marker", HOSTILE, HOSTILE),),
        warnings=(HOSTILE,),
        inferred=(HOSTILE,),
        unplaced=(HOSTILE,),
        source=HOSTILE,
        run=HOSTILE,
    )


def empty() -> Proof:
    """Nothing was declared, so nothing is proven."""
    return replace(proof((), ()), footprint=Footprint(0, 0, 0.0))


WORLDS = {
    "isolated": clean,
    "shared": broken,
    "unproven": blind,
    "waived": waived,
    "hostile": hostile,
    "empty": empty,
}
"""Every proof that has a snapshot."""
