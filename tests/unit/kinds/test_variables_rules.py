"""Variables: what counts as a secret, whose it is, and what an environment calls itself."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from disjoint.kinds.postgres.kind import KIND as POSTGRES
from disjoint.kinds.variables.endpoints import endpoints
from disjoint.kinds.variables.facts import VariablesDeclared
from disjoint.kinds.variables.kind import KIND
from disjoint.kinds.variables.observe import observe
from disjoint.kinds.variables.shapes import is_weak, live_vendor, named_secret, shaped_secret
from disjoint.kinds.web.kind import KIND as WEB
from disjoint.model.environment import Environment, Target, Variable
from disjoint.model.fact import Known, Unknown
from disjoint.model.finding import Judgement, Outcome
from disjoint.model.kind import Question, Side
from disjoint.model.secret import Secret
from disjoint.runner.run import Run

NOW = datetime(2026, 1, 10, tzinfo=UTC)
LONG = "k3J9vQx2Lr8ZpT5wYb7NcD4fGh6MsA1e"
OTHER = "Zp8rL2xQv9J3kT5wYb7NcD4fGh6MsA1f"
REFERENCE = Unknown("${{shared.SECRET_KEY}} is a platform reference", "resolve it")


def environment(name: str, values: dict[str, str | None]) -> Environment:
    variables = {
        key: Variable(key, REFERENCE if value is None else Known(Secret(value)), f".env.{name}:{line}")
        for line, (key, value) in enumerate(values.items(), 1)
    }
    return Environment(name, name == "production", variables, f".env.{name}")


def judged(
    rule: str,
    production: dict[str, str | None],
    staging: dict[str, str | None],
    declared: VariablesDeclared | None = None,
) -> Judgement:
    asked = declared or VariablesDeclared()
    sides = [environment("production", production), environment("staging", staging)]
    with Run(sides, 5) as run:
        seen = [
            Side(e.name, e.protected, NOW, observe(Target("variables", "variables", e, asked), run.visit(e)))
            for e in sides
        ]
    (found,) = [r for r in KIND.rules if r.id == f"variables/{rule}"]
    return found.judge(Question(seen[0], seen[1], asked))


@pytest.mark.parametrize(
    ("production", "staging", "outcome"),
    [
        ({"ENVIRONMENT": "production"}, {"ENVIRONMENT": "staging"}, Outcome.ISOLATED),
        ({"ENVIRONMENT": "prod"}, {"APP_ENV": "Staging "}, Outcome.ISOLATED),
        ({"ENVIRONMENT": "production"}, {"ENVIRONMENT": "production"}, Outcome.SHARED),
        ({"ENVIRONMENT": "staging"}, {"ENVIRONMENT": "staging"}, Outcome.SHARED),
        ({"ENVIRONMENT": "production"}, {}, Outcome.UNPROVEN),
        ({"ENVIRONMENT": "production"}, {"ENVIRONMENT": ""}, Outcome.UNPROVEN),
        ({"ENVIRONMENT": "production"}, {"ENVIRONMENT": "staging-production"}, Outcome.UNPROVEN),
        ({"ENVIRONMENT": "production"}, {"ENVIRONMENT": None}, Outcome.UNPROVEN),
        ({"ENVIRONMENT": "production"}, {"NODE_ENV": "production"}, Outcome.UNPROVEN),
        ({"RAILS_ENV": "production"}, {"RAILS_ENV": "production"}, Outcome.UNPROVEN),
        ({"RAILS_ENV": "production"}, {"RAILS_ENV": "staging"}, Outcome.ISOLATED),
        ({"environment": "production"}, {"Environment": "staging"}, Outcome.ISOLATED),
        (
            {"ENVIRONMENT": "production"},
            {"ENVIRONMENT": "staging", "RAILWAY_ENVIRONMENT_NAME": "production"},
            Outcome.SHARED,
        ),
        (
            {"ENVIRONMENT": "production"},
            {"ENVIRONMENT": "staging", "RAILWAY_ENVIRONMENT_NAME": "pr-12"},
            Outcome.UNPROVEN,
        ),
    ],
)
def test_each_environment_must_call_itself_by_its_own_name(
    production: dict[str, str | None], staging: dict[str, str | None], outcome: Outcome
) -> None:
    """The other's name is SHARED; no name, or a name that is neither, is UNPROVEN."""
    assert judged("environment-name", production, staging).outcome is outcome


