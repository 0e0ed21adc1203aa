"""Files that belong together: all old, or all new, whatever cannot be written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from disjoint.errors import WriteError
from disjoint.writing import write_together

OLD, NEW = b"old", b"new" * 1000


@pytest.fixture
def places(tmp_path: Path) -> list[Path]:
    """Three files that stand already."""
    made = [tmp_path / name for name in ("a", "b", "certificate")]
    for path in made:
        path.write_bytes(OLD)
    return made


def test_all_are_replaced_and_nothing_else_is_left(places: list[Path]) -> None:
    write_together(dict.fromkeys(places, NEW))
    assert [path.read_bytes() for path in places] == [NEW] * 3
    assert sorted(places[0].parent.iterdir()) == sorted(places)


def test_a_new_folder_takes_all(tmp_path: Path) -> None:
    write_together({tmp_path / name: NEW for name in "ab"})
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {NEW}


def test_one_that_cannot_be_written_leaves_all_as_they_were(places: list[Path]) -> None:
    """The last is a directory: the first two, whose drafts stood already, are not replaced."""
    places[2].unlink()
    places[2].mkdir()
    with pytest.raises(WriteError, match="certificate"):
        write_together(dict.fromkeys(places, NEW))
    assert [path.read_bytes() for path in places[:2]] == [OLD, OLD]
    assert sorted(places[0].parent.iterdir()) == sorted(places)


def test_a_file_that_may_not_grow_leaves_all_as_they_were(places: list[Path]) -> None:
    """The kernel refuses the second file's octets in the middle, as a full disk does."""
    program = (
        "import resource, signal, sys, pathlib\n"
        "from disjoint.errors import WriteError\n"
        "from disjoint.writing import write_together\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "a, b, c = map(pathlib.Path, sys.argv[1:])\n"
        "try:\n    write_together({a: b'new', b: b'n' * 3000, c: b'new'})\n"
        "except WriteError as error:\n    print(error)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, *map(str, places)], capture_output=True, text=True, check=True
    )
    assert ran.stdout.startswith(f"cannot write {places[1]}")
    assert [path.read_bytes() for path in places] == [OLD] * 3
    assert sorted(places[0].parent.iterdir()) == sorted(places)


def test_a_rename_that_fails_takes_back_those_before_it(places: list[Path], tmp_path: Path) -> None:
    """The last place becomes a directory while the drafts are written: the kernel refuses its rename."""
    fresh = tmp_path / "fresh"

    class Late(Mapping[Path, bytes]):
        """Nothing more is asked of it once every draft stands."""

        def __getitem__(self, path: Path) -> bytes:
            return NEW

        def __len__(self) -> int:
            return 4

        def __iter__(self) -> Iterator[Path]:
            yield from (places[0], fresh, places[1], places[2])
            if places[2].is_file() and list(tmp_path.glob(".certificate.*.part")):
                places[2].unlink()
                places[2].mkdir()

    with pytest.raises(WriteError):
        write_together(Late())
    assert [path.read_bytes() for path in places[:2]] == [OLD, OLD]
    assert not fresh.exists()
    assert sorted(tmp_path.iterdir()) == sorted(places)


def test_a_kill_while_it_writes_leaves_whole_files(places: list[Path]) -> None:
    """Killed at many moments: every file is old or new, and the next writer sweeps what was left."""
    program = (
        "import sys, pathlib\n"
        "from disjoint.writing import write_together\n"
        "places = [pathlib.Path(p) for p in sys.argv[1:]]\n"
        "print(flush=True)\n"
        "while True:\n"
        "    for content in (b'old', b'new' * 1000):\n"
        "        write_together(dict.fromkeys(places, content))\n"
    )
    for pause in (0.001, 0.004, 0.009, 0.02, 0.031):
        with subprocess.Popen(
            [sys.executable, "-c", program, *map(str, places)], stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            signal.sigtimedwait([], pause)
            os.kill(writer.pid, signal.SIGKILL)
        assert {path.read_bytes() for path in places} <= {OLD, NEW}
    write_together(dict.fromkeys(places, NEW))
    assert sorted(places[0].parent.iterdir()) == sorted(places)


def test_two_at_once_leave_one_set(tmp_path: Path) -> None:
    """Whoever comes second waits: no folder holds some of each."""
    places = [tmp_path / str(number) for number in range(30)]
    for _ in range(5):
        start = threading.Barrier(2)

        def write(content: bytes, start: threading.Barrier = start) -> None:
            start.wait()
            write_together(dict.fromkeys(places, content))

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(write, (b"one", b"other")))
        assert len({path.read_bytes() for path in places}) == 1
