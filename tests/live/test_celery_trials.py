"""Marks, calls, logins and schedules of two environments' brokers, with real workers and a real beat."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from celery_world import World, asking, url
from redis_world import administered, user

from disjoint.demo.process import Program
from disjoint.demo.servers.valkey import ValkeyServer
from disjoint.demo.servers.worker import Worker
from disjoint.demo.supervisor import Supervisor
from disjoint.kinds.celery.facts import Knock, Knocks
from disjoint.kinds.celery.grants import RECIPES
from disjoint.kinds.redis.session import grant
from disjoint.model.experiment import Blind, Seen, Sight, Unseen, sight
from disjoint.model.fact import Known
from disjoint.model.finding import Grade, Outcome

pytestmark = pytest.mark.live
CALLING = asking(ping=True)
NO_INFO = ("resetchannels", "&disjoint:*", "~*", "+@all", "-@dangerous", "+pubsub|numsub")


def broker(supervisor: Supervisor, environment: str) -> ValkeyServer:
    """A broker with one live worker."""
    server = ValkeyServer.start(supervisor, f"{environment}-broker")
    Worker.start(
        supervisor,
        f"{environment}-worker",
        host=environment,
        broker=url(server),
        results=url(server, 1),
        queue="orders",
    )
    return server


@pytest.fixture(scope="module")
def production(supervisor: Supervisor) -> ValkeyServer:
    return broker(supervisor, "production")


@pytest.fixture(scope="module")
def staging(supervisor: Supervisor) -> ValkeyServer:
    return broker(supervisor, "staging")


def places(server: ValkeyServer, broker_db: int = 0, results_db: int = 1) -> tuple[str, str]:
    return url(server, broker_db), url(server, results_db)


def seen(world: World, name: str) -> Sight:
    return sight(iter([world.tried(name)]))


def ours(server: ValkeyServer) -> list[Any]:
    """Keys that bear our name."""
    with administered(server) as admin:
        return sorted(admin.keys("*disjoint*"))


def gone(server: ValkeyServer, seconds: float = 3) -> bool:
    """Whether they are all gone within some seconds."""
    until = time.monotonic() + seconds
    while ours(server) and time.monotonic() < until:
        time.sleep(0.05)
    return not ours(server)


def changes(server: ValkeyServer) -> tuple[int, int]:
    """How many keys a server holds, and how many changes it has counted."""
    with administered(server) as admin:
        return admin.dbsize(), admin.info("persistence")["rdb_changes_since_last_save"]


def settled(server: ValkeyServer) -> tuple[int, int]:
    """The same once its own worker, which binds its queues while it starts, has been still for a second."""
    before = None
    while (now := changes(server)) != before:
        before = now
        time.sleep(1)
    return now


def test_broker_and_result_backend_are_marked_apart(production: ValkeyServer, staging: ValkeyServer) -> None:
    """A broker of its own and production's result backend: one is unseen, the other is seen."""
    world = World(places(production), (url(staging), url(production, 4)))
    assert seen(world, "canary:broker") == Unseen("subscription")
    assert seen(world, "canary:result-backend") == Seen("subscription")
    own = world.judged("same-broker", "canary:broker", "canary:result-backend")
    assert (own.outcome, own.grade) == (Outcome.ISOLATED, Grade.CANARY)
    common = world.judged("same-result-backend", "canary:broker", "canary:result-backend")
    assert (common.outcome, common.grade) == (Outcome.SHARED, Grade.CANARY)


def test_brokers_that_do_not_say_who_they_are_are_told_apart(
    production: ValkeyServer, staging: ValkeyServer
) -> None:
    """Without INFO a mark tells one server from two; whether they hold the same is not known."""
    there, here = user(production, "quiet", *NO_INFO), user(staging, "quiet", *NO_INFO)
    apart = World((there, there), (here, here)).judged("same-broker", "canary:broker")
    assert (apart.outcome, "+info" in apart.remedy) == (Outcome.UNPROVEN, True)
    one = World((there, there), (there.replace("127.0.0.1", "localhost"), here))
    assert one.judged("same-broker", "canary:broker").outcome is Outcome.SHARED
    assert World((there, there), (here, here)).judged("same-broker").outcome is Outcome.UNPROVEN


def test_a_replica_that_does_not_say_so_is_no_other_broker(
    supervisor: Supervisor, production: ValkeyServer
) -> None:
    """It counts no subscriber of its primary's, and holds every task that waits there."""
    replica = ValkeyServer.start(supervisor, "replica-of-a-broker")
    with administered(replica) as admin:
        admin.config_set("masterauth", production.password)
        admin.replicaof("127.0.0.1", production.port)
        until = time.monotonic() + 10
        while admin.info("replication").get("master_link_status") != "up" and time.monotonic() < until:
            time.sleep(0.05)
    there, here = user(production, "quiet", *NO_INFO), user(replica, "quiet", *NO_INFO)
    found = World((there, there), (here, here)).judged("same-broker", "canary:broker")
    assert found.outcome is Outcome.UNPROVEN, found
    named = World(places(production), places(replica)).judged("same-broker", "canary:broker")
    assert named.outcome is Outcome.SHARED
    replica.stop()