def test_a_missing_label_is_told_once() -> None:
    """In one clause for both sides; which variables would do is evidence."""
    judgement = judged("environment-name", {}, {})
    assert judgement.summary == "production and staging do not say which they are"
    assert [e.what for e in judgement.evidence] == ["label", "label"]
    assert all("APP_ENV" in e.value for e in judgement.evidence)


@pytest.mark.parametrize(
    ("production", "staging"),
    [
        ({"SECRET_KEY": LONG}, {"SECRET_KEY": LONG}),
        ({"SECRET_KEY": LONG}, {"JWT_SIGNING_KEY": LONG}),
        ({"SECRET_KEY": LONG}, {"SECRET_KEY": f" {LONG}\n"}),
        ({"SECRET_KEY": LONG}, {"SECRET_KEY": "azNKOXZReDJMcjhacFQ1d1liN05jRDRmR2g2TXNBMWU="}),
        ({"SECRET_KEY": LONG}, {"SECRET_KEY_FALLBACKS": f"{OTHER},{LONG}"}),
        ({"DATABASE_URL": f"postgres://u:{LONG}@a.example/x"}, {"DB_PASSWORD": LONG}),
        ({"GITHUB_TOKEN": "ghp_0123456789"}, {"GITHUB_TOKEN": "ghp_0123456789"}),
    ],
)
def test_a_secret_is_found_under_any_name_and_in_any_form(
    production: dict[str, str | None], staging: dict[str, str | None]
) -> None:
    """Renamed, padded, encoded, listed or inside a URL: it is production's secret."""
    judgement = judged("secret-reused", production, staging)
    assert judgement.outcome is Outcome.SHARED
    assert LONG not in repr(judgement)


ENCODED = b64encode(f'{{"db": {{"password": "{LONG}"}}}}'.encode()).decode()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STORAGE", f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={LONG}==;EndpointSuffix=x"),
        ("BUS", f"Endpoint=sb://a.example/;SharedAccessKeyName=Root;SharedAccessKey={LONG}="),
        ("ConnectionStrings__Main", f"Server=a;Database=b;User Id=u;Password={LONG};"),
        ("ConnectionStrings__Main", f"Server=a;Database=b;Uid=u;Pwd={LONG}"),
        ("CACHE", f"a.example:6380,password={LONG},ssl=True"),
        ("APP_DSN", f"host=a dbname=b user=c password='{LONG}'"),
        ("APP_DSN", f"u:{LONG}@tcp(a.example:3306)/app"),
        ("ORA", f"scott/{LONG}@a.example:1521/x"),
        ("JAAS", f'org.x.PlainLoginModule required username="a" password="{LONG}";'),
        ("JAVA_OPTS", f"-Xmx1g -Ddb.password={LONG}"),
        ("ARGS", f"--verbose --api-key {LONG}"),
        ("ARGS", f"run a password={LONG}"),
        ("SAS", f"https://a.example/c?sv=2020&sig={LONG}"),
        ("SETTINGS", ENCODED),
        ("SETTINGS", f'{{"inner": "{{\\"password\\": \\"{LONG}\\"}}"}}'),
        ("SETTINGS", f'[{{"name": "DB_PASSWORD", "value": "{LONG}"}}]'),
        ("SETTINGS", f'{{"accountKey": "{LONG}"}}'),
        ("SETTINGS", f'{{"api-key": "{LONG}"}}'),
        ("SETTINGS", f"[db]\npassword = {LONG}"),
        ("SETTINGS", f"run --url https://u:{LONG}@a.example/"),
        ("SENDGRID", f"SG.{LONG}"),
        ("PEM", "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\n-----END PRIVATE KEY-----"),
        ("DBPASS", LONG),
        ("DB_PW", LONG),
        ("GITHUB_PAT", LONG),
    ],
)
def test_a_secret_that_stands_in_another_text_is_one(name: str, value: str) -> None:
    """Connection strings, options, encoded settings, a vendor's own form: whatever holds it, it is told."""
    own: dict[str, str | None] = {"APP_SECRET": OTHER}
    theirs: dict[str, str | None] = {"APP_SECRET": OTHER[::-1]}
    judgement = judged("secret-reused", {**theirs, name: value}, {**own, "SPARE": value})
    assert judgement.outcome is Outcome.SHARED
    assert name in judgement.about
    assert LONG not in repr(judgement)


