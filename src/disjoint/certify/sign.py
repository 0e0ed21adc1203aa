"""This machine's signature. No other module touches a private key."""

from __future__ import annotations

from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from .keys import kept


class Signature(NamedTuple):
    """Who signed, as a public key, and the signature; both in hexadecimal (RFC 8032)."""

    signer: str
    value: str


def signed(payload: bytes) -> Signature:
    """Sign with the machine's key, which is made at its first use.

    Raises:
        WriteError: the state folder cannot be used.
    """
    key = Ed25519PrivateKey.from_private_bytes(kept("machine.key", _fresh))
    return Signature(key.public_key().public_bytes_raw().hex(), key.sign(payload).hex())


def _fresh() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes_raw()


def holds(signature: Signature, payload: bytes) -> bool:
    """Whether that signer signed exactly this."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signature.signer))
        key.verify(bytes.fromhex(signature.value), payload)
    except (InvalidSignature, ValueError):
        return False
    return True
