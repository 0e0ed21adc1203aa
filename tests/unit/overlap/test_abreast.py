"""How many connections each side is read by: no server is pressed only to wait for the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
from listed import EXACT, Listed, addresses, sides

from disjoint.model.census import Portion, Sieve, Task
from disjoint.overlap.engine import census
from disjoint.overlap.read import ABOUT, outpaces

OURS, THEIRS = addresses(40, "staging.test"), addresses(40)


@dataclass
class Watched(Listed):
    """A side that knows by how many threads it was read."""

    expected: int = 1
    readers: set[int] = field(default_factory=set)
    all_there: threading.Event = field(default_factory=threading.Event)

    def read(self, task: Task, sieve: Sieve) -> Iterator[Portion]:
        """Waits for as many readers as are expected, and a little for one too many."""
        self.readers.add(threading.get_ident())
        if len(self.readers) >= self.expected:
            self.all_there.set()
        assert self.all_there.wait(5)
        time.sleep(0.01)
        yield from super().read(task, sieve)


@pytest.mark.parametrize(
    ("production", "staging", "threads"),
    [
        (Listed({"users": THEIRS}, abreast=1), Watched({"users": OURS}), 1),
        (Listed({"users": THEIRS}, abreast=2), Watched({"users": OURS}, expected=2), 2),
        (Listed({"users": THEIRS}, abreast=1, stated=10), Watched({"users": OURS}, stated=40, expected=2), 2),
    ],
    ids=["production by one", "production by two", "staging larger"],
)
def test_staging_is_read_by_as_many_as_it_takes_to_keep_up(
    production: Listed, staging: Watched, threads: int
) -> None:
    found = census(sides(production, staging), EXACT)
    assert len(staging.readers) == threads
    assert not found.gaps


def test_sizes_are_estimates() -> None:
    one = Listed({"users": THEIRS}, abreast=1, stated=1000)
    assert outpaces(Listed({"users": OURS}, stated=round(1000 * ABOUT)), one)
    assert not outpaces(Listed({"users": OURS}, stated=round(1000 * ABOUT) + 1), one)


def test_a_file_is_waited_for_by_nobody() -> None:
    """Its digests are there already: however few read it, the other side is what takes time."""
    side = Listed({"users": THEIRS}, abreast=1)
    assert outpaces(Listed({"users": OURS}), side)
    census(sides(side, Listed({"users": OURS})), EXACT)
    assert not outpaces(Listed({"users": OURS}), replace(side, drawn=side.asked[0]))