def test_a_secret_of_several_names_is_told_once() -> None:
    theirs: dict[str, str | None] = {"SECRET_KEY": LONG, "OLD_SECRET_KEY": LONG, "MAIL_KEY": OTHER}
    said = judged("secret-reused", theirs, {"JWT_SECRET": LONG, "MAIL_KEY": OTHER}).summary
    assert said.endswith(
        "secret: JWT_SECRET is production's OLD_SECRET_KEY, SECRET_KEY; MAIL_KEY is production's MAIL_KEY"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "changeme-changeme-changeme"),
        ("SECRET_KEY", "django-insecure-abcdefghijklmnop"),
        ("STRIPE_PUBLISHABLE_KEY", "pk_live_abcdefghijklmnopqrst"),
        ("STRIPE_SECRET_KEY", "sk_test_abcdefghijklmnopqrst"),
        ("NEXT_PUBLIC_API_KEY", LONG),
        ("DISJOINT_SEAL_KEY", LONG),
        ("SORT_KEY", "created_at_timestamp"),
        ("PRIVATE_KEY_PATH", "/run/secrets/the-private-key"),
        ("TOKEN_EXPIRES", "0000000000003600"),
        ("SENTRY_DSN", "https://0123456789abcdef0123@o1.ingest.sentry.io/2"),
        ("PAGE_TITLE", LONG),
        ("OIDC_TOKEN_ENDPOINT_AUTH_METHOD", "client_secret_basic"),
        ("JWT_TOKEN_LOCATION", "headers_and_cookies"),
        ("PASSWORD_HASHER", "django.contrib.auth.hashers.ScryptPasswordHasher"),
        ("SECRETS_PROVIDER", "aws-secrets-manager"),
        ("GPG_KEY", "A035C8C19219BA821ECEA86B64E628F8D684696D"),
        ("GPG_KEYS", "A035C8C19219BA821ECEA86B64E628F8D684696D E3FF2839C048B25C084DEBE9B26995E310250568"),
        (
            "DEPLOY_SSH_KEY",
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
        ),
        (
            "IDP_SIGNING_KEY",
            "-----BEGIN PUBLIC KEY-----\\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\\n-----END PUBLIC KEY-----",
        ),
        ("PWD", "/home/deploy/Shop-2/current"),
        ("RECAPTCHA_SITE_KEY", LONG),
        ("VAPID_PUBLIC_KEY", LONG),
        ("KMS_KEY_ARN", "arn:aws:kms:eu-central-1:123456789012:key/6d8d5d9e-0f0f-4b4b-8a8a-1234567890ab"),
        ("RATE_LIMIT_KEY", "ip_and_user_v2_2024"),
        ("CONFIG", "cache:\n  key: shop:v2:2024:cache:products\n  size: 3"),
        ("CONFIG", '{"sortKey": "customer_identifier_v2", "tokenUrl": "https://a.example/token"}'),
        ("IMAGE", "ghcr.io/acme/shop-frontend-service@sha256:" + "ab12" * 16),
        ("KAFKA_OPTS", "-Djava.security.auth.login.config=/etc/kafka/kafka_server_jaas.conf"),
        ("GUNICORN_CMD_ARGS", "--keyfile=/etc/ssl/private/server.key --workers 3"),
        ("APPINSIGHTS_CONNECTION_STRING", "InstrumentationKey=6d8d5d9e-0f0f-4b4b-8a8a-1234567890ab;X=y"),
        ("SSH_AUTH_SOCK", "/run/user/1000/ssh-Xy12345678/agent"),
    ],
)
def test_what_is_public_or_no_secret_is_no_shared_secret(name: str, value: str) -> None:
    """Defaults, publishable and test keys, published names, paths and plain words do not count."""
    own: dict[str, str | None] = {"APP_SECRET": OTHER}
    theirs: dict[str, str | None] = {"APP_SECRET": OTHER[::-1]}
    judgement = judged("secret-reused", {**theirs, name: value}, {**own, name: value})
    assert judgement.outcome is Outcome.ISOLATED


def test_a_value_listed_as_public_is_not_compared() -> None:
    """The manifest's `public` names are no secrets."""
    production: dict[str, str | None] = {"MAPS_KEY": LONG, "SECRET_KEY": OTHER}
    staging: dict[str, str | None] = {"MAPS_KEY": LONG, "SECRET_KEY": OTHER[::-1]}
    assert judged("secret-reused", production, staging).outcome is Outcome.SHARED
    declared = VariablesDeclared(public=("MAPS_KEY",))
    assert judged("secret-reused", production, staging, declared).outcome is Outcome.ISOLATED


