"""Exports in Parquet, real files: the same digests as a server's, and nothing left out in silence."""

from __future__ import annotations

import builtins
import hashlib
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from listed import EXACT, SAMPLED, Listed, addresses, sides

from disjoint.model.census import Method, Sieve, Strength
from disjoint.model.probe import ProbeError
from disjoint.overlap import bound, hashed
from disjoint.overlap.engine import census
from disjoint.overlap.parquet import Exports, Parquet

THEIRS, OURS = addresses(500), addresses(400, "staging.test")
SIEVE = Sieve(Method.SHA256, 0, 0, b"0123456789abcdef", 1, fold=False, width=16)


def write(path: Path, **columns: Any) -> Path:
    """A file of two columns or more, in row groups of 100."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path, row_group_size=100)
    return path


def opened(path: Path) -> Parquet:
    return Exports(str(path)).open()


def digests(side: Parquet, sieve: Sieve = SIEVE) -> dict[str, set[bytes]]:
    """Everything that is read of a side, by place."""
    found: dict[str, set[bytes]] = {}
    for task in side.tasks(sieve):
        for portion in side.read(task, sieve):
            octets = portion.packed
            own = {octets[at : at + 16] for at in range(0, len(octets), 16)}
            found.setdefault(side.survey.places[portion.place].name, set()).update(own)
    return found


def of(*texts: str) -> set[bytes]:
    return {hashlib.sha256(SIEVE.salt + text.encode()).digest()[:16] for text in texts}


class TestValues:
    """Octets are those of PostgreSQL's text of the same value."""

    def test_text_of_every_storage(self, tmp_path: Path) -> None:
        texts = ["Ünïcödé", "plain@example.test", None, "plain@example.test"]
        kinds = {"s": pa.string(), "l": pa.large_string(), "d": pa.dictionary(pa.int32(), pa.string())}
        write(tmp_path / "t.parquet", **{name: pa.array(texts, kind) for name, kind in kinds.items()})
        found = digests(opened(tmp_path / "t.parquet"))
        assert found == dict.fromkeys(("t.s", "t.l", "t.d"), of("Ünïcödé", "plain@example.test"))

    def test_octets_are_hex_and_uuids_are_text(self, tmp_path: Path) -> None:
        own = uuid.UUID(int=7)
        write(
            tmp_path / "t.parquet",
            b=pa.array([b"\x00\xff\x10"]),
            f=pa.array([b"12345678"], pa.binary(8)),
            u=pa.array([own.bytes], pa.uuid()),
        )
        found = digests(opened(tmp_path / "t.parquet"))
        assert found == {"t.b": of("00ff10"), "t.f": of(b"12345678".hex()), "t.u": of(str(own))}

    def test_what_is_nobodys_own_is_told(self, tmp_path: Path) -> None:
        write(tmp_path / "t.parquet", id=[1, 2], tags=[["a"], ["b"]], name=["Anna B.", "Berta C."])
        side = opened(tmp_path / "t.parquet")
        assert [place.name for place in side.survey.places] == ["t.name"]
        assert [(left.place, left.why.split()[0]) for left in side.survey.left] == [
            ("t (id)", "numbers,"),
            ("t (tags)", "lists"),
        ]

    def test_short_values_are_counted_and_not_compared(self, tmp_path: Path) -> None:
        write(tmp_path / "t.parquet", name=["n/a", "", "Anna"])
        side = opened(tmp_path / "t.parquet")
        (task,) = side.tasks(SIEVE)
        assert sum(portion.values for portion in side.read(task, SIEVE)) == 3
        assert digests(side) == {"t.name": of("Anna")}

    def test_folded_text_is_one_text(self, tmp_path: Path) -> None:
        theirs, ours = write(tmp_path / "p.parquet", a=["Anna@Example.test"]), tmp_path / "s.parquet"
        write(ours, a=["  anna@example.TEST\n"])
        for fold, hits in ((True, 1), (False, 0)):
            terms = EXACT.__class__(Strength.EXACT, EXACT.detect, 60, fold)
            assert len(census(sides(opened(theirs), opened(ours)), terms).shared) == hits


