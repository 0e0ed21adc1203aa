"""Sealed production on real servers: staging opens no file of production's, and learns no value of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from disjoint import pipeline, split
from disjoint.certification.seal import Wish, seal
from disjoint.certify import guarded
from disjoint.certify.keys import ProjectKey
from disjoint.certify.sign import machine_signer, new_signer
from disjoint.cli.main import run
from disjoint.demo.catalogue.every import BY_NAME
from disjoint.demo.world import World
from disjoint.errors import TamperedError, UnprovenError, UsageError
from disjoint.kinds.variables.forms import normal_forms
from disjoint.model.finding import Grade, Outcome
from disjoint.model.proof import Proof
from disjoint.sealed.remembering import open_journal

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("settled")]
PHRASE = "0f" * 32
KEY = ProjectKey(bytes.fromhex(PHRASE), "DISJOINT_SEAL_KEY")
WEEK = timedelta(days=7)
FILE = "production.sealed.json"


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("DISJOINT_SEAL_KEY", PHRASE)


@pytest.fixture
def alone(world: World) -> World:
    """Without what takes production's own credential as a control."""
    return world.declaring("storage", {"reach": False}).declaring("api", {"reach": False})


def sealed(world: World, place: Path, *, blind: bool = False, lasts: timedelta = WEEK) -> tuple[Path, str]:
    """Staging's folder, with the seal and without production's variables; and the seal's text."""
    inside, outside = place / "inside", place / "outside"
    for folder in (inside, outside):
        folder.mkdir(exist_ok=True)
    manifest = world.write(inside)
    (inside / ".env.staging").unlink()
    declared = split.load_side(manifest, protected=True)
    made = seal(declared, "production", KEY, machine_signer(), open_journal(KEY), Wish(lasts, blind))
    return staging(world, outside, made.text), made.text


def staging(world: World, outside: Path, text: str) -> Path:
    manifest = world.write(outside)
    (outside / ".env.production").unlink()
    stated = manifest.read_text()
    manifest.write_text(stated.replace('{ dotenv = ".env.production" }', f'{{ sealed = "{FILE}" }}'))
    (outside / FILE).write_text(text)
    return manifest


def proven(manifest: Path) -> Proof:
    return pipeline.verify(pipeline.load(manifest))


def outcomes(proof: Proof) -> dict[str, Outcome]:
    return {f.rule: f.outcome for f in proof.findings}


def test_staging_is_proven_beside_a_seal(alone: World, tmp_path: Path) -> None:
    """By what the servers say, and by production's own refusal; no mark, and it says when it was sealed."""
    manifest, _ = sealed(alone, tmp_path)
    proof = proven(manifest)
    assert proof.verdict is Outcome.ISOLATED, [f for f in proof.findings if f.outcome is not Outcome.ISOLATED]
    grades = {row.resource: row.grade for row in proof.matrix}
    assert grades["database"] is Grade.REFUSED
    assert grades["storage"] is Grade.IDENTITY
    assert proof.footprint.writes == 0
    assert "bucket/canary" in proof.coverage.not_tried
    assert re.search(rf"{FILE} \(sealed on [-0-9]+ [0-9:]+Z, expires [-0-9]+ [0-9:]+Z\)", proof.source)
    assert all(f.judgement.grade is not Grade.CANARY for f in proof.findings)
    assert [e.event for e in open_journal(KEY).entries()] == ["sealed"]


def test_a_certificate_is_good_for_no_longer_than_the_seal(alone: World, tmp_path: Path) -> None:
    """Certified beside a seal of a week, though a month was asked for."""
    manifest, text = sealed(alone, tmp_path)
    assert run(["certify", "--manifest", str(manifest), "--output", str(tmp_path / "proof")]) == 0
    line = json.loads((tmp_path / "proof" / "certificate.intoto.jsonl").read_text().splitlines()[0])
    predicate = json.loads(base64.b64decode(line["payload"]))["predicate"]
    expires = json.loads(base64.b64decode(json.loads(text)["payload"]))["expiresAt"]
    assert datetime.fromisoformat(predicate["validUntil"]) == datetime.fromisoformat(expires)


def test_what_takes_productions_credential_is_unproven_and_says_so(world: World, tmp_path: Path) -> None:
    """Asked for and not made is not known; what needs no such control is made."""
    manifest, _ = sealed(world, tmp_path)
    proof = proven(manifest)
    assert proof.verdict is Outcome.UNPROVEN
    found = {f.rule: f for f in proof.findings}
    for rule in ("bucket/cross-access", "web/cross-token"):
        assert found[rule].outcome is Outcome.UNPROVEN
        assert "production is sealed" in found[rule].judgement.summary
        assert found[rule].judgement.remedy
    assert found["postgres/cross-login"].outcome is Outcome.ISOLATED


