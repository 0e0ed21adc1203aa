"""A file for one reader: whole or refused, however it was cut, mixed or changed."""

from __future__ import annotations

import io
import stat
from pathlib import Path

import pytest

from disjoint.certify import envelope
from disjoint.errors import TamperedError, UnprovenError, UsageError, WriteError

SECRET = bytes(range(16))
TEXT = bytes(range(256)) * 3


@pytest.fixture(autouse=True)
def _small_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envelope, "FRAME", 100)


def reader(folder: Path, name: str = "reader.key") -> tuple[bytes, bytes]:
    """A private key and its public half."""
    public = envelope.new_reader(folder / name)
    return envelope.private_key(folder / name), envelope.public_key(public)


def sealed(to: bytes, text: bytes = TEXT) -> bytes:
    into = io.BytesIO()
    envelope.sealed(io.BytesIO(text), SECRET, to, into)
    return into.getvalue()


def opened(octets: bytes, key: bytes) -> tuple[bytes, bytes]:
    secret, frames = envelope.opened(io.BytesIO(octets), key, len(SECRET), "a file")
    return secret, b"".join(frames)


@pytest.mark.parametrize("length", [0, 1, 99, 100, 101, 200, 768])
def test_what_was_sealed_is_opened(tmp_path: Path, length: int) -> None:
    """Of any length, whole frames and none among them."""
    key, to = reader(tmp_path)
    assert opened(sealed(to, TEXT[:length]), key) == (SECRET, TEXT[:length])


def test_no_two_files_are_alike(tmp_path: Path) -> None:
    """Each has a key of its own."""
    _, to = reader(tmp_path)
    assert sealed(to) != sealed(to)


def test_any_cut_shows(tmp_path: Path) -> None:
    """Also one between two frames, which each by itself would pass."""
    key, to = reader(tmp_path)
    whole = sealed(to)
    for length in range(len(whole)):
        with pytest.raises((TamperedError, UsageError)):
            opened(whole[:length], key)


def test_any_change_shows(tmp_path: Path) -> None:
    """In the head, in a frame, in the order of frames, in what comes after."""
    key, to = reader(tmp_path)
    whole = sealed(to)
    for at in range(len(whole)):
        changed = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        with pytest.raises((TamperedError, UsageError, UnprovenError)):
            opened(changed, key)
    head, frame = len(envelope.MAGIC) + 64 + 32, 116
    first, second = (whole[at : at + frame] for at in (head, head + frame))
    swapped = whole[:head] + second + first + whole[head + 2 * frame :]
    for changed in (swapped, whole + b"x", whole + whole[head:]):
        with pytest.raises(TamperedError):
            opened(changed, key)


def test_it_is_one_readers(tmp_path: Path) -> None:
    """Another's key does not open it, and says so."""
    _, to = reader(tmp_path)
    other, _ = reader(tmp_path, "other.key")
    with pytest.raises(UnprovenError, match="another reader"):
        opened(sealed(to), other)


def test_a_key_is_its_owners(tmp_path: Path) -> None:
    """0600, never written over, and no public half where the private one is wanted."""
    reader(tmp_path)
    assert stat.S_IMODE((tmp_path / "reader.key").stat().st_mode) == 0o600
    with pytest.raises(WriteError):
        envelope.new_reader(tmp_path / "reader.key")
    with pytest.raises(UsageError, match="is not a reader's key"):
        envelope.private_key(tmp_path / "reader.pub")
    with pytest.raises(UsageError, match="is not a reader's public key"):
        envelope.public_key(tmp_path / "reader.key")
