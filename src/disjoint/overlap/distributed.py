"""The same census by Dask workers: they read and compare, and here come counts and hits.

A task carries names and numbers: where a side is to be found by the worker's own rights, which part,
which sieve. Each task's digests are split by their first bits where they were read, so that no node
holds all of a side. A result belongs to its task: one that is read again, since its worker was lost,
takes the place of the first and is counted once. Needs `disjoint[dask]`.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np

from disjoint.model.census import Reader, Sieve, Survey, Task
from disjoint.model.probe import ProbeError

from .compare import Hits, shared_in, together
from .read import Side
from .sketch import Selectors, Sketch

RETRIES = 3
"""How often a task is carried out anew whose worker was lost or whose connection broke."""
PART = 32 << 20
"""Octets of one side that are compared at a time, about."""
MOST_PARTS = 256
T = TypeVar("T")


class Reference(Protocol):
    """Where a side is to be found: names that may travel, and no credential."""

    def visit(self, job: Job) -> contextlib.AbstractContextManager[Reader]:
        """Open it for one task, with what the process that is asked has itself.

        Raises:
            ProbeError: it cannot be opened, or is not what was meant.
        """
        ...


class Job(NamedTuple):
    """What all tasks of one side have in common."""

    name: str
    """Random: what a worker found for one job serves no other."""
    theirs: Survey
    """The other side's, by which a reader is narrowed."""
    places: tuple[str, ...]
    """Names of what is to be there: numbers mean these."""


class Errand(NamedTuple):
    """What a worker is sent to read."""

    reference: Reference
    job: Job
    task: Task
    sieve: Sieve
    parts: int
    lease: Any
    """The scheduler's semaphore: so many connections to this side and no more."""


class Brought(NamedTuple):
    """What came of an errand, beside its digests."""

    values: Mapping[int, int]
    rows: int
    octets: int
    failed: tuple[str, str] | None
    """Why, and what would mend it."""


Pieces = Sequence[Mapping[int, Selectors]]
"""A task's selectors by place, part by part."""


def carried_out(errand: Errand) -> tuple[Brought, Pieces]:
    """On a worker: read one task. What is refused is told; what breaks is tried again by the scheduler."""
    with Sketch() as sketch, errand.lease or contextlib.nullcontext():
        failed = None
        try:
            with errand.reference.visit(errand.job) as reader:
                _expect_same(reader, errand.job)
                for portion in reader.read(errand.task, errand.sieve):
                    sketch.add(portion)
        except ProbeError as error:
            failed = (error.reason, error.remedy)
        return Brought(sketch.values, sketch.rows, sketch.octets, failed), _split(sketch, errand.parts)


def _expect_same(reader: Reader, job: Job) -> None:
    reader.narrow(job.theirs)
    if tuple(place.name for place in reader.survey.places) != job.places:
        why = "a worker found other places than there were"
        raise ProbeError(why, "let every worker reach the same side")


def _split(sketch: Sketch, parts: int) -> Pieces:
    shift = np.uint64(64 - (parts.bit_length() - 1))
    pieces: list[dict[int, list[Selectors]]] = [{} for _ in range(parts)]
    for held in sketch.parts(1) if not sketch.spilled else sketch.parts(256):
        for place, selectors in held.items():
            in_order = np.sort(selectors)
            which = in_order >> shift if parts > 1 else np.zeros(in_order.size, np.uint64)
            edges = np.searchsorted(which, np.arange(parts + 1, dtype=np.uint64))
            for part in np.unique(which).tolist():
                pieces[part].setdefault(place, []).append(in_order[edges[part] : edges[part + 1]])
    return [{place: np.concatenate(runs) for place, runs in piece.items()} for piece in pieces]


def piece_of(result: tuple[Brought, Pieces], part: int) -> Mapping[int, Selectors]:
    """On a worker: one part of what a task brought."""
    return result[1][part]


def told_of(result: tuple[Brought, Pieces]) -> Brought:
    """On a worker: what is counted."""
    return result[0]


def compared_in(theirs: Sequence[Mapping[int, Selectors]], ours: Sequence[Mapping[int, Selectors]]) -> Hits:
    """On a worker: what one part of each side shares."""
    return shared_in(_joined(theirs), _joined(ours))


def _joined(pieces: Sequence[Mapping[int, Selectors]]) -> Mapping[int, Selectors]:
    found: dict[int, list[Selectors]] = {}
    for piece in pieces:
        for place, selectors in piece.items():
            found.setdefault(place, []).append(selectors)
    return {place: np.concatenate(runs) for place, runs in found.items()}


