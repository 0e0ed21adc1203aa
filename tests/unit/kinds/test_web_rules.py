"""What the web rules conclude, case by case."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest

from disjoint.kinds.web.address import parse
from disjoint.kinds.web.facts import WebDeclared, WebFacts
from disjoint.kinds.web.health import read_health
from disjoint.kinds.web.rules import RULES, WebQuestion, environment_name, same_deployment, same_domain
from disjoint.model.fact import Known, Unknown
from disjoint.model.finding import Grade, Outcome
from disjoint.model.kind import Question, Side
from disjoint.model.probe import HttpAnswer, Place

AT = datetime(2026, 1, 10, tzinfo=UTC)
NOTHING = Unknown("not asked")
DECLARED = WebDeclared(url="$API_URL")


def facts(url: str, named: str | None = None, deployment: str | None = None) -> WebFacts:
    """A service that was reached, and what it said of itself."""
    return WebFacts(
        address=Known(parse(url)),
        place=Known("hmac:place"),
        reached=Known("DNS"),
        tls=Known(True),
        tls_key=Known("hmac:key"),
        status=Known(200),
        named=Known(named) if named is not None else NOTHING,
        deployment=Known(deployment) if deployment is not None else NOTHING,
        mark=Known(f"hmac:{parse(url).host}"),
        hops=Known(()),
        cookies=Known(()),
        bundle=NOTHING,
    )


def question(production: WebFacts, staging: WebFacts) -> WebQuestion:
    return Question(Side("production", True, AT, production), Side("staging", False, AT, staging), DECLARED)


OURS = "https://api.example.com"
THEIRS = "https://api-staging.up.railway.app"


@pytest.mark.parametrize(
    ("production", "staging", "outcome"),
    [
        (OURS, THEIRS, Outcome.ISOLATED),
        (OURS, "api.example.com", Outcome.SHARED),
        (OURS, "wss://API.example.com./chat", Outcome.SHARED),
        (OURS, "http://api.example.com", Outcome.UNPROVEN),
        (OURS, "https://api.example.com:8443", Outcome.UNPROVEN),
        (OURS, "https://api.example.com:99999", Outcome.UNPROVEN),
        (OURS, "https:api.example.com", Outcome.UNPROVEN),
        (OURS, "https://user:pa/ss@host", Outcome.UNPROVEN),
        (OURS, "https://user:8443/ss@host", Outcome.UNPROVEN),
        (OURS, "", Outcome.UNPROVEN),
        ("http://127.0.0.1:8001", "http://127.0.0.1:8002", Outcome.ISOLATED),
        ("http://127.0.0.1:8001", "http://127.0.0.1:8001", Outcome.SHARED),
        ("http://127.0.0.1:8001", "http://localhost:8001", Outcome.UNPROVEN),
        ("http://api.railway.internal:80", "http://api.railway.internal:80", Outcome.UNPROVEN),
        ("https://x.proxy.rlwy.net:1234", "https://x.proxy.rlwy.net:4321", Outcome.ISOLATED),
    ],
)
def test_a_domain_is_judged_by_its_name_alone(production: str, staging: str, outcome: Outcome) -> None:
    """Equal names are SHARED, other names ISOLATED at declared, what clients read differently UNPROVEN."""
    found = same_domain(question(facts(production), facts(staging)))
    assert (found.outcome, found.grade) == (outcome, Grade.DECLARED)


def test_equal_deployment_identities_are_shared_under_any_two_names() -> None:
    """Two domains of one deployment are SHARED, whatever each answer calls itself."""
    found = same_deployment(
        question(facts(OURS, "production", "hmac:one"), facts(THEIRS, "staging", "hmac:one"))
    )
    assert (found.outcome, found.grade) == (Outcome.SHARED, Grade.IDENTITY)


def test_other_deployment_identities_are_isolated_by_identity() -> None:
    """An identity that is minted for each deployment tells two apart."""
    found = same_deployment(question(facts(OURS, None, "hmac:one"), facts(THEIRS, None, "hmac:two")))
    assert (found.outcome, found.grade) == (Outcome.ISOLATED, Grade.IDENTITY)


def test_one_address_with_two_deployments_is_unproven() -> None:
    """Equal texts with other identities contradict each other: a deployment in progress looks so."""
    found = same_deployment(question(facts(OURS, None, "hmac:one"), facts(OURS, None, "hmac:two")))
    assert found.outcome is Outcome.UNPROVEN


def test_without_identities_each_services_own_word_counts() -> None:
    """Each side naming itself is ISOLATED; an unread identity is not an identity that is not offered."""
    production = facts(OURS, "production", "")
    staging = facts(THEIRS, "Stage", "")
    assert same_deployment(question(production, staging)).outcome is Outcome.ISOLATED
    unread = replace(staging, deployment=NOTHING)
    assert same_deployment(question(production, unread)).outcome is Outcome.UNPROVEN
    astray = replace(staging, named=Known("production"))
    assert same_deployment(question(production, astray)).outcome is Outcome.UNPROVEN


def test_one_identity_alone_tells_nothing() -> None:
    """Where only one side offers an identity, the words decide; without words nothing does."""
    ours, theirs = facts(OURS, "production", "hmac:one"), facts(THEIRS, "staging", "")
    found = same_deployment(question(ours, theirs))
    assert "names" in found.limits or "echoed" in found.limits
    assert same_deployment(question(ours, replace(theirs, named=NOTHING))).outcome is Outcome.UNPROVEN


def test_environments_with_one_name_are_not_mixed_up() -> None:
    """Two environments whose names are synonyms cannot be told apart by that word."""
    ours, theirs = facts(OURS, "production", ""), facts(THEIRS, "production", "")
    asked = Question(Side("prod", True, AT, ours), Side("live", False, AT, theirs), DECLARED)
    assert environment_name(asked).outcome is not Outcome.SHARED
    assert same_deployment(asked).outcome is Outcome.UNPROVEN


def test_shared_edges_are_no_verdict() -> None:
    """Equal places and TLS keys (in every fact above) never make SHARED: an edge serves everybody."""
    found = same_deployment(question(facts(OURS), facts(THEIRS)))
    assert found.outcome is Outcome.UNPROVEN
    assert found.remedy


@pytest.mark.parametrize(
    ("production", "staging", "outcome"),
    [
        ("production", "staging", Outcome.ISOLATED),
        ("live", "STG", Outcome.ISOLATED),
        ("production", "production", Outcome.SHARED),
        ("staging", "staging", Outcome.SHARED),
        ("production", "staging-production", Outcome.UNPROVEN),
        ("production", "development", Outcome.UNPROVEN),
        ("production", None, Outcome.UNPROVEN),
        (None, "production", Outcome.SHARED),
    ],
)
def test_each_health_answer_must_name_its_own_environment(
    production: str | None, staging: str | None, outcome: Outcome
) -> None:
    """The other environment's name is SHARED, any other word or none UNPROVEN."""
    found = environment_name(question(facts(OURS, production), facts(THEIRS, staging)))
    assert found.outcome is outcome
    assert found.remedy or outcome is Outcome.ISOLATED


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_what_is_not_isolated_has_a_remedy(rule: object) -> None:
    """Knowing nothing is UNPROVEN, and says what would prove it."""
    blind = WebFacts(**{field.name: NOTHING for field in fields(WebFacts)})
    found = next(r for r in RULES if r is rule).judge(question(blind, blind))
    assert found.outcome is Outcome.UNPROVEN
    assert found.remedy


