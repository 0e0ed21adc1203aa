"""Digests of one side, pooled: in memory while they fit, beyond that in files by their first octet.

Whatever a side holds, comparing takes the memory of one part of it: both sides' digests with the
same first octet are sorted and searched, and no part is needed for another.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

from disjoint.model.census import HALF, Portion

from .numbers import np, npt

Selectors: TypeAlias = npt.NDArray[np.uint64]
Held: TypeAlias = Mapping[int, Sequence[Selectors]]
"""A side's selectors, or a part of them, by place, as they came."""

ROOM = 160_000_000
"""Octets of selectors that a sketch keeps in memory: 20 million values."""
PARTS = 256
RUN = 1 << 17
"""Selectors that are split at a time: what stands between fits a core's own memory."""
_RUN = np.dtype([("place", "<u4"), ("count", "<u4")])


class Sketch:
    """Selectors by place. Use as a context manager: what was spilled is gone after it."""

    def __init__(self, width: int = HALF, room: int = ROOM) -> None:
        self._width = width
        self._room = room
        self._held: dict[int, list[Selectors]] = {}
        self._octets = 0
        self._spilled: tempfile.TemporaryDirectory[str] | None = None
        self.values: dict[int, int] = {}
        """How many were looked at, by place; `read` counts what was kept."""
        self.rows = 0
        self.octets = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._spilled is not None:
            self._spilled.cleanup()

    @property
    def spilled(self) -> bool:
        """Whether it outgrew the memory it may take."""
        return self._spilled is not None

    def add(self, portion: Portion) -> None:
        """Take in what a task brought."""
        self.values[portion.place] = self.values.get(portion.place, 0) + portion.values
        self.rows += portion.rows
        self.octets += len(portion.packed)
        selectors = selectors_of(portion.packed, self._width)
        self._held.setdefault(portion.place, []).append(selectors)
        self._octets += selectors.nbytes
        if self._octets > self._room:
            self._spill()

    def parts(self, number: int) -> Iterator[Held]:
        """Selectors by place, in so many parts (1 or `PARTS`) by their first octet."""
        if number == 1:
            yield self._held
            return
        folder = self._spill()
        for part in range(PARTS):
            yield _part(_file(folder, part))

    def _spill(self) -> Path:
        self._spilled = self._spilled or tempfile.TemporaryDirectory(prefix="disjoint-")
        folder = Path(self._spilled.name)
        for place in list(self._held):
            pieces = [_split(run) for run in _runs(np.concatenate(self._held.pop(place)))]
            for part in range(PARTS):
                found = [own[edges[part] : edges[part + 1]] for own, edges in pieces]
                _append(_file(folder, part), place, np.concatenate(found))
        self._octets = 0
        return folder


def _file(folder: Path, part: int) -> Path:
    return folder / f"{part:02x}"


def _runs(own: Selectors) -> Iterator[Selectors]:
    return (own[at : at + RUN] for at in range(0, max(own.size, 1), RUN))


def _split(run: Selectors) -> tuple[Selectors, npt.NDArray[np.int64]]:
    """Its selectors by their first octet, and where each octet's begin: sorting takes eight times as long."""
    first = (run >> np.uint64(56)).astype(np.uint8)
    ends = np.cumsum(np.bincount(first, minlength=PARTS))
    return run[np.argsort(first, kind="stable")], np.concatenate((np.zeros(1, np.int64), ends))


def _append(file: Path, place: int, run: Selectors) -> None:
    if run.size:
        with file.open("ab") as opened:
            opened.write(np.array((place, run.size), _RUN).tobytes())
            opened.write(run.tobytes())


def _part(file: Path) -> Held:
    found: dict[int, list[Selectors]] = {}
    octets = file.read_bytes() if file.exists() else b""
    at = 0
    while at < len(octets):
        place, count = map(int, np.frombuffer(octets, _RUN, 1, at)[0])
        at += _RUN.itemsize
        found.setdefault(place, []).append(np.frombuffer(octets, np.uint64, count, at))
        at += count * HALF
    return found


def selectors_of(packed: bytes, width: int) -> Selectors:
    """The selectors among packed digests, as numbers of this machine."""
    whole = np.frombuffer(packed, ">u8").reshape(-1, width // HALF)
    return whole[:, 0].astype(np.uint64)


def packed(selectors: Selectors) -> list[bytes]:
    """Selectors as they travel."""
    octets = selectors.astype(">u8").tobytes()
    return [octets[at : at + HALF] for at in range(0, len(octets), HALF)]


def ordered(selectors: Selectors) -> Selectors:
    """Sorted, on every core where polars is installed."""
    try:
        import polars as pl  # noqa: PLC0415  (an extra; numpy alone does the same on one core)
    except ImportError:
        return np.sort(selectors)
    return pl.Series(selectors, dtype=pl.UInt64).sort().to_numpy()
