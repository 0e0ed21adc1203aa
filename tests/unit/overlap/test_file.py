"""A side in a file: compared as its server would be, gone on with where it broke off, trusted in nothing."""

from __future__ import annotations

import os
import random
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from listed import EXACT, SAMPLED, Listed, addresses

from disjoint.errors import UsageError, WriteError
from disjoint.model.census import HALF, WHOLE, Gap, Left, Overlap, Portion, Reader, Sieve, Task, Terms
from disjoint.model.probe import ProbeError
from disjoint.overlap.engine import Sides, census
from disjoint.overlap.file import File, filed_in
from disjoint.overlap.read import nobody
from disjoint.overlap.records import DONE, OPENS, PART, BrokenError, payload, record
from disjoint.overlap.taking import SNAPSHOTS, Taken, Taking, resumed, section_of, still_asked
from disjoint.overlap.writing import Writer

RESOURCE = "database"


def begin(path: Path) -> Writer:
    return Writer.begin(path, record(OPENS, b"{}"), b"{}")


def taken(writer: Writer, reader: Reader, terms: Terms = EXACT) -> Taken:
    """Read one resource, or go on with it."""
    filed = [*filed_in(writer.descriptor, writer.records, "f")]
    first = max((each.attempt for each in writer.records), default=0)
    if filed and (tasks := still_asked(reader, filed[-1], terms)):
        number, section = filed[-1].number, resumed(filed[-1].section)
        done = {reading.task.number: reading.task for reading in filed[-1].readings}
        writer.section(number, section)
    else:
        number, section, done = len(filed), section_of(RESOURCE, "listed", terms, reader), {}
        writer.section(number, section)
        tasks = reader.tasks(section.sieve)
    return Taking(reader, writer, number, section, nobody, tasks, first).take(done)


def written(path: Path, reader: Reader, terms: Terms = EXACT) -> Path:
    with begin(path.with_name("partial")) as writer:
        assert taken(writer, reader, terms).failed == ()
        writer.finish(b"{}", path)
    return path


def compared(production: Listed, path: Path, terms: Terms = EXACT) -> Overlap:
    with File.open(path) as file:
        here = file.reader(file.resources()[RESOURCE])
        return census(Sides(production, here, ("production", "staging")), terms)


OURS = addresses(400, "staging.test")
THEIRS = addresses(400)


@pytest.mark.parametrize("copied", [0, 1, 37])
def test_a_file_says_what_its_server_would(tmp_path: Path, copied: int) -> None:
    """The same verdict and the same counts, with both controls, whether the side is open or in a file."""
    staging = Listed({"users.email": OURS + THEIRS[:copied], "orders.note": addresses(9, "notes")})
    production = Listed({"users.email": THEIRS})
    found = compared(production, written(tmp_path / "f", staging))
    live = census(Sides(production, staging, ("production", "staging")), EXACT)
    assert [(s.production, s.staging, s.values, s.confirmed) for s in found.shared] == (
        [("users.email", "users.email", copied, copied)] if copied else []
    )
    assert found.shared == live.shared
    assert found.blind == live.blind == ()
    told = [(side.values, side.rows, side.octets) for side in (found.staging, live.staging)]
    assert told[0] == told[1]
    assert not found.gaps


def test_a_file_is_for_its_owner_and_whole_or_not_there(tmp_path: Path) -> None:
    """0600, and nothing under its name before it is finished."""
    with begin(tmp_path / "partial") as writer:
        taken(writer, Listed({"a": OURS}))
        assert [p.name for p in tmp_path.iterdir()] == ["partial"]
        writer.finish(b"{}", tmp_path / "f")
    assert [p.name for p in tmp_path.iterdir()] == ["f"]
    assert stat.S_IMODE((tmp_path / "f").stat().st_mode) == 0o600


def test_a_sample_keeps_its_share(tmp_path: Path) -> None:
    """One in k of the values, the same as the other side keeps by the file's sieve."""
    staging = Listed({"a": OURS + THEIRS}, stated=3_000_000, rows=800)
    path = written(tmp_path / "f", staging, SAMPLED)
    found = compared(Listed({"a": THEIRS}, rows=400), path, SAMPLED)
    assert found.one_in == 128
    assert found.production.octets + found.staging.octets < 1200 * HALF / 16
    assert found.blind == ()


def test_a_control_that_is_missing_shows(tmp_path: Path) -> None:
    """A place of the file's that has lost the planted value would have found nothing."""
    path = written(tmp_path / "f", Listed({"a": OURS, "b": OURS}, unplanted=frozenset({"b"})))
    assert compared(Listed({"a": THEIRS}), path).blind == ("staging: b",)


def test_another_servers_digests_are_never_compared(tmp_path: Path) -> None:
    """Where known answers differ nothing is said, for a silent difference would read as isolation."""
    path = written(tmp_path / "f", Listed({"a": OURS}))
    other = Listed({"a": OURS}, methods=())
    with pytest.raises(ProbeError, match="no digest is the same"):
        compared(other, path)


