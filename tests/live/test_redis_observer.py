"""The redis observer on real servers: what it asks, what it learns, what stops it."""

from __future__ import annotations

import contextlib
import itertools
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import UTC, datetime
from os import kill
from types import SimpleNamespace
from typing import Any

import pytest
from peer import answering

from disjoint.demo.servers.certificates import Authority
from disjoint.demo.servers.forward import Forward
from disjoint.demo.servers.valkey import ValkeyServer
from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.redis import observe, wire
from disjoint.kinds.redis.address import login
from disjoint.kinds.redis.facts import RedisDeclared, RedisFacts
from disjoint.kinds.redis.kind import KIND
from disjoint.kinds.redis.session import ACL, connect
from disjoint.model.environment import Environment, Setting, Target
from disjoint.model.fact import Fact, Known, Unknown
from disjoint.model.finding import Judgement, Outcome
from disjoint.model.kind import Question, Side
from disjoint.model.probe import ProbeError
from disjoint.model.secret import RunKey, Secret
from disjoint.runner.deadline import Deadline
from disjoint.runner.run import Job, unread
from disjoint.runner.tally import Tally
from disjoint.runner.visit import Seats, Visit

pytestmark = pytest.mark.live
KEY = RunKey()
TAKEN_AT = datetime(2026, 1, 10, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def production(supervisor: Supervisor) -> ValkeyServer:
    return ValkeyServer.start(supervisor, "production-cache")


@pytest.fixture(scope="module")
def staging(supervisor: Supervisor) -> ValkeyServer:
    return ValkeyServer.start(supervisor, "staging-cache")


@contextlib.contextmanager
def administered(server: ValkeyServer, database: int = 0) -> Iterator[Any]:
    """The server's own administrator; redis-py types too little of it."""
    with contextlib.closing(server.admin(database)) as client:
        yield client


def url_of(server: ValkeyServer, database: int = 0) -> str:
    return server.url(f"127.0.0.1:{server.port}", database)


def visited(
    url: str,
    *,
    protected: bool = True,
    keys: tuple[str, ...] | None = None,
    budget: float = 10.0,
    **reach: str,
) -> tuple[RedisFacts, Tally]:
    """One visit as the runner makes it, and what it sent."""
    where = {name.replace("_", "."): place for name, place in reach.items()}
    environment = Environment("production" if protected else "staging", protected, {}, ".env", where)
    declared = RedisDeclared(url="$REDIS_URL", keys=keys)
    settings: dict[str, Fact[Setting]] = {"url": Known(Setting(Secret(url), ("REDIS_URL",), ".env:1"))}
    target = Target("cache", "redis", environment, declared, settings)
    tally = Tally(protected=protected)
    with Deadline(budget) as deadline:
        visit = Visit(environment, deadline, Seats(), tally, KEY)
        try:
            return KIND.load_observer()(target, visit), tally
        except ProbeError as error:
            facts = unread(Job(KIND, target), Unknown(error.reason, error.remedy))
            assert isinstance(facts, RedisFacts)
            return facts, tally


def facts(url: str, **options: Any) -> RedisFacts:
    return visited(url, **options)[0]


def why(fact: Fact[Any]) -> str:
    assert isinstance(fact, Unknown)
    return fact.reason


def judged(rule: str, left: str, right: str, **declared: Any) -> Judgement:
    """Two visits, and a rule asked about them."""
    sides = (
        Side("production", True, TAKEN_AT, facts(left)),
        Side("staging", False, TAKEN_AT, facts(right, protected=False, **declared)),
    )
    judge = next(r.judge for r in KIND.rules if r.id == f"redis/{rule}")
    return judge(Question(*sides, RedisDeclared(url="$REDIS_URL", **declared)))


def test_two_servers_are_isolated(production: ValkeyServer, staging: ValkeyServer) -> None:
    """Two processes started apart have no id in common."""
    for rule in ("same-server", "replica-or-copy"):
        found = judged(rule, url_of(production), url_of(staging))
        assert (found.outcome, found.grade.word) == (Outcome.ISOLATED, "identity")


def test_another_logical_database_is_the_same_server(production: ValkeyServer) -> None:
    """A database number in the address separates nothing."""
    found = judged("same-server", url_of(production), url_of(production, 5))
    assert found.outcome is Outcome.SHARED
    assert "db 0, db 5" in found.summary


def test_a_forwarded_port_is_the_same_server(supervisor: Supervisor, production: ValkeyServer) -> None:
    """Another port that leads to one process gives its run id."""
    tunnel = Forward.start(supervisor, "tunnel", production.port)
    url = production.url(f"127.0.0.1:{tunnel.port}")
    assert judged("same-server", url_of(production), url).outcome is Outcome.SHARED


def test_a_replica_is_another_server_with_the_same_data(production: ValkeyServer) -> None:
    """A replica passes same-server, and its replication id gives it away, whichever side it is on."""
    replica = production.replica("replica")
    there, here = url_of(production), url_of(replica)
    assert judged("same-server", there, here).outcome is Outcome.ISOLATED
    for pair in ((there, here), (here, there)):
        found = judged("replica-or-copy", *pair)
        assert found.outcome is Outcome.SHARED
        assert "replica" in found.summary
    replica.stop()


def test_a_copy_of_a_replicated_primary_kept_its_id(production: ValkeyServer) -> None:
    """A server started from the dump of a primary that has had a replica carries the primary's id."""
    production.replica("passing").stop()
    with administered(production) as admin:
        while admin.info("persistence")["rdb_bgsave_in_progress"]:
            time.sleep(0.05)
        admin.save()
    copy = ValkeyServer.start(production.supervisor, "copy", dump=production.folder / "dump.rdb")
    assert judged("same-server", url_of(production), url_of(copy)).outcome is Outcome.ISOLATED
    found = judged("replica-or-copy", url_of(production), url_of(copy))
    assert found.outcome is Outcome.SHARED
    assert "copy" in found.summary
    copy.stop()


def test_a_user_without_info_is_told_the_grant(production: ValkeyServer) -> None:
    """A denied INFO is Unknown with the ACL rule that would allow it, and the rest is still read."""
    with administered(production) as admin:
        admin.execute_command(
            "ACL", "SETUSER", "app", "reset", "on", ">app-password", "~*", "+@all", "-@dangerous"
        )
    read = facts(f"redis://app:app-password@127.0.0.1:{production.port}/2")
    assert why(read.run_id) == "this user may not run INFO server"
    assert isinstance(read.run_id, Unknown)
    assert read.run_id.remedy == "ACL SETUSER <that user> +info"
    assert read.database == Known(2)


def test_the_documented_user_is_enough(staging: ValkeyServer) -> None:
    """The least-privilege user of the docs answers everything, and may do nothing else."""
    with administered(staging) as admin:
        admin.execute_command(*ACL.replace("PASSWORD", "least-password").split())
        admin.set("staging:a", "1")
    url = f"redis://disjoint:least-password@127.0.0.1:{staging.port}/0"
    read = facts(url, protected=False, keys=("staging:",))
    unknown = [f.name for f in fields(read) if isinstance(getattr(read, f.name), Unknown)]
    assert unknown == []
    with administered(staging) as admin:
        for command in ("GET staging:a", "KEYS *", "FLUSHALL", "CLIENT LIST", "CONFIG GET dir"):
            answer = admin.execute_command("ACL", "DRYRUN", "disjoint", *command.split())
            assert b"no permissions" in answer, command
        admin.flushdb()


def test_a_wrong_password_is_tried_exactly_once(production: ValkeyServer) -> None:
    """One refused login, no retry, and the password is in no fact."""
    with administered(production) as admin:
        admin.acl_log_reset()
        read, tally = visited(f"redis://default:not-the-pass%2Fword@127.0.0.1:{production.port}/0")
        (entry,) = admin.acl_log()
    assert entry["count"] == 1
    assert why(read.run_id).endswith("refused the login")
    assert "not-the-pass" not in repr(read)
    assert tally.footprint().commands == (("AUTH", 1),)


def test_no_password_where_one_is_wanted(production: ValkeyServer) -> None:
    """A server that asks for a login says so by name."""
    read = facts(f"redis://127.0.0.1:{production.port}/0")
    assert why(read.run_id).endswith("asks for a login")


def test_only_listed_commands_reach_a_server(supervisor: Supervisor) -> None:
    """MONITOR on the server itself sees the reads of the recipe and nothing that redis-py adds."""
    server = ValkeyServer.start(supervisor, "monitored")
    with administered(server) as admin, administered(server) as other:
        admin.set("orders:1", "x")
        with other.monitor() as monitor:
            read, tally = visited(url_of(server), protected=False, keys=("staging:",))
            admin.echo("the end")
            seen = []
            while "the end" not in (line := monitor.next_command()["command"]):
                seen.append(" ".join(line.split()[:2]) if line.startswith("INFO") else line.split()[0])
    assert isinstance(read.namespace, Known)
    assert sorted(set(seen)) == ["AUTH", "INFO keyspace", "INFO replication", "INFO server", "SCAN"]
    assert dict(tally.footprint().commands) == {name: seen.count(name) for name in seen}
    server.stop()


@pytest.mark.parametrize("endless", [b"$999999999\r\n", b"*999999999\r\n$1\r\na\r\n", b"+", b"*1\r\n"])
def test_an_answer_without_an_end_does_not_fill_this_machine(endless: bytes) -> None:
    """8 MiB an answer, then the connection is left: well before the time allowed is over."""
    chunks = [endless, *[(endless if endless.endswith(b"\n") else b"x") * 65536] * 200]
    environment = Environment("production", True, {}, ".env", {})
    with answering(chunks) as peer, Visit.alone(environment) as visit:
        where = login(f"redis://127.0.0.1:{peer.port}/0")
        with pytest.raises(ProbeError, match=r"8 MiB|no Redis protocol"), connect(where, visit) as session:
            session.ask("PING")
        assert visit.remaining() > 5


def test_a_command_that_is_not_listed_is_never_sent(production: ValkeyServer) -> None:
    """The session refuses it before it is packed or counted."""
    environment = Environment("production", True, {}, ".env")
    with Visit.alone(environment) as visit, connect(login(url_of(production)), visit) as session:
        with pytest.raises(ProbeError, match="no allow-listed read"):
            session.ask("GET", "orders:1")
        assert dict(visit.tally.footprint().commands) == {"AUTH": 1}


def test_a_replica_without_its_primary_is_told_from_one_with_it(
    supervisor: Supervisor, production: ValkeyServer
) -> None:
    """A replica that has not synchronised carries an id of its own, so its difference proves nothing."""
    orphan = ValkeyServer.start(supervisor, "orphan", settings=("replicaof 127.0.0.1 1",))
    read = facts(url_of(orphan))
    assert (read.role, read.linked) == (Known("replica"), Known(False))
    assert judged("replica-or-copy", url_of(production), url_of(orphan)).outcome is Outcome.UNPROVEN
    orphan.stop()


def test_production_is_never_walked_over(production: ValkeyServer) -> None:
    """A stated namespace is asked of staging only."""
    _, tally = visited(url_of(production), keys=("staging:",))
    assert "SCAN" not in dict(tally.footprint().commands)


def test_key_names_leave_as_digests_only(staging: ValkeyServer) -> None:
    """Foreign keys are counted and digested, with any octets in their names; other databases are counted."""
    with administered(staging) as admin, administered(staging, 3) as third:
        admin.mset({"staging:a": "1", "user:anna@example.com": "1", b"\xff\xfe\r\n": "1"})
        third.set("elsewhere", "1")
        read = facts(url_of(staging), protected=False, keys=("staging:",))
        found = judged("namespace", url_of(staging), url_of(staging), keys=("staging:",))
        admin.flushall()
    assert isinstance(read.namespace, Known)
    assert (read.namespace.value.seen, read.namespace.value.foreign) == (3, 2)
    assert all(re.fullmatch("hmac:[0-9a-f]{32}", name) for name in read.namespace.value.sample)
    assert read.databases == Known(((0, 3), (3, 1)))
    assert found.outcome is Outcome.SHARED
    assert "db3: 1 keys" in found.limits
    for secret in ("anna", staging.password):
        assert secret not in repr((read, found))


def test_an_empty_database_satisfies_an_empty_namespace(staging: ValkeyServer) -> None:
    """`keys = []` says that staging's database must be empty."""
    found = judged("namespace", url_of(staging, 9), url_of(staging, 9), keys=())
    assert found.outcome is Outcome.ISOLATED


def test_a_server_that_dies_during_the_walk_proves_nothing(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed server ends the walk: no partial list of keys is taken for a whole one."""
    server = ValkeyServer.start(supervisor, "mortal")
    with administered(server) as admin:
        admin.mset({f"staging:{n}": "x" for n in range(5000)})

    def rest(_seconds: float) -> None:
        kill(server.process.pid, signal.SIGKILL)

    monkeypatch.setattr(observe, "time", SimpleNamespace(monotonic=time.monotonic, sleep=rest))
    read = facts(url_of(server), protected=False, keys=("staging:",))
    assert re.search(r"closed the connection.*; 5\d\d keys were seen", why(read.namespace))
    assert isinstance(read.run_id, Known)
    assert isinstance(read.steady, Unknown)


@pytest.mark.parametrize("fewest", [False, True], ids=["in-turn", "fewest-connections"])
def test_a_balancer_makes_one_address_two_servers(supervisor: Supervisor, fewest: bool) -> None:
    """Every second connection meets the other process, or whichever is made beside another."""
    servers = [ValkeyServer.start(supervisor, f"balanced-{n}-{fewest}") for n in range(2)]
    for server in servers:
        with administered(server) as admin:
            admin.config_set("requirepass", "")
    with balancing(servers, fewest=fewest) as port:
        assert facts(f"redis://127.0.0.1:{port}/0").steady == Known(False)
    for server in servers:
        server.stop()


@contextlib.contextmanager
def balancing(servers: list[ValkeyServer], *, fewest: bool) -> Iterator[int]:
    """A forward that gives each connection to the next server, or to the first with the fewest of them."""
    listener = socket.create_server(("127.0.0.1", 0))
    turns, carried = itertools.cycle(servers), {server.port: 0 for server in servers}

    def carry(front: socket.socket, to: int) -> None:
        with front, socket.create_connection(("127.0.0.1", to)) as back:
            while asked := front.recv(65536):
                back.sendall(asked)
                time.sleep(0.02)
                front.sendall(back.recv(1 << 20))
            carried[to] -= 1

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                front, _ = listener.accept()
                to = min(carried, key=lambda port: carried[port]) if fewest else next(turns).port
                carried[to] += 1
                threading.Thread(target=carry, args=(front, to), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def test_a_restart_behind_a_proxy_is_noticed(supervisor: Supervisor) -> None:
    """A proxy that reconnects hides a restart; the run id after the walk gives it away."""
    servers = [ValkeyServer.start(supervisor, f"behind-{n}") for n in range(2)]
    with turning(servers, after=4) as port:
        read = facts(f"redis://127.0.0.1:{port}/0", protected=False, keys=())
    assert why(read.namespace) == "the server was restarted during the walk over its keys"
    for server in servers:
        server.stop()


@contextlib.contextmanager
def turning(servers: list[ValkeyServer], after: int) -> Iterator[int]:
    """A proxy that logs in by itself and goes to the second server after some commands."""
    listener = socket.create_server(("127.0.0.1", 0))

    def behind(server: ValkeyServer) -> socket.socket:
        back = socket.create_connection(("127.0.0.1", server.port))
        back.sendall(f"AUTH {server.password}\r\n".encode())
        assert back.recv(100) == b"+OK\r\n"
        return back

    def serve() -> None:
        backs = [behind(server) for server in servers]
        with contextlib.suppress(OSError):
            front, _ = listener.accept()
            for count in range(1000):
                if not (asked := front.recv(65536)):
                    break
                back = backs[count >= after]
                back.sendall(asked)
                time.sleep(0.02)
                front.sendall(back.recv(1 << 20))
        listener.close()
        for back in backs:
            back.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
        thread.join(5)


@pytest.mark.parametrize(
    ("chunks", "reason"),
    [
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], "no Redis protocol"),
        ([b"*1\r\n$3\r\nabc\r\n"], "not answered with text"),
        ([b"-ERR unknown command 'INFO', with args beginning with: 'server'\r\n"], "does not know INFO"),
        ([b"-LOADING Valkey is loading the dataset in memory\r\n"], "still loading"),
        ([b":1\r\n"], "not answered with text"),
        ([b"$10\r\nredis_mode"], "closed the connection"),
    ],
)
def test_what_is_no_answer_is_unknown(chunks: list[bytes], reason: str) -> None:
    """Other protocols, disabled commands and half answers become reasons of our own, after one connection."""
    with answering(chunks) as peer:
        read = facts(f"redis://127.0.0.1:{peer.port}/0")
    assert len(peer.asked) == 1
    assert reason in why(read.run_id)


RUN_ID = "a" * 40
SERVER = f"redis_version:7.2.4\r\nredis_mode:standalone\r\nrun_id:{RUN_ID}\r\n"


def speak(listener: socket.socket, answer: Callable[[list[str]], str]) -> None:
    """Serve every connection, several at a time."""

    def converse(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            while asked := connection.recv(65536).decode():
                connection.sendall(answer(asked.split("\r\n")[2::2]).encode())

    with contextlib.suppress(OSError):
        while True:
            threading.Thread(target=converse, args=(listener.accept()[0],), daemon=True).start()


@contextlib.contextmanager
def saying(**sections: str) -> Iterator[int]:
    """A server that speaks the protocol and says what it is told to; `scan` holds its key names."""
    listener = socket.create_server(("127.0.0.1", 0))

    def bulk(text: str) -> str:
        return f"${len(text)}\r\n{text}\r\n"

    def answer(words: list[str]) -> str:
        match words:
            case ["INFO", section]:
                return bulk(sections.get(section, ""))
            case ["SCAN", *_]:
                cursor, names = sections["cursor"], sections["scan"].split()
                return f"*2\r\n{bulk(cursor)}*{len(names)}\r\n{''.join(map(bulk, names))}"
            case ["DBSIZE"]:
                return ":100\r\n"
            case _:
                return "-ERR not here\r\n"

    threading.Thread(target=speak, args=(listener, answer), daemon=True).start()
    with listener:
        yield listener.getsockname()[1]


def test_a_walk_that_shows_fewer_keys_than_the_server_counts_is_not_believed() -> None:
    """The positive control: every key that does not expire must have been shown."""
    with saying(
        server=SERVER, keyspace="db0:keys=5,expires=2,avg_ttl=0\r\n", cursor="0", scan="k:1 k:2"
    ) as port:
        read = facts(f"redis://127.0.0.1:{port}/0", protected=False, keys=("k:",))
    assert why(read.namespace) == "the walk showed 2 keys, the server counts 3 lasting ones"
    with saying(
        server=SERVER, keyspace="db0:keys=5,expires=3,avg_ttl=0\r\n", cursor="0", scan="k:1 k:2"
    ) as port:
        read = facts(f"redis://127.0.0.1:{port}/0", protected=False, keys=("k:",))
    assert isinstance(read.namespace, Known)


@pytest.mark.parametrize(
    ("told", "counted"),
    [
        ("db0:keys=5,expires=2,avg_ttl=0\r\ndb12:keys=1\r\n", Known(((0, 5), (12, 1)))),
        ("db0:avg_ttl=0,keys=5,expires=2,keys_with_volatile_items=0\r\n", Known(((0, 5),))),
        ("", Known(())),
        ("db0:keys=5,expires=2\r\ndb3:some\r\n", None),
    ],
)
def test_a_logical_database_that_is_not_counted_is_not_passed_over(told: str, counted: Fact[object]) -> None:
    """A server that words it otherwise says nothing of how many keys there are, or that there are none."""
    with saying(server=SERVER, keyspace=told) as port:
        read = facts(f"redis://127.0.0.1:{port}/0")
    if counted is None:
        assert "does not say how many keys" in why(read.databases)
    else:
        assert read.databases == counted


def test_a_walk_ends_after_its_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database larger than the walk is Unknown, and says how much was seen."""
    monkeypatch.setattr(observe, "SCAN_CALLS", 4)
    with saying(server=SERVER, keyspace="", cursor="17", scan="a b c d e") as port:
        read, tally = visited(f"redis://127.0.0.1:{port}/0", protected=False, keys=())
    assert why(read.namespace) == "more keys than one walk may ask for: about 20 % were seen"
    assert dict(tally.footprint().commands)["SCAN"] == 4


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        ("redis_mode:sentinel\r\nrun_id:" + "b" * 40, "Sentinel"),
        ("server_mode:sentinel\r\nrun_id:" + "b" * 40, "Sentinel"),
        ("redis_mode:standalone", "does not say its run_id"),
        ("run_id:" + "0" * 40, "does not say its run_id"),
        ("run_id:same-for-all", "does not say its run_id"),
    ],
)
def test_a_server_without_an_identity_has_none(server: str, reason: str) -> None:
    """A Sentinel, a proxy and a look-alike that gives no drawn id prove nothing."""
    with saying(server=server) as port:
        read = facts(f"redis://127.0.0.1:{port}/0")
    assert reason in why(read.run_id)
    assert "replication id" in why(read.replication_ids)


