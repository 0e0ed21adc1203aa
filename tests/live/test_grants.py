"""The printed recipes are enough, and are what `disjoint explain --grants` prints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from disjoint import pipeline
from disjoint.cli.explain import command
from disjoint.demo.servers.postgres import PostgresServer
from disjoint.demo.servers.valkey import Account, ValkeyServer
from disjoint.demo.stack import BROKER, RESULTS, Servers
from disjoint.demo.world import HALVES, World, database_url, place
from disjoint.kinds.bucket import grants as bucket
from disjoint.kinds.postgres import canary, grants
from disjoint.kinds.postgres.facts import PostgresDeclared
from disjoint.kinds.redis import marks
from disjoint.kinds.redis.address import login as redis_login
from disjoint.model.environment import Environment, Setting, Target
from disjoint.model.experiment import Party
from disjoint.model.fact import Known
from disjoint.model.finding import Finding, Grade, Outcome
from disjoint.model.secret import Secret
from disjoint.runner.visit import Visit

pytestmark = pytest.mark.live


def printed(kind: str, *options: str) -> str:
    """What the command prints."""
    shown = CliRunner().invoke(command, ["--grants", kind, *options])
    assert shown.exit_code == 0, shown.output
    return shown.output


def recipe(kind: str, what: str) -> str:
    """One recipe, as it is printed."""
    recipes = pipeline.recipes(kind)
    text = next(text for for_what, text in recipes.items() if for_what.startswith(what))
    assert text in printed(kind)
    return text


def role(server: PostgresServer, database: str, *texts: str) -> str:
    """Run exactly the printed SQL, with database and password filled in; the password."""
    password = server.supervisor.secret()
    with server.admin(database) as admin:
        for text in texts:
            admin.execute(text.replace("PASSWORD 'PASSWORD'", f"PASSWORD '{password}'").replace(
                '"DATABASE"', f'"{database}"'
            ).encode())  # fmt: skip
    return password


def user(server: ValkeyServer, text: str, *more: str) -> Account:
    """Run exactly the printed ACL lines, with the password filled in."""
    password = server.supervisor.secret()
    for line in (text, *more):
        server.ask(*_words(line, password))
    return Account(text.split()[2], password)


def _words(text: str, password: str) -> Iterator[str]:
    """As redis-cli cuts them; a selector in round brackets is one word."""
    plain, bracket, selector = text.replace(">PASSWORD", f">{password}").partition("(")
    yield from plain.split()
    if bracket:
        yield f"({selector}"


@pytest.fixture(scope="module")
def least(running: Any) -> Iterator[dict[str, dict[str, str]]]:
    """Variables of both environments, whose every login has only what is printed."""
    variables = {}
    for servers in (running.production, running.staging):
        variables[servers.environment] = _least(servers, running.store)
    yield variables
    for servers in (running.production, running.staging):
        with servers.postgres.admin(servers.login.database) as admin:
            for name in ("disjoint", "disjoint_look"):
                admin.execute(f"DROP OWNED BY {name}; DROP ROLE {name}".encode())


def _least(servers: Servers, store: Any) -> dict[str, str]:
    name, database = servers.environment, servers.login.database
    own = [recipe("postgres", "verify"), recipe("postgres", "stamp")]
    if name == "staging":
        own.append(recipe("postgres", "tables"))
    word = role(servers.postgres, database, *own)
    role(servers.postgres, database, recipe("postgres", "look"))
    at_cache, of_broker = [recipe("redis", "verify")], [recipe("celery", "verify")]
    if name == "staging":
        at_cache.append(recipe("redis", "replica-or-copy"))
        of_broker.append(recipe("celery", "foreign-worker"))
    of_broker.append(recipe("celery", "schedules"))
    cache, broker = user(servers.cache, *at_cache), user(servers.broker, *of_broker)
    at_broker = place("broker", name, 6379)
    actions = tuple(json.loads(recipe("bucket", "verify"))["Action"])
    if name == "production":
        actions += tuple(json.loads(recipe("bucket", "reach"))["Action"])
    actions += tuple(json.loads(recipe("bucket", "replication"))["Action"])
    key = store.user(f"disjoint-{name}", [servers.bucket], actions)
    login = servers.login._replace(user="disjoint", password=word)
    return {
        "DATABASE_URL": database_url(place("postgres", name, 5432), login),
        "REDIS_URL": servers.cache.url(place("cache", name, 6379), account=cache),
        "CELERY_BROKER_URL": servers.broker.url(at_broker, BROKER, broker),
        "CELERY_RESULT_BACKEND": servers.broker.url(at_broker, RESULTS, broker),
        "AWS_ACCESS_KEY_ID": key.access,
        "AWS_SECRET_ACCESS_KEY": key.secret,
    }


def test_the_recipes_are_enough_for_everything(
    world: World, least: dict[str, dict[str, str]], tmp_path: Path
) -> None:
    """Every row as with the applications' own logins: nothing is open for want of a grant."""
    whole = pipeline.verify(pipeline.load(world.write(tmp_path)))
    for half in HALVES:
        world = world.setting(half, **least[half])
    proof = pipeline.verify(pipeline.load(world.write(tmp_path)))
    assert [row.outcome for row in proof.matrix] == [Outcome.ISOLATED] * len(proof.matrix), [
        (f.rule, f.judgement.summary, f.judgement.remedy)
        for f in proof.findings
        if f.outcome is not Outcome.ISOLATED
    ]
    weaker = {
        key: grade for key, grade in graded(whole.findings).items() if graded(proof.findings)[key] < grade
    }
    assert weaker == {}
    assert proof.footprint.writes == 0