@pytest.mark.parametrize(
    "leak",
    [
        "same-secret-renamed",
        "production-url-renamed",
        "same-postgres-through-forward",
        pytest.param("same-redis-other-db", marks=pytest.mark.long),
        pytest.param("postgres-login-accepted", marks=pytest.mark.long),
        pytest.param("cache-is-broker", marks=pytest.mark.long),
        pytest.param("environment-name", marks=pytest.mark.long),
    ],
)
def test_a_leak_is_seen_beside_a_seal(leak: str, alone: World, tmp_path: Path) -> None:
    """By identity, by digests that only the project's key relates, by names, and at the door."""
    manifest, _ = sealed(BY_NAME[leak].breaks(alone), tmp_path)
    proof = proven(manifest)
    assert proof.verdict is Outcome.SHARED
    assert (BY_NAME[leak].rule, Outcome.SHARED) in {(f.rule, f.outcome) for f in proof.findings}


def test_staging_that_is_pointed_at_production_afterwards_is_seen(alone: World, tmp_path: Path) -> None:
    """Sealed while all was well; then staging's variables change."""
    manifest, text = sealed(alone, tmp_path)
    assert proven(manifest).verdict is Outcome.ISOLATED
    moved = alone.setting("staging", DATABASE_URL=alone.production.variables["DATABASE_URL"])
    proof = proven(staging(moved, manifest.parent, text))
    assert proof.verdict is Outcome.SHARED
    assert outcomes(proof)["postgres/same-server"] is Outcome.SHARED


def test_a_server_that_started_after_the_seal_may_be_productions_next(alone: World, tmp_path: Path) -> None:
    """Sealed before any server of this run was there: ids that differ prove nothing, equal ones would."""
    manifest, text = sealed(alone, tmp_path)
    body = json.loads(text)
    payload = json.loads(base64.b64decode(body["payload"]))
    early = datetime.fromisoformat(payload["sealedAt"]) - timedelta(hours=1)
    payload["sealedAt"] = early.isoformat().replace("+00:00", "Z")
    (manifest.parent / FILE).write_text(signed(payload))
    for entry in (tmp_path / "state").rglob("journal.*"):
        entry.unlink()
    proof = proven(manifest)
    assert proof.verdict is Outcome.UNPROVEN
    found = {f.rule: f for f in proof.findings}
    for rule in ("redis/same-server", "celery/same-broker"):
        assert found[rule].outcome is Outcome.UNPROVEN
        assert "seal" in found[rule].judgement.remedy
    assert found["postgres/same-server"].outcome is Outcome.ISOLATED


def signed(payload: object) -> str:
    """A seal as a machine with the project's key might make it."""
    from disjoint.certify.dsse import pae  # noqa: PLC0415
    from disjoint.certify.names import SEAL_PAYLOAD  # noqa: PLC0415

    octets = json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    by = machine_signer()
    sig = base64.b64encode(by.sign(pae(SEAL_PAYLOAD, octets))).decode()
    signature = {"keyid": by.keyid, "sig": sig, "publicKey": by.public_pem.decode()}
    code = guarded.mac_of(KEY.octets, octets)
    body = {"schema": guarded.SCHEMA, "payload": base64.b64encode(octets).decode()}
    return json.dumps({**body, "signature": signature, "mac": code})


def refusal(error: type[Exception], act: Callable[[], object]) -> str:
    with pytest.raises(error) as refused:
        act()
    return str(refused.value)


def test_a_seal_that_does_not_hold_is_refused_with_its_reason(
    alone: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Older than a known one, changed, and under another project's key."""
    manifest, first = sealed(alone, tmp_path, lasts=timedelta(minutes=2))
    file = manifest.parent / FILE
    time.sleep(1.1)
    _, second = sealed(alone, tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "begun"))
    open_journal(KEY)
    proven(manifest)
    assert [e.event for e in open_journal(KEY).entries()] == ["seal-seen"], "made for what comes next"
    file.write_text(first)
    assert "is older than the seal of" in refusal(UnprovenError, lambda: proven(manifest))
    file.write_text(second)
    assert proven(manifest).verdict is Outcome.ISOLATED

    file.write_text(second.replace('"payload": "e', '"payload": "f', 1))
    assert "was changed" in refusal(TamperedError, lambda: proven(manifest))
    file.write_text(second)
    monkeypatch.setenv("DISJOINT_SEAL_KEY", "f0" * 32)
    assert "another project key" in refusal(UnprovenError, lambda: proven(manifest))
    monkeypatch.setenv("DISJOINT_SEAL_KEY", PHRASE)