@pytest.mark.parametrize(
    ("production", "staging"),
    [
        ({}, {"SECRET_KEY": LONG}),
        ({"SECRET_KEY": LONG}, {}),
        ({}, {}),
        ({"SECRET_KEY": None}, {"K_KEY": LONG}),
    ],
)
def test_nothing_to_compare_is_unproven(
    production: dict[str, str | None], staging: dict[str, str | None]
) -> None:
    """An empty side, or a reference only the platform resolves, proves nothing."""
    assert judged("secret-reused", production, staging).outcome is Outcome.UNPROVEN


def test_equal_references_are_not_equal_secrets() -> None:
    """`${{shared.SECRET_KEY}}` on both sides is UNPROVEN, not SHARED."""
    both: dict[str, str | None] = {"SECRET_KEY": None}
    assert judged("secret-reused", both, both).outcome is Outcome.UNPROVEN


@pytest.mark.parametrize(
    ("name", "value", "vendor"),
    [
        ("STRIPE_KEY", "sk_live_0123456789", "Stripe"),
        ("X", "rk_live_0123456789", "Stripe"),
        ("X", "access-production-0123", "Plaid"),
        ("LOB_KEY", "live_0123456789abcdef0123", "Lob"),
        ("OTHER", "live_0123456789abcdef0123", None),
        ("STRIPE_KEY", "sk_test_0123456789", None),
        ("FLW", "FLWSECK_TEST-0123", None),
    ],
)
def test_a_live_key_is_known_by_its_prefix(name: str, value: str, vendor: str | None) -> None:
    """Prefixes that tell the mode decide; those that need the vendor's name have it."""
    assert live_vendor(name, value) == vendor
    outcome = Outcome.SHARED if vendor else Outcome.ISOLATED
    assert judged("live-key", {}, {name: value}).outcome is outcome


def test_names_and_shapes_together_make_a_secret() -> None:
    """A name alone, or a shape alone, is not enough."""
    assert named_secret("DJANGO_SECRET_KEY")
    assert not named_secret("PRIMARY_REGION")
    assert named_secret("AWS_ACCESS_KEY_ID")
    assert not named_secret("GOOGLE_CLIENT_ID")
    assert shaped_secret("SECRET_KEY", "correct-horse-battery-staple")
    assert not shaped_secret("SECRET_KEY", "short")


def test_weak_means_guessable() -> None:
    """Defaults and short values are weak; a vendor's key is not."""
    assert is_weak("changeme")
    assert is_weak("s3cr3t")
    assert not is_weak(LONG)
    assert not is_weak("sk_live_1")


def test_weak_secrets_are_one_note_for_each_side() -> None:
    """An access key's id is no secret, however short."""
    held: dict[str, str | None] = {"API_KEY": "short", "DB_PASSWORD": "postgres", "S3_ACCESS_KEY_ID": "minio"}
    sides = [environment(name, held) for name in ("production", "staging")]
    asked = VariablesDeclared()
    with Run(sides, 5) as run:
        seen = [
            Side(e.name, e.protected, NOW, observe(Target("variables", "variables", e, asked), run.visit(e)))
            for e in sides
        ]
    (lint,) = KIND.lints
    assert lint.look(Question(seen[0], seen[1], asked)) == (
        "default, placeholder or too short in production: API_KEY, DB_PASSWORD",
        "default, placeholder or too short in staging: API_KEY, DB_PASSWORD",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REPORTS_AUTH", f"Bearer {LONG}"),
        ("REPORTS_AUTH", f"Basic {b64encode(f'shop:{LONG}'.encode()).decode()}"),
        ("SERVICE_ACCOUNT", f'{{"project": "shop", "auth": [{{"private_key": "{LONG}"}}]}}'),
        ("JOBS_URL", f"https://jobs.example.com/hook?token={LONG}"),
        ("MAIL_URL", f"smtp://shop:{LONG}@mail.example.com:587"),
        ("SECRET_KEY_FALLBACKS", f"{OTHER}, {LONG}"),
    ],
)
def test_a_secret_is_found_inside_what_carries_it(name: str, value: str) -> None:
    """A header, JSON, a query, an address, a list: who reads the variable holds the secret."""
    found = judged("secret-reused", {"SECRET_KEY": LONG}, {name: value, "SECRET_KEY": OTHER})
    assert found.outcome is Outcome.SHARED
    assert LONG not in found.summary
    own = judged("secret-reused", {"SECRET_KEY": LONG}, {name: value.replace(LONG, OTHER), "A_KEY": OTHER})
    assert own.outcome is Outcome.ISOLATED or "Basic" in value


