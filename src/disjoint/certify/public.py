"""Public keys: what a certificate is verified with. Nothing here can sign."""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

PublicKey = Ed25519PublicKey | EllipticCurvePublicKey


def public_key_of(pem: bytes) -> PublicKey:
    """The public key that a PEM file holds (SubjectPublicKeyInfo), Ed25519 or ECDSA P-256.

    Raises:
        ValueError: it holds none of these; the message quotes nothing of it.
    """
    try:
        found = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("no public key in PEM") from None
    return supported(found)


def supported(key: object) -> PublicKey:
    """The key, if it is of one of the two types.

    Raises:
        ValueError: it is not.
    """
    if isinstance(key, Ed25519PublicKey):
        return key
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key
    raise ValueError("neither Ed25519 nor ECDSA P-256")


def keyid_of(key: PublicKey) -> str:
    """The key's own name: SHA-256 of its SubjectPublicKeyInfo, in hexadecimal."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def pem_of(key: PublicKey) -> bytes:
    """The key as a PEM file."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def raw_of(key: PublicKey) -> bytes:
    """The key as a half holds it: RFC 8032 for Ed25519, an uncompressed point (SEC 1) for P-256."""
    if isinstance(key, Ed25519PublicKey):
        return key.public_bytes_raw()
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def from_raw(octets: bytes) -> PublicKey:
    """The key that `raw_of` wrote.

    Raises:
        ValueError: it is none.
    """
    if len(octets) == 32:
        return Ed25519PublicKey.from_public_bytes(octets)
    return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), octets)


def verifies(pem: bytes, sig: bytes, octets: bytes) -> bool:
    """Whether the owner of a public key signed exactly these octets."""
    try:
        return bears_out(public_key_of(pem), sig, octets)
    except ValueError:
        return False


def bears_out(key: PublicKey, sig: bytes, octets: bytes) -> bool:
    """The same, where the key was read before."""
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(sig, octets)
        else:
            key.verify(sig, octets, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True
