"""What lies under an export's folder, real files and links: read, or said not to be."""

from __future__ import annotations

import contextlib
import gzip
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from listed import EXACT, addresses, sides

from disjoint.overlap.engine import census
from disjoint.overlap.parquet import Exports, Parquet

THEIRS, OURS = addresses(500), addresses(400, "staging.test")


def write(path: Path, **columns: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns or {"mail": THEIRS}), path)
    return path


def opened(path: Path) -> Parquet:
    return Exports(str(path)).open()


def gaps(path: Path) -> dict[str, str]:
    return {gap.place: gap.reason for gap in opened(path).survey.gaps}


def left(path: Path) -> dict[str, str]:
    return {left.place: left.why for left in opened(path).survey.left}


def read(path: Path) -> dict[str, int]:
    return {place.name: place.values for place in opened(path).survey.places}


@pytest.mark.parametrize(
    "name", ["0.parq", "0.pq", "0.PARQUET", "part-00000-c000", ".0.parquet", "0.snappy", "_0"]
)
def test_whatever_a_file_is_called_a_copy_in_it_is_found(tmp_path: Path, name: str) -> None:
    """Its first octets say that it is Parquet."""
    write(tmp_path / "p" / "users" / "0.parquet")
    write(tmp_path / "s" / "users" / "0.parquet", mail=OURS)
    write(tmp_path / "s" / "users" / name, mail=THEIRS[:7])
    found = census(sides(opened(tmp_path / "p"), opened(tmp_path / "s")), EXACT)
    assert [hit.values for hit in found.shared] == [7]


def test_what_may_hold_rows_and_is_no_parquet_is_a_gap(tmp_path: Path) -> None:
    """Packed as a whole, of another form, cut short, encrypted; each reason once, however many files."""
    folder = tmp_path / "users"
    whole = write(folder / "0.parquet").read_bytes()
    (folder / "1.parquet.gz").write_bytes(gzip.compress(whole))
    (folder / "2.csv").write_text("mail\nanna@example.test\n")
    (folder / "3.tmp").write_bytes(whole[:-9])
    (folder / "4.parquet").write_bytes(b"PARE" + whole[4:-4] + b"PARE")
    (folder / "5.parquet").touch()
    assert gaps(tmp_path) == {
        "users: 1.parquet.gz and 1 more": "it is no Parquet file",
        "users: 3.tmp": "it is no whole Parquet file",
        "users: 4.parquet": "it is encrypted",
        "users: 5.parquet": "it is no whole Parquet file",
    }


def test_marks_of_what_wrote_an_export_are_left_and_said(tmp_path: Path) -> None:
    """Spark's, Amazon's, Delta Lake's, Iceberg's, and an empty file or folder."""
    write(tmp_path / "users" / "0.parquet")
    marks = [
        "_SUCCESS",
        ".0.parquet.crc",
        "_committed_123",
        "export_info_shop.json",
        "00000000000000000001.json",
    ]
    for name in (*marks, "snap-12-1-ab.avro", "v1.metadata.json"):
        (tmp_path / "users" / name).write_text("{}")
    (tmp_path / "users" / "note").touch()
    (tmp_path / "orders").mkdir()
    assert not gaps(tmp_path)
    assert left(tmp_path) == {
        "users: .0.parquet.crc and 6 more": "a mark of what wrote the export: no rows are in it",
        f"{tmp_path.name}: orders and 1 more": "nothing is in it",
    }


def test_an_index_of_other_files_is_none_of_them(tmp_path: Path) -> None:
    """It looks like Parquet with all rows; what it names must be there, and rows of its own are read."""
    collected: list[Any] = []
    table = pa.table({"mail": THEIRS})
    pq.write_to_dataset(table, tmp_path, metadata_collector=collected)
    pq.write_metadata(table.schema, tmp_path / "_metadata", metadata_collector=collected)
    pq.write_metadata(table.schema, tmp_path / "_common_metadata")
    assert (read(tmp_path), gaps(tmp_path)) == ({f"{tmp_path.name}.mail": 500}, {})
    assert left(tmp_path)[f"{tmp_path.name}: _metadata"] == "an index of other files"
    write(tmp_path / "more" / "_metadata", note=OURS)
    assert read(tmp_path)["more.note"] == 400
    next(tmp_path.glob("*.parquet")).unlink()
    assert gaps(tmp_path) == {f"{tmp_path.name}: _metadata": "of what it names, 1 file cannot be found here"}


