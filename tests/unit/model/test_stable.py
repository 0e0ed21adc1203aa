"""The stable part: what changes it and what does not, over every kind."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disjoint.kinds.registry import BY_NAME, KINDS
from disjoint.kinds.variables.facts import Digested, LiveKey, VariablesFacts
from disjoint.model.address import Address
from disjoint.model.fact import Absent, Fact, Known, Unknown
from disjoint.model.kind import Kind
from disjoint.model.secret import RunKey
from disjoint.model.snapshot import Endpoint, NamedHost, Observed, Snapshot
from disjoint.model.stable import marks, stable_part
from samples import TAKEN_AT, Samples

EACH_KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
KEY = RunKey(b"k" * 32)
WORLDS = 300
STABLE = {
    "postgres": "address database database_oid system_identifier",
    "redis": "address database role",
    "celery": "backend backend_database broker broker_database pidbox result_prefix",
    "bucket": "address owner",
    "web": "address named",
    "variables": "label live_keys platform secrets unresolved",
}
"""Whatever a restart, a new container or a deployment changes is none of them."""


def snapshot(kind: Kind[Any, Any], facts: object, **others: Any) -> Snapshot:
    """A snapshot of one resource."""
    observed = Observed("it", kind.name, facts, Known(".env:1"), 0.1)
    fields: dict[str, Any] = {"endpoints": (), "override": {}, **others}
    return Snapshot("staging", False, TAKEN_AT, {"it": observed}, **fields)


def part(taken: Snapshot, key: RunKey = KEY, policy: str = "sha256:0") -> str:
    """Its stable part as text."""
    return json.dumps(stable_part(BY_NAME, taken, policy, key.digest), sort_keys=True)


def essence(fact: Fact[Any]) -> object:
    """What of a fact is more than a place, an order or the words of a reason; told by hand, for the tests."""
    match fact:
        case Absent():
            return "absent"
        case Unknown():
            return "unread"
        case Known(tuple() as several) if several and isinstance(several[0], Digested):
            names = {each.variable for each in several}
            return {n: frozenset().union(*(e.forms for e in several if e.variable == n)) for n in names}
        case Known(tuple() as several) if several and isinstance(several[0], LiveKey):
            return {(each.variable, each.vendor) for each in several}
        case Known(tuple() as several) if not isinstance(several, Address):
            return [sorted(several), {}][not several]
        case Known(Address() as address):
            return (type(address), *address) if isinstance(address, tuple) else address
        case Known(value):
            return value


@EACH_KIND
def test_what_is_stable_is_a_fact(kind: Kind[Any, Any]) -> None:
    """Every name that a kind calls stable is a field of its facts, and no restart changes it."""
    names = set(kind.stable(Samples(kind, 0).facts()))
    assert names == set(STABLE[kind.name].split())
    assert names < {f.name for f in dataclasses.fields(kind.facts)}


@EACH_KIND
def test_stable_facts_and_no_others_change_the_part(kind: Kind[Any, Any]) -> None:
    """Each stable fact, drawn anew as another, changes it; each other fact leaves it as it was."""
    changed, stable = set[str](), frozenset[str]()
    for seed in range(WORLDS):
        facts, other = Samples(kind, seed).facts(), Samples(kind, seed + WORLDS).facts("staging")
        stable = frozenset(kind.stable(facts))
        for field in dataclasses.fields(kind.facts):
            before, after = getattr(facts, field.name), getattr(other, field.name)
            anew = dataclasses.replace(facts, **{field.name: after})
            same = part(snapshot(kind, facts)) == part(snapshot(kind, anew))
            matters = field.name in stable and essence(before) != essence(after)
            assert same is not matters, (field.name, seed, before, after)
            changed |= {field.name} if matters else set()
    assert changed == stable


@EACH_KIND
def test_equal_under_one_key_and_under_no_other(kind: Kind[Any, Any]) -> None:
    """Addresses are digested: the same snapshot under two keys has nothing in common but what is shown."""
    for seed in range(30):
        facts = Samples(kind, seed).facts()
        taken = snapshot(kind, facts, override={"PGHOST": Known("db.example")})
        assert part(taken) == part(taken, RunKey(b"k" * 32))
        assert digests(part(taken))
        assert not digests(part(taken)) & digests(part(taken, RunKey(b"l" * 32)))


def digests(text: str) -> set[str]:
    """The digests in a part that its own key has made: samples hold none."""
    return set(re.findall(r"hmac:[0-9a-f]{32}", text))


def test_a_host_that_stands_alone_counts() -> None:
    """Code reads it as it reads an address; what each machine or network has of its own does not."""
    facts = Samples(BY_NAME["redis"], 3).facts()

    def told(variable: str, *hosts: str, ports: tuple[int, ...] = ()) -> str:
        named = tuple(NamedHost(variable, ".env:1", host, ports) for host in hosts)
        return part(snapshot(BY_NAME["redis"], facts, hosts=named))

    one = told("REPORTS_DB_HOST", "dw.staging.example")
    assert one not in (told("REPORTS_DB_HOST", "dw.prod.example"), told("REPORTS_DB_HOST"))
    assert one != told("NODE_CONFIG", "dw.staging.example")
    assert one != told("REPORTS_DB_HOST", "dw.staging.example", ports=(6432,))
    assert told("DB_HOSTS", "a.example", "b.example") == told("DB_HOSTS", "b.example", "a.example")
    assert "dw.staging" not in one
    for variable, host in (("HOSTNAME", "web-7.example"), ("POD_IP", "203.0.114.7"), ("DB_HOST", "10.0.0.7")):
        assert told(variable, host) == told(variable)


def test_nothing_of_the_moment_counts() -> None:
    """When, in which file, how long it took and why something is not known are left out."""
    kind = BY_NAME["redis"]
    facts = Samples(kind, 3).facts()
    taken = snapshot(kind, facts)
    later = dataclasses.replace(
        taken,
        taken_at=TAKEN_AT.replace(year=2027),
        resources={"it": dataclasses.replace(taken.resources["it"], present=Known("x:9"), seconds=9.0)},
    )
    assert part(taken) == part(later)
    for one, other in ((Unknown("timed out"), Unknown("refused", "GRANT it")), (Absent("a"), Absent("b"))):
        pair = [snapshot(kind, dataclasses.replace(facts, address=fact)) for fact in (one, other)]
        assert part(pair[0]) == part(pair[1])


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("environment", "preview"),
        ("protected", True),
        ("endpoints", ()),
        ("override", {}),
        ("unread", ()),
        ("resources", {}),
    ],
)
def test_each_part_of_a_snapshot_counts(name: str, other: Any) -> None:
    """Its name, side, endpoints, overrides and unread variables are part of what it is."""
    kind = BY_NAME["redis"]
    reached = Endpoint("CACHE_URL", ".env:2", kind.read("redis://a.example/0"), owned=True)
    taken = snapshot(
        kind,
        Samples(kind, 1).facts(),
        endpoints=(reached,),
        override={"PGHOST": Known("x")},
        unread=("A_URL",),
    )
    assert part(taken) != part(dataclasses.replace(taken, **{name: other}))
    assert part(taken) != part(taken, policy="sha256:1")


def endpoint(text: str, where: str = ".env:1", *, owned: bool = True) -> Endpoint:
    return Endpoint("CACHE_URL", where, BY_NAME["redis"].read(text), owned)


def with_endpoints(*endpoints: Endpoint) -> str:
    kind = BY_NAME["redis"]
    return part(snapshot(kind, Samples(kind, 1).facts(), endpoints=endpoints))


def test_an_endpoint_counts_by_where_it_leads() -> None:
    """Another line of the file and another spelling are one; another host, port or database is another."""
    one = with_endpoints(endpoint("redis://a.example/0"))
    assert one == with_endpoints(endpoint("redis://:secret@A.EXAMPLE.:6379/0", ".env:7"))
    for text in ("redis://b.example/0", "redis://a.example:6380/0", "redis://a.example/1"):
        assert one != with_endpoints(endpoint(text))
    assert one != with_endpoints(endpoint("redis://a.example/0", owned=False))


def test_a_password_that_was_cut_in_two_shows_nowhere() -> None:
    """Its second half reads as a host; the digest tells such addresses apart, and nothing shows it."""
    kind = BY_NAME["redis"]
    facts = [
        dataclasses.replace(Samples(kind, 1).facts(), address=Known(kind.read(text)))
        for text in (
            "redis://:pa@ss/hunter2@db.example",
            "redis://:pa@ss/hunter3@db.example",
            "redis://:p@x/q@y",
        )
    ]
    parts = [part(snapshot(kind, each)) for each in facts]
    assert not any("hunter" in each or '"ss' in each for each in parts)
    assert parts[0] != parts[2]


forms = st.frozensets(st.from_regex(r"hmac:[0-9a-f]{32}", fullmatch=True), min_size=1, max_size=3)
Held = list[tuple[str, str, frozenset[str]]]
held = st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from(("x:1", "x:2")), forms), max_size=5)


@given(held, st.randoms(use_true_random=False))
def test_secrets_count_by_name_and_not_by_order(secrets: Held, r: Any) -> None:
    """Variables in another order of another file are the same variables; a rotated one is not."""
    kind, facts = BY_NAME["variables"], Samples(BY_NAME["variables"], 1).facts()

    def of(several: Held) -> str:
        known = Known(tuple(Digested(*each) for each in several))
        assert isinstance(facts, VariablesFacts)
        return part(snapshot(kind, dataclasses.replace(facts, secrets=known)))

    moved = [(name, "y:9", digests) for name, _, digests in secrets]
    r.shuffle(moved)
    assert of(secrets) == of(moved)
    if secrets:
        name, where, _ = secrets[0]
        rotated = [(name, where, frozenset({"hmac:" + "e" * 31 + "f"})), *secrets[1:]]
        assert (of(secrets) == of(rotated)) is (set_of(secrets, name) == set_of(rotated, name))


@pytest.mark.parametrize(
    ("names", "compared"),
    [
        ({"SECRET_KEY"}, True),
        ({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}, True),
        ({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}, False),
        ({"GITHUB_TOKEN"}, False),
        ({"CI_JOB_TOKEN"}, False),
        ({"CI_DATABASE_PASSWORD"}, True),
        ({"ACTIONS_SECRET"}, True),
        ({"CI_REPOSITORY_URL (password)"}, False),
        ({"ACTIONS_RUNTIME_TOKEN"}, False),
        ({"MY_GITHUB_TOKEN"}, True),
        ({"STRIPE_KEY (in its JSON)"}, True),
    ],
)
def test_what_is_drawn_anew_for_every_run_or_session_is_no_rotation(names: set[str], compared: bool) -> None:
    """A CI's job token and a session's AWS keys differ each time; that they are there still counts."""
    kind, facts = BY_NAME["variables"], Samples(BY_NAME["variables"], 1).facts()

    def of(several: set[str], digest: str) -> str:
        known = Known(tuple(Digested(name, ".env:1", frozenset({digest})) for name in sorted(several)))
        return part(snapshot(kind, dataclasses.replace(facts, secrets=known)))

    assert (of(names, "hmac:1") != of(names, "hmac:2")) is compared
    assert of(names, "hmac:1") != of(set(), "hmac:1")


def set_of(secrets: Held, name: str) -> frozenset[str]:
    return frozenset().union(*(digests for each, _, digests in secrets if each == name))


def test_servers_are_known_again_by_what_they_said() -> None:
    """Every known mark of every resource stands among the marks; what was not read stands nowhere."""
    kind = BY_NAME["redis"]
    facts = Samples(kind, 1).facts()
    said = dataclasses.replace(facts, run_id=Known("hmac:1"), replication_ids=Known(("hmac:2",)))
    assert marks(BY_NAME, snapshot(kind, said)) == {"it": ["hmac:1", "hmac:2"]}
    silent = dataclasses.replace(said, run_id=Unknown("no"), replication_ids=Known(()))
    assert marks(BY_NAME, snapshot(kind, silent)) == {}
