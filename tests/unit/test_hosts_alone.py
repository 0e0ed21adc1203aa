"""A host and a port in variables of their own name a server as an address does."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from test_stores_in_both import MANIFEST, OWN, reused

from disjoint import pipeline
from disjoint.model.finding import Outcome

LONG = f"{'a' * 60}.{'b' * 60}.prod.example"
THEIRS = "\n".join(
    (
        "REPORTS_URL=postgresql://a@dw.prod.example:6432/dw",
        "DOCS_URL=mongodb://a:b@m0.prod.example/app",
        "SHOP_URL=mysql://a@my.prod.example/app",
        "SIX_URL=postgresql://a@[2001:4860::5]/app",
        "FOUR_URL=redis://203.0.114.7",
        "NAMES_URL=postgresql://a@datenbank.müller.example/app",
        f"LONG_URL=postgresql://a@{LONG}/app",
    )
)


@pytest.mark.parametrize(
    "ours",
    [
        "REPORTS_DB_HOST=dw.prod.example\nREPORTS_DB_PORT=6432",
        "REPORTS_DB_HOST=DW.Prod.Example.\nREPORTS_DB_PORT= 6432 ",
        "REPORTS_SERVER=dw.prod.example:6432",
        "DB_HOSTS=a.staging.example,dw.prod.example:6432",
        'DB_NODES=["a.staging.example:1", "dw.prod.example:6432"]',
        "SESSIONS_HOST=cache.production.example",
        "BROKER_ADDR=cache.production.example:6379",
        "MONGO_HOST=m0.prod.example",
        "WRITER_ENDPOINT=m0.prod.example:27017",
        "REPORTS_DB_HOST=dw.prod.example",
        "REPORTS_DB_HOST=dw.prod.example\nPORT=8080",
        "REPORTS_IP=203.0.114.7",
        "REPORTS_DB_HOST=2001:4860:0:0::5",
        "REPORTS_DB_HOST=[2001:4860::5]:5432",
        "REPORTS_DB_HOST=datenbank.müller.example",
        "AUTH_DB_SERVER=m0.prod.example",
        "SESSIONS_HOST=tcp://cache.production.example:6379",
        "SESSIONS=cache.production.example:6379",
        "REPORTS_DSN=u:p@tcp(my.prod.example:3306)/other",
        "ConnectionStrings__Main=Server=tcp:my.prod.example,3306;Database=other;User Id=u;Password=p",
        "PDO=mysql:host=my.prod.example;dbname=app",
        'DATABASES={"default": {"HOST": "my.prod.example", "PORT": 3306}}',
        'SPRING_APPLICATION_JSON={"spring": {"data": {"redis": {"host": "cache.production.example"}}}}',
        "PLATFORM_RELATIONSHIPS=eyJkYiI6W3siaG9zdCI6Im15LnByb2QuZXhhbXBsZSIsInBvcnQiOjMzMDZ9XX0=",
        f"REPORTS_DB_HOST={LONG}",
    ],
)
def test_a_host_of_productions_is_no_other_server(ours: str, tmp_path: Path) -> None:
    """Declared or not on production's side, and on its default port where none is stated."""
    found = reused(tmp_path, THEIRS, ours)
    assert found.outcome is Outcome.UNPROVEN
    assert ours.partition("=")[0] in found.judgement.summary
    assert "names the server of production's" in found.judgement.summary
    assert ours.partition("=")[0] in found.judgement.about


@pytest.mark.parametrize(
    "ours",
    [
        "REPORTS_HOST=dw.prod.example\nREPORTS_PORT=5432",
        "REPORTS_DB_HOST=dw.staging.example\nREPORTS_DB_PORT=6432",
        "REPORTS_DB_HOST=dw",
        "REPORTS_DB_HOST=localhost",
        "HOST_TOKEN=dw.prod.example",
        "RAILWAY_TCP_HOST=dw.prod.example\nRAILWAY_PORT=6432",
        "WEB_HOST=api.prod.example",
        "MAILER_FROM_ADDRESS=shop@m0.prod.example",
        "SMTP_HOST=m0.prod.example\nSMTP_PORT=25",
        'SERVER_CONFIG={"token": "m0.prod.example"}',
    ],
)
def test_another_host_or_port_is_none_of_its_servers(ours: str, tmp_path: Path) -> None:
    """A port that nobody states, a name of each network's own, a page: they name no store of production's."""
    assert reused(tmp_path, THEIRS, ours).outcome is Outcome.ISOLATED


@pytest.mark.parametrize(
    "name", ["REPORTS_DB_HOST", "MYSQL_SERVER", "SEARCH_ELASTICSEARCH_HOST", "CACHE_HOST"]
)
def test_a_store_that_both_sides_name_by_its_host_is_one(name: str, tmp_path: Path) -> None:
    """Neither side writes an address, and no resource is made of it."""
    both = f"{name}=shared.example"
    found = reused(tmp_path, both, both)
    assert found.outcome is Outcome.UNPROVEN
    assert f"{name} names the server of production's {name}" in found.judgement.summary