def test_links_are_followed_and_nothing_is_read_twice(tmp_path: Path) -> None:
    """A folder that is linked to another disk is part of the export; a loop ends."""
    write(tmp_path / "elsewhere" / "0.parquet")
    export = tmp_path / "export"
    write(export / "orders" / "0.parquet", note=OURS)
    (export / "users").symlink_to(tmp_path / "elsewhere")
    (export / "orders" / "up").symlink_to(export)
    (export / "orders" / "again.parquet").symlink_to(export / "orders" / "0.parquet")
    assert read(export) == {"orders.note": 400, "users.mail": 500}
    assert left(export) == {"orders: again.parquet and 1 more": "read already, under another name"}
    assert not gaps(export)


def test_a_link_that_leads_nowhere_is_a_gap(tmp_path: Path) -> None:
    """A disk that is not mounted; and a link to itself."""
    write(tmp_path / "0.parquet")
    (tmp_path / "away").symlink_to(tmp_path / "gone")
    (tmp_path / "self.parquet").symlink_to("self.parquet")
    assert gaps(tmp_path) == {f"{tmp_path.name}: away and 1 more": "a link that leads nowhere"}


def test_files_that_have_one_number_are_all_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in some file systems where a bucket is mounted."""
    for name in ("0", "1"):
        write(tmp_path / "users" / f"{name}.parquet")
    asked = Path.stat

    def numberless(path: Path, **options: bool) -> os.stat_result:
        found = list(asked(path, **options))
        found[stat.ST_INO] = 0
        return os.stat_result(found)

    monkeypatch.setattr(Path, "stat", numberless)
    assert read(tmp_path) == {"users.mail": 1000}


@pytest.mark.parametrize("alone", [True, False])
def test_a_pipe_is_a_gap_and_is_not_waited_for(tmp_path: Path, alone: bool) -> None:
    """Nobody may ever write to it."""
    os.mkfifo(tmp_path / "0.parquet")
    (reason,) = gaps(tmp_path / "0.parquet" if alone else tmp_path).values()
    assert reason == "it is neither a file nor a folder"


def test_an_export_that_broke_off_is_a_gap_and_read_so_far(tmp_path: Path) -> None:
    """Spark moves its files out of `_temporary` at the end."""
    write(tmp_path / "users" / "_temporary" / "0" / "part-0.parquet")
    assert gaps(tmp_path) == {"users: _temporary": "an export that is being written, or broke off"}
    assert list(read(tmp_path).values()) == [500]


def test_a_partitions_value_is_nowhere_in_words(tmp_path: Path) -> None:
    """Its key is told, for what it stands for is not compared."""
    for day in ("mail=anna@example.test", "mail=bert@example.test"):
        write(tmp_path / "users" / day / "0.parquet", note=OURS)
    (tmp_path / "users" / "mail=carl@example.test").mkdir()
    (tmp_path / "users" / "mail=dora@example.test").symlink_to("gone")
    told = str(opened(tmp_path).survey)
    assert "example.test" not in told
    assert left(tmp_path)["users.mail"] == "a partition's key, which stands in the names of folders alone"


def test_what_this_user_may_not_look_into_is_a_gap() -> None:
    """It was passed over in silence."""
    with somebody(), tempfile.TemporaryDirectory() as made:
        users, orders = (write(Path(made) / name / "0.parquet") for name in ("users", "orders"))
        orders.chmod(0)
        users.parent.chmod(0)
        try:
            assert gaps(Path(made)) == {"orders: 0.parquet and 1 more": "this user may not read it"}
            assert list(gaps(users).values()) == ["this user may not read it"]
        finally:
            users.parent.chmod(0o700)


@contextlib.contextmanager
def somebody() -> Iterator[None]:
    """An ordinary user, where the tests run as one who may look everywhere."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