def graded(findings: tuple[Finding, ...]) -> dict[tuple[str, str], Grade]:
    return {(f.rule, f.resource): f.judgement.grade for f in findings}


def test_what_is_shared_is_seen_by_the_recipes_too(
    world: World, least: dict[str, dict[str, str]], tmp_path: Path
) -> None:
    """Staging's roles on production's own servers."""
    production = least["production"]
    for half in HALVES:
        world = world.setting(half, **production)
    proof = pipeline.verify(pipeline.load(world.write(tmp_path)))
    shared = {f.rule for f in proof.findings if f.outcome is Outcome.SHARED}
    assert {"postgres/same-server", "redis/same-server", "celery/same-broker"} <= shared


def test_a_looking_role_needs_connect_alone(world: World, least: dict[str, dict[str, str]]) -> None:
    """PostgreSQL: both channels and both controls; it may read no table."""
    servers = world.stack.production
    with servers.postgres.admin(servers.login.database) as admin:
        admin.execute("ALTER ROLE disjoint_look PASSWORD 'known'")
    login = servers.login._replace(user="disjoint_look", password="known")
    url = database_url(f"127.0.0.1:{servers.postgres.port}", login)
    environment = Environment("production", True, {}, ".env")
    setting = Setting(Secret(url), ("DATABASE_URL",), ".env:1")
    target = Target(
        "database", "postgres", environment, PostgresDeclared(url="$DATABASE_URL"), {"url": Known(setting)}
    )
    with Visit.alone(environment) as visit:
        looked = canary.look(Party(target, visit), "0123456789abcdef")
    assert set(looked.own.values()) == {Known(True)}
    assert set(looked.theirs.values()) == {Known(False)}
    assert "SELECT ON" not in printed("postgres", "--split")
    assert grants.LOOK in printed("postgres", "--split")


def test_a_looking_user_needs_four_commands(world: World) -> None:
    """Redis: the control holds in a channel that nobody else has."""
    cache = world.stack.production.cache
    looking = user(cache, recipe("redis", "look"))
    environment = Environment("production", True, {}, ".env")
    with Visit.alone(environment) as visit:
        looked = marks.looked(
            redis_login(cache.url(f"127.0.0.1:{cache.port}", account=looking)), visit, "0" * 32
        )
    assert Known(True) in looked.own.values()
    with closing(cache.admin()) as admin:
        admin.acl_deluser(looking.user)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("postgres", "GRANT CONNECT"),
        ("redis", "ACL SETUSER"),
        ("bucket", "s3:ListBucket"),
        ("celery", "ACL SETUSER"),
    ],
)
def test_each_is_printed(kind: str, words: str) -> None:
    """As text to copy; the smaller one by itself."""
    assert words in printed(kind)
    smaller = printed(kind, "--split")
    assert words in smaller
    assert len(smaller) < len(printed(kind))
    assert bucket.BUCKET in printed("bucket")
