"""The guard beside `verify`: never ISOLATED where that says SHARED of the same variables."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from guarded_world import ONE, asked, declared, verified
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_judging import OURS, RESOURCES, SECRET, THEIRS, URL

from disjoint.guard.verdict import ISOLATED, SHARED
from disjoint.model.finding import Outcome
from disjoint.model.manifest import Manifest

CASES = Path(__file__).parents[1] / "kinds" / "address_cases.jsonl"
HOSTS = st.sampled_from(
    ["db.prod.example.com", "DB.prod.example.com.", "db.staging.example.com", "localhost", "127.0.0.1", "db",
     "8.8.8.8", "134744072", "[2606:4700::1111]", "postgres.railway.internal", "bücher.example"]
)  # fmt: skip
PORTS = st.sampled_from(["", ":5432", ":6379", ":6432", ":0", ":"])
USERS = st.sampled_from(["", "u@", "u:Zk39dkQpw01mXy7aGh@", "u:p%40ss@", "u:p@ss@", ":aB39dkQpw01mXy7zzz@"])
SCHEMES = st.sampled_from(
    [
        "postgres",
        "postgresql",
        "postgresql+asyncpg",
        "redis",
        "rediss",
        "amqp",
        "https",
        "http",
        "mysql",
        "s3",
    ]
)
TAILS = st.sampled_from(["", "/", "/shop", "/0", "/1", "/shop?sslmode=require", "?db=1", "/shop?port=6432"])
URLS = st.tuples(SCHEMES, USERS, HOSTS, PORTS, TAILS).map(lambda p: f"{p[0]}://{p[1]}{p[2]}{p[3]}{p[4]}")
SECRETS = st.sampled_from(
    [
        "u83kdLw9dQm2Xz0pVbTr5",
        "Zk39dkQpw01mXy7aGh",
        "production-password-2024",
        "changeme",
        "sk_live_abcdefgh",
    ]
)
VALUES = st.one_of(
    URLS,
    SECRETS,
    st.lists(st.one_of(URLS, HOSTS), min_size=1, max_size=3).map(",".join),
    st.lists(URLS, max_size=2).map(json.dumps),
    HOSTS,
)
NAMES = st.sampled_from(
    [*THEIRS, "OTHER_URL", "CORS_ORIGINS", "JWT_SECRET", "X_TOKEN", "BACKUP_BUCKET", "PGHOST", "PGHOSTADDR"]
)
WORLDS = st.dictionaries(NAMES, VALUES, max_size=4)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return declared(tmp_path_factory.mktemp("agreeing"), RESOURCES)


@given(WORLDS, WORLDS)
@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
def test_what_verify_calls_shared_is_never_isolated(
    manifest: Manifest, theirs: dict[str, str], ours: dict[str, str]
) -> None:
    """By every rule that reads text alone, of two worlds whose variables are drawn from one small set."""
    production, staging = {**THEIRS, **theirs}, {**OURS, **ours}
    proof = verified(manifest, production, staging)
    shared = sorted(f.rule for f in proof.findings if f.outcome is Outcome.SHARED)
    outcome, _ = asked(manifest, production, staging)
    if any(rule.startswith("variables/") for rule in shared):
        assert outcome == SHARED, shared
    assert not (shared and outcome == ISOLATED), shared


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("START", f"psql '{URL}'"),
        ("START", f"--dsn={URL} --verbose"),
        ("CONFIG", json.dumps({"default": {"url": [URL]}})),
        ("CONFIG", base64.b64encode(json.dumps({"url": URL}).encode()).decode()),
        ("CONFIG", f"db:\n  url: {URL}\n"),
        ("CONFIG", "postgres%3A%2F%2Fu%40db.prod.example.com%2Fshop"),
        ("CORS_ORIGINS", "https://x.example.com,api.example.com"),
        ("CORS_ORIGINS", "x.example.com, https://api.example.com"),
        ("OAUTH_URL", "https://id.example.com/in?redirect_uri=https%3A%2F%2Fapi.example.com%2Fback"),
        ("OAUTH_URL", "https://id.example.com/in?redirect_uri=https://api.example.com/back"),
        ("HEROKU_POSTGRESQL_AMBER_URL", URL),
        ("FLY_CACHE", "redis://cache.prod.example.com/0"),
    ],
)
def test_both_find_an_address_wherever_it_stands(manifest: Manifest, name: str, value: str) -> None:
    """Within a command line, a document, an encoding, a list, a query; in what a platform attached."""
    proof = verified(manifest, THEIRS, {**OURS, name: value})
    (found,) = [f for f in proof.findings if f.rule == "variables/endpoint-reused"]
    assert (found.outcome, name in found.judgement.summary) == (Outcome.SHARED, True)
    assert asked(manifest, THEIRS, {**OURS, name: value})[0] == SHARED


@pytest.mark.parametrize(
    "value",
    [
        SECRET,
        json.dumps({"x": [{"y": SECRET}]}),
        f"run --token={SECRET}",
        f"https://x.example.com/?a={SECRET}",
    ],
)
def test_both_find_a_secret_of_productions_under_any_name(manifest: Manifest, value: str) -> None:
    proof = verified(manifest, THEIRS, {**OURS, "HARMLESS": value})
    (found,) = [f for f in proof.findings if f.rule == "variables/secret-reused"]
    assert (found.outcome, "HARMLESS" in found.judgement.summary) == (Outcome.SHARED, True)
    assert asked(manifest, THEIRS, {**OURS, "HARMLESS": value})[0] == SHARED


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RAILWAY_SERVICE_API_URL", "https://api.example.com"),
        ("RAILWAY_BUCKET_NAME", "shop-files"),
        ("DISJOINT_JOURNAL", URL),
        ("OAUTH_URL", "https://id.example.com/in?redirect_uri=https%3A%2F%2Fapi.staging.example.com%2Fback"),
        ("CONFIG", "[" * 5000),
        ("CONFIG", "a://" * 20000),
        ("DATABASE_URL", "postgres://u@db.staging.example.com/x"),
        ("REPORTS_URL", "postgres://u@db.staging.example.com/reports"),
        ("FLAGS", "redis://127.0.0.1:6379/3"),
        ("CACHE", "https://maps.example.com/@52.1,4.3,12z"),
    ],
)
def test_neither_takes_what_is_no_address_of_productions_for_one(
    manifest: Manifest, name: str, value: str
) -> None:
    """A platform's names for itself, the journal of both, other hosts, and texts that nest or repeat."""
    proof = verified(manifest, THEIRS, {**OURS, name: value})
    (found,) = [f for f in proof.findings if f.rule == "variables/endpoint-reused"]
    assert found.outcome is Outcome.ISOLATED
    assert asked(manifest, THEIRS, {**OURS, name: value})[0] == ISOLATED


@pytest.fixture(scope="module")
def each(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Manifest]:
    return {kind: declared(tmp_path_factory.mktemp(kind), text) for kind, text in ONE.items()}


def test_a_pair_that_is_one_place_is_never_isolated(each: dict[str, Manifest]) -> None:
    """A process with one spelling beside the seal of another, for each pair whose answer is known."""
    wrong, seen = [], 0
    for line in CASES.read_text().splitlines():
        case = json.loads(line)
        if case["kind"] not in each or not (case["a"] and case["b"]):
            continue
        seen += 1
        of_server = case.get("server") if case["kind"] in {"postgres", "redis"} else ""
        same = "same" in {case["expect"], of_server}
        for a, b in ((case["a"], case["b"]), (case["b"], case["a"])):
            outcome, _ = asked(each[case["kind"]], {"IT": a}, {"IT": b})
            if (same and outcome == ISOLATED) or (
                case["expect"] == "different" and case.get("server") != "same" and outcome == SHARED
            ):
                wrong.append((case["id"], outcome))
    assert seen > 100
    assert not wrong
