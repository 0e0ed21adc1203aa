"""A machine's signature. No other module touches a private key."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from disjoint.errors import UsageError, WriteError
from disjoint.files import read_text
from disjoint.writing import write_once, write_whole

from .dsse import Envelope, Signed, pae
from .keys import kept, state
from .public import (
    PublicKey,
    bears_out,
    from_raw,
    keyid_of,
    pem_of,
    public_key_of,
    raw_of,
    supported,
    verifies,
)

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner
    from securesystemslib.signer import Signer as LibrarySigner

__all__ = [
    "PASSPHRASE",
    "TYPES",
    "Signature",
    "Signer",
    "holds",
    "keyid_of",
    "machine_key_exists",
    "machine_signer",
    "new_machine_key",
    "new_signer",
    "passing_signer",
    "public_key_of",
    "sealed_line",
    "signed",
    "signer_of",
    "verifies",
]

MACHINE = "machine.pem"
PASSPHRASE = "DISJOINT_KEY_PASSPHRASE"  # noqa: S105  (the variable's name)
TYPES = ("ed25519", "p256")


class Signer(Protocol):
    """Whoever can sign octets: a file, a key store of a cloud, a token."""

    @property
    def keyid(self) -> str:
        """SHA-256 of the public key's SubjectPublicKeyInfo."""

    @property
    def public_pem(self) -> bytes:
        """The public key, for those who verify."""

    def sign(self, octets: bytes) -> bytes:
        """Sign exactly these octets.

        Raises:
            WriteError: the key cannot be used, or is not the one it was said to be.
        """


@dataclass(frozen=True, slots=True)
class _Held:
    """One of the library's signers, and the public key that its signatures must verify with."""

    inner: LibrarySigner
    key: PublicKey
    where: str

    @property
    def keyid(self) -> str:
        return keyid_of(self.key)

    @property
    def public_pem(self) -> bytes:
        return pem_of(self.key)

    def sign(self, octets: bytes) -> bytes:
        try:
            sig = bytes.fromhex(self.inner.sign(octets).signature)
        except Exception as error:  # noqa: BLE001  (each store raises its own, with texts that may hold a token)
            raise WriteError(f"cannot sign with {self.where}: {type(error).__name__}") from None
        if not bears_out(self.key, sig, octets):
            raise WriteError(f"{self.where} does not sign for the public key that was named with it")
        return sig


def machine_key_exists() -> bool:
    """Whether this machine's key was made before."""
    return (state() / MACHINE).exists()


def machine_signer() -> Signer:
    """This machine's own key, made at its first use.

    Raises:
        UsageError: it has a passphrase that is not at hand.
        WriteError: the state folder cannot be used.
    """
    return _machine()


def passing_signer() -> Signer:
    """A key that nobody keeps: for what its reader knows to be right by another code."""
    fresh = _fresh("ed25519")
    return _Held(fresh, _public(fresh), "a key of this run")


def _machine(type_: str = "ed25519") -> _Held:
    return _from_pem(kept(MACHINE, lambda: _fresh(type_).private_bytes), str(state() / MACHINE))


def new_machine_key(type_: str) -> tuple[Signer, Path]:
    """This machine's key, of this type, and where its public key was put.

    Raises:
        UsageError: it has one of another type.
        WriteError: the state folder cannot be used.
    """
    signer, public = _machine(type_), state() / "machine.pub.pem"
    if type_ != _type_of(signer.key):
        raise UsageError(f"{state() / MACHINE} is there, and of type {_type_of(signer.key)}: name --output")
    _put(public, signer.public_pem, 0o644, again=True)
    return signer, public


def new_signer(path: Path, type_: str) -> tuple[Signer, Path]:
    """A new key pair: the private key at `path` (mode 0600), the public one beside it.

    Raises:
        UsageError: something stands at one of the two places.
        WriteError: they cannot be written.
    """
    public = path.with_name(f"{path.name.removesuffix('.pem')}.pub.pem")
    if public.exists():  # before a private key is made that nobody could use
        raise UsageError(f"{public} is there: a key is never overwritten; name another file")
    fresh = _fresh(type_)
    key = _public(fresh)
    _put(path, fresh.private_bytes, 0o600)
    _put(public, pem_of(key), 0o644)
    return _Held(fresh, key, str(path)), public


