"""Whatever `verify` calls production's in a variable, the guard refuses; what that leaves, it leaves, too."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import spellings
import test_hosts_alone
import test_stores_by_name
import test_stores_in_both

from disjoint import pipeline
from disjoint.certify.guarded import stable_key_of
from disjoint.guard.judging import found, once
from disjoint.guard.mentioned import RELAYS, Hosts
from disjoint.guard.policy import Policy, policy_in
from disjoint.guard.verdict import ISOLATED, SHARED, UNPROVEN, Reason, worst
from disjoint.model.fact import Known
from disjoint.model.finding import Outcome
from disjoint.model.manifest import Manifest
from disjoint.model.stores import names_store
from disjoint.sealed.policy import policy_of
from disjoint.sealed.strengthening import secrets_in

KEY = stable_key_of(b"k" * 32)
MANIFEST = test_stores_in_both.MANIFEST.replace('"https://storage.example"', '"$S3"')
OWN = test_stores_in_both.OWN + "S3=https://storage.example\n"
Row = tuple[str, str]


def loaded(
    directory: Path, production: str, staging: str, manifest: str = MANIFEST, own: str = OWN
) -> Manifest:
    """Both environments as files."""
    (directory / "disjoint.toml").write_text(manifest)
    for side, more in (("production", production), ("staging", staging)):
        (directory / f".env.{side}").write_text(f"{own.format(side=side)}{more}\n")
    return pipeline.load(directory / "disjoint.toml")


def stated(manifest: Manifest, *, blind: bool) -> Any:
    """What production's seal states for a guard."""
    secrets = secrets_in(manifest.production, manifest.public, KEY)
    plain = policy_of(manifest, manifest.production, secrets, KEY, blind=blind)
    return json.loads(json.dumps(plain))


def started(manifest: Manifest, policy: Policy) -> tuple[Reason, ...]:
    """Why the guard refuses a process with staging's variables; what is not resolved is as it was written."""
    text = (Path(manifest.source).parent / ".env.staging").read_text()
    raw = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    known = {
        n: v.value.value.reveal() for n, v in manifest.staging.variables.items() if isinstance(v.value, Known)
    }
    return once(found(policy, KEY, raw | known))


def compared(directory: Path, rows: Iterable[Row], tally: Counter[Outcome]) -> Iterator[str]:
    """Where the two disagree, beside a seal that names hosts and one that is blind."""
    sealed: dict[str, list[Policy]] = {}
    for theirs, ours in rows:
        manifest = loaded(directory, theirs, ours)
        if theirs not in sealed:
            sealed[theirs] = [policy_in({"policy": stated(manifest, blind=blind)}) for blind in (False, True)]
        proof = pipeline.verify(manifest, offline=True)
        (finding,) = [each for each in proof.findings if each.rule == "variables/endpoint-reused"]
        tally[finding.outcome] += 1
        for policy in sealed[theirs]:
            reasons = started(manifest, policy)
            refused = any(each.rule != "variables/secret-reused" for each in reasons)
            left = finding.outcome is Outcome.ISOLATED
            if refused is left and not (refused and spellings.is_stricter(theirs, ours)):
                yield f"{theirs[:60]!r} {ours!r}: verify {finding.outcome.name}, guard refused: {refused}"


@pytest.mark.parametrize("every", [61, pytest.param(1, marks=[pytest.mark.long, pytest.mark.timeout(600)])])
def test_each_spelling_of_a_server_is_judged_alike(every: int, tmp_path: Path) -> None:
    """By name, in lists, files, encodings, drivers' own forms; hosts, addresses, names of providers'."""
    tally = Counter[Outcome]()
    rows = [(spellings.PRODUCTION, ours) for ours in dict.fromkeys(spellings.rows(every))]
    assert not [*compared(tmp_path, rows, tally)]
    assert min(tally.values()) > 4
    assert tally[Outcome.UNPROVEN] > len(rows) / 4 < tally[Outcome.ISOLATED]


@pytest.mark.parametrize("every", [40, pytest.param(1, marks=[pytest.mark.long, pytest.mark.timeout(900)])])
def test_each_spelling_in_production_is_found_by_each_in_staging(every: int, tmp_path: Path) -> None:
    """What a seal says of a server does not hang on how production writes it."""
    tally = Counter[Outcome]()
    forms = [form.format(h="one.prod.example", b="one.prod.example", p=5433) for form in spellings.FORMS]
    rows = [(a, b) for at, a in enumerate(forms) for b in forms[at % every :: every]]
    assert not [*compared(tmp_path, rows, tally)]
    assert tally[Outcome.UNPROVEN] > len(rows) / 5


