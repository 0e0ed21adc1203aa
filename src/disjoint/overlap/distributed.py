"""The same census by Dask workers: they read and compare, and here come counts and hits.

A task carries names and numbers: where a side is to be found by the worker's own rights, which part,
which sieve. Each task's digests are split by their first bits where they were read, so that no node
holds all of a side. A result belongs to its task: one that is read again, since its worker was lost,
takes the place of the first and is counted once. Needs `disjoint[dask]`.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeAlias

from disjoint.model.census import Reader, Sieve, Survey, Task
from disjoint.model.probe import ProbeError
from disjoint.model.sharing import Sharing

from .compare import Hits, together
from .errand import Brought, Errand, Job, Reference, carried_out, compared_in, piece_of, told_of
from .read import Side

RETRIES = 3
"""How often a task is carried out anew whose worker was lost or whose connection broke."""
PART = 32 << 20
"""Octets of one side that are compared at a time, about."""
MOST_PARTS = 256
KEEP_SECONDS = 15.0
Sent: TypeAlias = Callable[[str], None]
"""Counts a command by its constant text."""


def unheard(_command: str) -> None:
    """Count nothing: no server was asked."""


@dataclass(frozen=True, slots=True)
class Afar:
    """Reads and compares on a cluster, as `engine.gathered` does here."""

    client: Any
    """`distributed.Client`."""
    production: Reference
    staging: Reference
    connections: int | None = 2
    """To each side at a time, the one that shares its moment among them; None where reading takes none."""
    sent: tuple[Sent, Sent] = (unheard, unheard)
    """Who counts what each side's server was sent."""

    def __call__(self, there: Side, here: Side, sieve: Sieve) -> Hits:
        """Read both sides at once, and compare them part by part.

        Raises:
            ProbeError: the cluster is gone, or kept failing: nothing was compared.
        """
        try:
            return self._gathered(there, here, sieve)
        except ProbeError:
            raise
        except Exception as error:  # noqa: BLE001  (Dask's own; its text may hold what a task was told)
            why = f"the workers did not compare: {type(error).__name__}"
            raise ProbeError(why, "see the scheduler's log") from None

    def _gathered(self, there: Side, here: Side, sieve: Sieve) -> Hits:
        parts = parts_of(there, here, sieve)
        with contextlib.ExitStack() as kept, ThreadPoolExecutor(2) as pool:
            arguments = (sieve, parts, kept)
            theirs = pool.submit(self._read, there, 0, here.reader.survey, *arguments)
            ours = pool.submit(self._read, here, 1, there.reader.survey, *arguments)
            return self._compare(theirs.result(), ours.result(), parts)

    def _read(
        self, side: Side, which: int, theirs: Survey, sieve: Sieve, parts: int, kept: contextlib.ExitStack
    ) -> list[Any]:
        """A future for each task that was read to some end."""
        started = time.monotonic()
        try:
            tasks = side.reader.tasks(sieve)
        except ProbeError as error:
            side.miss(Task(0, (), 0, 0, 0, "everything"), error.reason, error.remedy)
            return []
        side.begin(tasks)
        names = tuple(place.name for place in side.reader.survey.places)
        moment = side.reader.share() if isinstance(side.reader, Sharing) else ""
        reference = (self.production, self.staging)[which].at(moment)
        job, lease = Job(secrets.token_hex(8), theirs, names), self._lease(1 if moment else 0)
        errands = [Errand(reference, job, task, sieve, parts, lease) for task in tasks]
        futures = self.client.map(carried_out, errands, retries=RETRIES, pure=False)
        kept.enter_context(_kept(side.reader, moment))  # to the end: what is lost is read anew
        read = [*self._told(side, tasks, futures, self.sent[which])]
        side.took(time.monotonic() - started)
        return read

    def _lease(self, taken: int) -> Any:
        if self.connections is None:
            return None
        name = f"disjoint-{secrets.token_hex(8)}"
        client = self.client
        most = max(1, self.connections - taken)
        return library().Semaphore(most, name, scheduler_rpc=client.scheduler, loop=client.loop)

    def _told(self, side: Side, tasks: Sequence[Task], futures: Sequence[Any], sent: Sent) -> Iterator[Any]:
        counts = self.client.map(told_of, futures, pure=False)
        known = {c.key: (task, future) for c, task, future in zip(counts, tasks, futures, strict=True)}
        of = sum(task.rows for task in tasks)
        for count in library().as_completed(counts, loop=self.client.loop):
            task, future = known[count.key]
            if count.status != "finished":
                side.miss(task, f"no worker carried it out: {_why(count)}", "see the workers' own logs")
                continue
            brought = count.result()
            _count(side, task, brought)
            for command, times in brought.sent.items():
                for _ in range(times):
                    sent(command)
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


@contextlib.contextmanager
def _kept(reader: Reader, moment: str) -> Iterator[None]:
    """Hold a shared moment: a server ends what is idle for a minute."""
    if not moment or not isinstance(reader, Sharing):
        yield
        return
    over = threading.Event()

    def keep() -> None:
        with contextlib.suppress(ProbeError):  # the workers' own tasks will say that it is gone
            while not over.wait(KEEP_SECONDS):
                reader.keep()

    keeper = threading.Thread(target=keep, daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()


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
    import dask  # noqa: PLC0415  (an extra)

    with dask.config.set(_LEASES):
        return distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            silence_logs=50,
        )


_LEASES = {
    "distributed.scheduler.locks.lease-timeout": "10s",
    "distributed.scheduler.locks.lease-validation-interval": "2s",
}
"""How soon a lost worker's connection counts as free; a scheduler elsewhere has its own (30 s)."""


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
