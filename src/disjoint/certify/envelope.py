"""A file for one reader's eyes: encrypted to a public key, in frames, whole or refused.

X25519 with a key of its own for each file, HKDF-SHA256, ChaCha20-Poly1305 (RFC 7748, 5869, 8439).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from disjoint.errors import TamperedError, UnprovenError, UsageError, WriteError
from disjoint.files import read_text
from disjoint.writing import write_once

MAGIC = b"disjoint sealed\x02"
FRAME = 1 << 20
_TAG = 16
_NONCE = struct.Struct(">3xBQ")
_PUBLIC = "disjoint-reader:"
_PRIVATE = "disjoint-reader-key:"


def new_reader(path: Path) -> Path:
    """Make a reader's key, for its owner's eyes only, and its public half beside it; where that is.

    Raises:
        WriteError: a file is there already, or cannot be written.
    """
    key = X25519PrivateKey.generate()
    public = path.with_suffix(".pub")
    _write_new(path, f"{_PRIVATE}{key.private_bytes_raw().hex()}\n", 0o600)
    _write_new(public, f"{_PUBLIC}{key.public_key().public_bytes_raw().hex()}\n", 0o644)
    return public


def _write_new(path: Path, text: str, mode: int) -> None:
    if not write_once(path, text.encode(), mode):
        raise WriteError(f"cannot write {path}: it is there, and a key is never overwritten")


def public_key(path: Path) -> bytes:
    """The public half of a reader's key.

    Raises:
        UsageError: it is none.
    """
    return _read(path, _PUBLIC, "a reader's public key: disjoint census --new-reader reader.key makes one")


def private_key(path: Path) -> bytes:
    """A reader's key.

    Raises:
        UsageError: it is none.
    """
    return _read(path, _PRIVATE, "a reader's key: disjoint census --new-reader reader.key makes one")


def _read(path: Path, beginning: str, what: str) -> bytes:
    text = read_text(path, str(path), UsageError, 1 << 12).text.strip()
    try:
        octets = bytes.fromhex(text.removeprefix(beginning)) if text.startswith(beginning) else b""
    except ValueError:
        octets = b""
    if len(octets) != 32:
        raise UsageError(f"{path} is not {what}")
    return octets


def sealed(plain: BinaryIO, secret: bytes, to: bytes, into: BinaryIO) -> None:
    """Encrypt a stream, with a secret before it."""
    own = X25519PrivateKey.generate()
    head = MAGIC + own.public_key().public_bytes_raw() + to
    cipher = _cipher(own.exchange(X25519PublicKey.from_public_bytes(to)), head)
    into.write(head)
    frame, number = secret, 0
    while frame:
        following = plain.read(FRAME)
        into.write(cipher.encrypt(_nonce(number, last=not following), frame, head))
        frame, number = following, number + 1


def opened(stream: BinaryIO, key: bytes, secret: int, where: str) -> tuple[bytes, Iterator[bytes]]:
    """The secret of so many octets, and what comes after it, frame by frame.

    Raises:
        UsageError: the stream is none of ours.
        UnprovenError: it was made for another reader.
        TamperedError: it is not as it was sealed, or not to its end.
    """
    head = stream.read(len(MAGIC) + 64)
    if len(head) < len(MAGIC) + 64 or not head.startswith(MAGIC):
        raise UsageError(f"{where} is no sealed file: leave out --reader, or see where it came from")
    own = X25519PrivateKey.from_private_bytes(key)
    if own.public_key().public_bytes_raw() != head[-32:]:
        raise UnprovenError(f"{where} was sealed for another reader than this one")
    try:
        shared = own.exchange(X25519PublicKey.from_public_bytes(head[len(MAGIC) : -32]))
    except ValueError:
        raise TamperedError(f"{where} was changed since it was sealed") from None
    frames = _frames(stream, _cipher(shared, head), head, secret, where)
    return next(frames), frames


def _frames(
    stream: BinaryIO, cipher: ChaCha20Poly1305, head: bytes, secret: int, where: str
) -> Iterator[bytes]:
    frame, number = stream.read(secret + _TAG), 0
    while frame:
        following = stream.read(FRAME + _TAG)
        try:
            yield cipher.decrypt(_nonce(number, last=not following), frame, head)
        except InvalidTag:
            raise TamperedError(f"{where} was changed since it was sealed, or cut short") from None
        frame, number = following, number + 1
    if not number:
        raise TamperedError(f"{where} was cut short")


def _cipher(shared: bytes, head: bytes) -> ChaCha20Poly1305:
    derived = HKDF(algorithm=SHA256(), length=32, salt=head[-64:], info=MAGIC).derive(shared)
    return ChaCha20Poly1305(derived)


def _nonce(number: int, *, last: bool) -> bytes:
    return _NONCE.pack(last, number)
