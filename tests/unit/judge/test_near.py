"""Many addresses against many: what is left out of a comparison cannot be equal."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disjoint.judge.ask import Kinds
from disjoint.judge.cross import override
from disjoint.judge.near import Near
from disjoint.judge.permit import permitted
from disjoint.judge.reused import endpoint_reused
from disjoint.kinds.bucket.address import parse as bucket
from disjoint.kinds.postgres.facts import PostgresDeclared, PostgresFacts
from disjoint.kinds.redis.facts import RedisDeclared, RedisFacts
from disjoint.kinds.registry import BY_NAME, KINDS
from disjoint.kinds.variables.endpoints import endpoints
from disjoint.model.address import Address, Likeness, Nearness
from disjoint.model.engine import as_url, compare_foreign, near_foreign, read_foreign
from disjoint.model.environment import Environment, Variable
from disjoint.model.fact import Absent, Fact, Known, Unknown
from disjoint.model.finding import Outcome
from disjoint.model.manifest import Resource
from disjoint.model.secret import Secret
from disjoint.model.snapshot import NamedHost, Observed, Snapshot

CASES = Path(__file__).parent.parent / "kinds"
NOW = datetime(2026, 1, 10, tzinfo=UTC)
HOSTS = st.sampled_from(
    [
        *(
            "db.shop.example",
            "DB.Shop.example.",
            "b\u00fccher.example",
            "xn--bcher-kva.example",
            "db",
            "localhost",
        ),
        *("8.8.8.8", "134744072", "0x08.8.8.8", "[::ffff:8.8.8.8]", "[2606:4700::2]", "[2606:4700:0:0::2]"),
        *("10.0.0.1", "ep-cool-1.eu.aws.neon.tech", "ep-cool-1-pooler.eu.aws.neon.tech", "db.prisma.io"),
        *("db.abcdefghij.supabase.co", "aws-0-eu.pooler.supabase.com", "dpg-abcdefghij0123456789-a"),
        *("a.cluster-x1.eu-west-1.rds.amazonaws.com", "a.cluster-ro-x1.eu-west-1.rds.amazonaws.com"),
        *(
            "dpg-abcdefghij0123456789-a.oregon-postgres.render.com",
            "r1.proxy.rlwy.net",
            "db.railway.internal",
        ),
        *(
            "master.c.x1.euw1.cache.amazonaws.com",
            "replica.c.x1.euw1.cache.amazonaws.com",
            "red-1-redis.render.com",
        ),
    ]
)
PORTS = st.sampled_from(["", "", "", ":5432", ":6379", ":05432", ":0", ":6543", ":5671", ":3306"])
OBJECTS = st.sampled_from(["", "0", "1", "app", "orders", "%6frders"])
USERS = st.sampled_from(["", "", "a@", "b:c@", "postgres.abcdefghij@"])
FORMS: Mapping[str, tuple[str, ...]] = {
    "postgres": (
        "postgres://{u}{h}{p}/{o}", "postgresql+psycopg://{u}{h}{p}/{o}", "jdbc:postgresql://{h}{p}/{o}",
        "host={h} dbname={o}", "host={h},{g} port=5432 dbname={o}", "postgres://{u}{h}{p},{g}/{o}",
        "postgres:///{o}?host={h}", "postgres://{g}/{o}?hostaddr={h}", "postgres://{h}/{o}?options=endpoint%3Dx",
        "postgres:///{o}?host=/cloudsql/a:b:c", "postgres://{h}?service=x", "cockroachdb://{h}{p}/{o}",
        "mysql://{h}{p}/{o}", "mysql2://{h}{p}/{o}", "https://{h}/{o}",
    ),
    "redis": (
        "redis://{u}{h}{p}/{o}", "rediss://{u}{h}{p}?db={o}", "valkey://{h}{p}", "redis://{u}?host={h}&db={o}",
        "redis+sentinel://{h},{g}/{o}/0", "redis-sentinel://{g},{h}#app", "unix:///run/{o}.sock",
        "mysql://{h}{p}/{o}", "https://{h}/{o}",
    ),
    "celery": (
        "amqp://{u}{h}{p}/{o}", "amqps://{u}{h}/{o}", "pyamqp://{h}/{o}", "redis://{u}{h}{p}/1", "redis://{g}/0;redis://{h}/{o}",
        "amqp://{g}/{o};amqp://{h}/", "sentinel://{h}/0;sentinel://{g}/0", "db+postgresql://{u}{h}{p}/{o}",
        "db+mysql://{h}/{o}", "cache+memcached://{h};{g}/", "sqs://", "{h}", "mongodb://{h},{g}/{o}", "rpc://",
    ),
    "web": ("https://{u}{h}{p}/{o}", "http://{h}/{o}", "{h}", "wss://{h}:443", "http:{h}", "https://d\u0430b.example"),
}  # fmt: skip
FOREIGN = (
    "mysql://{u}{h}{p}/{o}", "mariadb://{h}/{o}", "mongodb://{h},{g}/{o}", "mongodb+srv://{u}{h}/{o}",
    "jdbc:mysql://{h}{p}/{o}", "jdbc:sqlserver://{h};databaseName={o}", "kafka://{h},{g}", "sqlite:///{o}",
    "oracle://{h}/{o}", "postgres://{h}/{o}", "https://{h}",
)  # fmt: skip
BUCKETS = st.builds(
    lambda text, name, at: bucket(text.format(n=name), at),
    st.sampled_from([
        "{n}", "s3://{n}/key", "gs://{n}", "arn:aws:s3:::{n}", "https://{n}.s3.amazonaws.com/key", "https://x.{n}/key",
        "https://s3.eu-west-1.amazonaws.com/{n}/key", "https://{n}.minio.example:9000/key", "https://d1.cloudfront.net/{n}",
        "https://minio.example:9000/{n}", "https://{n}.a1.r2.cloudflarestorage.com", "https://cdn.example/{n}",
        "https://a1.r2.cloudflarestorage.com/{n}", "https://storage.googleapis.com/{n}", "",
        "{n}-abcdefghijklmnopqrstuvwxyz0123456-s3alias",
    ]),
    st.sampled_from(["uploads", "my.files", "key", "minio.example:9000"]),
    st.sampled_from([
        None, "https://minio.example:9000", "https://uploads.minio.example:9000", "http://127.0.0.1:9000", "http://minio:9000",
        "https://s3.eu-west-1.amazonaws.com", "https://a1.r2.cloudflarestorage.com", "https://minio.example:9000/base",
    ]),
)  # fmt: skip


def texts(*forms: str) -> st.SearchStrategy[str]:
    """Addresses of a few servers, each in many spellings."""
    return st.builds(
        lambda form, **parts: form.format(**parts),
        st.sampled_from(forms), h=HOSTS, g=HOSTS, p=PORTS, o=OBJECTS, u=USERS,
    )  # fmt: skip


def in_common(likeness: Likeness, a: Nearness, b: Nearness) -> bool:
    """Whether they have what they must, for what comparison says of them."""
    objects = likeness.verdict != "same" or a.objects & b.objects
    servers = "same" not in {likeness.verdict, likeness.of_server} or a.servers & b.servers
    return bool(objects) and bool(servers)


@pytest.mark.parametrize("name", sorted(FORMS))
@given(st.data())
def test_equal_addresses_have_something_in_common(name: str, data: st.DataObject) -> None:
    """Whatever the kind's comparison calls the same, object or server, in both orders."""
    kind = BY_NAME[name]
    read = [kind.read(text) for text in data.draw(st.lists(texts(*FORMS[name]), min_size=2, max_size=12))]
    for a, b in itertools.product(read, repeat=2):
        assert in_common(kind.compare(a, b), kind.near(a), kind.near(b)), (a, b)


