"""The session on production: harmless, on time, one attempt, and nothing of this process in it."""

from __future__ import annotations

import os
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
import trustme
from postgres_world import World, build, target, visit

from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.postgres import outward, queries
from disjoint.kinds.postgres.address import login
from disjoint.kinds.postgres.connect import connect
from disjoint.kinds.postgres.session import Session, session
from disjoint.model.fact import Known
from disjoint.model.probe import ProbeError
from disjoint.runner.visit import Visit

pytestmark = pytest.mark.live
CONSTANTS = {
    " ".join(text.split())
    for value in (*vars(queries).values(), *vars(outward).values())
    for text in ((value,) if isinstance(value, str) else value if isinstance(value, tuple) else ())
}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with Supervisor() as supervisor:
        yield build(supervisor)


def failure(url: str, budget: float = 10.0) -> tuple[ProbeError, float]:
    """Why a visit failed, and how long it took to."""
    started = time.monotonic()
    with pytest.raises(ProbeError) as caught:
        visit(target(url), budget)
    return caught.value, time.monotonic() - started


@contextmanager
def listening(behave: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server on loopback that treats every connection in the given way."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    peer, _ = listener.accept()
                    threading.Thread(target=behave, args=(peer,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def test_only_constant_statements_reach_the_server_and_each_is_counted(world: World) -> None:
    """With log_statement=all the server's log shows what the tally counted, and nothing else."""
    with world.production.admin() as admin:
        admin.execute(b"ALTER ROLE app SET log_statement = 'all'")
    log = world.production.process.log
    before = log.stat().st_size
    _, tally = visit(target(world.url(world.production), stamp=True))
    with world.production.admin() as admin:
        admin.execute(b"ALTER ROLE app RESET log_statement")
    said = log.read_text()[before:]
    statements = re.findall(r"LOG:  (?:statement|execute <unnamed>): (.*?)(?=\n\d{4}-|\Z)", said, re.DOTALL)
    logged = [part for text in statements if "ALTER ROLE" not in text for part in text.split(";")]
    logged = [" ".join(text.split()) for text in logged]
    assert logged
    assert set(logged) <= CONSTANTS, set(logged) - CONSTANTS
    commands = tally.footprint().commands
    assert len(logged) == sum(count for command, count in commands if command != "CONNECT")


def test_a_session_leaves_its_connection_as_it_found_it(world: World) -> None:
    """After the rollback every setting is back: the next client of a pooled connection sees nothing."""
    names = [re.split(r"[ =]", text)[2] for text in (*queries.OPENING, *queries.OPTIONAL) if "LOCAL" in text]
    assert len(names) == 9
    where = target(world.url(world.production))
    with (
        Visit.alone(where.environment) as probe,
        connect(login(world.url(world.production)), probe) as opened,
    ):

        def settings() -> list[str]:
            return [opened.connection.execute(f"SHOW {name}".encode()).fetchall()[0][0] for name in names]

        before = settings()
        reading = Session(opened, probe)
        reading.open()
        assert all(a != b for a, b in zip(settings(), before, strict=True))
        with pytest.raises(ProbeError):
            reading.ask(queries.STAMP)
        reading.ask(queries.APPLICATION_PATH)
        reading.close()
        assert settings() == before


def test_a_declared_statement_is_one_statement(world: World) -> None:
    """The server itself refuses a second statement behind the first."""
    where = target(world.url(world.production), "staging")
    with (
        Visit.alone(where.environment) as probe,
        session(login(world.url(world.production)), probe) as opened,
    ):
        with pytest.raises(ProbeError):
            opened.ask_declared("", "SELECT 1; SELECT 2", "SELECT (a sentinel)")
        assert opened.ask_declared("", "SELECT 1", "SELECT (a sentinel)") == [(1,)]


def test_a_wrong_password_is_tried_exactly_once(world: World) -> None:
    """One refused login in the server's log, and no driver's text in the reason."""
    url = world.production.url(f"127.0.0.1:{world.production.port}", "app", "wrong-word", "shop")
    before = world.production.process.log.stat().st_size
    error, seconds = failure(url)
    assert error.reason == f"127.0.0.1:{world.production.port} refused the login"
    assert seconds < 1
    said = world.production.process.log.read_text()[before:]
    assert said.count("FATAL:  password authentication failed") == 1


@pytest.mark.parametrize(
    ("user", "database", "reason"),
    [("app", "nowhere", "no such database"), ("ghost", "shop", "refused the login")],
)
def test_an_unknown_database_or_role_has_our_own_reason(
    world: World, user: str, database: str, reason: str
) -> None:
    """The reason says what is wrong in our words and never holds the password."""
    error, _ = failure(world.url(world.production, user, database))
    assert reason in error.reason
    assert world.password not in error.reason + error.remedy


def test_a_full_server_is_named_as_such(world: World) -> None:
    """A role at its connection limit is no wrong password."""
    with world.production.admin() as admin:
        admin.execute(b"ALTER ROLE bare CONNECTION LIMIT 0")
        error, _ = failure(world.url(world.production, "bare"))
        admin.execute(b"ALTER ROLE bare CONNECTION LIMIT -1")
    assert "no free connection" in error.reason


def test_a_dead_port_is_refused_at_once(world: World) -> None:
    """Connection refused, in the probe's words."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error, seconds = failure(f"postgresql://app:word@127.0.0.1:{port}/shop")
    assert error.reason == f"connection refused at 127.0.0.1:{port}"
    assert seconds < 1


def test_the_first_host_that_answers_is_taken(world: World) -> None:
    """A dead host in a list costs its own attempt and nothing else."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        dead = free.getsockname()[1]
    url = f"postgresql://app:{world.password}@127.0.0.1:{dead},127.0.0.1:{world.production.port}/shop"
    facts, _ = visit(target(url))
    assert (facts.database, facts.alternatives) == (Known("shop"), Known(1))


def drip(peer: socket.socket) -> None:
    """An answer to the greeting that is always one byte short of whole."""
    with suppress(OSError):
        peer.sendall(b"R\x00\x00\x07\xd0")
        while True:
            peer.sendall(b"x")
            time.sleep(0.05)


@pytest.mark.alone
def test_a_dripping_greeting_ends_in_time() -> None:
    """A peer that sends a byte at a time holds a visit no longer than its deadline."""
    with listening(drip) as port:
        _, seconds = failure(f"postgresql://app:word@127.0.0.1:{port}/shop?sslmode=disable", 1.0)
    assert seconds < 1.5


@pytest.mark.alone
def test_a_silent_peer_ends_in_time() -> None:
    """A peer that accepts and says nothing is left at the deadline."""
    with listening(lambda _: time.sleep(30)) as port:
        _, seconds = failure(f"postgresql://app:word@127.0.0.1:{port}/shop", 0.8)
    assert seconds < 1.2


@pytest.mark.alone
def test_an_answer_that_never_ends_is_cut_at_the_deadline(world: World) -> None:
    """A server that stops answering inside the transaction costs the rest of its facts, on time."""

    def forward(peer: socket.socket) -> None:
        upstream = socket.create_connection(("127.0.0.1", world.production.port))
        threading.Thread(target=pump, args=(peer, upstream, None), daemon=True).start()
        pump(upstream, peer, b"pg_control_checkpoint")

    with listening(forward) as port:
        url = world.production.url(f"127.0.0.1:{port}", "app", world.password, "shop") + "?sslmode=disable"
        started = time.monotonic()
        with suppress(ProbeError):
            visit(target(url), 1.0)
        assert time.monotonic() - started < 1.5


def pump(source: socket.socket, sink: socket.socket, until: bytes | None) -> None:
    """Copy bytes; once `until` was seen or 3000 bytes passed, one byte a time and slowly."""
    passed = 0
    with suppress(OSError):
        while chunk := source.recv(65536):
            passed += len(chunk)
            if until is None or passed < 1500:
                sink.sendall(chunk)
                continue
            for byte in chunk:
                sink.sendall(bytes([byte]))
                time.sleep(0.2)


def test_nothing_of_this_process_redirects_a_visit(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """PG* variables and a password file of this process are not the environment's."""
    passwords = tmp_path / ".pgpass"
    passwords.write_text(f"*:*:*:*:{world.password}\n")
    passwords.chmod(0o600)
    for name, value in {
        "HOME": str(tmp_path),
        "PGHOST": "elsewhere.invalid", "PGHOSTADDR": "192.0.2.1", "PGPORT": "1", "PGDATABASE": "other",
        "PGUSER": "ghost", "PGPASSWORD": world.password, "PGPASSFILE": str(passwords),
        "PGSSLMODE": "verify-full",
        "PGOPTIONS": "-c statement_timeout=1", "PGREQUIREAUTH": "none", "PGTARGETSESSIONATTRS": "standby",
        "PGCHANNELBINDING": "require", "PGREQUIREPEER": "ghost", "PGSSLROOTCERT": "system",
        "PGSSLCERTMODE": "require", "PGMINPROTOCOLVERSION": "3.2", "PGMAXPROTOCOLVERSION": "3.2",
        "PGCONNECT_TIMEOUT": "1", "PGLOADBALANCEHOSTS": "random", "PGSSLNEGOTIATION": "direct",
        "PGCLIENTENCODING": "LATIN1", "PGAPPNAME": "told", "PGGSSENCMODE": "require", "PGSSLCRL": "/nowhere",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    facts, _ = visit(target(world.url(world.production)))
    assert facts.database == Known("shop")
    error, _ = failure(f"postgresql://app@127.0.0.1:{world.production.port}/shop")
    assert "states none" in error.reason
    monkeypatch.delenv("PGPASSFILE")
    monkeypatch.delenv("PGPASSWORD")
    error, _ = failure(f"postgresql://app@127.0.0.1:{world.production.port}/shop")
    assert "states none" in error.reason
    monkeypatch.setenv("PGSERVICE", "production")
    error, _ = failure(world.url(world.production))
    assert "PGSERVICE" in error.reason


def test_the_environments_own_variables_are_obeyed(world: World) -> None:
    """PGHOSTADDR of the environment redirects its clients, and so the visit."""
    url = world.production.url(f"db.shop.test:{world.production.port}", "app", world.password, "shop")
    facts, _ = visit(target(url, variables={"PGHOSTADDR": "127.0.0.1"}))
    assert facts.database == Known("shop")


def test_a_mapped_name_is_reached_where_the_manifest_says(world: World) -> None:
    """reach_at leads the visit, and says so among the facts."""
    url = world.production.url("db.shop.test:5432", "app", world.password, "shop")
    facts, _ = visit(target(url, reach_at={"db.shop.test:5432": f"127.0.0.1:{world.production.port}"}))
    assert facts.reached == Known("reach_at")


def test_no_secret_is_among_the_facts(world: World) -> None:
    """Neither the password nor the raw identifier is in what a visit brings home."""
    facts, tally = visit(target(world.url(world.production), stamp=True))
    with world.production.admin() as admin:
        ((identifier,),) = admin.execute(
            b"SELECT system_identifier::text FROM pg_control_system()"
        ).fetchall()
    assert world.password not in repr((facts, tally.footprint()))
    assert str(identifier) not in repr(facts)


@contextmanager
def tls_front(world: World, certificate: trustme.LeafCert, clear: bool = False) -> Iterator[int]:
    """PostgreSQL's TLS greeting before a server that has none; beside it clear text where that is said."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)

    def behave(peer: socket.socket) -> None:
        with suppress(OSError, ssl.SSLError):
            secured, first = peer, peer.recv(8)
            if not clear or first == b"\0\0\0\x08\x04\xd2\x16\x2f":
                peer.sendall(b"S")
                secured, first = context.wrap_socket(peer, server_side=True), b""
            upstream = socket.create_connection(("127.0.0.1", world.production.port))
            upstream.sendall(first)
            threading.Thread(target=pump, args=(upstream, secured, None), daemon=True).start()
            pump(secured, upstream, None)

    with listening(behave) as port:
        yield port


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.mark.parametrize(
    ("mode", "named", "trusted", "expected"),
    [
        ("require", "127.0.0.1", False, "certificate not verified"),
        ("prefer", "127.0.0.1", False, "certificate not verified"),
        ("verify-ca", "other.test", True, "issuer verified, host name not"),
        ("verify-full", "127.0.0.1", True, "verified"),
    ],
)
def test_tls_is_what_the_address_asks_for(
    world: World, authority: trustme.CA, tmp_path: Path, mode: str, named: str, trusted: bool, expected: str
) -> None:
    """Verified TLS is verified, unverified TLS says so: never weaker, never silently stronger."""
    root = tmp_path / "root.pem"
    authority.cert_pem.write_to_path(str(root))
    with tls_front(world, authority.issue_cert(named)) as port:
        query = f"?sslmode={mode}" + (f"&sslrootcert={root}" if trusted else "")
        url = world.production.url(f"127.0.0.1:{port}", "app", world.password, "shop") + query
        assert visit(target(url))[0].tls == Known(expected)


def test_a_root_found_at_home_changes_nothing(
    world: World, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """sslmode=require stays unverified, though libpq would verify by a root in this user's home."""
    home = tmp_path / ".postgresql"
    home.mkdir()
    trustme.CA().cert_pem.write_to_path(str(home / "root.crt"))
    monkeypatch.setenv("HOME", str(tmp_path))
    with tls_front(world, authority.issue_cert("127.0.0.1")) as port:
        url = world.production.url(f"127.0.0.1:{port}", "app", world.password, "shop")
        assert visit(target(f"{url}?sslmode=require"))[0].tls == Known("certificate not verified")


@pytest.mark.parametrize(
    ("issuer", "named", "reason"),
    [("own", "other.test", "names another host"), ("foreign", "127.0.0.1", "not signed by the stated root")],
)
def test_a_failed_verification_is_unproven(
    world: World, authority: trustme.CA, tmp_path: Path, issuer: str, named: str, reason: str
) -> None:
    """A certificate of another host or issuer ends the visit before the password is sent."""
    root = tmp_path / "root.pem"
    authority.cert_pem.write_to_path(str(root))
    signer = authority if issuer == "own" else trustme.CA()
    with tls_front(world, signer.issue_cert(named)) as port:
        url = world.production.url(f"127.0.0.1:{port}", "app", world.password, "shop")
        error, _ = failure(f"{url}?sslmode=verify-full&sslrootcert={root}")
    assert reason in error.reason


@pytest.mark.parametrize("mode", ["", "?sslmode=prefer", "?sslmode=allow"])
def test_a_refused_password_is_tried_once_and_never_again_without_tls(
    world: World, authority: trustme.CA, mode: str
) -> None:
    """libpq alone would log in a second time, and for sslmode=prefer in clear text."""
    log = world.production.process.log
    before = log.stat().st_size
    with tls_front(world, authority.issue_cert("127.0.0.1"), clear=True) as port:
        error, _ = failure(world.production.url(f"127.0.0.1:{port}", "app", "no-such-word", "shop") + mode)
    assert "refused the login" in error.reason
    assert log.read_text()[before:].count("password authentication failed") == 1


@pytest.mark.parametrize("name", ["sslrootcert", "sslcert", "sslkey", "sslcrl"])
def test_a_pipe_in_a_certificates_place_is_not_waited_for(world: World, tmp_path: Path, name: str) -> None:
    """libpq opens it with the whole process at a standstill: no deadline and no Ctrl-C would end that."""
    os.mkfifo(tmp_path / "pipe")
    error, seconds = failure(world.url(world.production, query=f"?sslmode=require&{name}={tmp_path}/pipe"))
    assert error.reason == f"what the address names as {name} is no ordinary file"
    assert seconds < 1


def test_a_server_without_tls_fails_an_address_that_requires_it(world: World) -> None:
    """sslmode=require is never downgraded."""
    error, _ = failure(world.url(world.production, query="?sslmode=require"))
    assert "TLS" in error.reason


def test_a_connection_is_given_back(world: World) -> None:
    """After a visit no session of ours is left on the server."""
    visit(target(world.url(world.production)))
    with closing(world.production.admin()) as admin:
        for _ in range(50):
            rows = admin.execute(b"SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'").fetchall()
            if rows == [(0,)]:
                return
            time.sleep(0.02)
    pytest.fail("a session stayed")