def tabled() -> Iterator[Row]:
    """Every row that `verify` is tried with: whoever adds one there adds it here."""
    for module in (test_hosts_alone, test_stores_in_both, test_stores_by_name):
        for test in (each for each in vars(module).values() if hasattr(each, "pytestmark")):
            for mark in test.pytestmark:
                yield from (row for each in mark.args[1] for row in _rows(each))


def _rows(written: object) -> Iterator[Row]:
    match written:
        case str() if "=" in written:
            yield test_hosts_alone.THEIRS, written
            yield written, written
        case (str(theirs), str(ours), *_) if "=" in theirs and "=" in ours:
            yield theirs, ours
            yield ours, theirs
        case _:
            pass


def test_each_row_that_verify_is_tried_with_is_judged_alike(tmp_path: Path) -> None:
    rows = [*dict.fromkeys(tabled())]
    tally = Counter[Outcome]()
    assert not [*compared(tmp_path, rows, tally)]
    assert len(rows) > 250
    assert min(tally[each] for each in Outcome) > 30


@pytest.mark.parametrize("seal", ["older", "older and blind"])
def test_a_seal_of_before_is_read_as_far_as_it_goes(seal: str, tmp_path: Path) -> None:
    """It lists no hosts: those of its addresses count, in a blind one on their usual ports."""
    manifest = loaded(tmp_path, "DOCS_URL=mongodb://m0.prod.example/app\nA_DB_HOST=alone.prod.example", "")
    older = stated(manifest, blind="blind" in seal)
    for name in ("hosts", "objects", "words"):
        del older[name]
    policy = policy_in({"policy": older})
    for ours, outcome in (
        ("X_HOST=m0.prod.example", SHARED),
        ("X_HOST=m0.prod.example:27017", SHARED),
        ("SESSIONS_HOST=cache.production.example", SHARED),
        ("X_HOST=m0.prod.example:25", ISOLATED),
        ("X_HOST=m1.prod.example", ISOLATED),
        ("X_HOST=alone.prod.example", ISOLATED),
    ):
        assert worst(started(loaded(tmp_path, "", ours), policy)) == outcome, ours


def test_what_a_seal_says_of_hosts_is_digests(tmp_path: Path) -> None:
    """None that is not in clear already stands there in clear, and a blind seal has none."""
    manifest = loaded(tmp_path, spellings.PRODUCTION, "")
    clear, blind = stated(manifest, blind=False), json.dumps(stated(manifest, blind=True)).lower()
    said = json.dumps([clear[name] for name in ("hosts", "objects", "words")]).lower()
    for host, _ in spellings.SERVERS:
        name = host.encode("idna").decode() if ":" not in host else host
        assert name not in said + blind
    for word in ("123456789012", "jobs", "europe-west1", "acme-x1", "uploads-prod"):
        assert f'"{word}' not in said + blind
    assert len(clear["hosts"]) > 25


PARTS = '[resources.{0}]\nkind = "redis"\nurl = "redis://$CACHE_HOST:$CACHE_PORT/0"\n'


@pytest.mark.parametrize(
    "theirs", ["LEGACY_CACHE_HOST=sessions.prod.example", "S=redis://sessions.prod.example/1"]
)
@pytest.mark.parametrize("blind", [False, True])
def test_an_address_that_is_put_together_is_held_against_hosts_too(
    theirs: str, blind: bool, tmp_path: Path
) -> None:
    """Of the variables that a resource is made of none says it all."""
    manifest = test_stores_in_both.MANIFEST.partition("[resources.cache]")[0] + PARTS.format("cache")
    own = "CACHE_HOST=cache.{side}.example\nCACHE_PORT=6379\n"
    policy = policy_in({"policy": stated(loaded(tmp_path, theirs, "", manifest, own), blind=blind)})
    for host, outcome in (("cache.staging.example", ISOLATED), ("sessions.prod.example", SHARED)):
        staging = loaded(tmp_path, "", f"CACHE_HOST={host}", manifest, own)
        assert worst(started(staging, policy)) == outcome


