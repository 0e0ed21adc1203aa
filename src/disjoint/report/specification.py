"""Every line of the specification that states or asks something, and what answers it.

One line, one answer: a proof rule, a lint (information, which proves nothing), or a box
that only a person can tick. `docs/specification.md` shows the same table.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

HUMAN = "human"
"""Answered by a person; no rule ticks it."""


class Tick(enum.Enum):
    """What must be seen before a box may be ticked for a resource."""

    ROW = "row"
    """The rule is ISOLATED at identity or better, and so is the resource's whole row."""
    IDENTITY = "identity"
    """The rule is ISOLATED at identity or better."""
    NAMES = "names"
    """The rule is ISOLATED at identity or better, and the host names of the two sides differ."""
    DECLARED = "declared"
    """The rule is ISOLATED at any grade."""
    NAMED = "named"
    """The rule is ISOLATED, and its evidence names the line's own variable on both sides."""
    STATED = "stated"
    """The manifest states an expectation, and its rule is ISOLATED."""
    QUEUES = "queues"
    """As STATED, and each broker on Redis is one of the databases that were walked over."""
    NEVER = "never"
    """Information, a person's box, or a question that no rule answers yet."""


class Line(NamedTuple):
    """A line of the specification in its own words, and what answers it."""

    section: str
    text: str
    by: str
    """A rule's id, a lint's id, or `HUMAN`."""
    tick: Tick
    how: str


class Subject(enum.Enum):
    """Which resources of a kind a line is about, where the specification names one of two."""

    ALL = "all"
    API = "api"
    WEB = "web"


TITLE = "Staging Resource Isolation Proof"
MATRIX = "Isolation Verification Matrix"
DATABASE = "1. Database Isolation Proof"
REDIS = "2. Redis Isolation Proof"
BUCKET = "3. Storage Bucket Isolation Proof"
NETWORK = "4. Network Isolation Proof"
VARIABLES = "5. Environment Variable Isolation"
CERTIFICATION = "Isolation Certification"
INCIDENT = "Incident Response"
AUTOMATED = "Automated Isolation Checks"

_IDENTITIES = "the servers' own identities, not their names"
_TEXT = "the names as text: same proves shared, different proves nothing alone"
_INFORMATION = "information: proves nothing"
_WALKED = "only where the manifest states `keys`, for the database of each broker too"
_STATED = "only where the manifest states the expectation; a count alone proves nothing"
_COMPARED = "only where the manifest states `rows`: its values against production's, by keyed digests"
_REPLACED = "replaced by evidence: what both servers answered, when, and how they were asked"
_STEP = "filled in for the case whenever the verdict is SHARED; a person does it"
_MARKED = "only where the manifest states `canary`: a mark of staging's own, with a control on each side"
_UNANSWERED = (
    "PENDING: pages, origins and tokens have rules of their own (web/redirect, web/bundle, web/cors, "
    "web/cross-token); calls from code that is no page are seen by none"
)
_UNREAD = (
    "PENDING: the declared logins are tried where `reach` is stated (postgres/cross-login, "
    "redis/cross-login, bucket/cross-access), and rows are compared where `rows` is stated "
    "(postgres/production-rows)"
)
_HEALTH = "each side's own health answer, without a redirect"
_QUEUES = "queue names and key prefixes of the two brokers, from their bindings; never KEYS"
_OWN_SERVER = "a separate instance by identity; the whole row must be VERIFIED"