def test_what_failed_is_read_again_and_nothing_twice(tmp_path: Path) -> None:
    """A census that broke off goes on with the tasks that are missing; half-read ones count for nothing."""
    texts = {"a": OURS, "b": THEIRS[:50]}
    with begin(tmp_path / "partial") as writer:
        first = taken(writer, Listed(texts, broken=frozenset({"b"})))
        assert {what for what, _, _ in first.failed} == {"b"}
        whole = len(next(filed_in(writer.descriptor, writer.records, "f")).readings)
    with Writer.go_on(tmp_path / "partial") as writer:
        again = taken(writer, Listed(texts))
        assert (again.kept, again.failed) == (whole, ())
        assert again.tasks > whole > 0
        assert sum(each.mark == DONE for each in writer.records) == again.tasks
        writer.finish(b"{}", tmp_path / "f")
    found = compared(Listed({"b": THEIRS}), tmp_path / "f")
    assert ("staging: rows written meanwhile", SNAPSHOTS.why) in found.left
    assert found.staging.values == 450
    assert [(s.staging, s.values) for s in found.shared] == [("b", 50)]


def test_other_tables_than_before_are_read_anew(tmp_path: Path) -> None:
    """Nothing is gone on with that was read of another schema."""
    with begin(tmp_path / "partial") as writer:
        taken(writer, Listed({"a": OURS}, broken=frozenset({"a"})))
        assert taken(writer, Listed({"a": OURS, "b": OURS})).kept == 0
        writer.finish(b"{}", tmp_path / "f")
    assert compared(Listed({"a": THEIRS}), tmp_path / "f").staging.values == 800


@pytest.mark.parametrize("cut", [1, 40, 77, 500, 3000])
def test_a_torn_end_is_dropped(tmp_path: Path, cut: int) -> None:
    """Whatever the moment of the end, what is whole is kept and what is missing is read again."""
    with begin(tmp_path / "partial") as writer:
        taken(writer, Listed({"a": OURS}))
    os.truncate(tmp_path / "partial", (tmp_path / "partial").stat().st_size - cut)
    with Writer.go_on(tmp_path / "partial") as writer:
        again = taken(writer, Listed({"a": OURS}))
        assert 0 < again.kept < again.tasks
        writer.finish(b"{}", tmp_path / "f")
    assert compared(Listed({"a": OURS}), tmp_path / "f").shared[0].values == 400


def test_a_stranger_is_not_cut(tmp_path: Path) -> None:
    """What is no file of ours is refused, and keeps every octet."""
    (tmp_path / "partial").write_bytes(b"somebody's thesis")
    with pytest.raises(UsageError, match="not what"):
        Writer.go_on(tmp_path / "partial")
    assert (tmp_path / "partial").read_bytes() == b"somebody's thesis"


def refused(act: Callable[[], object]) -> bool:
    """Whether it ends in a refusal of ours; any other error fails the test."""
    try:
        act()
    except (UsageError, ProbeError):
        return True
    return False


def believed(path: Path, content: bytes) -> None:
    """Open a file as its reader does, whose stamp is over its content and its end."""
    with File.open(path) as file:
        file.resources()
        if (file.content, file.ending) != (content, b"{}"):
            raise UsageError("its stamp does not hold")


def test_whatever_is_changed_shows(tmp_path: Path) -> None:
    """Of a thousand single changed octets none raises anything but a refusal, and none keeps the content."""
    path = written(tmp_path / "f", Listed({"a": OURS[:60]}))
    whole = path.read_bytes()
    with File.open(path) as file:
        content = file.content
    rng = random.Random(4)
    for _ in range(1000):
        at = rng.randrange(len(whole))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << rng.randrange(8)]) + whole[at + 1 :])
        assert refused(lambda: believed(path, content))


@pytest.mark.parametrize("text", [b"", b"disjoint", b"disjointOPEN", b"x" * 500, b"disjoint" + b"\xff" * 200])
def test_what_is_no_census_is_refused(tmp_path: Path, text: bytes) -> None:
    """In our own words, whatever it is."""
    (tmp_path / "f").write_bytes(text)

    def opened() -> None:
        with File.open(tmp_path / "f") as file:
            _ = file.opening

    assert refused(opened)