def test_a_seal_of_something_else_is_refused(alone: World, tmp_path: Path) -> None:
    """Of another manifest, signed by somebody else than is stated, and over."""
    manifest, text = sealed(alone, tmp_path)
    stated = manifest.read_text()
    manifest.write_text(stated + '\n[resources.more]\nkind = "redis"\nurl = "$REDIS_URL"\n')
    assert "another manifest" in refusal(UnprovenError, lambda: proven(manifest))
    new_signer(tmp_path / "other.pem", "ed25519")
    (tmp_path / "machine.pub.pem").write_bytes(machine_signer().public_pem)
    for key, holds in (("machine", True), ("other", False)):
        by = f'protected = true\nsealed_by = "{tmp_path}/{key}.pub.pem"'
        manifest.write_text(stated.replace("protected = true", by))
        if holds:
            assert proven(manifest).verdict is Outcome.ISOLATED
        else:
            assert "another key than sealed_by" in refusal(UnprovenError, lambda: proven(manifest))
    manifest.write_text(stated)
    payload = json.loads(base64.b64decode(json.loads(text)["payload"]))
    over = datetime.now(UTC) - timedelta(seconds=1)
    times = {"sealedAt": over - timedelta(hours=1), "expiresAt": over}
    stated_times = {name: moment.isoformat().replace("+00:00", "Z") for name, moment in times.items()}
    (manifest.parent / FILE).write_text(signed({**payload, **stated_times}))
    assert "expired on" in refusal(UnprovenError, lambda: proven(manifest))


def test_a_verifier_remembers_the_newest_seal_it_saw(
    alone: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another machine's journal knows nothing of the sealing; it knows what was judged there."""
    manifest, first = sealed(alone, tmp_path)
    time.sleep(1.1)
    _, second = sealed(alone, tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))
    file = manifest.parent / FILE
    file.write_text(second)
    proven(manifest)
    assert not (tmp_path / "elsewhere").exists()
    open_journal(KEY).append("proven", "a test", {})
    proven(manifest)
    proven(manifest)
    assert [e.event for e in open_journal(KEY).entries()] == ["proven", "seal-seen"]
    file.write_text(first)
    assert "is older than the seal of" in refusal(UnprovenError, lambda: proven(manifest))


def test_a_blind_seal_names_no_place(alone: World, tmp_path: Path) -> None:
    """Identity still tells two servers apart; names and doors are unproven, and say why."""
    manifest, text = sealed(alone, tmp_path, blind=True)
    payload = base64.b64decode(json.loads(text)["payload"]).decode()
    for side in (alone.production, alone.staging):
        for value in side.variables.values():
            host = urlsplit(value).hostname if "://" in value else None
            assert not host or host not in payload
    assert alone.production.variables["STORAGE_BUCKET_NAME"] not in payload
    proof = proven(manifest)
    assert proof.verdict is Outcome.UNPROVEN
    found = {f.rule: f for f in proof.findings}
    for rule in ("variables/endpoint-reused", "postgres/cross-login", "redis/cross-login"):
        assert found[rule].outcome is Outcome.UNPROVEN
        assert "blind" in found[rule].judgement.summary
    assert found["variables/secret-reused"].outcome is Outcome.ISOLATED
    moved = alone.setting("staging", DATABASE_URL=alone.production.variables["DATABASE_URL"])
    assert proven(staging(moved, manifest.parent, text)).verdict is Outcome.SHARED


def guesses(world: World) -> Iterator[str]:
    """Every value of production's, its parts, and each in the forms it is digested in."""
    for value in world.production.variables.values():
        parts = {value, *re.split(r"[:/@?&=,]+", value)}
        if "://" in value:
            url = urlsplit(value)
            parts |= {
                unquote(url.password or ""),
                unquote(url.username or ""),
                url.hostname or "",
                url.path[1:],
            }
        for part in parts - {""}:
            yield part
            yield from normal_forms(part)