def test_a_reason_names_all_of_productions_variables(tmp_path: Path) -> None:
    """Whoever accepts one of them has not accepted the others."""
    theirs = "A_URL=mysql://one.example/app\nB_URL=mysql://one.example/app\nC_DB_HOST=one.example"
    manifest = loaded(tmp_path, theirs, "X_DB_HOST=one.example\nY=trilogy://one.example/app")
    policy = policy_in({"policy": stated(manifest, blind=False)})
    values = ((n, v.value) for n, v in manifest.staging.variables.items())
    every = found(policy, KEY, {n: fact.value.reveal() for n, fact in values if isinstance(fact, Known)})
    for name in ("X_DB_HOST", "Y"):
        told = {of for each in every if each.variable == name for of in each.theirs}
        assert told == {"A_URL", "B_URL", "C_DB_HOST"}


@pytest.mark.parametrize("name", sorted(RELAYS))
def test_a_relay_of_both_sides_is_not_looked_into(name: str, tmp_path: Path) -> None:
    """Whoever sends by one relay starts as soon as others; no variable that may say a store is left out."""
    theirs = "SMTP_HOST=smtp.example\nM_HOST=relay.example\nX_DB_HOST=db.example"
    policy = policy_in({"policy": stated(loaded(tmp_path, theirs, ""), blind=True)})
    hosts = Hosts(policy, KEY)
    assert not names_store(name)
    assert not hosts.mentioning([(name, ("smtp.example",))])
    assert not hosts.mentioning([(name, ("smtp.example, relay.example",))])
    for text in ("db.example", "smtp.example,db.example", "smtp://smtp.example", "host=smtp.example"):
        assert hosts.mentioning([(name, (text,))]), text
    assert hosts.mentioning([("M_SERVER", ("smtp.example",))])


DOOR = "mysql://{}:x@aws.connect.psdb.cloud/shop"


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (f"DB2_URL={DOOR.format('a1')}", f"SPARE={DOOR.format('a1')}"),
        (f"DB2_URL={DOOR.format('a1')}", f"SPARE={DOOR.format('b2')}"),
        (f"DB2_URL={DOOR.format('a1')}", f"SPARE={DOOR.format('a1')}-2"),
        (f"DB2_URL={DOOR.format('a1')}", "LEGACY_DB_HOST=aws.connect.psdb.cloud"),
        ("M=mongodb+srv://u:p@c0.abcde.mongodb.net/a", "M_HOST=c0-shard-00-01.abcde.mongodb.net"),
        ("M=mongodb+srv://u:p@c0.abcde.mongodb.net/a", "M_HOST=c1-shard-00-01.abcde.mongodb.net"),
        ("STORAGE_URL=https://shop1.table.core.windows.net", "S=https://shop1.queue.core.windows.net"),
        ("STORAGE_URL=https://shop1.table.core.windows.net", "S=https://shop2.queue.core.windows.net"),
        (
            "N_DB_HOST=ep-cool-1-pooler.eu-central-1.aws.neon.tech",
            "X_DB_HOST=ep-cool-1.eu-central-1.aws.neon.tech",
        ),
    ],
)
def test_a_providers_several_names_and_doors_are_read_alike(theirs: str, ours: str, tmp_path: Path) -> None:
    """By the login at a door for everybody; by the one host that stands for several."""
    assert not [*compared(tmp_path, [(theirs, ours), (ours, theirs)], Counter())]


def test_another_port_of_a_host_is_no_proof(tmp_path: Path) -> None:
    """It may be a pooler's, and it may be a neighbour's."""
    manifest = loaded(tmp_path, "A_URL=mysql://one.example/app", "X_URL=mysql://one.example:6033/app")
    (reason,) = started(manifest, policy_in({"policy": stated(manifest, blind=True)}))
    assert (reason.outcome, reason.rule) == (UNPROVEN, "variables/endpoint-reused")
    assert reason.says == "X_URL may lead to production's A_URL: to another port of its host"


WORDS = (
    "://",
    "a.b",
    "2001:",
    "x.prod.example ",
    "%41",
    "\\u0041",
    "tcp(",
    "host=",
    '{"host":',
    "::",
    "é.",
    "0x1 ",
)


@pytest.mark.alone
@pytest.mark.parametrize("word", WORDS)
def test_a_megabyte_of_anything_is_soon_read(word: str, tmp_path: Path) -> None:
    """With one of production's hosts in it, so that everything is looked at, and without."""
    manifest = loaded(tmp_path, spellings.PRODUCTION, "")
    policy = policy_in({"policy": stated(manifest, blind=True)})
    for end in ("", " m0.prod.example"):
        began = time.process_time()
        found(policy, KEY, {"X_HOST": word * ((1 << 20) // len(word)) + end, "X_CONFIG": "m0.prod.example"})
        assert time.process_time() - began < 8
