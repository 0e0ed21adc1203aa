"""Public keys as their files hold them (RFC 7468), read without a library of cryptography. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib

_BEGIN, _END = b"-----BEGIN PUBLIC KEY-----", b"-----END PUBLIC KEY-----"
_ED25519 = bytes.fromhex("302a300506032b6570032100")
_P256 = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
"""How a SubjectPublicKeyInfo of each begins."""


def spki_of(pem: bytes) -> bytes:
    """The key in a file: Ed25519 or ECDSA P-256.

    Raises:
        ValueError: it holds none of these, or more than one.
    """
    _, begin, rest = pem.partition(_BEGIN)
    body, end, more = rest.partition(_END)
    try:
        octets = base64.b64decode(b"".join(body.split()), validate=True)
    except binascii.Error:
        octets = b""
    if not (begin and end) or more.strip():
        raise ValueError("no public key in PEM")
    if (octets[:12], len(octets)) != (_ED25519, 44) and (octets[:27], len(octets)) != (_P256, 91):
        raise ValueError("neither Ed25519 nor ECDSA P-256")
    return octets


def keyid_of(pem: bytes) -> str:
    """The key's own name: SHA-256 of its SubjectPublicKeyInfo, in hexadecimal.

    Raises:
        ValueError: as `spki_of`.
    """
    return hashlib.sha256(spki_of(pem)).hexdigest()


def rewritten(pem: bytes) -> bytes:
    """The key in a file of its own: nothing before it that a program might read instead.

    Raises:
        ValueError: as `spki_of`.
    """
    text = base64.b64encode(spki_of(pem))
    lines = (text[start : start + 64] for start in range(0, len(text), 64))
    return b"\n".join([_BEGIN, *lines, _END, b""])
