"""Files are written whole or not at all, whatever stands in the way."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from disjoint.errors import WriteError
from disjoint.writing import expect_room, write_once, write_together, write_whole


@pytest.fixture(params=["nameless", "named"], autouse=True)
def _drafts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Filesystems with and without files that have no name."""
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE")


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@contextlib.contextmanager
def draft(folder: Path, name: str = ".a.0123abcd.part", *, alive: bool = False) -> Iterator[Path]:
    """What a writer has beside a file; one that lives holds a lock on it."""
    path = folder / name
    path.write_text("half")
    with path.open("rb") as stream:
        if alive:
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield path


def test_a_file_is_replaced(tmp_path: Path) -> None:
    """With the rights that are wanted, and nothing left beside it."""
    path = tmp_path / "a"
    before = os.umask(0o027)
    try:
        write_whole(path, "eins")
        assert mode(path) == 0o640
        write_whole(path, b"zwei", 0o600)
        assert mode(path) == 0o600
    finally:
        os.umask(before)
    assert (path.read_bytes(), left(tmp_path)) == (b"zwei", ["a"])


def test_what_a_link_names_is_replaced(tmp_path: Path) -> None:
    """And not the link."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "a").symlink_to(tmp_path / "elsewhere" / "b")
    write_whole(tmp_path / "a", "text")
    assert (tmp_path / "a").is_symlink()
    assert left(tmp_path / "elsewhere") == ["b"]


def test_of_many_at_once_one_is_whole(tmp_path: Path) -> None:
    """Writers that replace one file, and sweep beside it, take nothing from each other."""
    path, failed = tmp_path / "a", []

    def write(letter: str) -> None:
        try:
            for _ in range(50):
                write_whole(path, letter * 5000)
        except WriteError as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(letter,)) for letter in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert set(path.read_text()) in [{"a"}, {"b"}, {"c"}, {"d"}]
    assert (path.stat().st_size, left(tmp_path)) == (5000, ["a"])


def test_of_many_makers_one_wins(tmp_path: Path) -> None:
    """And all of them find what it made."""
    path, won = tmp_path / "key", []
    start = threading.Barrier(8)

    def make(number: int) -> None:
        start.wait()
        if write_once(path, bytes([number]) * 32, 0o600):
            won.append(number)

    threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert (path.read_bytes(), mode(path), left(tmp_path)) == (bytes(won) * 32, 0o600, ["key"])


def test_what_a_killed_run_left_is_swept(tmp_path: Path) -> None:
    """Of the same file; what a living one holds, and what is not ours, stays."""
    others = [".a.part", ".a.0123abcd.par", ".b.0123abcd.part", ".a.0123ABCD.part", "a.0123abcd.part"]
    for name in others:
        (tmp_path / name).write_text("")
    (tmp_path / ".a.00000000.part").mkdir()
    (tmp_path / ".a.11111111.part").symlink_to(tmp_path / ".a.part")
    with draft(tmp_path), draft(tmp_path, ".a.deadbeef.part", alive=True):
        write_whole(tmp_path / "a", "text")
        assert left(tmp_path) == sorted(
            [*others, ".a.00000000.part", ".a.11111111.part", ".a.deadbeef.part", "a"]
        )
    write_whole(tmp_path / "a", "text")
    assert ".a.deadbeef.part" not in left(tmp_path)


@pytest.mark.parametrize("call", ["write", "fsync", "open"])
def test_an_error_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """And nothing beside it; the message names the file."""
    path = tmp_path / "a"
    path.write_text("old")

    def refused(*_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, refused)
    for write in (
        lambda: write_whole(path, "new"),
        lambda: write_together({tmp_path / "b": b"new", path: b"new"}),
        lambda: write_once(tmp_path / "c", b"new", 0o600),
        lambda: expect_room(path),
    ):
        with pytest.raises(WriteError, match=f"cannot write {tmp_path}/.: No space left on device"):
            write()
    monkeypatch.undo()
    assert (path.read_text(), left(tmp_path)) == ("old", ["a"])


def test_a_folder_that_may_not_last_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is in place then, and the disk did not promise to keep it."""
    settle = os.fsync

    def fails_for_folders(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        settle(descriptor)

    monkeypatch.setattr(os, "fsync", fails_for_folders)
    with pytest.raises(WriteError, match="a is written, and may not outlast a power cut"):
        write_whole(tmp_path / "a", "new")
    assert ((tmp_path / "a").read_text(), left(tmp_path)) == ("new", ["a"])


def test_asking_for_room_leaves_nothing(tmp_path: Path) -> None:
    """Neither a file nor a trace of one."""
    expect_room(tmp_path / "a")
    assert left(tmp_path) == []


@pytest.mark.parametrize("name", ["nowhere/a", "x" * 300, "a\0b"])
def test_a_name_that_no_file_can_have_is_told_of(tmp_path: Path, name: str) -> None:
    """One error of ours, whatever the system raises."""
    with pytest.raises(WriteError, match="cannot write"):
        write_whole(tmp_path / name, "text")


def test_several_files_are_replaced_together(tmp_path: Path) -> None:
    """All of them."""
    files = {tmp_path / name: name.encode() for name in "abc"}
    write_together(files)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == files