def _put(path: Path, content: bytes, mode: int, *, again: bool = False) -> None:
    if again:
        write_whole(path, content, mode)
    elif not write_once(path, content, mode):
        raise UsageError(f"{path} is there: a key is never overwritten; name another file")


def _fresh(type_: str) -> CryptoSigner:
    from securesystemslib.signer import CryptoSigner  # noqa: PLC0415  (halves and verifiers need none)

    return CryptoSigner.generate_ecdsa() if type_ == "p256" else CryptoSigner.generate_ed25519()


def _type_of(key: PublicKey) -> str:
    return "ed25519" if len(raw_of(key)) == 32 else "p256"


def _public(signer: CryptoSigner) -> PublicKey:
    return supported(load_pem_private_key(signer.private_bytes, None).public_key())


def signer_of(uri_or_path: str, public: Path | None = None) -> Signer:
    """The signer that a path of a PEM file or a key store's URI names; stores need the public key beside.

    Credentials of a cloud are taken from the process's variables now: ask before they are forgotten.

    Raises:
        UsageError: there is no such key, others may read it, its passphrase or a library is missing.
    """
    from . import stores  # noqa: PLC0415  (a key in a file needs none of them)

    if not stores.is_uri(uri_or_path):
        return _expect(_from_pem(_private(Path(uri_or_path)), uri_or_path), public)
    if public is None:
        raise UsageError(f"{uri_or_path} names a key in a store: name its public key (PEM) too")
    key = _read_public(public)
    return _Held(stores.opened(uri_or_path, key, os.environ.get(PASSPHRASE)), key, uri_or_path)


def _expect(signer: _Held, public: Path | None) -> _Held:
    if public is not None and _read_public(public) != signer.key:
        raise UsageError(f"{public} is not the public key of {signer.where}")
    return signer


def _read_public(path: Path) -> PublicKey:
    try:
        return public_key_of(read_text(path, str(path), UsageError).text.encode())
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from None


def _private(path: Path) -> bytes:
    text = read_text(path, str(path), UsageError).text
    if "PUBLIC KEY" in text and "PRIVATE KEY" not in text:
        raise UsageError(f"{path} is a public key: name the private one that `disjoint keygen` put beside it")
    if path.stat().st_mode & 0o077:
        raise UsageError(f"{path} may be read by others: chmod 600 {path}")
    return text.encode()


def _from_pem(pem: bytes, where: str) -> _Held:
    from securesystemslib.signer import CryptoSigner  # noqa: PLC0415  (verifiers need none)

    # the library would take a passphrase that is not needed for a mistake
    encrypted = b"ENCRYPTED" in pem
    passphrase = os.environ.get(PASSPHRASE, "").encode() if encrypted else None
    if encrypted and not passphrase:
        raise UsageError(f"{where} has a passphrase: give it in {PASSPHRASE}")
    try:
        private = load_pem_private_key(pem, passphrase)
        key = supported(private.public_key())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        why = (
            f"{PASSPHRASE} does not open it" if encrypted else "no private key in PEM, Ed25519 or ECDSA P-256"
        )
        raise UsageError(f"{where}: {why}") from None
    return _Held(CryptoSigner(private), key, where)


def sealed_line(signer: Signer, payload_type: str, payload: bytes) -> Envelope:
    """An envelope that bears one signature.

    Raises:
        WriteError: the key cannot be used.
    """
    sig = signer.sign(pae(payload_type, payload))
    return Envelope(payload_type, payload, (Signed(signer.keyid, sig),))


class Signature(NamedTuple):
    """Who signed a half, as a public key, and the signature; both in hexadecimal."""

    signer: str
    value: str


def signed(payload: bytes, signer: Signer | None = None) -> Signature:
    """Sign, with the machine's key where no other is named; that is made at its first use.

    Raises:
        UsageError: it has a passphrase that is not at hand.
        WriteError: the state folder cannot be used, or the signer cannot sign.
    """
    by = _machine() if signer is None else signer
    return Signature(raw_of(public_key_of(by.public_pem)).hex(), by.sign(payload).hex())


def holds(signature: Signature, payload: bytes) -> bool:
    """Whether that signer signed exactly this."""
    try:
        key = from_raw(bytes.fromhex(signature.signer))
        return bears_out(key, bytes.fromhex(signature.value), payload)
    except ValueError:
        return False
