"""A seal as a file: what is refused, each with its reason, and what can be read from it without the key."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from disjoint.certify import guarded
from disjoint.certify.keys import ProjectKey
from disjoint.certify.seal import Seal, Wanted, expect_lasting, read_seal, written
from disjoint.certify.sign import Signer, new_signer
from disjoint.errors import DisjointError, TamperedError, UnprovenError, UsageError
from disjoint.model.proof import Footprint

KEY = ProjectKey(b"k" * 32, "the test")
OTHER = ProjectKey(b"o" * 32, "another")
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
WANTED = Wanted("production", "sha256:" + "a" * 64)


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return new_signer(tmp_path / "prover.pem", "ed25519")[0]


def made(**changed: Any) -> Seal:
    sealed = Seal(
        schema=guarded.SCHEMA, environment="production", manifest=WANTED.manifest,
        project_key=guarded.name_of(KEY.octets), serial="0" * 32, sealed_at=NOW,
        expires_at=NOW + timedelta(days=7), clock=0.1, blind=False, snapshot={"takenAt": "x"},
        footprint=Footprint(3, 0, 0.5), doors={"cache": {"url": "redis://r.example:6379/0"}},
        policy={"schema": "disjoint.policy/v1"},
    )  # fmt: skip
    return dataclasses.replace(sealed, **changed)


def opened(text: str, *, key: ProjectKey = KEY, wanted: Wanted = WANTED, now: datetime = NOW) -> Seal:
    return read_seal(text, "production.sealed.json", key, wanted, now)


def refused(error: type[DisjointError], text: str, **asked: Any) -> str:
    with pytest.raises(error) as why:
        opened(text, **asked)
    return str(why.value)


def test_what_was_written_is_read_again(signer: Signer) -> None:
    """Every field, under the key it was written with."""
    assert opened(written(made(), KEY, signer)) == made()


def test_the_payload_is_canonical_and_names_its_times_plainly(signer: Signer) -> None:
    """RFC 8785, names in camel case, times with a Z: a guard reads it with json alone."""
    payload = base64.b64decode(json.loads(written(made(), KEY, signer))["payload"])
    read = json.loads(payload)
    assert (read["sealedAt"], read["expiresAt"]) == ("2026-11-26T12:00:00Z", "2026-12-03T12:00:00Z")
    assert read["projectKey"] == guarded.name_of(KEY.octets)
    assert payload == json.dumps(read, sort_keys=True, separators=(",", ":")).encode()


def test_a_time_at_which_it_does_not_hold_is_refused(signer: Signer) -> None:
    """Over, from the future, and for longer than any seal."""
    text = written(made(), KEY, signer)
    assert "expired on 2026-12-03 12:00Z" in refused(UnprovenError, text, now=NOW + timedelta(days=7))
    assert "from the future" in refused(UnprovenError, text, now=NOW - timedelta(seconds=61))
    assert opened(text, now=NOW - timedelta(seconds=59)) == made()
    long = written(made(expires_at=NOW + timedelta(days=31)), KEY, signer)
    assert "longer than 30 days" in refused(UnprovenError, long)


@pytest.mark.parametrize("lasts", [timedelta(seconds=59), timedelta(days=30, seconds=1), timedelta(days=-1)])
def test_a_lifetime_has_its_bounds(lasts: timedelta) -> None:
    """A minute at least, 30 days at most."""
    with pytest.raises(UsageError):
        expect_lasting(lasts)
    expect_lasting(timedelta(days=30))


def test_what_it_is_not_of_is_refused(signer: Signer) -> None:
    """Another project, environment and manifest are unproven, each by name."""
    text = written(made(), KEY, signer)
    assert "another project key than another" in refused(UnprovenError, text, key=OTHER)
    assert "another environment" in refused(UnprovenError, text, wanted=WANTED._replace(environment="live"))
    assert "another manifest" in refused(UnprovenError, text, wanted=WANTED._replace(manifest="sha256:b"))
    foreign = written(made(project_key=guarded.name_of(KEY.octets)), OTHER, signer)
    assert "was changed" in refused(TamperedError, foreign)


def test_a_stated_signer_is_the_only_one(signer: Signer, tmp_path: Path) -> None:
    """`sealed_by`: a key that somebody else made is not believed, though the project's code holds."""
    text = written(made(), KEY, signer)
    other = new_signer(tmp_path / "other.pem", "p256")[0]
    assert opened(text, wanted=WANTED._replace(signer=signer.public_pem)) == made()
    wanted = WANTED._replace(signer=other.public_pem)
    assert "another key than sealed_by" in refused(UnprovenError, text, wanted=wanted)
    assert opened(written(made(), KEY, other), wanted=wanted) == made()


