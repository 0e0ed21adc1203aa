"""A journal in a file: what somebody does to it without the project's key is found, each with its words."""

from __future__ import annotations

import itertools
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from disjoint.errors import TamperedError, WriteError
from disjoint.journal import WHICH, Head, Journal, frozen, open_journal
from disjoint.journal.entry import Row, following, read

KEY, OTHER = b"k" * 32, b"o" * 32
WRITER = """
import sys, time
from pathlib import Path
from disjoint.journal import open_journal
print("ready", flush=True)
sys.stdin.readline()
journal = open_journal(Path(sys.argv[1]), b"k" * 32)
for n in range(25):
    journal.append("certified", sys.argv[2], {"n": n})
    time.sleep(0.01)  # whoever waits for the lock asks only now and then
"""
Change = Callable[[sqlite3.Connection], object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "projects" / "name"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a journal of five entries: each is waited for until it is on the disk."""
    folder = tmp_path_factory.mktemp("written") / "name"
    journal = open_journal(folder, KEY)
    for n in range(1, 6):
        journal.append("certified", "alice", {"n": n, "deep": {"list": [1, "zwei", None, True]}})
    return folder


@pytest.fixture
def journal(written: Path, folder: Path) -> Journal:
    """Five entries."""
    shutil.copytree(written, folder)
    return open_journal(folder, KEY)


def spoil(folder: Path, change: Change) -> None:
    """Change the database as somebody does who may write the file: triggers are no wall to them."""
    with closing(sqlite3.connect(folder / "journal.sqlite")) as database:
        for name in ("insert", "update", "delete"):
            database.execute(f"DROP TRIGGER entries_{name}")
        change(database)
        database.commit()


def swap(database: sqlite3.Connection) -> None:
    for before, after in ((2, 9), (3, 2), (9, 3)):
        database.execute("UPDATE entries SET seq = ? WHERE seq = ?", (after, before))


def rewrite(database: sqlite3.Connection) -> None:
    """A whole new chain, which holds in itself: its codes are made without the key."""
    entry = None
    for seq in range(1, 6):
        row = following(entry, datetime.now(UTC), "eve", "certified", {"n": seq}, OTHER)
        database.execute("UPDATE entries SET entry = ?, code = ? WHERE seq = ?", (row.entry, row.code, seq))
        entry = read(row)


def splice(database: sqlite3.Connection) -> None:
    """An entry of another machine's journal, under the same key."""
    row = following(None, datetime.now(UTC), "alice", "certified", {}, KEY)
    for _ in range(2):
        row = following(read(row), datetime.now(UTC), "alice", "certified", {}, KEY)
    database.execute("UPDATE entries SET entry = ?, code = ? WHERE seq = 3", (row.entry, row.code))


def lengthen(database: sqlite3.Connection) -> None:
    """One entry more, forged: it is where a killed writer's would be."""
    text, code = database.execute("SELECT entry, code FROM entries WHERE seq = 5").fetchone()
    row = following(read(Row(5, text, code)), datetime.now(UTC), "eve", "lifted", {}, OTHER)
    database.execute("INSERT INTO entries VALUES (?, ?, ?)", row)


def execute(statement: str) -> Change:
    return lambda database: database.execute(statement)


def edit(seq: int, made: str) -> Change:
    return execute(f"UPDATE entries SET entry = {made} WHERE seq = {seq}")  # noqa: S608  (our own words)


TAMPERED = {
    "edited": (edit(3, "replace(entry, 'alice', 'eve')"), "entry 3 was changed"),
    "edited last": (edit(5, "replace(entry, 'alice', 'eve')"), "entry 5 was changed"),
    "spaced": (edit(3, "entry || ' '"), "entry 3 was changed"),
    "deleted": (execute("DELETE FROM entries WHERE seq = 3"), "entry 3 is missing: it was deleted"),
    "beheaded": (execute("DELETE FROM entries WHERE seq = 1"), "entry 1 is missing"),
    "closed up": (
        lambda database: [
            database.execute("DELETE FROM entries WHERE seq = 3"),
            database.execute("UPDATE entries SET seq = 3 WHERE seq = 4"),
            database.execute("UPDATE entries SET seq = 4 WHERE seq = 5"),
        ],
        "entry 4 stands in the place of entry 3",
    ),
    "cut": (
        execute("DELETE FROM entries WHERE seq > 3"),
        "entry 3, and the head beside it saw entry 5: 2 were cut off",
    ),
    "emptied": (execute("DELETE FROM entries"), "ends at entry 0, and the head beside it saw entry 5"),
    "reordered": (swap, "entry 3 stands in the place of entry 2"),
    "rewritten": (rewrite, "from entry 1 on it was rewritten without the project's key"),
    "spliced": (splice, "entry 3 does not follow the one before it: it is of another journal"),
    "lengthened": (lengthen, "entry 6 was .*written without the project's key"),
    "nonsense": (edit(2, "'[]'"), "entry 2 .* it is no entry at all"),
    "twice": (edit(2, "replace(entry, '{', '{\"seq\":1,')"), "entry 2 was changed"),
    "deep": (edit(2, f"'{'[' * 100_000}'"), "entry 2 .* it is no entry at all"),
    "table gone": (execute("DROP TABLE entries"), "it is not the database that was written"),
    "of another type": (
        lambda database: database.executescript(
            "ALTER TABLE entries RENAME TO was; CREATE TABLE entries (seq, entry, code);"
            "INSERT INTO entries SELECT seq, CAST(entry AS BLOB), code FROM was"
        ),
        "it holds what was never written to it",
    ),
}


def test_it_remembers(journal: Journal, folder: Path) -> None:
    """What was written is read, in its order, by whoever opens it next."""
    again = open_journal(folder, KEY, create=False)
    entries = list(again.entries())
    assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5]
    assert entries[0].prev == "0" * 64
    assert all(after.prev == before.digest for before, after in itertools.pairwise(entries))
    assert entries[2].body == {"n": 3, "deep": {"list": [1, "zwei", None, True]}}
    assert entries[2].at.tzinfo is not None
    assert again.head() == entries[4].head == again.expect_whole()


