"""A machine's signature: which keys sign, which are refused, and what is told of them."""

from __future__ import annotations

import hashlib
import logging
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from disjoint.certify import sign, stores
from disjoint.certify.dsse import line_of, pae, read_line
from disjoint.certify.keys import state
from disjoint.errors import UsageError, WriteError

PAYLOAD = b'{"a": 1}'
CLEAR = NoEncryption()


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def stored(
    path: Path,
    key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
    mode: int = 0o600,
    encryption: KeySerializationEncryption = CLEAR,
) -> Path:
    """A private key in a file, as openssl writes it."""
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    path.chmod(mode)
    return path


@pytest.mark.parametrize("type_", sign.TYPES)
def test_a_new_pair_signs_and_verifies(tmp_path: Path, type_: str) -> None:
    """The line verifies with the public file, for exactly that payload, and with no other key."""
    _, public = sign.new_signer(tmp_path / "prover.pem", type_)
    signer = sign.signer_of(str(tmp_path / "prover.pem"))
    line = read_line(line_of(sign.sealed_line(signer, "a type", PAYLOAD)).encode())
    octets, [signature] = pae("a type", PAYLOAD), line.signatures
    assert public == tmp_path / "prover.pub.pem"
    assert public.read_bytes() == signer.public_pem
    assert sign.verifies(public.read_bytes(), signature.sig, octets)
    assert not sign.verifies(public.read_bytes(), signature.sig, octets + b" ")
    assert not sign.verifies(sign.machine_signer().public_pem, signature.sig, octets)
    assert not sign.verifies(b"no key", signature.sig, octets)


@pytest.mark.parametrize("type_", sign.TYPES)
def test_openssl_agrees(tmp_path: Path, type_: str) -> None:
    """About the key's id, and about the signature."""
    signer, public = sign.new_signer(tmp_path / "prover.pem", type_)
    (tmp_path / "octets").write_bytes(PAYLOAD)
    (tmp_path / "sig").write_bytes(signer.sign(PAYLOAD))
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-in", str(public), "-outform", "DER"], capture_output=True, check=True
    ).stdout
    assert hashlib.sha256(der).hexdigest() == signer.keyid
    asked = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(public), "-rawin"]
    asked += ["-in", str(tmp_path / "octets"), "-sigfile", str(tmp_path / "sig")]
    verified = subprocess.run(asked, capture_output=True, check=False)
    assert verified.returncode == 0, verified.stderr


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    """With the command that mends it."""
    path = stored(tmp_path / "open.pem", ed25519.Ed25519PrivateKey.generate(), mode)
    with pytest.raises(UsageError, match=f"chmod 600 {path}"):
        sign.signer_of(str(path))


def test_a_passphrase_is_asked_for_and_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it, with a wrong one, with the right one; nothing tells the wrong one."""
    encryption = BestAvailableEncryption(b"a fine phrase")
    path = str(stored(tmp_path / "k.pem", ed25519.Ed25519PrivateKey.generate(), encryption=encryption))
    with pytest.raises(UsageError, match=f"has a passphrase: give it in {sign.PASSPHRASE}"):
        sign.signer_of(path)
    monkeypatch.setenv(sign.PASSPHRASE, "a poor phrase")
    with pytest.raises(UsageError, match="does not open it") as refused:
        sign.signer_of(path)
    assert "poor" not in str(refused.value)
    monkeypatch.setenv(sign.PASSPHRASE, "a fine phrase")
    signer = sign.signer_of(path)
    assert sign.verifies(signer.public_pem, signer.sign(PAYLOAD), PAYLOAD)


def test_a_passphrase_hurts_no_key_without_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One variable for all keys of a machine."""
    monkeypatch.setenv(sign.PASSPHRASE, "a fine phrase")
    path = stored(tmp_path / "k.pem", ec.generate_private_key(ec.SECP256R1()))
    assert sign.signer_of(str(path)).sign(PAYLOAD)