@given(st.lists(BUCKETS, min_size=2, max_size=12))
def test_equal_buckets_have_something_in_common(read: list[Address]) -> None:
    """By name, by alias, and as sub-domain and as path."""
    kind = BY_NAME["bucket"]
    for a, b in itertools.product(read, repeat=2):
        assert in_common(kind.compare(a, b), kind.near(a), kind.near(b)), (a, b)


@given(st.lists(texts(*FOREIGN), min_size=2, max_size=12))
def test_equal_addresses_of_other_engines_have_something_in_common(written: list[str]) -> None:
    """One host among their lists, at least."""
    read = [found for text in written if (found := read_foreign(as_url(text))) is not None]
    for a, b in itertools.product(read, repeat=2):
        assert in_common(compare_foreign(a, b), near_foreign(a), near_foreign(b)), (a, b)


@pytest.mark.parametrize("file", ["address_cases", "bucket_cases", "web_cases"])
def test_the_known_cases_have_something_in_common(file: str) -> None:
    """Every pair that is known to be one."""
    lines = [json.loads(line) for line in (CASES / f"{file}.jsonl").read_text().splitlines()]
    read = [(BY_NAME[case["kind"]], case["a"], case["b"]) for case in lines if case["kind"] in BY_NAME]
    pairs = [
        (kind, kind.read(a or ""), kind.read(b or "")) for kind, a, b in read if kind.name != "variables"
    ]
    assert sum(kind.compare(a, b).verdict == "same" for kind, a, b in pairs) > 20
    for kind, a, b in pairs:
        assert in_common(kind.compare(a, b), kind.near(a), kind.near(b)), (a, b)