@pytest.mark.parametrize(
    ("field", "clustered"),
    [
        ("redis_mode:cluster", Known(True)),
        ("server_mode:cluster", Known(True)),
        ("server_mode:standalone", Known(False)),
    ],
)
def test_redis_and_valkey_call_their_mode_by_two_names(field: str, clustered: Known[bool]) -> None:
    """Two nodes of one cluster have two run ids, so that a node taken for a server would look isolated."""
    with saying(server=f"{field}\r\nrun_id:{RUN_ID}\r\n") as port:
        assert facts(f"redis://127.0.0.1:{port}/0").clustered == clustered


def test_a_server_that_says_no_mode_may_be_a_cluster_node() -> None:
    """What is not said is unknown, and no."""
    with saying(server=f"run_id:{RUN_ID}\r\n") as port:
        assert "cluster node" in why(facts(f"redis://127.0.0.1:{port}/0").clustered)


@pytest.mark.alone
def test_a_drip_of_octets_ends_at_the_deadline() -> None:
    """A server that sends one octet at a time holds the visit no longer than its budget."""
    with answering([b"$900000\r\n", *[b"x"] * 600], pause=0.05) as peer:
        started = time.monotonic()
        read = facts(f"redis://127.0.0.1:{peer.port}/0", budget=1.0)
        took = time.monotonic() - started
    assert took < 1.5
    assert why(read.run_id) == "not answered within the 1 s allowed"