class TestPlaces:
    """A folder is a table; what cannot be read is a gap."""

    def test_folders_and_partitions(self, tmp_path: Path) -> None:
        write(tmp_path / "e" / "shop.users" / "day=1" / "0.parquet", mail=THEIRS[:5])
        write(tmp_path / "e" / "shop.users" / "day=2" / "0.parquet", mail=THEIRS[5:9])
        write(tmp_path / "e" / "shop.orders" / "0.parquet", note=OURS)
        places = opened(tmp_path / "e").survey.places
        assert [(place.name, place.values) for place in places] == [
            ("shop.orders.note", 400),
            ("shop.users.mail", 9),
        ]

    def test_what_stands_in_many_rows_is_nobodys(self, tmp_path: Path) -> None:
        write(
            tmp_path / "t.parquet", mail=THEIRS, town=["Springfield", "Shelbyville"] * 250, code=["a1"] * 500
        )
        own = {place.name: place.identifying for place in opened(tmp_path / "t.parquet").survey.places}
        assert own == {"t.mail": True, "t.town": False, "t.code": False}

    def test_a_damaged_file_is_a_gap(self, tmp_path: Path) -> None:
        write(tmp_path / "a.parquet", mail=THEIRS)
        (tmp_path / "b.parquet").write_bytes(b"PAR1 and no more")
        (gap,) = opened(tmp_path).survey.gaps
        assert gap.place.endswith("b.parquet")

    @pytest.mark.parametrize("missing", [True, False])
    def test_nothing_there_is_a_gap(self, tmp_path: Path, missing: bool) -> None:
        (gap,) = opened(tmp_path / "no.parquet" if missing else tmp_path).survey.gaps
        assert "no Parquet file" in gap.reason

    def test_a_file_that_breaks_after_the_survey_is_a_gap(self, tmp_path: Path) -> None:
        path = write(tmp_path / "p.parquet", mail=THEIRS)
        side = opened(path)
        octets = bytearray(path.read_bytes())
        octets[4 : len(octets) // 2] = bytes(len(octets) // 2 - 4)
        path.write_bytes(octets)
        found = census(sides(side, Listed({"a": OURS})), EXACT)
        assert "could not be read to its end" in found.gaps[0].reason

    def test_a_column_that_is_text_in_one_file_alone_is_a_gap(self, tmp_path: Path) -> None:
        write(tmp_path / "a.parquet", mail=THEIRS)
        write(tmp_path / "b.parquet", mail=[1, 2, 3])
        assert [gap.place for gap in opened(tmp_path).survey.gaps] == [f"{tmp_path.name}.mail"]


class TestCensus:
    """Compared as any other side is."""

    def test_two_exports(self, tmp_path: Path) -> None:
        write(tmp_path / "p" / "users" / "0.parquet", mail=THEIRS)
        write(tmp_path / "s" / "copy" / "0.parquet", name=[*OURS, *THEIRS[:7]])
        found = census(sides(opened(tmp_path / "p"), opened(tmp_path / "s")), EXACT)
        assert [(hit.production, hit.staging, hit.values) for hit in found.shared] == [
            ("users.mail", "copy.name", 7)
        ]
        assert (found.blind, found.gaps) == ((), ())
        assert (found.production.rows, found.staging.rows) == (500, 407)

    def test_an_export_against_another_sort_of_side(self, tmp_path: Path) -> None:
        write(tmp_path / "p.parquet", mail=THEIRS)
        found = census(sides(opened(tmp_path / "p.parquet"), Listed({"a": [*OURS, THEIRS[9]]})), EXACT)
        assert [hit.confirmed for hit in found.shared] == [1]
        assert not found.blind

    def test_an_empty_export_holds_the_control(self, tmp_path: Path) -> None:
        write(tmp_path / "p.parquet", mail=pa.array([], pa.string()))
        found = census(sides(opened(tmp_path / "p.parquet"), Listed({"a": OURS})), EXACT)
        assert (found.blind, found.gaps, found.production.values) == ((), (), 0)

    def test_a_sample(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bound, "SMALL", 0)
        both = addresses(5000)
        write(tmp_path / "p.parquet", mail=both)
        write(tmp_path / "s.parquet", mail=both)
        found = census(sides(opened(tmp_path / "p.parquet"), opened(tmp_path / "s.parquet")), SAMPLED)
        assert [hit.values for hit in found.shared] == [5000]

    @pytest.mark.parametrize("method", [Method.SHA256, Method.HMAC])
    def test_either_method(self, tmp_path: Path, method: Method) -> None:
        write(tmp_path / "p.parquet", mail=THEIRS)
        staging = Listed({"a": THEIRS[:3]}, methods=(method,))
        (hit,) = census(sides(opened(tmp_path / "p.parquet"), staging), EXACT).shared
        assert hit.values == 3


MEASURE = """
import sys
from pathlib import Path
def peak():
    # of this process alone: getrusage tells the parent's, too
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))
from disjoint.model.census import Method, Sieve
from disjoint.overlap import hashed
from disjoint.overlap.parquet import Exports
side = Exports(sys.argv[1]).open()
sieve = Sieve(Method.SHA256, 0, 0, bytes(16), 128, False)
sieve = Sieve(Method.SHA256, 0, 0, bytes(16), 128, False, 8, hashed.plant(sieve))
rows = sum(portion.rows for task in side.tasks(sieve) for portion in side.read(task, sieve))
print(rows, peak())
"""


def test_memory_is_that_of_some_rows_and_not_of_the_export(tmp_path: Path) -> None:
    def measured(rows: int) -> tuple[int, int]:
        path = tmp_path / f"{rows}.parquet"
        pq.write_table(pa.table({"mail": [f"user-{n}@example.test" for n in range(rows)]}), path)
        told = subprocess.run(
            [sys.executable, "-c", MEASURE, str(path)], check=True, capture_output=True, text=True
        )
        read, megabytes = map(int, told.stdout.split())
        assert read == rows
        return rows, megabytes

    (_, few), (_, many) = measured(50_000), measured(1_000_000)
    assert many < few + 60


def test_known_answers_are_those_of_a_server() -> None:
    """Any server's: tests/live/test_exports.py compares an export with one."""
    _, answer = hashed.known(Method.SHA256)
    assert answer[:32] == hashlib.sha256(bytes(range(16))).hexdigest()[:32]
    assert len(answer) == 3 * 32


def test_without_the_library_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def lacks(name: str, *rest: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", lacks)
    with pytest.raises(ProbeError) as refused:
        opened(tmp_path)
    assert "pip install 'disjoint[dask]'" in refused.value.remedy