@pytest.mark.parametrize(
    "value",
    [
        "{" * 3000,
        '{"a":' * 900 + "1" + "}" * 900,
        f'{{"type": "{LONG}", "key_id": "{LONG}", "token_uri": "{LONG}"}}',
        f"https://jobs.example.com/hook?run={LONG}",
        "https://[jobs?token=x",
    ],
)
def test_what_is_no_secret_by_its_own_name_is_none_inside(value: str) -> None:
    """A project, a key's id and a run are the same in many places; hostile text ends nothing."""
    theirs: dict[str, str | None] = {"ANY": value, "SECRET_KEY": OTHER[::-1]}
    found = judged("secret-reused", theirs, {"ANY": value, "SECRET_KEY": OTHER})
    assert found.outcome is Outcome.ISOLATED


@pytest.mark.parametrize(
    "value",
    [
        LONG,
        f"run --token={LONG} --quiet",
        f'{{"x": [{{"y": "{LONG}"}}]}}',
        b64encode(LONG.encode()).decode(),
        f"https://jobs.example.com/hook?run={LONG}",
        f"https://shop:{LONG}@jobs.example.com/",
        f"first,{LONG},last",
    ],
)
def test_what_production_keeps_secret_is_no_secret_under_any_name(value: str) -> None:
    """It is production's by its own name there; what staging calls it hides nothing."""
    found = judged("secret-reused", {"SECRET_KEY": LONG}, {"HARMLESS": value, "SECRET_KEY": OTHER})
    assert (found.outcome, "HARMLESS" in found.summary) == (Outcome.SHARED, True)
    assert LONG not in repr(found)
    ours = VariablesDeclared(public=("HARMLESS",))
    public = judged("secret-reused", {"SECRET_KEY": LONG}, {"HARMLESS": value, "SECRET_KEY": OTHER}, ours)
    assert public.outcome is Outcome.ISOLATED


def test_a_certificate_beside_its_private_key_is_a_secret() -> None:
    """The file that web servers read holds both."""
    both = f"-----BEGIN CERTIFICATE-----\\n{OTHER}\\n-----BEGIN PRIVATE KEY-----\\n{LONG}"
    held: dict[str, str | None] = {"TLS_KEY": both}
    assert judged("secret-reused", held, held).outcome is Outcome.SHARED


def test_other_values_that_were_not_looked_through_leave_the_question_open() -> None:
    """A half or a snapshot of an earlier version has none of them."""
    sides = [
        environment(name, {"SECRET_KEY": key}) for name, key in (("production", LONG), ("staging", OTHER))
    ]
    asked = VariablesDeclared()
    with Run(sides, 5) as run:
        facts = [observe(Target("variables", "variables", e, asked), run.visit(e)) for e in sides]
    assert isinstance(facts[0].others, Unknown)
    seen = [Side(e.name, e.protected, NOW, f) for e, f in zip(sides, facts, strict=True)]
    rule = next(r for r in KIND.rules if r.id == "variables/secret-reused")
    assert rule.judge(Question(seen[0], seen[1], asked)).outcome is Outcome.ISOLATED
    blind = replace(seen[1], facts=replace(facts[1], others=Unknown("of an earlier version")))
    assert rule.judge(Question(seen[0], blind, asked)).outcome is Outcome.UNPROVEN


@pytest.mark.parametrize(
    "wrapped", ["jdbc:postgresql://", "r2dbc:postgresql://", "db+postgresql://", "postgresql+asyncpg://"]
)
def test_an_address_is_read_through_what_wraps_it(wrapped: str) -> None:
    """Java's drivers and Celery's backends write a database's address with a word before it."""
    variables = environment("staging", {"REPORTING": f"{wrapped}db.example.com:5432/shop"})
    (found,) = endpoints(variables, (POSTGRES, WEB), ())
    assert found.address.shown == "db.example.com:5432/shop"


def test_a_password_with_dots_is_no_host_name() -> None:
    """EMAIL_HOST_PASSWORD=SG.x.y would otherwise stand among the addresses."""
    variables = environment(
        "staging", {"EMAIL_HOST_PASSWORD": "SG.abc.defgh", "ALLOWED_HOSTS": "a.example.com"}
    )
    assert {e.variable for e in endpoints(variables, (WEB,), ())} == {"ALLOWED_HOSTS"}