LINES: tuple[Line, ...] = (
    Line(TITLE, "**Environment:** staging", "variables/environment-name", Tick.NEVER, "printed from the run"),
    Line(TITLE, "**Verification Date:** 2026-01-10", HUMAN, Tick.NEVER, "the run's own time is printed"),
    Line(
        TITLE,
        "**Purpose:** Prove staging does not touch production data or resources",
        HUMAN,
        Tick.NEVER,
        "the verdict of the run stands below it; whether that is enough, a person says",
    ),
    Line(
        MATRIX,
        "| PostgreSQL | `postgres-prod` | `postgres-staging` | Separate Railway plugin instance | PENDING |",
        "postgres/same-server",
        Tick.ROW,
        _OWN_SERVER,
    ),
    Line(
        MATRIX,
        "| Redis | `redis-prod` | `redis-staging` | Separate Railway plugin instance | PENDING |",
        "redis/same-server",
        Tick.ROW,
        _OWN_SERVER,
    ),
    Line(
        MATRIX,
        "| Storage Bucket | `agentverse-reps` | `agentverse-staging-reps` | Separate bucket name | PENDING |",
        "bucket/same-bucket",
        Tick.ROW,
        "two names in one namespace that makes names unique, each listed with its side's own keys",
    ),
    Line(
        MATRIX,
        "| API Domain | `api.agentverse.io` | `*-staging.up.railway.app` | Different hostname | PENDING |",
        "web/same-deployment",
        Tick.ROW,
        "what answers at the name; the name is asked by web/same-domain",
    ),
    Line(
        MATRIX,
        "| Web Domain | `agentverse.io` | `*-staging.up.railway.app` | Different hostname | PENDING |",
        "web/same-deployment",
        Tick.ROW,
        "what answers at the name; the name is asked by web/same-domain",
    ),
    Line(
        DATABASE,
        "Production DATABASE_URL: postgres://user:pass@prod-host:5432/railway",
        "postgres/same-server",
        Tick.NEVER,
        "shown without credentials; who answers there is asked",
    ),
    Line(
        DATABASE,
        "Staging DATABASE_URL:    postgres://user:pass@staging-host:5432/railway",
        "postgres/same-database",
        Tick.NEVER,
        "shown without credentials; two databases of one server are told apart from one database",
    ),
    Line(DATABASE, "1. **Check Hostname Difference:**", "postgres/same-server", Tick.NAMES, _IDENTITIES),
    Line(
        DATABASE,
        "# In Railway Dashboard, verify DATABASE_URL hostnames are different",
        "postgres/same-server",
        Tick.NAMES,
        _IDENTITIES,
    ),
    Line(
        DATABASE,
        "# Production: containers-us-west-xxx.railway.app",
        "postgres/same-server",
        Tick.NEVER,
        "the address in production's column of the matrix",
    ),
    Line(
        DATABASE,
        "# Staging:    containers-us-west-yyy.railway.app (DIFFERENT)",
        "postgres/replica-or-copy",
        Tick.NEVER,
        "a standby has another name and production's rows: copies are asked for too",
    ),
    Line(DATABASE, "2. **Table Count Verification:**", "postgres/tables", Tick.STATED, _STATED),
    Line(DATABASE, "-- Run in staging database", "postgres/stamp", Tick.NEVER, "a stamp tells which it is"),
    Line(
        DATABASE,
        "SELECT COUNT(*) FROM information_schema.tables",
        "postgres/tables",
        Tick.STATED,
        "from pg_class: information_schema hides what the role may not read, and so counts 0",
    ),
    Line(DATABASE, "WHERE table_schema = 'public';", "postgres/tables", Tick.STATED, "every schema"),
    Line(DATABASE, "-- Should be 0 or show only staging test data", "postgres/tables", Tick.STATED, _STATED),
    Line(DATABASE, "3. **Data Sample Check:**", "postgres/sentinel", Tick.STATED, _STATED),
    Line(
        DATABASE,
        "-- Verify no production user data exists in staging",
        "postgres/production-rows",
        Tick.STATED,
        _COMPARED,
    ),
    Line(
        DATABASE,
        "SELECT COUNT(*) FROM users WHERE email LIKE '%@production.com';",
        "postgres/sentinel",
        Tick.STATED,
        "the statement itself, with a control that the role sees every row",
    ),
    Line(DATABASE, "-- Should return 0", "postgres/sentinel", Tick.STATED, "0, and the control holds"),
    Line(
        DATABASE,
        "[ ] Screenshot of Railway showing two separate PostgreSQL plugins",
        "postgres/same-server",
        Tick.NEVER,
        _REPLACED,
    ),
    Line(
        DATABASE,
        "[ ] DATABASE_URL hostnames confirmed different",
        "postgres/same-server",
        Tick.NAMES,
        "the host names differ, and so do the servers behind them",
    ),
    Line(
        DATABASE,
        "[ ] No production data found in staging database",
        "postgres/production-rows",
        Tick.STATED,
        _COMPARED,
    ),
    Line(
        REDIS,
        "Production REDIS_URL: redis://default:pass@prod-redis:6379",
        "redis/same-server",
        Tick.NEVER,
        "shown without credentials; who answers there is asked",
    ),
    Line(
        REDIS,
        "Staging REDIS_URL:    redis://default:pass@staging-redis:6379",
        "redis/replica-or-copy",
        Tick.NEVER,
        "shown without credentials; a replica has another name and production's keys",
    ),
    Line(REDIS, "1. **Check Hostname Difference:**", "redis/same-server", Tick.NAMES, _IDENTITIES),
    Line(
        REDIS,
        "# Verify REDIS_URL hostnames are different in Railway Dashboard",
        "redis/same-server",
        Tick.NAMES,
        _IDENTITIES,
    ),
    Line(REDIS, "2. **Key Namespace Check:**", "redis/namespace", Tick.STATED, _STATED),
    Line(REDIS, "# Connect to staging Redis", "redis/namespace", Tick.NEVER, "one bounded session"),
    Line(REDIS, "redis-cli -u $REDIS_URL", "redis/namespace", Tick.NEVER, "never through argv"),
    Line(
        REDIS,
        "> KEYS *",
        "redis/namespace",
        Tick.STATED,
        "SCAN of the declared logical database; names are hashed",
    ),
    Line(REDIS, "# Should show only staging keys (or empty)", "redis/namespace", Tick.STATED, _STATED),
    Line(REDIS, "3. **Queue Isolation:**", "celery/same-broker", Tick.IDENTITY, "the broker's identity"),
    Line(REDIS, "# Verify Celery queues are separate", "celery/queue-names", Tick.DECLARED, _QUEUES),
    Line(
        REDIS,
        "> KEYS celery*",
        "celery/foreign-worker",
        Tick.NEVER,
        "who listens on staging's broker, read from its bindings",
    ),
    Line(REDIS, "# Should show staging-specific queue names", "celery/queue-names", Tick.DECLARED, _QUEUES),
    Line(
        REDIS,
        "[ ] Screenshot of Railway showing two separate Redis plugins",
        "redis/same-server",
        Tick.NEVER,
        _REPLACED,
    ),
    Line(
        REDIS,
        "[ ] REDIS_URL hostnames confirmed different",
        "redis/same-server",
        Tick.NAMES,
        "the host names differ, and so do the servers behind them",
    ),
    Line(REDIS, "[ ] No production queue data in staging Redis", "redis/namespace", Tick.QUEUES, _WALKED),
    Line(
        BUCKET,
        "Production Bucket: agentverse-reps",
        "bucket/same-bucket",
        Tick.NEVER,
        "shown with its endpoint: one name at two endpoints may be two buckets, or one",
    ),
    Line(
        BUCKET,
        "Staging Bucket:    agentverse-staging-reps",
        "bucket/same-bucket",
        Tick.NEVER,
        "shown with its endpoint: two names may lead to one bucket only where names are not unique",
    ),
    Line(BUCKET, "1. **Bucket Name Verification:**", "bucket/same-bucket", Tick.IDENTITY, _IDENTITIES),
    Line(
        BUCKET,
        "# Check STORAGE_BUCKET_NAME environment variable",
        "bucket/same-bucket",
        Tick.IDENTITY,
        "the variable as staging's own source gives it",
    ),
    Line(BUCKET, "echo $STORAGE_BUCKET_NAME", "bucket/same-bucket", Tick.IDENTITY, "in the matrix"),
    Line(
        BUCKET,
        "# Should output: agentverse-staging-reps",
        "variables/marker",
        Tick.NEVER,
        _INFORMATION,
    ),
    Line(BUCKET, "2. **Bucket Contents Check:**", "bucket/contents", Tick.STATED, _STATED),
    Line(
        BUCKET,
        "# List bucket contents (using s3cmd or similar)",
        "bucket/contents",
        Tick.STATED,
        "ListObjectsV2 with staging's own keys; a refusal is never taken for an empty bucket",
    ),
    Line(BUCKET, "s3cmd ls s3://agentverse-staging-reps/", "bucket/contents", Tick.STATED, _STATED),
    Line(BUCKET, "# Should show only staging REPs or empty", "bucket/contents", Tick.STATED, _STATED),
    Line(BUCKET, "3. **Write/Read Test:**", "bucket/canary", Tick.STATED, _MARKED),
    Line(BUCKET, "# Upload test file to staging bucket", "bucket/canary", Tick.STATED, _MARKED),
    Line(BUCKET, 'echo "staging-test" > /tmp/staging-test.txt', "bucket/canary", Tick.STATED, _MARKED),
    Line(
        BUCKET,
        "s3cmd put /tmp/staging-test.txt s3://agentverse-staging-reps/test/",
        "bucket/canary",
        Tick.STATED,
        _MARKED,
    ),
    Line(BUCKET, "# Verify it's NOT in production bucket", "bucket/canary", Tick.STATED, _MARKED),
    Line(
        BUCKET,
        "s3cmd ls s3://agentverse-reps/test/staging-test.txt",
        "bucket/canary",
        Tick.STATED,
        _MARKED,
    ),
    Line(BUCKET, "# Should return empty/not found", "bucket/canary", Tick.STATED, _MARKED),
    Line(
        BUCKET,
        "[ ] STORAGE_BUCKET_NAME confirmed as staging bucket",
        "bucket/same-bucket",
        Tick.IDENTITY,
        "it is listed with staging's own keys, and is not production's",
    ),
    Line(BUCKET, "[ ] Test file written to staging bucket only", "bucket/canary", Tick.STATED, _MARKED),
    Line(
        BUCKET,
        "[ ] Production bucket does not contain staging test file",
        "bucket/canary",
        Tick.STATED,
        _MARKED,
    ),
    Line(
        NETWORK,
        "| API | `api.agentverse.io` | `agentverse-api-staging.up.railway.app` |",
        "web/same-domain",
        Tick.NEVER,
        "both names are printed",
    ),
    Line(
        NETWORK,
        "| Web | `agentverse.io` | `agentverse-web-staging.up.railway.app` |",
        "web/same-domain",
        Tick.NEVER,
        "both names are printed",
    ),
    Line(
        NETWORK,
        "# Staging API should return environment=staging",
        "web/environment-name",
        Tick.IDENTITY,
        _HEALTH,
    ),
    Line(
        NETWORK,
        "curl https://agentverse-api-staging.up.railway.app/health",
        "web/environment-name",
        Tick.IDENTITY,
        "one GET, no redirect followed",
    ),
    Line(
        NETWORK,
        '# Expected: {"status": "healthy", "environment": "staging", ...}',
        "web/environment-name",
        Tick.IDENTITY,
        _HEALTH,
    ),
    Line(
        NETWORK,
        "# Production API should return environment=production",
        "web/environment-name",
        Tick.IDENTITY,
        _HEALTH,
    ),
    Line(
        NETWORK,
        "curl https://api.agentverse.io/health",
        "web/environment-name",
        Tick.IDENTITY,
        "one GET, no redirect followed",
    ),
    Line(
        NETWORK,
        '# Expected: {"status": "healthy", "environment": "production", ...}',
        "web/environment-name",
        Tick.IDENTITY,
        _HEALTH,
    ),
    Line(
        NETWORK,
        "[ ] Staging API returns environment=staging",
        "web/environment-name",
        Tick.IDENTITY,
        _HEALTH,
    ),
    Line(NETWORK, "[ ] Different domains confirmed", "web/same-domain", Tick.DECLARED, _TEXT),
    Line(NETWORK, "[ ] No cross-environment API calls possible", HUMAN, Tick.NEVER, _UNANSWERED),
    Line(
        VARIABLES,
        "# Staging services must have ENVIRONMENT=staging",
        "variables/environment-name",
        Tick.NAMED,
        "the variable itself, and what the platform says",
    ),
    Line(
        VARIABLES,
        "# This affects code paths, logging, and feature flags",
        "variables/live-key",
        Tick.NEVER,
        "a label does not stop a live-mode key: those are asked for",
    ),
    Line(
        VARIABLES,
        "| `ENVIRONMENT` | YES | `staging` |",
        "variables/environment-name",
        Tick.NAMED,
        "the variable itself, and what the platform says",
    ),
    Line(
        VARIABLES,
        "| `DATABASE_URL` | YES (hostname) | `*-staging*` |",
        "postgres/same-server",
        Tick.NAMES,
        "the host names differ, and so do the servers behind them; the pattern proves nothing",
    ),
    Line(
        VARIABLES,
        "| `REDIS_URL` | YES (hostname) | `*-staging*` |",
        "redis/same-server",
        Tick.NAMES,
        "the host names differ, and so do the servers behind them; the pattern proves nothing",
    ),
    Line(
        VARIABLES,
        "| `STORAGE_BUCKET_NAME` | YES | `*-staging*` |",
        "bucket/same-bucket",
        Tick.IDENTITY,
        "another bucket of one namespace; the pattern proves nothing",
    ),
    Line(
        VARIABLES,
        "| `SECRET_KEY` | YES | Different from prod |",
        "variables/secret-reused",
        Tick.NAMED,
        "keyed digests, across names, trimmed and decoded",
    ),
    Line(
        VARIABLES,
        "[ ] ENVIRONMENT=staging confirmed",
        "variables/environment-name",
        Tick.NAMED,
        "the variable itself, and what the platform says",
    ),
    Line(
        VARIABLES,
        "[ ] All hostnames contain staging identifier",
        "variables/marker",
        Tick.NEVER,
        _INFORMATION,
    ),
    Line(
        VARIABLES,
        "[ ] SECRET_KEY is different from production",
        "variables/secret-reused",
        Tick.NAMED,
        "keyed digests, across names, trimmed and decoded",
    ),
    Line(
        CERTIFICATION,
        "[ ] PostgreSQL is separate instance (different hostname)",
        "postgres/same-server",
        Tick.ROW,
        _OWN_SERVER,
    ),
    Line(
        CERTIFICATION,
        "[ ] Redis is separate instance (different hostname)",
        "redis/same-server",
        Tick.ROW,
        _OWN_SERVER,
    ),
    Line(
        CERTIFICATION,
        "[ ] Storage bucket is different (staging-specific name)",
        "bucket/same-bucket",
        Tick.ROW,
        "a different bucket; the whole row must be VERIFIED",
    ),
    Line(
        CERTIFICATION,
        "[ ] API domain is staging-specific",
        "web/same-deployment",
        Tick.ROW,
        "another deployment answers; the whole row must be VERIFIED",
    ),
    Line(
        CERTIFICATION,
        "[ ] Web domain is staging-specific",
        "web/same-deployment",
        Tick.ROW,
        "another deployment answers; the whole row must be VERIFIED",
    ),
    Line(
        CERTIFICATION,
        "[ ] ENVIRONMENT variable set to `staging`",
        "variables/environment-name",
        Tick.NAMED,
        "the variable itself, and what the platform says",
    ),
    Line(
        CERTIFICATION,
        "[ ] SECRET_KEY is different from production",
        "variables/secret-reused",
        Tick.NAMED,
        "keyed digests, across names, trimmed and decoded",
    ),
    Line(
        CERTIFICATION,
        "[ ] No production data accessible from staging",
        HUMAN,
        Tick.NEVER,
        _UNREAD,
    ),
    Line(CERTIFICATION, "Verified By: ___________________", HUMAN, Tick.NEVER, "a person signs"),
    Line(CERTIFICATION, "Date: 2026-01-10", HUMAN, Tick.NEVER, "the day a person signs"),
    Line(
        CERTIFICATION,
        "Status: PENDING VERIFICATION",
        HUMAN,
        Tick.NEVER,
        "stays PENDING until a person signs, whatever the verdict",
    ),
    Line(
        INCIDENT,
        "If production data is ever found in staging:",
        HUMAN,
        Tick.NEVER,
        "any SHARED finding opens the five steps; a person works through them",
    ),
    Line(INCIDENT, "1. **STOP** all staging deployments immediately", HUMAN, Tick.NEVER, _STEP),
    Line(
        INCIDENT,
        "2. **AUDIT** environment variables for misconfiguration",
        HUMAN,
        Tick.NEVER,
        _STEP,
    ),
    Line(
        INCIDENT,
        "3. **PURGE** any production data from staging resources",
        HUMAN,
        Tick.NEVER,
        _STEP,
    ),
    Line(INCIDENT, "4. **ROTATE** all secrets that may have been exposed", HUMAN, Tick.NEVER, _STEP),
    Line(INCIDENT, "5. **DOCUMENT** the incident and root cause", HUMAN, Tick.NEVER, _STEP),
    Line(
        AUTOMATED,
        "Consider implementing these automated checks:",
        HUMAN,
        Tick.NEVER,
        "run `disjoint verify` in CI and on a schedule: its exit code is the check",
    ),
    Line(
        AUTOMATED,
        'if settings.ENVIRONMENT == "staging":',
        "variables/environment-name",
        Tick.NEVER,
        "a wrong label would skip the whole check: it is asked first",
    ),
    Line(
        AUTOMATED,
        "# Verify DATABASE_URL contains staging identifier",
        "variables/marker",
        Tick.NEVER,
        _INFORMATION,
    ),
    Line(
        AUTOMATED,
        'assert "staging" in settings.DATABASE_URL.lower() or \\',
        "variables/marker",
        Tick.NEVER,
        _INFORMATION,
    ),
    Line(
        AUTOMATED,
        "settings.DATABASE_URL != KNOWN_PROD_URL",
        "variables/endpoint-reused",
        Tick.NEVER,
        "every variable against every declared resource of production, parsed as clients do",
    ),
    Line(
        AUTOMATED,
        "# Verify STORAGE_BUCKET_NAME is staging bucket",
        "bucket/same-bucket",
        Tick.NEVER,
        "asked of the store",
    ),
    Line(
        AUTOMATED,
        'assert "staging" in settings.STORAGE_BUCKET_NAME.lower()',
        "variables/marker",
        Tick.NEVER,
        _INFORMATION,
    ),
)


def subject(line: Line) -> Subject:
    """Which of several resources of a kind the line is about."""
    if not line.by.startswith("web/"):
        return Subject.ALL
    if "API" in line.text:
        return Subject.API
    return Subject.WEB if "Web" in line.text else Subject.ALL


def boxes(section: str) -> tuple[Line, ...]:
    """The section's lines that stand before an empty box."""
    return _beginning(section, BOX)


def steps(section: str) -> tuple[Line, ...]:
    """The section's numbered steps."""
    return _beginning(section, *(f"{number}. **" for number in range(1, 6)))


def rows(section: str) -> tuple[Line, ...]:
    """The section's table rows."""
    return _beginning(section, "| ")


def _beginning(section: str, *starts: str) -> tuple[Line, ...]:
    return tuple(line for line in LINES if line.section == section and line.text.startswith(starts))


BOX = "[ ] "
