"""Digests of one side, in memory and beyond it: nothing is lost, and nothing is held for long."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from disjoint.model.census import WHOLE, Portion
from disjoint.overlap.sketch import PARTS, Sketch, ordered, packed, selectors_of

EDGES = [0, 1, (1 << 56) - 1, 1 << 56, (255 << 56) - 1, 255 << 56, (1 << 63), (1 << 64) - 1]
SELECTORS = st.lists(st.one_of(st.sampled_from(EDGES), st.integers(0, (1 << 64) - 1)), max_size=60)


@given(st.lists(st.tuples(st.integers(0, 3), SELECTORS), max_size=8), st.integers(0, 400))
def test_every_selector_comes_back_whatever_the_room(
    portions: list[tuple[int, list[int]]], room: int
) -> None:
    with Sketch(room=room) as sketch:
        for place, selectors in portions:
            sketch.add(_portion(place, selectors))
        assert _all(sketch, PARTS) == sorted((place, s) for place, own in portions for s in own)
        assert _all(sketch, PARTS) == sorted((place, s) for place, own in portions for s in own), "twice"


@given(st.lists(st.tuples(st.integers(0, 3), SELECTORS), max_size=8))
def test_in_memory_it_is_one_part(portions: list[tuple[int, list[int]]]) -> None:
    with Sketch() as sketch:
        for place, selectors in portions:
            sketch.add(_portion(place, selectors))
        assert not sketch.spilled
        assert _all(sketch, 1) == sorted((place, s) for place, own in portions for s in own)


def test_each_part_holds_what_begins_with_its_octet() -> None:
    with Sketch(room=0) as sketch:
        sketch.add(_portion(4, EDGES))
        assert sketch.spilled
        for number, part in enumerate(sketch.parts(PARTS)):
            assert all(int(s) >> 56 == number for runs in part.values() for own in runs for s in own)


def test_whole_digests_are_cut_to_their_selectors() -> None:
    digests = [bytes([n]) * 8 + b"other___" for n in (0, 1, 255)]
    with Sketch(WHOLE) as sketch:
        sketch.add(Portion(0, b"".join(digests), 3, 3))
        assert _all(sketch, 1) == [(0, int.from_bytes(d[:8], "big")) for d in digests]


@given(SELECTORS)
def test_selectors_travel_as_big_endian_octets(selectors: list[int]) -> None:
    own = np.array(selectors, np.uint64)
    assert packed(own) == [s.to_bytes(8, "big") for s in selectors]
    assert selectors_of(b"".join(packed(own)), 8).tolist() == selectors


@given(SELECTORS)
def test_sorting_sorts_with_and_without_polars(selectors: list[int]) -> None:
    own = np.array(selectors, np.uint64)
    assert ordered(own).tolist() == np.sort(own).tolist() == sorted(selectors)


def test_what_was_spilled_is_gone_after_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Sketch(room=0) as sketch:
        sketch.add(_portion(0, EDGES))
        assert any(tmp_path.iterdir())
    assert not any(tmp_path.iterdir())


def test_it_counts_what_it_was_told() -> None:
    with Sketch(room=0) as sketch:
        sketch.add(Portion(2, bytes(16), 40, 50))
        sketch.add(Portion(2, bytes(8), 5, 0))
        assert (sketch.values, sketch.rows, sketch.octets) == ({2: 45}, 50, 24)


SPILLING = """
import sys
from pathlib import Path
def peak():
    # of this process alone: getrusage tells the parent's, too
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))
import numpy as np
from disjoint.model.census import Portion
from disjoint.overlap.compare import compared
from disjoint.overlap.sketch import Sketch
drawing = np.random.default_rng(7)
leak = drawing.integers(0, 1 << 64, 1000, np.uint64)
before = peak()
with Sketch() as production, Sketch() as staging:
    for side in (production, staging):
        for n in range(int(sys.argv[1])):
            own = drawing.integers(0, 1 << 64, 100_000, np.uint64)
            own[:2] = leak[2 * n : 2 * n + 2] if 2 * n < leak.size else own[:2]
            side.add(Portion(n % 3, own.astype(">u8").tobytes(), own.size, own.size))
    assert production.spilled and staging.spilled
    found = set(np.concatenate([*compared(production, staging).production.values()]).tolist())
assert found == set(leak.tolist()), len(found)
print(peak() - before)
"""
MOST_MB = 700
"""Two sketches' room, and what one takes to sort: 160 MB each, and twice 160 MB more."""


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("portions", [500, 1000])
def test_memory_stands_still_however_much_is_spilled(portions: int) -> None:
    """50 and 100 million selectors a side."""
    ran = subprocess.run(
        [sys.executable, "-c", SPILLING, str(portions)], check=False, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) < MOST_MB


def _portion(place: int, selectors: list[int]) -> Portion:
    octets = b"".join(s.to_bytes(8, "big") for s in selectors)
    return Portion(place, octets, len(selectors), len(selectors))


def _all(sketch: Sketch, number: int) -> list[tuple[int, int]]:
    parts = [*sketch.parts(number)]
    assert len(parts) == number
    return sorted(
        (place, int(s)) for part in parts for place, runs in part.items() for own in runs for s in own
    )


def test_no_thread_is_begun_for_matrices() -> None:
    """They spin while servers on this machine work; and no variable of this process says so afterwards."""
    count = (
        "import os, disjoint.overlap.compare; "
        "print(len(os.listdir('/proc/self/task')), *(n for n in os.environ if n.startswith('OPENBLAS')))"
    )
    variables = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS")}
    ran = subprocess.run(
        [sys.executable, "-c", count], env=variables, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "1"