def test_no_changed_octet_is_believed(signer: Signer) -> None:
    """Every bit of every octet of the file; and a file that ends early."""
    text = written(made(), KEY, signer)
    believed = []
    for place in range(len(text)):
        for bit in (1, 2, 4, 8, 16, 32, 64):
            flipped = text[:place] + chr(ord(text[place]) ^ bit) + text[place + 1 :]
            try:
                opened(flipped)
            except DisjointError:
                continue
            believed.append((place, text[place], bit))
    assert not believed
    for end in range(0, len(text) - 2, 7):
        refused(DisjointError, text[:end])


def test_a_swapped_signature_and_a_swapped_code_are_refused(signer: Signer, tmp_path: Path) -> None:
    """Each binds the same octets: one of another payload is neither."""
    one, other = (json.loads(written(made(serial=s * 32), KEY, signer)) for s in "12")
    for part, words in (("signature", "signature that is not its own"), ("mac", "was changed")):
        assert words in refused(TamperedError, json.dumps({**one, part: other[part]}))
    stolen = {**one, "signature": {**one["signature"], "keyid": "0" * 64}}
    assert "not its own" in refused(TamperedError, json.dumps(stolen))
    mine = new_signer(tmp_path / "other.pem", "ed25519")[0].public_pem.decode()
    assert "not its own" in refused(
        TamperedError, json.dumps({**one, "signature": {**one["signature"], "publicKey": mine}})
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"schema": "disjoint.seal/v1"}',
        '{"schema": "disjoint.half/v1"}',
        "nonsense",
        "[" * 500,
    ],
)
def test_what_is_no_seal_is_an_error_of_use(text: str) -> None:
    """Never a traceback, never quoted."""
    assert "is not what `disjoint seal` writes" in refused(UsageError, text)


def test_another_version_is_told(signer: Signer) -> None:
    """Whole, and with other fields than this one knows."""
    text = written(made(), KEY, signer)
    body = json.loads(text)
    payload = base64.b64decode(body["payload"]).replace(b'"blind":false', b'"blond":false')
    resigned = _signed(payload, signer)
    assert "sealed by another version" in refused(UsageError, resigned)


def _signed(payload: bytes, signer: Signer) -> str:
    from disjoint.certify.dsse import pae  # noqa: PLC0415
    from disjoint.certify.names import SEAL_PAYLOAD  # noqa: PLC0415

    sig = base64.b64encode(signer.sign(pae(SEAL_PAYLOAD, payload))).decode()
    by = {"keyid": signer.keyid, "sig": sig, "publicKey": signer.public_pem.decode()}
    code = guarded.mac_of(KEY.octets, payload)
    body = {"schema": guarded.SCHEMA, "payload": base64.b64encode(payload).decode()}
    return json.dumps({**body, "signature": by, "mac": code})


def test_the_code_is_what_the_standard_library_makes(signer: Signer) -> None:
    """HMAC-SHA256 of the payload under HMAC-SHA256(project key, "disjoint seal"): for who has only these."""
    body = json.loads(written(made(), KEY, signer))
    derived = hmac.new(KEY.octets, b"disjoint seal", hashlib.sha256).digest()
    code = hmac.new(derived, base64.b64decode(body["payload"]), hashlib.sha256).hexdigest()
    assert body["mac"] == code


def test_what_the_guard_shares_loads_nothing_heavy() -> None:
    """No third party, no dataclasses, no model: a bare process loads both modules."""
    program = (
        "import sys, disjoint.certify.guarded, disjoint.certify.plain_address\n"
        "heavy = {'dataclasses', 'tomllib', 'inspect', 'ssl', 'socket', 'cryptography'}\n"
        "print(sorted(m for m in sys.modules if m in heavy or m.startswith('disjoint.model')))"
    )
    call = [sys.executable, "-S", "-O", "-c", program]
    path = {"PYTHONPATH": str(Path(guarded.__file__).parents[2])}
    run = subprocess.run(call, capture_output=True, text=True, check=False, env=path)
    assert (run.stdout.strip(), run.stderr) == ("[]", "")
