"""Exports in Parquet as one side of a census: a folder or a file, row groups as tasks, in constant memory.

Digests are made in this process by SHA-256, so that an export compares with another one, and with a
database whose server makes the same. Needs `disjoint[dask]`, which brings pyarrow.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from disjoint.model.census import HALF, Header, Match, Method, Planted, Portion, Sieve, Survey, Task
from disjoint.model.probe import ProbeError

from .errand import Job, Visited
from .exports import BUFFER, Group, found_in, library
from .hashed import digest_of, folded, known, mark_of, packed, plant
from .octets import octets_in

ROWS = 32_768
"""Rows that are in memory at a time."""
TASK_ROWS = 2_000_000
"""Row groups of one file are read together up to so many rows."""
_METHODS = (Method.SHA256, Method.HMAC)


@dataclass(frozen=True, slots=True)
class Exports:
    """Where exports lie. A name that may travel: whoever opens it reads by rights of its own."""

    path: str
    abreast: int = 2

    def open(self) -> Parquet:
        """Look at every file's schema.

        Raises:
            ProbeError: pyarrow is missing.
        """
        return Parquet(self)

    def at(self, moment: str) -> Exports:  # noqa: ARG002  (an export does not change)
        """The same."""
        return self

    @contextlib.contextmanager
    def visit(self, job: Job) -> Iterator[Visited]:
        """The same for one task: for all of a job schemas are looked at once. Raises as `open` does."""
        yield Visited(_looked(self, job.name))


@functools.lru_cache(8)
def _looked(exports: Exports, _job: str) -> Parquet:
    return exports.open()


class Parquet:
    """One side, as exports have it; between two tasks nothing stays open."""

    drawn: Sieve | None = None

    def __init__(self, exports: Exports) -> None:
        self.abreast = exports.abreast
        self._found = found_in(Path(exports.path))
        header = Header(_METHODS, tuple(known(method) for method in _METHODS), "Parquet")
        found = self._found
        self.survey = Survey(
            tuple(found.places), tuple(found.gaps), found.told(), header, "exports, by row groups"
        )
        self._spans = [(table, span) for table, groups in found.tables.items() for span in _spans(groups)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        """Nothing is open."""

    def narrow(self, theirs: Survey) -> None:
        """Columns are looked through one by one: none needs a counterpart."""

    def plant(self, sieve: Sieve) -> Planted:
        """A fresh random text that the sieve keeps."""
        return plant(sieve)

    def tasks(self, sieve: Sieve) -> Sequence[Task]:  # noqa: ARG002  (the protocol's)
        """Row groups of one file together, up to so many rows."""
        return [
            Task(number, places, number, number + 1, sum(group.rows for group in span), table)
            for number, (table, span) in enumerate(self._spans)
            if (places := tuple(place for place, _, _ in self._found.places_in(table, span[0].file)))
        ]

    def read(self, task: Task, sieve: Sieve) -> Iterator[Portion]:
        """Read one task.

        Raises:
            ProbeError: a file is gone or damaged.
        """
        control = [sieve.planted.text.encode()] if sieve.planted.text else []
        for place in task.places:
            yield Portion(place, packed(control, sieve), 0, 0)
        for place, values, rows in self._values(task, sieve, task.places):
            yield Portion(place, packed(values, sieve), len(values), rows)

    def confirm(self, sieve: Sieve, wanted: Mapping[int, Sequence[bytes]], salt: bytes) -> Iterator[Match]:
        """Each distinct value with a wanted selector. Raises as `read` does."""
        among = {place: frozenset(selectors) for place, selectors in wanted.items()}
        told: set[tuple[int, bytes]] = set()
        for task in self.tasks(sieve):
            for place, values, _ in self._values(task, sieve, among):
                for value in values:
                    digest = digest_of(value, sieve)
                    if digest[:HALF] in among[place] and (place, digest) not in told:
                        told.add((place, digest))
                        yield Match(place, digest, mark_of(value, salt))

    def _values(
        self, task: Task, sieve: Sieve, wanted: Collection[int]
    ) -> Iterator[tuple[int, Sequence[bytes], int]]:
        """A task's values, some rows at a time: place, values, and the rows with the first place of each."""
        table, span = self._spans[task.first]
        every = self._found.places_in(table, span[0].file)
        forms = {column: (place, form) for place, column, form in every if place in wanted}
        groups = [group.number for group in span if group.number >= 0]
        if not forms or not groups:
            return
        for batch in self._batches(span[0].file, groups, [*forms], task.what):
            for at, (column, (place, form)) in enumerate(forms.items()):
                values = octets_in(batch.column(batch.schema.get_field_index(column)), form)
                yield place, [*map(folded, values)] if sieve.fold else [*values], 0 if at else batch.num_rows

    def _batches(self, file: int, groups: list[int], columns: list[str], table: str) -> Iterator[Any]:
        path = self._found.files[file]
        try:
            with library().ParquetFile(path, buffer_size=BUFFER) as opened:
                yield from opened.iter_batches(ROWS, row_groups=groups, columns=columns, use_threads=False)
        except (OSError, ValueError):  # Arrow's own errors are of these; their text may hold values
            raise ProbeError(f"{table}: {path.name} could not be read to its end", "export it anew") from None


def _spans(groups: Sequence[Group]) -> Iterator[Sequence[Group]]:
    """Row groups that are read in one go, all of one file."""
    span: list[Group] = []
    for group in groups:
        if span and (group.file != span[0].file or sum(g.rows for g in span) + group.rows > TASK_ROWS):
            yield span
            span = []
        span.append(group)
    if span:
        yield span