@pytest.mark.parametrize(
    "key", [ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)]
)
def test_other_types_are_refused(tmp_path: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
    """A verifier of ours would not know them."""
    with pytest.raises(UsageError, match="Ed25519 or ECDSA P-256"):
        sign.signer_of(str(stored(tmp_path / "k.pem", key)))


def test_what_is_no_key_is_refused(tmp_path: Path) -> None:
    """And nothing of it is quoted."""
    path = tmp_path / "k.pem"
    path.write_text("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n")
    path.chmod(0o600)
    with pytest.raises(UsageError, match="no private key in PEM") as refused:
        sign.signer_of(str(path))
    assert "c2Vj" not in str(refused.value)
    with pytest.raises(UsageError, match="there is no such file"):
        sign.signer_of(str(tmp_path / "absent.pem"))


def test_a_public_key_must_be_the_private_keys(tmp_path: Path) -> None:
    """Whoever names both means one pair."""
    _, public = sign.new_signer(tmp_path / "a.pem", "ed25519")
    sign.new_signer(tmp_path / "b.pem", "ed25519")
    assert sign.signer_of(str(tmp_path / "a.pem"), public).public_pem == public.read_bytes()
    with pytest.raises(UsageError, match="is not the public key of"):
        sign.signer_of(str(tmp_path / "b.pem"), public)


def test_a_store_that_signs_with_another_key_is_found_out() -> None:
    """A public key that was named by mistake would make certificates that nobody can verify."""
    signer = sign._Held(sign._fresh("p256"), sign._public(sign._fresh("p256")), "awskms:alias/a")
    with pytest.raises(WriteError, match="awskms:alias/a does not sign for the public key"):
        signer.sign(PAYLOAD)


@pytest.mark.parametrize(
    "uri", ["awskms:alias/a", "azurekms:https://a", "gcpkms:projects/a", "hsm:2", "hv:a/1"]
)
def test_a_store_without_its_client_names_the_package(tmp_path: Path, uri: str) -> None:
    """One line that pip can be given, and never a traceback of an import."""
    _, public = sign.new_signer(tmp_path / "p.pem", "p256")
    with pytest.raises(UsageError) as refused:
        sign.signer_of(uri, public)
    package = stores.STORES[uri.partition(":")[0]]
    assert str(refused.value) == f"{uri}: its client is not installed: pip install '{package}'"
    with pytest.raises(UsageError, match="name its public key"):
        sign.signer_of(uri)


def test_what_a_store_answers_is_not_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The library writes it where nobody has asked it to, and it may hold a token."""
    _, public = sign.new_signer(tmp_path / "p.pem", "p256")
    with pytest.raises(UsageError):
        sign.signer_of("awskms:alias/a", public)
    logging.getLogger("securesystemslib.signer._aws_signer").error("denied: %s", "a token")
    assert caplog.records == []


def test_every_store_is_one_that_the_library_has() -> None:
    """A scheme of ours that the library dropped would never sign."""
    from securesystemslib.signer import SIGNER_FOR_URI_SCHEME  # noqa: PLC0415

    assert set(stores.STORES) <= set(SIGNER_FOR_URI_SCHEME)


def test_the_machines_key_is_made_once(tmp_path: Path) -> None:
    """With mode 0600, in the state folder; halves are signed with it."""
    assert not sign.machine_key_exists()
    first = sign.machine_signer()
    assert sign.machine_key_exists()
    assert (state() / "machine.pem").stat().st_mode & 0o777 == 0o600
    assert sign.machine_signer().keyid == first.keyid
    signature = sign.signed(PAYLOAD)
    assert sign.holds(signature, PAYLOAD)
    assert not sign.holds(signature, PAYLOAD + b" ")
    assert not sign.holds(sign.Signature("00" * 31, signature.value), PAYLOAD)


def test_a_machine_may_have_a_key_of_either_type() -> None:
    """Then halves bear it too; another type later is refused, for the key is there."""
    signer, public = sign.new_machine_key("p256")
    assert public.read_bytes() == signer.public_pem
    assert sign.holds(sign.signed(PAYLOAD), PAYLOAD)
    assert sign.new_machine_key("p256")[0].keyid == signer.keyid
    with pytest.raises(UsageError, match="is there, and of type p256"):
        sign.new_machine_key("ed25519")


@pytest.mark.parametrize("taken", ["prover.pem", "prover.pub.pem"])
def test_no_key_is_overwritten(tmp_path: Path, taken: str) -> None:
    """Neither half of a pair; and no half of a new one is left."""
    (tmp_path / taken).write_text("mine")
    with pytest.raises(UsageError, match="never overwritten"):
        sign.new_signer(tmp_path / "prover.pem", "ed25519")
    assert [path.name for path in tmp_path.iterdir()] == [taken]
    assert (tmp_path / taken).read_text() == "mine"


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """As every result that could not be written."""
    with pytest.raises(WriteError, match="cannot write"):
        sign.new_signer(tmp_path / "absent" / "k.pem", "ed25519")