def test_a_dictionary_of_productions_own_values_finds_nothing_in_the_file(
    world: World, tmp_path: Path
) -> None:
    """Without the key: plain, encoded, hashed, and under every key that can be guessed from the file."""
    _, text = sealed(world, tmp_path, blind=True)
    body = json.loads(text)
    payload = json.loads(base64.b64decode(body["payload"]))
    digests = set(
        re.findall(r"(?:hmac|scrypt|sha256):([0-9a-f]{32})", base64.b64decode(body["payload"]).decode())
    )
    assert len(digests) > 30
    named = ("projectKey", "serial", "manifest", "environment")
    keys = [b"", b"disjoint", *(str(payload[name]).encode() for name in named),
            bytes.fromhex(payload["projectKey"]), bytes.fromhex(payload["serial"]), body["mac"].encode(),
            bytes.fromhex(body["mac"]), base64.b64decode(body["signature"]["sig"]),
            b"changeme", b"secret", b"disjoint stable digests", b"0" * 32, bytes(32)]  # fmt: skip
    keys += [guarded.stable_key_of(key) for key in keys]
    found = set()
    for guess in set(guesses(world)):
        for domain in (b"", b"secret\0", b"seal.place\0", b"seal.server\0", b"seal.itself\0", b"place\0"):
            octets = domain + guess.encode()
            made = [hash_(octets).hexdigest()[:32] for hash_ in (hashlib.sha256, hashlib.sha1, hashlib.md5)]
            made += [hmac.new(key, octets, hashlib.sha256).hexdigest()[:32] for key in keys]
            found |= digests.intersection(made)
    assert not found
    # the control: with the key, the same dictionary finds what it should
    stable = guarded.stable_key_of(KEY.octets)
    known = {guarded.digest(stable, "secret", guess)[5:] for guess in set(guesses(world))}
    assert len(known & digests) > 5


def test_no_secret_stands_in_a_seal(world: World, tmp_path: Path) -> None:
    """In clear, in base64 or in hex; of either side."""
    _, text = sealed(world, tmp_path)
    whole = text + base64.b64decode(json.loads(text)["payload"]).decode()
    variables = [*world.production.variables.items(), *world.staging.variables.items()]
    secrets = {m for _, v in variables for m in re.findall(r"://[^:/@]*:([^@/]{8,})@", v)}
    secrets |= {v for name, v in variables if re.search("SECRET|KEY$|PASSWORD|TOKEN", name)}
    assert len(secrets) > 6
    for secret in secrets:
        octets = secret.encode()
        spelled = (secret, base64.b64encode(octets).decode(), octets.hex())
        assert not [each for each in spelled if each in whole]


def test_the_command_seals_and_says_what_it_did(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Made with mode and words; refused for staging, and where the manifest itself names a seal."""
    manifest = world.write(tmp_path)
    output = tmp_path / FILE
    call = ["seal", "--manifest", str(manifest), "--environment", "production", "--output", str(output)]
    assert run(call) == 0
    said = capsys.readouterr().err
    assert "a key of this machine was made" in said
    assert f"{output} is valid until" in said
    assert run([*call[:4], "staging", *call[5:]]) == 2
    assert "only the protected environment is sealed" in capsys.readouterr().err
    assert run([*call, "--valid-for", "31d"]) == 2
    folder = tmp_path / "staging"
    folder.mkdir()
    other = staging(world, folder, output.read_text())
    assert run([*call[:2], str(other), *call[3:]]) == 2
    assert "its own variables are needed" in capsys.readouterr().err
    assert run(["selftest", "--manifest", str(other)]) == 2
    assert run(["verify", "--manifest", str(other), "--no-reach", "--format", "json"]) == 3
    assert FILE in json.loads(capsys.readouterr().out)["source"]


def test_where_nothing_can_be_logged_nothing_is_sealed(world: World, tmp_path: Path) -> None:
    """No log, no action: production is not even asked."""
    manifest = world.write(tmp_path)
    folder = tmp_path / "state" / "disjoint" / "projects" / guarded.name_of(KEY.octets)
    folder.mkdir(parents=True)
    (folder / "journal.sqlite").mkdir()
    call = [
        "seal",
        "--manifest",
        str(manifest),
        "--environment",
        "production",
        "--output",
        str(tmp_path / FILE),
    ]
    assert run(call) in {1, 4}
    assert not (tmp_path / FILE).exists()


def test_a_production_that_nobody_reaches_is_not_sealed(world: World, tmp_path: Path) -> None:
    """A seal of nothing would prove nothing for a week."""
    inside = tmp_path / "inside"
    inside.mkdir()
    manifest = world.write(inside)
    text = manifest.read_text()
    cut = re.sub(r'"([^"]+production[^"]*|storage[^"]*)" = "127\.0\.0\.1:\d+"', r'"\1" = "127.0.0.1:1"', text)
    manifest.write_text(cut)
    declared = split.load_side(manifest, protected=True)
    wish = Wish(WEEK, blind=False, budget=5)
    assert "nothing of production was reached" in refusal(
        UnprovenError, lambda: seal(declared, "production", KEY, machine_signer(), open_journal(KEY), wish)
    )
    assert "only the protected" in refusal(
        UsageError, lambda: seal(declared, "staging", KEY, machine_signer(), open_journal(KEY), wish)
    )