def facts_of(kind: type[Any], address: Fact[Address]) -> Any:
    blank = Unknown("not read")
    return kind(
        **{field.name: address if field.name == "address" else blank for field in dataclasses.fields(kind)}
    )


DATABASE = Resource("database", "postgres", PostgresDeclared(url="$V0"))
CACHE = Resource("cache", "redis", RedisDeclared(url="$CACHE_URL"))
RESOURCES = (DATABASE, CACHE)


def snapshot(name: str, values: Sequence[str]) -> Snapshot:
    """An environment with these values in variables, the first of them its database's."""
    protected = name == "production"
    held = {f"V{n}": Variable(f"V{n}", Known(Secret(value)), ".env") for n, value in enumerate(values)}
    environment = Environment(name, protected, held, ".env", {})
    facts = {
        "database": facts_of(PostgresFacts, Known(BY_NAME["postgres"].read(values[0]))),
        "cache": facts_of(RedisFacts, Unknown("not read")),
    }
    present: Mapping[str, Fact[str]] = {"database": Known("V0"), "cache": Absent("not set")}
    observed = {r.name: Observed(r.name, r.kind, facts[r.name], present[r.name], 0.1) for r in RESOURCES}
    return Snapshot(name, protected, NOW, observed, endpoints(environment, KINDS, ()), {})


def every(self: Near, ours: Address) -> Any:
    """The slow way: whatever there is may be the same."""
    return ((name, address) for name, address in self._theirs if address.kind == ours.kind)


@pytest.mark.parametrize("pool", ["any", "postgres", "redis"])
@given(st.data())
def test_the_quick_way_finds_what_the_slow_one_does(pool: str, data: st.DataObject) -> None:
    """Of all kinds at once, and of those that meet on one server: to the letter."""
    theirs, ours = (data.draw(st.lists(POOLS[pool], min_size=1, max_size=8)) for _ in range(2))
    production, staging = snapshot("production", theirs), snapshot("staging", ours)
    sides = (BY_NAME, RESOURCES, production, staging)
    found = endpoint_reused(*sides), permitted(*sides, "cache"), *override(*sides)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Near, "objects", every)
        patch.setattr(Near, "servers", every)
        assert (endpoint_reused(*sides), permitted(*sides, "cache"), *override(*sides)) == found


POOLS = {
    "any": texts(*FOREIGN, *itertools.chain.from_iterable(FORMS.values())),
    "postgres": texts(*FORMS["postgres"]),
    "redis": texts(*FORMS["redis"], *FORMS["celery"]),
}


def test_no_mark_is_stored_beside_another_database_of_productions_server() -> None:
    """The objects differ, and what is stored is on the server that they have in common."""
    theirs, ours = (["postgres://a.example/a", f"redis://r.example/{db}"] for db in (1, 2))
    sides = (snapshot("production", theirs), snapshot("staging", ours))
    refused = permitted(BY_NAME, RESOURCES, *sides, "cache")
    assert isinstance(refused, Unknown)
    assert "V1 names its server" in refused.reason


@pytest.mark.parametrize(
    "ours",
    ["redis://r.example:6380/1", "rediss://r.example:6380", "amqp://a@mq.example", "amqps://mq.example/x"],
)
def test_no_mark_is_stored_at_another_port_of_productions_host(ours: str) -> None:
    """It may be a pooler's, or TLS of the same server."""
    theirs = "redis://r.example/1" if "redis" in ours else ours.replace("amqp", "amqps")
    theirs = theirs.replace("amqpss", "amqp")
    production = snapshot("production", ["postgres://production.example/a", theirs])
    staging = snapshot("staging", ["postgres://staging.example/a", ours])
    refused = permitted(BY_NAME, RESOURCES, production, staging, "cache")
    assert isinstance(refused, Unknown)
    assert "V1 names its server" in refused.reason