def test_nobody_listens_and_no_socket() -> None:
    """An endpoint that is not there is a reason, over TCP and over a Unix socket."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        assert "refused" in why(facts(f"redis://127.0.0.1:{held.getsockname()[1]}/0").run_id)
    assert "Unix socket" in why(facts("unix:///nowhere/redis.sock").run_id)


def test_a_unix_socket_is_a_way_in(supervisor: Supervisor) -> None:
    """A server on a Unix socket says who it is as over TCP."""
    path = supervisor.folder("local") / "s"
    server = ValkeyServer.start(supervisor, "local-cache", settings=(f"unixsocket {path}",))
    read = facts(f"unix://:{server.password}@{path}?db=1")
    assert read.run_id == facts(url_of(server)).run_id
    assert (read.transport, read.database) == (Known("Unix socket"), Known(1))
    server.stop()


def test_tls_is_as_the_address_says(
    supervisor: Supervisor, production: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trusted certificate is verified, another is no answer, and an unverified one is said to be."""
    authority = Authority.found(supervisor)
    edge = Forward.start(
        supervisor, "tls", production.port, certificate=authority.issue("cache.production.test")
    )
    reach = {f"cache_production_test:{edge.port}": f"127.0.0.1:{edge.port}"}

    def over(host: str, query: str) -> RedisFacts:
        place = production.url(f"{host}:{edge.port}").replace("redis:", "rediss:")
        return facts(place + query, **reach)

    trusted = over("cache.production.test", f"?ssl_ca_certs={authority.root}")
    assert (trusted.transport, trusted.run_id) == (Known("TLS, verified"), facts(url_of(production)).run_id)
    assert "was not accepted" in why(over("cache.production.test", "").run_id)
    assert "was not accepted" in why(over("127.0.0.1", f"?ssl_ca_certs={authority.root}").run_id)
    unverified = over("127.0.0.1", "?ssl_cert_reqs=none")
    assert unverified.transport == Known("TLS, not verified")
    unnamed = over("127.0.0.1", f"?ssl_ca_certs={authority.root}&ssl_check_hostname=False")
    assert unnamed.transport == Known("TLS, verified for any host name")
    monkeypatch.setattr(wire, "HANDSHAKE_SECONDS", 0.3)
    clear = facts(production.url(f"127.0.0.1:{production.port}").replace("redis:", "rediss:"), budget=30.0)
    assert "no TLS connection" in why(clear.run_id)


def test_the_servers_own_clock_is_held_against_this_machines(production: ValkeyServer) -> None:
    """INFO tells the time in passing, so that marks of two halves can be compared by it."""
    _, tally = visited(url_of(production))
    ahead = tally.ahead()
    assert ahead is not None
    assert abs(ahead) < 1
