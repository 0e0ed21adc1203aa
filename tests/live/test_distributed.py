"""A census on a real Dask cluster: the local result bit for bit, whatever becomes of a worker."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import distributed
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from disjoint.model.census import Detection, Overlap, Strength, Terms
from disjoint.model.probe import ProbeError
from disjoint.overlap import distributed as afar
from disjoint.overlap.distributed import Afar
from disjoint.overlap.engine import Sides, census, drawn
from disjoint.overlap.errand import Errand, Job, Visited, carried_out
from disjoint.overlap.parquet import Exports, Parquet

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]
EXACT = Terms(Strength.EXACT, Detection(1000, 0.999), 60)
SAMPLED = replace(EXACT, strength=Strength.SAMPLED)
ROWS, COPIED = 60_000, 1_000


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Two worker processes, for all tests that kill none."""
    with afar.cluster("local") as client:
        yield client


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Production's users, and staging's with some of them under another name; several files each."""
    root = tmp_path_factory.mktemp("exports")
    theirs = [f"user-{n}@example.test" for n in range(ROWS)]
    ours = [f"user-{n}@staging.test" for n in range(ROWS - COPIED)] + theirs[:COPIED]
    for side, column, texts in (("production", "mail", theirs), ("staging", "name", ours)):
        for part in range(6):
            own = texts[part::6]
            path = root / side / "users" / f"{part}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            table = pa.table({column: own, "note": [f"{side} row {text}" for text in own]})
            pq.write_table(table, path, row_group_size=2000)
    return root / "production", root / "staging"


@dataclass(frozen=True)
class Slow:
    """Exports that take their time, and tell which process reads them."""

    exports: Exports
    folder: str
    seconds: float = 0.1

    def at(self, _moment: str) -> Slow:
        return self

    def visit(self, job: Job) -> AbstractContextManager[Visited]:
        with (Path(self.folder) / f"{os.getpid()}-{time.time_ns()}").open("x"):
            time.sleep(self.seconds)
        return self.exports.visit(job)


def run(exports: tuple[Path, Path], terms: Terms = EXACT, gather: Any = None) -> Overlap:
    here = [Parquet(Exports(str(path))) for path in exports]
    sides = Sides(here[0], here[1], ("production", "staging"))
    return census(sides, terms, gather=gather) if gather else census(sides, terms)


def bare(found: Overlap) -> Overlap:
    """Without the time it took."""
    sides = {name: getattr(found, name)._replace(seconds=0.0) for name in ("production", "staging")}
    return replace(found, **sides)


def references(exports: tuple[Path, Path]) -> tuple[Exports, Exports]:
    return Exports(str(exports[0])), Exports(str(exports[1]))


def test_it_is_the_local_result_bit_for_bit(client: Any, exports: tuple[Path, Path]) -> None:
    found = run(exports, gather=Afar(client, *references(exports)))
    assert bare(found) == bare(run(exports))
    assert [hit.values for hit in found.shared] == [COPIED]
    assert (found.production.rows, found.gaps, found.blind) == (ROWS, (), ())


@pytest.mark.parametrize("octets", [pytest.param(4_000, marks=pytest.mark.long), 100_000])
def test_in_however_many_parts(
    client: Any, exports: tuple[Path, Path], octets: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(afar, "PART", octets)
    assert bare(run(exports, gather=Afar(client, *references(exports)))) == bare(run(exports))


def test_a_sample_that_hits_is_read_whole(
    client: Any, exports: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("disjoint.overlap.bound.SMALL", 0)
    found = run(exports, SAMPLED, Afar(client, *references(exports)))
    assert bare(found) == bare(run(exports, SAMPLED))
    assert (found.one_in, [hit.values for hit in found.shared]) == (1, [COPIED])


def test_no_digest_of_a_side_comes_here(client: Any, exports: tuple[Path, Path]) -> None:
    """What the client is told is counts, and hits."""
    kept: list[int] = []

    class Watching(Afar):
        def __call__(self, there: Any, here: Any, sieve: Any) -> Any:
            hits = super().__call__(there, here, sieve)
            kept.extend(len(side.sketch._held) for side in (there, here))
            return hits

    run(exports, gather=Watching(client, *references(exports)))
    assert kept == [0, 0]


def test_what_a_worker_is_refused_is_a_gap(client: Any, exports: tuple[Path, Path], tmp_path: Path) -> None:
    away = Exports(str(tmp_path / "nowhere"))
    found = run(exports, gather=Afar(client, away, Exports(str(exports[1]))))
    assert {gap.reason for gap in found.gaps} == {"a worker found other places than there were"}
    assert found.blind


@pytest.mark.long
def test_a_killed_worker_is_replaced_and_nothing_counted_twice(
    exports: tuple[Path, Path], tmp_path: Path
) -> None:
    """One is killed in the midst of reading, and one when all is read: what it had is read anew."""
    sides = [Slow(Exports(str(path)), str(tmp_path)) for path in exports]
    killed: list[int] = []

    class Killing(Afar):
        def _compare(self, theirs: Any, ours: Any, parts: int) -> Any:
            killed.append(_kill(self.client))
            return super()._compare(theirs, ours, parts)

    with afar.cluster("local") as client:
        early = threading.Thread(target=_kill_early, args=(client, tmp_path, killed))
        early.start()
        found = run(exports, gather=Killing(client, sides[0], sides[1]))
        early.join()
    assert len(killed) == 2
    assert len([*tmp_path.iterdir()]) > 12, "something was read again"
    assert bare(found) == bare(run(exports))


def _kill_early(client: Any, folder: Path, killed: list[int]) -> None:
    while len([*folder.iterdir()]) < 3:
        time.sleep(0.02)
    killed.append(_kill(client))


def _kill(client: Any) -> int:
    """End a worker as the kernel would."""
    pids = client.run(os.getpid)
    victim = next(iter(pids.values()))
    os.kill(victim, signal.SIGKILL)
    return int(victim)


def test_so_many_connections_and_no_more(exports: tuple[Path, Path], tmp_path: Path) -> None:
    workers: Any = distributed.LocalCluster
    options = {"n_workers": 1, "threads_per_worker": 6, "host": "127.0.0.1"}
    with workers(**options, dashboard_address="127.0.0.1:0") as many, many.get_client() as client:
        sides = [Counted(Exports(str(path)), str(tmp_path / path.name)) for path in exports]
        run(exports, gather=Afar(client, sides[0], sides[1]))
    for side in sides:
        most = max(int(path.read_text()) for path in Path(side.folder).iterdir())
        assert most == 2


@dataclass(frozen=True)
class Counted:
    """Exports that note how many read them at once."""

    exports: Exports
    folder: str

    def at(self, _moment: str) -> Counted:
        return self

    @contextmanager
    def visit(self, job: Job) -> Iterator[Visited]:
        folder = Path(self.folder)
        folder.mkdir(exist_ok=True)
        _OPEN[self.folder] = now = _OPEN.get(self.folder, 0) + 1
        (folder / str(time.time_ns())).write_text(str(now))
        time.sleep(0.05)
        try:
            with self.exports.visit(job) as visited:
                yield visited
        finally:
            _OPEN[self.folder] -= 1


_OPEN: dict[str, int] = {}


class Stuck:
    """A reading that only its end ends."""

    def __init__(self, reader: Parquet, folder: Path) -> None:
        self.survey = reader.survey
        self._folder = folder
        self._over = threading.Event()

    def narrow(self, _theirs: Any) -> None:
        """As exports."""

    def read(self, _task: Any, _sieve: Any) -> Iterator[Any]:
        (self._folder / "reading").touch()
        assert self._over.wait(30), "nobody ended it"
        raise ProbeError("the reading was ended")
        yield

    def end(self) -> None:
        self._over.set()
        (self._folder / "ended").touch()


@dataclass(frozen=True)
class Sticking:
    """Exports that are read so."""

    exports: Exports
    folder: str

    def at(self, _moment: str) -> Sticking:
        return self

    @contextmanager
    def visit(self, _job: Job) -> Iterator[Visited]:
        reader: Any = Stuck(self.exports.open(), Path(self.folder))
        yield Visited(reader, dict, reader.end)


def test_what_nobody_waits_for_ends_within_a_second(
    client: Any, exports: tuple[Path, Path], tmp_path: Path
) -> None:
    """A worker's task whose sender left: its statement and connection, too."""
    readers = [Parquet(Exports(str(path))) for path in exports]
    sieve = drawn(Sides(readers[0], readers[1], ("production", "staging")), EXACT)
    job = Job("stuck", readers[1].survey, tuple(place.name for place in readers[0].survey.places))
    side = Sticking(Exports(str(exports[0])), str(tmp_path))
    errand = Errand(side, job, readers[0].tasks(sieve)[0], sieve, 1, None)
    future = client.submit(carried_out, errand, retries=3, pure=False)
    _until((tmp_path / "reading").exists, 20)
    future.cancel()
    _until((tmp_path / "ended").exists, 1)
    (tmp_path / "reading").unlink()
    time.sleep(0.3)
    assert not (tmp_path / "reading").exists(), "it was tried again"


def _until(true: Callable[[], bool], seconds: float) -> None:
    late = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < late
        time.sleep(0.02)


def test_a_cluster_that_goes_away_compares_nothing(exports: tuple[Path, Path]) -> None:
    class Leaving(Afar):
        def _compare(self, theirs: Any, ours: Any, parts: int) -> Any:
            self.client.close()
            return super()._compare(theirs, ours, parts)

    with afar.cluster("local") as client, pytest.raises(ProbeError, match="did not compare"):
        run(exports, gather=Leaving(client, *references(exports)))


@pytest.mark.long
def test_nobody_at_the_address_is_one_line() -> None:
    with pytest.raises(ProbeError, match="no Dask scheduler answers"), afar.cluster("tcp://127.0.0.1:9"):
        pass


def test_an_errand_holds_no_credential_and_no_connection(exports: tuple[Path, Path]) -> None:
    """It is pickled as it stands: names and numbers."""
    octets = pickle.dumps(Exports(str(exports[0])))
    assert str(exports[0]).encode() in octets
    assert len(octets) < 400