def answer(body: str | bytes, status: int = 200, **headers: str) -> HttpAnswer:
    octets = body if isinstance(body, bytes) else body.encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpAnswer(status, named, octets, Place("127.0.0.1", 80, "literal"), b"")


@pytest.mark.parametrize(
    "body",
    [
        '{"environment": "staging", "environment": "production"}',
        '{"environment": ["staging"]}',
        '{"environment": "staging\\u001b[2J"}',
        '{"environment": "' + "s" * 65 + '"}',
        '{"environment": ""}',
        '["staging"]',
        "[" * 100_000,
        "<html>staging</html>",
        b"\xff\xfe\x00",
        "",
    ],
)
def test_an_answer_that_readers_could_differ_on_names_nothing(body: str | bytes) -> None:
    """Repeated names, other types, control characters and pages are Unknown."""
    assert isinstance(read_health(answer(body), DECLARED).named, Unknown)


@pytest.mark.parametrize("status", [301, 302, 308, 401, 404, 500, 503])
def test_only_a_plain_success_speaks(status: int) -> None:
    """A redirect or an error names no environment, even with a perfect body."""
    read = read_health(answer('{"environment": "staging", "deployment": "abcdefgh1"}', status), DECLARED)
    assert isinstance(read.named, Unknown)
    assert isinstance(read.deployment, Unknown)