@pytest.mark.parametrize(
    "both",
    [
        "SMTP_HOST=smtp.example",
        "STATSD_HOST=127.0.0.1",
        "DB_HOST=db",
        "DB_HOST=10.0.0.5",
        "DB_SERVER_CA=rds-ca.pem",
        "CACHE_SERVER_BACKEND=django.core.cache.backends.redis.RedisCache",
        "CACHE_CDN_HOST=cdn.example",
        "CELERY_BROKER_TRANSPORT=shop.queue.Transport",
        "DB_SERVER_TZ=Europe.Berlin",
        "DB_URL=app.db",
        "QUEUE_ENDPOINT=sqs.eu-central-1.amazonaws.com",
        "ELASTIC_APM_SERVER_HOST=apm.example",
        "SENTRY_DSN=https://k@o1.ingest.sentry.io/1",
    ],
)
def test_what_everybody_names_is_no_store_of_both(both: str, tmp_path: Path) -> None:
    """A relay, and hosts that are another machine in each network."""
    assert reused(tmp_path, both, both).outcome is Outcome.ISOLATED


def test_what_a_resource_is_made_of_is_asked_and_not_guessed(tmp_path: Path) -> None:
    """Its own rule compares the servers."""
    found = reused(tmp_path, "", "REDIS_URL=redis://cache.staging.example/0")
    assert found.outcome is Outcome.ISOLATED


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("DB_HOST=shared.example", "LEGACY_HOST=shared.example"),
        ("APP_DSN=u:p@tcp(shared.example:3306)/a", "LEGACY_MYSQL_HOST=shared.example"),
        (
            "ConnectionStrings__A=Server=shared.example;Database=a",
            "ConnectionStrings__A=Server=shared.example",
        ),
    ],
)
def test_one_side_that_calls_a_host_a_store_is_enough(theirs: str, ours: str, tmp_path: Path) -> None:
    """The other's variable may be called after what it is for."""
    assert reused(tmp_path, theirs, ours).outcome is Outcome.UNPROVEN


MANY, RDS = range(2_000), "x.eu-central-1.rds.amazonaws.com"
POOLER = "aws-0-eu-central-1.pooler.supabase.com"
TENANT = "abcdefghijklmnopqrst"


@pytest.mark.parametrize(
    "theirs",
    [
        f"APP_URL=postgresql://postgres.{TENANT}@{POOLER}:6543/postgres",
        f"APP_URL=postgresql://postgres@db.{TENANT}.supabase.co/postgres",
        f"DB_HOST={POOLER}\nDB_USERNAME=postgres.{TENANT}",
    ],
)
@pytest.mark.parametrize(
    ("tenant", "outcome"), [(TENANT, Outcome.UNPROVEN), (TENANT[::-1], Outcome.ISOLATED)]
)
def test_behind_a_pooler_for_all_the_user_tells_whose_it_is(
    theirs: str, tenant: str, outcome: Outcome, tmp_path: Path
) -> None:
    """One host for every project: by itself it says nothing, and with the user everything."""
    ours = f"LEGACY_DB_HOST={POOLER}\nLEGACY_DB_PORT=6543\nLEGACY_DB_USER=postgres.{tenant}"
    outcome = Outcome.UNPROVEN if tenant == TENANT else Outcome.ISOLATED
    assert reused(tmp_path, theirs, ours).outcome is outcome


@pytest.mark.parametrize(
    ("theirs", "ours", "named"),
    [
        ("LEGACY_CACHE_HOST=shared.example", "SESSIONS_URL=redis://shared.example:6380/1", "SESSIONS_URL"),
        ("LEGACY_HOST=my.example\nLEGACY_PORT=3306", "SHOP_URL=mysql://a@my.example/app", "SHOP_URL"),
        ("LEGACY_CACHE_HOST=cache.staging.example", "", "REDIS_URL"),
    ],
)
def test_a_store_of_stagings_at_a_host_of_productions_is_found(
    theirs: str, ours: str, named: str, tmp_path: Path
) -> None:
    """Whichever side writes the address, and whichever the host alone."""
    found = reused(tmp_path, theirs, ours)
    assert found.outcome is Outcome.UNPROVEN
    assert named in found.judgement.about
    assert f"{named} names the server of production's LEGACY" in found.judgement.summary


def test_a_token_with_dots_is_no_host(tmp_path: Path) -> None:
    """What stands in a half or a seal in clear is a host, whatever else JSON or a list holds beside it."""
    token = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs"
    held = {"discord": {"id": token, "password": "a.word"}, "db": {"host": "db.example"}}
    text = f"NODE_CONFIG={json.dumps(held)}\nSERVICE_URLS={json.dumps(held)}"
    (tmp_path / "disjoint.toml").write_text(MANIFEST)
    for side in ("production", "staging"):
        (tmp_path / f".env.{side}").write_text(f"{OWN.format(side=side)}{text}\nSERVER_ARGS=--x {token}\n")
    proof = pipeline.verify(pipeline.load(tmp_path / "disjoint.toml"), offline=True)
    assert {each.host for each in proof.staging.hosts} == {"db.example"}
    assert {each.address.shown for each in proof.staging.endpoints if each.variable == "SERVICE_URLS"} == {
        "https://db.example"
    }