def test_staging_alone_answers_a_call(production: ValkeyServer, staging: ValkeyServer) -> None:
    """Every listed worker answers, none of production's does, nothing is written there or left here."""
    world = World(places(production), places(staging), CALLING)
    before = settled(production)
    found = world.judged("foreign-worker", "canary:workers")
    assert (found.outcome, found.grade) == (Outcome.ISOLATED, Grade.CANARY)
    assert world.tallies[True].footprint().writes == 0
    assert world.tallies[False].footprint().writes > 0
    assert changes(production) == before
    assert gone(staging)


def test_the_documented_users_are_enough(production: ValkeyServer, staging: ValkeyServer) -> None:
    """Production's looks and reads, staging's calls as well; neither may touch an application's key."""
    recipes = {name.split(",")[0]: line.replace("PASSWORD", "pass-word") for name, line in RECIPES.items()}
    look, verify = recipes["look"], recipes["verify"]
    for server, lines in ((production, [look]), (staging, [verify, recipes["foreign-worker by a call"]])):
        for line in lines:
            server.ask(*_words(line))
    there = f"redis://disjoint-look:pass-word@127.0.0.1:{production.port}/0"
    here = f"redis://disjoint:pass-word@127.0.0.1:{staging.port}/0"
    world = World((there, there), (here, here), CALLING)
    for rule, names in (("same-broker", ["canary:broker"]), ("foreign-worker", ["canary:workers"])):
        found = world.judged(rule, *names)
        assert (found.outcome, found.grade) == (Outcome.ISOLATED, Grade.CANARY)
    for server, name in ((production, "disjoint-look"), (staging, "disjoint")):
        for command in (
            "DEL celery",
            "LPUSH orders x",
            "LRANGE orders 0 1",
            "PUBLISH orders x",
            "SADD users x",
        ):
            assert b"permissions" in server.ask("ACL", "DRYRUN", name, *command.split())
    assert gone(staging)


def _words(line: str) -> list[str]:
    """An ACL line's words; a selector in parentheses is one."""
    return [selector or word for selector, word in re.findall(r"(\([^)]*\))|(\S+)", line)]


def test_a_worker_of_productions_that_answers_is_seen(production: ValkeyServer) -> None:
    """Called on one broker, production's worker answers: two names that are one are left open."""
    world = World(places(production), places(production), CALLING)
    assert seen(world, "canary:workers") == Seen("workers")
    assert gone(production)


@pytest.mark.long
def test_a_key_prefix_is_called_through(supervisor: Supervisor, production: ValkeyServer) -> None:
    """With a prefix the mailbox, the binding and the answer bear it too."""
    server = ValkeyServer.start(supervisor, "prefixed-broker")
    prefixed = asking(ping=True, key_prefix="stg:")
    with administered(server) as admin:
        admin.sadd("stg:_kombu.binding.celery.pidbox", "\x06\x16\x06\x16celery@stg.celery.pidbox")
    world = World(places(production), places(server), prefixed)
    why = seen(world, "canary:workers")
    assert isinstance(why, Blind)
    assert "did not see its own mark" in why.reason or "production" in why.reason
    assert all(key.startswith(b"stg:") for key in ours(server))
    assert gone(server)
    server.stop()


@pytest.mark.long
def test_nobody_to_call_and_somebody_who_does_not_answer(
    supervisor: Supervisor, production: ValkeyServer
) -> None:
    """No worker is no answer; a killed one stays listed, so that the control fails and is named."""
    server = ValkeyServer.start(supervisor, "quiet-broker")
    world = World(places(production), places(server), CALLING)
    assert "no worker was running in staging" in world.judged("foreign-worker", "canary:workers").limits
    with administered(server) as admin:
        admin.sadd("_kombu.binding.celery.pidbox", "\x06\x16\x06\x16celery@killed.celery.pidbox")
    found = world.judged("foreign-worker", "canary:workers")
    assert (found.outcome, found.grade) == (Outcome.ISOLATED, Grade.IDENTITY)
    assert "did not see its own mark" in found.limits
    assert gone(server)
    server.stop()


CALLER = """
import sys
from celery_world import World
from disjoint.kinds.celery import calling
from disjoint.kinds.celery.observe import observe
from disjoint.model.experiment import Party
from disjoint.runner.visit import Visit
from celery_world import asking

calling.LASTING_MS = 700

class Telling(Visit):
    armed = False

    def sent(self, command):
        print(command, flush=True)
        if self.armed and command == sys.argv[1]:
            sys.stdin.read()
        super().sent(command)

urls = tuple(sys.stdin.readline().split())
world = World(urls, urls, asking(ping=True))
target = world.target(protected=False)
with Telling.alone(target.environment) as visit:
    facts = observe(target, visit)
    visit.armed = True
    calling._called(Party(target, visit, facts))
"""


LATER = [pytest.param(point, marks=pytest.mark.long) for point in ("SADD", "PUBLISH", "DEL")]