def test_a_pipe_and_a_folder_are_refused(tmp_path: Path) -> None:
    """Nothing is waited for."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "none"):
        with pytest.raises(UsageError):
            File.open(path)


def test_a_length_of_the_makers_choosing_takes_no_memory(tmp_path: Path) -> None:
    """A head that claims four thousand million octets is refused before one of them is read."""
    path = written(tmp_path / "f", Listed({"a": OURS[:5]}))
    octets = bytearray(path.read_bytes())
    octets[8 + 36 : 8 + 40] = b"\xff\xff\xff\xff"
    path.write_bytes(octets)
    with pytest.raises(BrokenError):
        File.open(path)


def test_a_file_that_changes_while_it_is_read_is_a_gap(tmp_path: Path) -> None:
    """It was scanned once; whoever swaps digests afterwards takes the proof away, and adds nothing to it."""
    path = written(tmp_path / "f", Listed({"a": OURS}))
    with File.open(path) as file:
        here = file.reader(file.resources()[RESOURCE])
        octets = path.read_bytes()
        descriptor = os.open(path, os.O_WRONLY)
        os.pwrite(descriptor, bytes(len(octets) - 600), 500)
        os.close(descriptor)
        found = census(Sides(Listed({"a": THEIRS}), here, ("production", "staging")), EXACT)
    assert any("was changed" in gap.reason for gap in found.gaps)


def test_whole_digests_are_what_is_kept(tmp_path: Path) -> None:
    """Sixteen octets a value: production confirms a hit without asking staging again."""
    path = written(tmp_path / "f", Listed({"a": OURS}))
    with File.open(path) as file:
        reader = file.reader(file.resources()[RESOURCE])
        assert reader.drawn is not None
        assert reader.drawn.width == WHOLE
        tasks = reader.tasks(reader.drawn)
        octets = sum(len(portion.packed) for task in tasks for portion in reader.read(task, reader.drawn))
    assert octets == (400 + len(tasks)) * WHOLE


def test_one_census_writes_a_file(tmp_path: Path) -> None:
    """A second one at once is refused, whether it begins or goes on; what the first has written stands."""
    with begin(tmp_path / "partial") as writer:
        taken(writer, Listed({"a": OURS}))
        size = (tmp_path / "partial").stat().st_size
        for again in (begin, Writer.go_on):
            with pytest.raises(WriteError, match="another census writes it"):
                again(tmp_path / "partial")
        assert (tmp_path / "partial").stat().st_size == size


def test_a_closed_file_takes_nothing(tmp_path: Path) -> None:
    """A worker that outlives an interruption cannot write into whatever was opened since."""
    with begin(tmp_path / "partial") as writer:
        pass
    with pytest.raises(WriteError, match="closed"):
        writer.add(record(OPENS, b"{}"), b"{}")


def test_a_full_disk_is_no_success(tmp_path: Path) -> None:
    """What cannot be written is told as such, and the file is never finished."""
    side, full = Listed({"a": OURS}), os.open("/dev/full", os.O_RDWR)
    section = section_of(RESOURCE, "listed", EXACT, side)
    with begin(tmp_path / "partial") as writer:
        writer.section(0, section)
        taking = Taking(side, writer, 0, section, nobody, side.tasks(section.sieve), 0)
        os.dup2(full, writer.descriptor)
        os.close(full)
        with pytest.raises(WriteError, match="cannot write"):
            taking.take({})


class Dying(Listed):
    """A side whose reading ends as no reading should: without a word."""

    def read(self, task: Task, sieve: Sieve) -> Iterator[Portion]:
        if task.number == 1:
            raise SystemExit
        yield from super().read(task, sieve)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_part_that_is_missing_is_no_success(tmp_path: Path) -> None:
    """Whatever became of a reader, a file with a hole in it is never finished."""
    with begin(tmp_path / "partial") as writer:
        assert taken(writer, Dying({"a": OURS})).failed


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """Nobody's file is emptied in place of the partial one."""
    (tmp_path / "thesis").write_text("somebody's")
    (tmp_path / "partial").symlink_to(tmp_path / "thesis")
    with pytest.raises(WriteError):
        begin(tmp_path / "partial")
    assert (tmp_path / "thesis").read_text() == "somebody's"


def test_a_reading_that_lacks_a_part_is_none(tmp_path: Path) -> None:
    """Its end says how many parts it has: one fewer is a contradiction, not a smaller table."""
    with begin(tmp_path / "partial") as writer:
        taken(writer, Listed({"a": OURS}))
        records = [(each, payload(writer.descriptor, each, "f")) for each in writer.records]
    dropped = next(n for n, (each, _) in enumerate(records) if each.mark == PART)
    with begin(tmp_path / "other") as writer:
        for head, octets in records[1:dropped] + records[dropped + 1 :]:
            writer.add(head, octets)
        with pytest.raises(UsageError, match="contradict"):
            [*filed_in(writer.descriptor, writer.records, "f")]


def test_what_could_not_be_read_travels_along(tmp_path: Path) -> None:
    """A gap of staging's is one of the comparison's: a file from which tables are missing proves nothing."""
    gap, left = Gap("b", "permission denied", "GRANT SELECT"), Left("c", "declared as reference")
    path = written(tmp_path / "f", Listed({"a": OURS}, gaps=(gap,), left=(left,)))
    found = compared(Listed({"a": THEIRS}), path)
    assert [(each.place, each.reason, each.remedy) for each in found.gaps] == [
        ("staging: b", "permission denied", "GRANT SELECT")
    ]
    assert [each.place for each in found.left] == ["staging: c"]