@pytest.mark.parametrize(
    "line",
    [
        "DB_PASSWORD=a/b@kq2lzr8xv.w7pty/x",
        "APP=Server=db.example;Password={x;Server=kq2lzr8xv.w7pty};Database=d",
        'DB_SECRET={"host": "db.example", "password": "kq2lzr8xv.w7pty"}',
        "APP=u:kq2lzr8xv@w7pty@tcp(db.example)/d",
    ],
)
def test_a_piece_of_a_password_is_no_host(line: str, tmp_path: Path) -> None:
    """Whatever a driver's string looks like inside it."""
    (tmp_path / "disjoint.toml").write_text(MANIFEST)
    for side in ("production", "staging"):
        (tmp_path / f".env.{side}").write_text(f"{OWN.format(side=side)}{line}\n")
    proof = pipeline.verify(pipeline.load(tmp_path / "disjoint.toml"), offline=True)
    shown = [each.host for each in proof.staging.hosts] + [e.address.shown for e in proof.staging.endpoints]
    assert not any("w7pty" in text or "kq2lzr8xv" in text for text in (*shown, repr(proof.findings)))


@pytest.mark.parametrize(
    "accepted",
    ["SHOP_URL=mysql://a@my.prod.example/app", "REPORTS=postgresql://a@dw.prod.example:6432/other"],
)
def test_whoever_accepts_one_variable_accepts_no_host_beside_it(accepted: str, tmp_path: Path) -> None:
    """What is found of a URL, shared or unproven, hides nothing of what is found of a host."""
    found = reused(tmp_path, THEIRS, f"{accepted}\nLEGACY_HOST=m0.prod.example")
    name, theirs = accepted.partition("=")[0], "SHOP_URL" if "SHOP" in accepted else "REPORTS_URL"
    assert set(found.judgement.about) == {"LEGACY_HOST", "DOCS_URL", name, theirs}
    assert found.outcome is (Outcome.SHARED if "SHOP" in accepted else Outcome.UNPROVEN)
    assert "LEGACY_HOST names the server of production's DOCS_URL" in found.judgement.summary


def test_thousands_of_hosts_on_both_sides_are_soon_compared(tmp_path: Path) -> None:
    """Each with a port of its own, in variables and in addresses."""
    text = "\n".join(f"H{n}_DB_HOST=h{n}.SIDE.example\nH{n}_DB_PORT={n + 1}" for n in range(1_000))
    began = time.process_time()
    theirs = "\n".join(f"U{n}=mysql://h{n}.prod.example:{n + 1}/x" for n in range(1_000))
    found = reused(tmp_path, f"{theirs}\n{text.replace('SIDE', 'prod')}", text.replace("SIDE", "staging"))
    assert found.outcome is Outcome.ISOLATED
    assert time.process_time() - began < 5


def test_one_provider_and_one_host_in_thousands_of_variables_are_soon_told(tmp_path: Path) -> None:
    """Each is named with a few of production's, and servers of one domain are not all compared."""
    began = time.process_time()
    theirs = "\n".join(f"U{n}=postgresql://a@h{n}.{RDS}/x\nP{n}_DB_HOST=one.example" for n in MANY)
    ours = "\n".join(f"G{n}_DB_HOST=g{n}.{RDS}\nS{n}_DB_HOST=one.example" for n in MANY)
    found = reused(tmp_path, theirs, ours)
    assert all(f"S{n}_DB_HOST names" in found.judgement.summary for n in MANY)
    assert (
        found.judgement.about == ()
    )  # of so many names not all are told, and whoever accepts some accepts them
    assert len(found.judgement.summary) < 1_000_000
    assert time.process_time() - began < 20


@pytest.mark.parametrize("place", ["arn:aws:sqs:eu-west-1:123456789012:", "mysql://db/", "redis://db/"])
def test_one_door_for_everybody_in_thousands_of_variables_is_soon_passed(place: str, tmp_path: Path) -> None:
    """Nothing follows from it, however many go in by it on both sides."""
    began = time.process_time()
    sides = ("\n".join(f"U{n}={place}{start + n}" for n in MANY) for start in (0, 10_000))
    assert reused(tmp_path, *sides).outcome is Outcome.ISOLATED
    assert time.process_time() - began < 4


@pytest.mark.parametrize("word", ["_", "HOST", "DB_HOST", "A"])
def test_a_name_of_a_hundred_thousand_letters_is_soon_read(word: str, tmp_path: Path) -> None:
    """What anybody may write into a file of variables takes no time of its square."""
    name = f"X{word * (100_000 // len(word))}_DB_HOST"
    began = time.process_time()
    found = reused(tmp_path, f"{name}=one.example", f"{name}=one.example")
    assert found.outcome is Outcome.UNPROVEN
    assert time.process_time() - began < 5