@pytest.mark.parametrize(
    ("body", "identity"),
    [
        ('{"deployment": "0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0"}', "0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0"),
        ('{"deployment_id": "dpl_8x2Kq91mZ"}', "dpl_8x2Kq91mZ"),
        ('{"deployment": "v1.22.333"}', ""),
        ('{"deployment": "0123456789abcdef0123456789abcdef01234567"}', ""),
        ('{"deployment": "development"}', ""),
        ('{"deployment": true}', ""),
        ("{}", ""),
    ],
)
def test_a_version_or_commit_is_no_deployment_identity(body: str, identity: str) -> None:
    """Only what looks minted for one deployment counts; a build is equal wherever it runs."""
    assert read_health(answer(body), DECLARED).deployment == Known(identity)


def test_a_declared_deployment_field_must_be_answered() -> None:
    """Where the manifest names the member, its absence is Unknown; a path leads into objects."""
    declared = WebDeclared(url="$API_URL", deployment_field="app.build", environment_field="app.env")
    read = read_health(answer('{"app": {"build": 7, "env": "staging"}}'), declared)
    assert (read.deployment, read.named) == (Known("7"), Known("staging"))
    assert isinstance(read_health(answer('{"app": {"build": null}}'), declared).deployment, Unknown)


@pytest.mark.parametrize(
    ("body", "headers", "declared", "named"),
    [
        ("{}", {"x-environment": "staging"}, DECLARED, "staging"),
        ("{}", {"x-app-environment": "Stage"}, DECLARED, "Stage"),
        ('{"environment": "staging"}', {"x-environment": "production"}, DECLARED, "staging"),
        ('{"environment": ["staging"]}', {"x-environment": "staging"}, DECLARED, None),
        ("{}", {"x-environment": "s3cr3t-" * 9}, DECLARED, None),
        ("OK", {"x-environment": "staging"}, DECLARED, None),
        ("OK", {"x-stage": "staging"}, replace(DECLARED, environment_header="X-Stage"), "staging"),
        ("{}", {"x-environment": "staging"}, replace(DECLARED, environment_header="X-Stage"), None),
    ],
)
def test_a_header_names_the_environment_where_the_answer_does_not(
    body: str, headers: dict[str, str], declared: WebDeclared, named: str | None
) -> None:
    """The usual names beside JSON that names none; the declared one beside any whole answer."""
    for status in (200, 503):
        found = read_health(replace(answer(body, status), headers=headers), declared).named
        assert (found.value if isinstance(found, Known) else None) == (named if status == 200 else None)


def test_a_platforms_header_identifies_the_deployment() -> None:
    """Without a member of the answer, the usual headers are read."""
    read = read_health(answer("{}", x_railway_deployment_id="0b1c2d3e-4f50"), DECLARED)
    assert read.deployment == Known("0b1c2d3e-4f50")