def test_the_newest_entry_that_says_so_is_found(journal: Journal) -> None:
    """By its event and what its body says."""
    journal.append("sealed", "bob", {"n": 3})
    wanted = journal.append("certified", "bob", {"n": 3})
    assert journal.last("certified", n=3) == wanted
    assert journal.last("certified", n=4, deep={"list": [1, "zwei", None, True]}) is not None
    assert journal.last("sealed", n=4) is None
    assert journal.last("lifted") is None


@pytest.mark.parametrize("name", TAMPERED)
def test_what_was_done_to_it_is_found(journal: Journal, folder: Path, name: str) -> None:
    """By verification, and by whoever would act."""
    change, why = TAMPERED[name]
    spoil(folder, change)
    with pytest.raises(TamperedError, match=f"journal.sqlite is not as it was written: .*{why}"):
        journal.expect_whole()
    before = (folder / "journal.head").read_bytes()
    with pytest.raises(TamperedError):
        journal.expect_writable()
    assert (folder / "journal.head").read_bytes() == before, "the proof of it was taken away"


@pytest.mark.parametrize("name", ["cut", "emptied", "lengthened", "edited last", "rewritten", "table gone"])
def test_what_was_done_to_its_end_is_found_at_once(journal: Journal, folder: Path, name: str) -> None:
    """Opening it, and adding to it, hold its end against its head."""
    spoil(folder, TAMPERED[name][0])
    with pytest.raises(TamperedError):
        journal.append("certified", "alice", {})
    with pytest.raises(TamperedError):
        open_journal(folder, KEY)


@pytest.mark.parametrize(
    "name", ["edited", "deleted", "reordered", "rewritten", "spliced", "of another type"]
)
def test_no_reading_passes_over_it(journal: Journal, folder: Path, name: str) -> None:
    """Forwards and backwards."""
    spoil(folder, TAMPERED[name][0])
    with pytest.raises(TamperedError):
        list(journal.entries())
    with pytest.raises(TamperedError):
        journal.last("never")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "journal.head is not as it was written"),
        (b'{"seq":9,"sha256":"00","mac":"00"}', "journal.head is not as it was written"),
        (b'{"seq":5}', "journal.head is not as it was written"),
        (None, "it ends at entry 5, and its head is gone"),
    ],
    ids=["empty", "forged", "short", "gone"],
)
def test_a_head_that_was_changed_is_found(
    journal: Journal, folder: Path, content: bytes | None, why: str
) -> None:
    """Nobody hides what they cut off by cutting the head, too."""
    head = folder / "journal.head"
    head.unlink() if content is None else head.write_bytes(content)
    for question in (journal.expect_whole, journal.expect_writable, lambda: open_journal(folder, KEY)):
        with pytest.raises(TamperedError, match=why):
            question()