@dataclass(frozen=True, slots=True)
class Afar:
    """Reads and compares on a cluster, as `engine.gathered` does here."""

    client: Any
    """`distributed.Client`."""
    production: Reference
    staging: Reference
    connections: int | None = 2
    """To each side at a time; None where reading takes none."""

    def __call__(self, there: Side, here: Side, sieve: Sieve) -> Hits:
        """Read both sides at once, and compare them part by part."""
        parts = parts_of(there, here, sieve)
        with ThreadPoolExecutor(2) as pool:
            theirs = pool.submit(self._read, there, self.production, here.reader.survey, sieve, parts)
            ours = pool.submit(self._read, here, self.staging, there.reader.survey, sieve, parts)
            return self._compare(theirs.result(), ours.result(), parts)

    def _read(self, side: Side, reference: Reference, theirs: Survey, sieve: Sieve, parts: int) -> list[Any]:
        """A future for each task that was read to some end."""
        started = time.monotonic()
        try:
            tasks = side.reader.tasks(sieve)
        except ProbeError as error:
            side.miss(Task(0, (), 0, 0, 0, "everything"), error.reason, error.remedy)
            return []
        side.begin(tasks)
        names = tuple(place.name for place in side.reader.survey.places)
        job, lease = Job(secrets.token_hex(8), theirs, names), self._lease()
        errands = [Errand(reference, job, task, sieve, parts, lease) for task in tasks]
        futures = self.client.map(carried_out, errands, retries=RETRIES, pure=False)
        kept = [*self._told(side, tasks, futures)]
        side.took(time.monotonic() - started)
        return kept

    def _lease(self) -> Any:
        if self.connections is None:
            return None
        name = f"disjoint-{secrets.token_hex(8)}"
        client = self.client
        return library().Semaphore(self.connections, name, scheduler_rpc=client.scheduler, loop=client.loop)

    def _told(self, side: Side, tasks: Sequence[Task], futures: Sequence[Any]) -> Iterator[Any]:
        counts = self.client.map(told_of, futures, pure=False)
        known = {c.key: (task, future) for c, task, future in zip(counts, tasks, futures, strict=True)}
        of = sum(task.rows for task in tasks)
        for count in library().as_completed(counts, loop=self.client.loop):
            task, future = known[count.key]
            if count.status != "finished":
                side.miss(task, f"no worker carried it out: {_why(count)}", "see the workers' own logs")
                continue
            _count(side, task, count.result())
            side.told(task.what, side.sketch.rows, max(of, side.sketch.rows))
            yield future

    def _compare(self, theirs: Sequence[Any], ours: Sequence[Any], parts: int) -> Hits:
        def pieces(futures: Sequence[Any], part: int) -> list[Any]:
            return [self.client.submit(piece_of, future, part, pure=False) for future in futures]

        compared = [
            self.client.submit(
                compared_in, pieces(theirs, part), pieces(ours, part), pure=False, retries=RETRIES
            )
            for part in range(parts)
        ]
        return together(self.client.gather(compared))


def _why(count: Any) -> str:
    """The sort of failure; its text may hold what a library was told."""
    return type(count.exception()).__name__ if count.status == "error" else str(count.status)


def _count(side: Side, task: Task, brought: Brought) -> None:
    """Add what one task counted: once, however often it was carried out."""
    for place, values in brought.values.items():
        side.sketch.values[place] = side.sketch.values.get(place, 0) + values
    side.sketch.rows += brought.rows
    side.sketch.octets += brought.octets
    if brought.failed is not None:
        side.miss(task, *brought.failed)


def parts_of(there: Side, here: Side, sieve: Sieve) -> int:
    """In how many parts the sides are compared, so that one takes little of a worker\'s memory."""
    values = max(sum(p.values for p in side.reader.survey.places) for side in (there, here))
    parts = 1
    while parts < MOST_PARTS and 8 * values // sieve.one_in > PART * parts:
        parts *= 2
    return parts


@contextlib.contextmanager
def cluster(where: str) -> Iterator[Any]:
    """A client of the scheduler at an address (``tls://…``), or of workers on this machine (``local``).

    Raises:
        ProbeError: Dask is missing, or nobody answers there.
    """
    distributed = library()
    with contextlib.ExitStack() as stack:
        try:
            address = stack.enter_context(_local(distributed)) if where == "local" else where
            client = stack.enter_context(distributed.Client(address, timeout=10, set_as_default=False))
        except (OSError, ValueError, ImportError):
            raise ProbeError(
                "no Dask scheduler answers at that address", "name one: tcp://host:8786"
            ) from None
        yield client


def _local(distributed: Any) -> Any:
    """Two processes of one thread each; whatever listens does so on loopback, at a free port."""
    return distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0", silence_logs=50
    )


def library() -> Any:
    """Dask\'s distributed.

    Raises:
        ProbeError: it is missing.
    """
    try:
        import distributed  # noqa: PLC0415  (an extra)
    except ImportError:
        raise ProbeError("Dask is not installed here", "pip install 'disjoint[dask]'") from None
    return distributed
