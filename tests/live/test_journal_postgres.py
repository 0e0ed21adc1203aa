"""A journal that many machines write: one PostgreSQL, ordinary roles, two writers at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from disjoint.demo.servers.postgres import PostgresServer
from disjoint.demo.supervisor import Supervisor
from disjoint.errors import TamperedError, UsageError, WriteError
from disjoint.journal import Journal, open_journal

pytestmark = pytest.mark.live
KEY = b"k" * 32
WRITER = """
import sys
from pathlib import Path
from disjoint.journal import open_journal
journal = open_journal(Path(sys.argv[1]), b"k" * 32, sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
for n in range(20):
    journal.append("certified", sys.argv[3], {"n": n})
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """One server; `owner` may create tables, `writer` only adds and reads, `reader` only reads."""
    with Supervisor() as supervisor:
        server = PostgresServer.start(supervisor, "journal")
        with server.admin() as admin:
            for role in ("owner", "writer", "reader", "stranger"):
                admin.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{server.password}'".encode())
            admin.execute(b"CREATE DATABASE history OWNER owner")
        yield server


def url(server: PostgresServer, role: str = "owner", database: str = "history") -> str:
    return server.url(f"127.0.0.1:{server.port}", role, server.password, database)


@pytest.fixture
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A project of its own for each test: they share the table."""
    return tmp_path / str(request.node.name)


@pytest.fixture
def journal(server: PostgresServer, folder: Path) -> Journal:
    """A journal whose table is there, and which `writer` may lengthen."""
    journal = open_journal(folder, KEY, url(server))
    with server.admin("history") as admin:
        admin.execute(b"GRANT SELECT, INSERT ON disjoint_journal TO writer")
        admin.execute(b"GRANT SELECT ON disjoint_journal TO reader")
    return journal


def test_it_remembers(journal: Journal, server: PostgresServer, folder: Path) -> None:
    """What one role wrote another reads, from a folder of its own too."""
    written = [journal.append("certified", "alice", {"n": n}) for n in range(3)]
    elsewhere = open_journal(folder.parent / "other" / folder.name, KEY, url(server, "reader"), create=False)
    assert list(elsewhere.entries()) == written
    assert elsewhere.head() == written[-1].head
    assert elsewhere.last("certified", n=1) == written[1]
    assert elsewhere.expect_whole({"a certificate": written[0].head}) == written[-1].head


def test_two_machines_write_at_once(journal: Journal, server: PostgresServer, folder: Path) -> None:
    """All of both lands, in one chain."""
    homes = [folder.parent / name / folder.name for name in ("one", "two")]
    argv = [
        [sys.executable, "-c", WRITER, str(home), url(server, "writer"), home.parent.name] for home in homes
    ]
    running = [subprocess.Popen(each, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for each in argv]
    for each in running:
        assert each.stdout is not None
        assert each.stdout.readline() == b"ready\n"
    for each in running:
        assert each.stdin is not None
        each.stdin.write(b"\n")
        each.stdin.flush()
    assert [each.wait(60) for each in running] == [0, 0]
    actors = [entry.actor for entry in journal.entries()]
    assert sorted(actors) == ["one"] * 20 + ["two"] * 20
    assert actors != sorted(actors), "they never met: the test shows nothing"
    for home in homes:
        assert open_journal(home, KEY, url(server)).expect_whole() == journal.head()


def test_a_role_that_only_adds_is_enough(journal: Journal, server: PostgresServer, folder: Path) -> None:
    """After the first use no right to create, change or delete is needed."""
    modest = open_journal(folder, KEY, url(server, "writer"))
    modest.expect_writable()
    modest.append("sealed", "bob", {})
    assert [entry.actor for entry in journal.entries()] == ["bob"]


def test_a_trial_leaves_nothing(journal: Journal) -> None:
    """Asking whether an entry could be written writes none."""
    journal.expect_writable()
    assert list(journal.entries()) == []


def test_a_role_that_only_reads_cannot_act(journal: Journal, server: PostgresServer, folder: Path) -> None:
    """No log, no action: said before anything is done, without the password."""
    with pytest.raises(WriteError, match="needs SELECT and INSERT") as caught:
        open_journal(folder, KEY, url(server, "reader")).expect_writable()
    assert server.password not in str(caught.value)


def test_a_role_that_may_not_begin_is_told_so(server: PostgresServer, folder: Path) -> None:
    """Where there is no table yet, and none may be made."""
    with pytest.raises(WriteError, match="CREATE in the schema"):
        open_journal(folder, KEY, url(server, "stranger", "postgres"))


@pytest.mark.parametrize(
    "statement", ["UPDATE disjoint_journal SET entry = ''", "DELETE FROM disjoint_journal"]
)
def test_the_table_refuses_changes(journal: Journal, server: PostgresServer, statement: str) -> None:
    """Even to its owner, until the owner takes the trigger away."""
    journal.append("sealed", "bob", {})
    with (
        psycopg.connect(url(server)) as connection,
        pytest.raises(psycopg.errors.RaiseException, match="only ever lengthened"),
    ):
        connection.execute(statement.encode())


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (
            "UPDATE disjoint_journal SET entry = replace(entry, 'bob', 'eve') WHERE seq = 2",
            "entry 2 was changed",
        ),
        ("DELETE FROM disjoint_journal WHERE seq = 2", "entry 2 is missing"),
        (
            "DELETE FROM disjoint_journal WHERE seq > 3",
            "ends at entry 3, and the head .* saw entry 4: 1 were cut off",
        ),
        (
            (
                "UPDATE disjoint_journal SET seq = 9 WHERE seq = 3;"
                "UPDATE disjoint_journal SET seq = 3 WHERE seq = 2;"
                "UPDATE disjoint_journal SET seq = 2 WHERE seq = 9"
            ),
            "entry 3 stands in the place of entry 2",
        ),
    ],
    ids=["edited", "deleted", "cut", "reordered"],
)
def test_what_the_owner_of_the_database_does_is_found(
    journal: Journal, server: PostgresServer, folder: Path, statement: str, why: str
) -> None:
    """Whoever may drop a trigger has not the project's key."""
    for _ in range(4):
        journal.append("sealed", "bob", {})
    with server.admin("history") as admin:
        admin.execute(b"ALTER TABLE disjoint_journal DISABLE TRIGGER ALL")
        for each in statement.replace("WHERE", f"WHERE project = '{folder.name}' AND").split(";"):
            admin.execute(each.encode())
        admin.execute(b"ALTER TABLE disjoint_journal ENABLE TRIGGER ALL")
    with pytest.raises(TamperedError, match=why):
        journal.expect_whole()
    with pytest.raises(TamperedError):
        journal.expect_writable()


def test_no_error_shows_the_password(server: PostgresServer, folder: Path) -> None:
    """A wrong password, a wrong port, a wrong database, a wrong scheme."""
    right = url(server)
    wrong = [right.replace(server.password, "hunter2-hunter2"), right.replace(f":{server.port}/", ":1/")]
    for stated in (*wrong, right.replace("/history", "/nowhere")):
        with pytest.raises(WriteError, match="does not answer, refuses the login, or has no such") as caught:
            open_journal(folder, KEY, stated)
        assert server.password not in str(caught.value)
        assert "hunter2" not in str(caught.value)
    for stated in ("mysql://u:hunter2@h/d", "hunter2", "postgresql://u:hunter2@h:port/d"):
        with pytest.raises(UsageError, match="DISJOINT_JOURNAL") as refused:
            open_journal(folder, KEY, stated)
        assert "hunter2" not in str(refused.value)


def test_somebody_who_holds_the_lock_is_waited_for_and_told_of(
    journal: Journal, server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that hangs stops others with a reason, and never for long."""
    monkeypatch.setattr("disjoint.journal.postgres.WAIT_SECONDS", 1)
    with server.admin("history") as admin, admin.transaction():
        admin.execute(b"SELECT pg_advisory_xact_lock(hashtext('disjoint_journal'))")
        with pytest.raises(WriteError, match="another machine holds the journal"):
            journal.append("sealed", "bob", {})
    journal.append("sealed", "bob", {})