def test_a_file_that_is_gone_is_missed(journal: Journal, folder: Path) -> None:
    """Its head tells of it; it is not begun anew."""
    (folder / "journal.sqlite").unlink()
    for question in (journal.expect_whole, journal.expect_writable, lambda: journal.append("a", "b", {})):
        with pytest.raises(TamperedError, match="ends at entry 0, and the head beside it saw entry 5"):
            question()


@pytest.mark.parametrize("octets", [b"", b"not a database", b"SQLite format 3\0" + b"\0" * 4080])
def test_a_file_that_is_no_database_is_not_taken_for_an_empty_one(
    journal: Journal, folder: Path, octets: bytes
) -> None:
    """Whatever stands in its place."""
    (folder / "journal.sqlite").write_bytes(octets)
    for question in (journal.expect_whole, journal.expect_writable, lambda: list(journal.entries())):
        with pytest.raises(TamperedError, match="not as it was written"):
            question()


@pytest.mark.parametrize("share", [0.001, 0.25, 0.5, 0.75, 0.999])
def test_a_file_that_was_cut_off_is_found(journal: Journal, folder: Path, share: float) -> None:
    """At any length."""
    os.truncate(folder / "journal.sqlite", int((folder / "journal.sqlite").stat().st_size * share))
    with pytest.raises(TamperedError):
        journal.expect_whole()


def test_an_older_state_is_found_by_a_certificate(journal: Journal, folder: Path) -> None:
    """A journal and a head that are put back together pass, but for who saw them later."""
    older = [(path, path.read_bytes()) for path in folder.iterdir()]
    seen = journal.append("certified", "alice", {}).head
    for path, octets in older:
        path.write_bytes(octets)
    assert journal.expect_whole() is not None
    with pytest.raises(TamperedError, match=r"ends at entry 5, and proof.jsonl saw entry 6: 1 were cut off"):
        journal.expect_whole({"proof.jsonl": seen})
    journal.append("certified", "eve", {})
    with pytest.raises(TamperedError, match=r"entry 6 is another than the one that proof.jsonl saw"):
        journal.expect_whole({"proof.jsonl": seen})


def test_another_project_reads_nothing_of_it(journal: Journal, folder: Path) -> None:
    """A key that is not the project's holds nothing."""
    with pytest.raises(TamperedError):
        open_journal(folder, OTHER)


def test_a_writer_that_was_killed_before_the_head_is_forgiven(journal: Journal, folder: Path) -> None:
    """Its entry stands; the next opening lets the head follow. Two such entries are none of ours."""
    head = folder / "journal.head"
    before = head.read_bytes()
    journal.append("certified", "alice", {})
    after = head.read_bytes()
    head.write_bytes(before)
    assert journal.expect_whole() == journal.head()
    open_journal(folder, KEY)
    assert head.read_bytes() == after
    journal.append("certified", "alice", {})
    head.write_bytes(before)
    with pytest.raises(TamperedError, match="its head is of entry 5: an old one"):
        open_journal(folder, KEY)


def test_the_first_entry_may_stand_without_a_head(folder: Path) -> None:
    """As after a kill between both."""
    journal = open_journal(folder, KEY)
    journal.append("certified", "alice", {})
    (folder / "journal.head").unlink()
    assert open_journal(folder, KEY).expect_whole() == Head(1, next(journal.entries()).digest)
    assert (folder / "journal.head").exists()


def test_the_database_itself_refuses_changes(journal: Journal, folder: Path) -> None:
    """A slip with sqlite3 changes nothing."""
    row = (2, "x", "y")
    with closing(sqlite3.connect(folder / "journal.sqlite")) as database:
        for statement in ("UPDATE entries SET code = ''", "DELETE FROM entries"):
            with pytest.raises(sqlite3.IntegrityError, match="only ever lengthened"):
                database.execute(statement)
        for statement in ("INSERT", "INSERT OR REPLACE", "REPLACE"):
            with pytest.raises(sqlite3.IntegrityError, match="only ever lengthened"):
                database.execute(f"{statement} INTO entries VALUES (?, ?, ?)", row)
        with pytest.raises(sqlite3.IntegrityError, match="datatype mismatch"):
            database.execute("INSERT INTO entries VALUES ('six', 'x', 'y')")
    journal.expect_whole()