@pytest.mark.parametrize("point", ["EXEC", "LRANGE", *LATER])
def test_a_killed_caller_leaves_nothing(staging: ValkeyServer, point: str) -> None:
    """kill -9 at any point: what was made for the answers goes by itself, answers included."""
    argv = [sys.executable, "-c", CALLER, point]
    caller = subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent
    )
    with caller:
        assert caller.stdin
        assert caller.stdout
        caller.stdin.write(" ".join(places(staging)) + "\n")
        caller.stdin.flush()
        assert any(line.strip() == point for line in caller.stdout)
        caller.send_signal(signal.SIGKILL)
    assert gone(staging, 2)


def test_both_doors_are_knocked_at_once_each(production: ValkeyServer, staging: ValkeyServer) -> None:
    """One server for broker and results is one door, and is tried once; refused is the strongest grade."""
    world = World(places(production), places(staging), asking(reach=True))
    refused = Known(Knock(False, "user and password were refused"))
    assert world.tried("reach") == Known(Knocks(refused, refused))
    assert dict(world.tallies[True].footprint().commands) == {"AUTH": 1, "PING": 1}
    found = world.judged("cross-login", "reach")
    assert (found.outcome, found.grade) == (Outcome.ISOLATED, Grade.REFUSED)


def test_a_result_backend_that_lets_staging_in_is_enough(
    supervisor: Supervisor, production: ValkeyServer, staging: ValkeyServer
) -> None:
    """The broker refuses, the result backend has staging's password: SHARED; a dead one proves nothing."""
    results = ValkeyServer.start(supervisor, "production-results")
    results.ask("CONFIG", "SET", "requirepass", staging.password)
    there = f"redis://default:{staging.password}@127.0.0.1:{results.port}/0"
    found = World((url(production), there), places(staging), asking(reach=True)).judged(
        "cross-login", "reach"
    )
    assert found.outcome is Outcome.SHARED
    assert "result backend" in found.summary
    results.stop()
    dead = World((url(production), there), places(staging), asking(reach=True)).judged("cross-login", "reach")
    assert dead.outcome is Outcome.UNPROVEN


BEAT = """
import os
from celery import Celery
app = Celery("shop", broker=os.environ["CELERY_BROKER_URL"])
app.conf.redbeat_redis_url = os.environ["CELERY_BROKER_URL"]
app.conf.beat_schedule = {
    name: {"task": "shop.receipt", "schedule": 3600.0, "args": (7,)} for name in os.environ["ENTRIES"].split()
}
"""


def beat(supervisor: Supervisor, server: ValkeyServer, *entries: str) -> None:
    """Run a real beat with RedBeat's scheduler until it has written its schedule."""
    folder = supervisor.folder("beat")
    (folder / "shop_beat.py").write_text(BEAT)
    argv = (sys.executable, "-m", "celery", "-A", "shop_beat", "beat", "-S", "redbeat.RedBeatScheduler")
    variables = {"CELERY_BROKER_URL": url(server), "ENTRIES": " ".join(entries), "PYTHONPATH": str(folder)}
    process = supervisor.spawn("beat", Program(argv, variables, folder))
    supervisor.until(process, lambda: server.ask("ZCARD", "redbeat::schedule") >= len(entries))
    supervisor.stop(process)


def test_a_schedule_that_runs_twice_is_found(supervisor: Supervisor) -> None:
    """Real beats wrote both schedules; what is in both is SHARED unless it is allowed, by name."""
    there, here = (ValkeyServer.start(supervisor, f"{name}-beat") for name in ("production", "staging"))
    beat(supervisor, there, "send-invoices", "clean-up")

    def found(*allowed: str) -> Any:
        return World(places(there), places(here), asking(schedules=allowed)).judged("schedule")

    assert found().outcome is Outcome.ISOLATED  # staging schedules nothing yet
    beat(supervisor, here, "send-invoices", "clean-up", "seed-again")
    twice = found("clean-up")
    assert twice.outcome is Outcome.SHARED
    assert "hmac:" in twice.summary
    assert "send-invoices" not in repr(twice)
    both = found("clean-up", "send-invoices")
    assert both.outcome is Outcome.ISOLATED
    before = there.ask("DBSIZE")
    world = World(places(there), places(here), asking(schedules=()))
    world.judged("schedule")
    assert there.ask("DBSIZE") == before
    assert world.tallies[True].footprint().writes == 0
    for server in (there, here):
        server.stop()


def test_a_schedule_that_is_not_read_is_unproven(production: ValkeyServer, staging: ValkeyServer) -> None:
    """Nothing of RedBeat's in production, or a denied read: never ISOLATED, and the grant is named."""
    stated = asking(schedules=())
    assert World(places(production), places(staging), stated).judged("schedule").outcome is Outcome.UNPROVEN
    there = user(production, "narrow", "resetchannels", "-@all", "+info", "+select")
    denied = World((there, there), places(staging), stated).judged("schedule")
    assert denied.outcome is Outcome.UNPROVEN
    assert denied.remedy == f"ACL SETUSER <that user> {grant('ZCARD')}"