def test_no_mark_is_stored_at_a_host_that_stands_alone_in_production() -> None:
    """Nobody asked that server who it is, and staging's variables write its address."""
    production = snapshot("production", ["postgres://a.example/a", "redis://p.example/1"])
    named = dataclasses.replace(production, hosts=(NamedHost("LEGACY_HOST", ".env:1", "r.example", ()),))
    staging = snapshot("staging", ["postgres://b.example/a", "redis://r.example/1"])
    assert permitted(BY_NAME, RESOURCES, production, staging, "cache") == Known("cache")
    refused = permitted(BY_NAME, RESOURCES, named, staging, "cache")
    assert isinstance(refused, Unknown)
    assert "LEGACY_HOST" in refused.reason


def test_what_libpq_alone_follows_is_found_where_it_leads() -> None:
    """The URL's own host is another for every client that does not follow the redirection."""
    text = "postgres://own.example/a?hostaddr=8.8.8.8"
    for theirs, found in (("8.8.8.8", 1), ("own.example", 0), ("9.9.9.9", 0)):
        sides = (snapshot("production", [f"postgres://{theirs}/a"]), snapshot("staging", [text]))
        assert len([*override(BY_NAME, RESOURCES, *sides)]) == found, theirs


MANY = 2_000


def many(side: str) -> list[str]:
    """Stores of an environment's own, of several kinds and engines, each on a server of its own."""
    forms = (
        "postgres://db{n}.{s}.example/app",
        "redis://r{n}.{s}.example/0",
        "amqp://q{n}.{s}.example/v",
        "mysql://m{n}.{s}.example/a",
    )
    return [forms[n % len(forms)].format(n=n, s=side) for n in range(MANY)]  # fmt: skip


def counted(asked: list[int]) -> Kinds:
    """The kinds, which count what they compare."""

    def counting(kind: Any) -> Any:
        def compare(a: Any, b: Any) -> Likeness:
            asked[0] += 1
            answer: Likeness = kind.compare(a, b)
            return answer

        return dataclasses.replace(kind, compare=compare)

    return {name: counting(kind) for name, kind in BY_NAME.items()}


def test_ordinary_environments_are_compared_in_a_time_that_grows_as_they_do() -> None:
    """Servers of their own: none is compared with another; one in common is found among all."""
    asked = [0]
    kinds = counted(asked)
    production, staging = snapshot("production", many("production")), snapshot("staging", many("staging"))
    assert endpoint_reused(kinds, RESOURCES, production, staging).outcome is Outcome.ISOLATED
    assert permitted(kinds, RESOURCES, production, staging, "cache") == Known("cache")
    assert asked[0] < 2 * MANY
    mixed = snapshot("staging", [*many("staging"), many("production")[7], many("production")[13]])
    found = endpoint_reused(kinds, RESOURCES, production, mixed)
    assert found.outcome is Outcome.SHARED
    assert found.judgement.about == ("V13", f"V{MANY}", f"V{MANY + 1}", "V7")
    assert asked[0] < 4 * MANY


def test_thousands_of_databases_of_one_server_are_told_in_lines_and_not_in_pairs() -> None:
    """Each of staging's is told, with a few of production's that are on its server or are itself."""
    theirs = [f"postgres://db.example/tenant{n}" for n in range(MANY)]
    for ours, outcome, named in (("copy{n}", Outcome.UNPROVEN, 0), ("tenant{n}", Outcome.SHARED, MANY + 1)):
        asked = [0]
        staging = snapshot("staging", ["postgres://own.example/a", *_databases(ours)])
        found = endpoint_reused(counted(asked), RESOURCES, snapshot("production", theirs), staging)
        assert found.outcome is outcome
        assert len(found.judgement.about) == named, "more names than are told are accepted by none"
        assert len(found.judgement.evidence) <= 8 * MANY
        assert asked[0] < 12 * MANY


def _databases(named: str) -> list[str]:
    return [f"postgres://db.example/{named.format(n=n)}" for n in range(MANY)]