def test_it_is_durable_and_its_owners_alone(journal: Journal, folder: Path) -> None:
    """A write-ahead log, and no right for anybody else on any of its files."""
    with closing(sqlite3.connect(folder / "journal.sqlite")) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert database.execute("SELECT * FROM entries").fetchone()
        files = sorted(path.name for path in folder.iterdir())
        modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert files == ["journal.head", "journal.sqlite", "journal.sqlite-shm", "journal.sqlite-wal"]
    assert modes == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_file_that_others_may_read_is_refused(journal: Journal, folder: Path) -> None:
    """With what mends it."""
    (folder / "journal.sqlite").chmod(0o640)
    with pytest.raises(WriteError, match=r"may be read by others: chmod 600 .*journal.sqlite"):
        journal.append("certified", "alice", {})


def test_a_lock_that_somebody_holds_is_told_of(
    journal: Journal, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is done; and nothing was written."""
    monkeypatch.setattr("disjoint.journal.sqlite.WAIT_SECONDS", 0.2)
    with closing(sqlite3.connect(folder / "journal.sqlite", isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        with pytest.raises(WriteError, match="another process holds it"):
            journal.expect_writable()
        assert len(list(journal.entries())) == 5, "reading waits for nobody"
    journal.expect_writable()


def test_asking_whether_it_can_be_written_writes_nothing(journal: Journal, folder: Path) -> None:
    """Neither an entry nor a file."""
    before = sorted(folder.iterdir())
    journal.expect_writable()
    assert len(list(journal.entries())) == 5
    assert sorted(folder.iterdir()) == before


def test_a_folder_that_cannot_be_made_is_told_of(tmp_path: Path) -> None:
    """Something stands in its place."""
    (tmp_path / "projects").write_text("")
    with pytest.raises(WriteError, match=r"cannot use .*journal.sqlite"):
        open_journal(tmp_path / "projects" / "name", KEY)


def test_reading_makes_nothing(folder: Path) -> None:
    """A journal that was never begun is empty."""
    journal = open_journal(folder, KEY, create=False)
    assert (list(journal.entries()), journal.head(), journal.last("x"), journal.expect_whole()) == (
        [],
        None,
        None,
        None,
    )
    assert not folder.exists()


@pytest.mark.parametrize("begun", [True, False], ids=["under way", "at the first use"])
def test_two_processes_write_at_once(folder: Path, begun: bool) -> None:
    """All of both lands, in one chain."""
    if begun:
        open_journal(folder, KEY)
    argv = [[sys.executable, "-c", WRITER, str(folder), name] for name in ("one", "two")]
    running = [subprocess.Popen(each, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for each in argv]
    for each in running:
        assert each.stdout is not None
        assert each.stdout.readline() == b"ready\n"
    for each in running:
        assert each.stdin is not None
        each.stdin.write(b"\n")
        each.stdin.flush()
    assert [each.wait(60) for each in running] == [0, 0]
    journal = open_journal(folder, KEY, create=False)
    actors = [entry.actor for entry in journal.entries()]
    assert sorted(actors) == ["one"] * 25 + ["two"] * 25
    assert actors != sorted(actors), "they never met: the test shows nothing"
    assert journal.expect_whole() == journal.head()


def test_a_freeze_stands_until_it_is_lifted(journal: Journal) -> None:
    """Whatever happens meanwhile, and whichever other is; an entry that says of none lifts them all."""
    assert frozen(journal.entries()) == ()
    first = journal.append("frozen", "alice", {"reason": "a"})
    second = journal.append("frozen", "alice", {"reason": "b"})
    journal.append("certified", "alice", {})
    assert frozen(journal.entries()) == (first, second)
    for seq in (first.seq, first.seq, 99, "2"):
        journal.append("lifted", "alice", {WHICH: seq})
        assert frozen(journal.entries()) == (second,)
    journal.append("frozen", "bob", {})
    journal.append("lifted", "alice", {})
    assert frozen(journal.entries()) == ()
